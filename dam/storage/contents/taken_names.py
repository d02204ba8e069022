"""Names that are taken in a folder, and which of these files already has the bytes wanted."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dam.errors import ItemError
from dam.storage.paths import safe_base_name
from dam.storage.sources.reading import DigestSet, open_source

_MAX_NAME_BYTES = 255


class ExportStoppedError(Exception):
    """The export was stopped; what was written of the file is removed."""


@dataclass(slots=True)
class TakenNames:
    """The taken ones of `a.jpg`, `a (2).jpg`, `a (3).jpg` and so on, in one folder.

    Each of them is looked at once, and read at most once, however many files want the same name.
    """

    wanted: str
    _number: int = 1
    _unread: dict[int, list[str]] = field(default_factory=dict)
    _read: dict[bytes, str] = field(default_factory=dict)

    @property
    def candidate(self) -> str:
        """The lowest name that may still be free."""
        return _numbered(self.wanted, self._number)

    def skip(self, folder: Path) -> None:
        """Go on to the next name: something in the folder has this one."""
        try:
            status = (folder / self.candidate).lstat()
        except OSError:  # it is gone again, or is only planned
            status = None
        if status is not None and stat.S_ISREG(status.st_mode):
            self._unread.setdefault(status.st_size, []).append(self.candidate)
        self._number += 1

    def take(self, digest: bytes) -> None:
        """Note that the candidate now has these bytes, and go on to the next name."""
        self._read[digest] = self.candidate
        self._number += 1

    def twin(
        self, folder: Path, digest: bytes, size_bytes: int, is_stopped: Callable[[], bool]
    ) -> str | None:
        """Return the taken name whose file has these bytes, or None."""
        unread = self._unread.get(size_bytes, [])
        while digest not in self._read and unread:
            name = unread.pop()
            found = _digest(folder / name, is_stopped)
            if found is not None:
                self._read.setdefault(found, name)
        return self._read.get(digest)


def _digest(path: Path, is_stopped: Callable[[], bool]) -> bytes | None:
    """Return the SHA-256 of a file, or None if it cannot be read."""
    digests = DigestSet()
    try:
        with open_source(path) as source:
            for chunk in source.chunks():
                if is_stopped():
                    raise ExportStoppedError
                digests.update(chunk)
    except ItemError:
        return None
    return digests.sha256


def _numbered(name: str, number: int) -> str:
    """Return a safe name; from number 2 on with the number before its extension: `a (2).jpg`."""
    if number == 1:
        return safe_base_name(name)
    mark = f" ({number})"
    stem, extension = os.path.splitext(  # noqa: PTH122 - a bare name
        safe_base_name(name, max_bytes=_MAX_NAME_BYTES - len(mark))
    )
    return f"{stem}{mark}{extension}"
