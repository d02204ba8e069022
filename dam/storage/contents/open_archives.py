"""Open archives: the archive that was last read from stays open for its next member."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from dam.errors import FileAccessError
from dam.media.archive.opening import Archive, open_archive
from dam.storage.sources.file_state import FileState


class OpenArchives:
    """Keeps one archive open, so that reading its pages one by one parses it only once.

    Any thread may use it; threads wait for each other. Pickled for a worker process, it is empty.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._opened = ExitStack()
        self._path: Path | None = None
        self._state: FileState | None = None
        self._archive: Archive | None = None

    @contextmanager
    def open(self, path: Path) -> Iterator[Archive]:
        """Yield an archive, for this thread alone.

        Raises:
            ItemError: It is not an archive, cannot be read, or needs a program that is not
                installed.
            UnpackingSpaceError: There is no space for temporary files.
        """
        with self._lock:
            try:
                archive = self._at(path)
            except OSError as error:
                raise FileAccessError(path, "read", error) from error
            yield archive

    def close(self) -> None:
        """Close the open archive, and remove what was unpacked from it."""
        with self._lock:
            self._opened.close()
            self._path = self._state = self._archive = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()

    def _at(self, path: Path) -> Archive:
        state = FileState.of(path.stat())
        if self._archive is None or (self._path, self._state) != (path, state):
            self.close()
            self._archive = self._opened.enter_context(open_archive(path))
            self._path, self._state = path, state
        return self._archive
