"""The commands of comics: `dam-cli comic …`."""

from dam.cli.comic.group import COMIC

__all__ = ["COMIC"]
