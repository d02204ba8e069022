"""The command line; `app` is what `dam-cli` runs."""

from dam.cli.main import app, command_tree, make_root

__all__ = ["app", "command_tree", "make_root"]
