"""Reading files that stay where the user keeps them, as long as they are what was added."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dam.errors import FileAccessError, ReferenceChangedError
from dam.storage.reading import FileReading, open_source


@contextmanager
def open_reference(path: Path, *, size_bytes: int, mtime_ns: int) -> Iterator[BinaryIO]:
    """Open a referenced file for reading, sure before and after that it is what was recorded.

    Raises:
        ReferenceChangedError: Its size or modification time differs, before or after the block;
            also in place of the block's own exception, which then comes of the change.
        NotRegularFileError, FileAccessError: It is no file any more, or cannot be read.
    """
    recorded = (size_bytes, mtime_ns)
    with open_source(path) as source:
        _require_unchanged(path, recorded, (source.reading.size_bytes, source.reading.mtime_ns))
        with os.fdopen(source.fd, "rb", closefd=False) as stream:
            try:
                yield stream
            except Exception:
                check_reference(path, size_bytes=size_bytes, mtime_ns=mtime_ns)
                raise
        check_reference(path, size_bytes=size_bytes, mtime_ns=mtime_ns)


def check_reference(path: Path, *, size_bytes: int, mtime_ns: int) -> None:
    """Raise unless a referenced file still has the size and time recorded; opens nothing."""
    try:
        found = FileReading.of(path.stat())
    except OSError as error:
        raise FileAccessError(path, "read", error) from error
    _require_unchanged(path, (size_bytes, mtime_ns), (found.size_bytes, found.mtime_ns))


def _require_unchanged(path: Path, recorded: tuple[int, int], found: tuple[int, int]) -> None:
    if recorded != found:
        raise ReferenceChangedError(path, recorded=recorded, found=found)
