"""A file that is given by its path or is open already."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

AnyFile = str | bytes | os.PathLike[str] | BinaryIO
"""The path of a file, or the open file, which must be seekable."""


@contextmanager
def opened(source: AnyFile) -> Iterator[BinaryIO]:
    """Yield the file for reading, at its beginning; one that was open before stays open."""
    if isinstance(source, str | bytes | os.PathLike):
        with open(source, "rb") as file:  # noqa: PTH123 - a path may be bytes
            yield file
    else:
        source.seek(0)
        yield source


def path_of(source: AnyFile) -> Path:
    """Return the path of a file, for messages; of an open file without one, `Path("file")`."""
    if isinstance(source, str | bytes | os.PathLike):
        return Path(os.fsdecode(source))
    name = getattr(source, "name", None)
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path("file")
