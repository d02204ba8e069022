"""Exports: copies the bytes of assets into a folder of the user, under free names."""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dam.errors import (
    FileAccessError,
    OutputFolderError,
)
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, from_first_good, opened_content
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.contents.opened import OpenedFile
from dam.storage.paths import safe_base_name
from dam.storage.sources.folders import open_folder, rename_to_free
from dam.storage.sources.reading import DigestSet, open_source
from dam.storage.sources.sparse import writing

_MAX_NAME_BYTES = 255
# Errors that concern one file or its name; all others concern the whole folder.
_OF_ONE_FILE = {errno.EFBIG, errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG}


class ExportStoppedError(Exception):
    """The export was stopped; what was written of the file is removed."""


@dataclass(slots=True)
class ExportFolder:
    """A folder that takes files under free names; nothing in it is ever overwritten.

    Any number of exports may fill the same folder at once. The caller must close `archives`.

    `_next` is the lowest number, by name, that may still be free: `{"a.jpg": 3}` after `a.jpg` and
    `a (2).jpg`. So a thousand files of one name do not each try all the numbers.
    """

    folder: Path
    store: ContentStore
    archives: OpenArchives = field(default_factory=OpenArchives)
    _next: dict[str, int] = field(default_factory=dict)
    _planned: set[Path] = field(default_factory=set)

    def plan(self, content: LocatedContent, name: str) -> Path:
        """Return where `write` would put the bytes, if all earlier plans were carried out.

        Raises:
            ItemError: The bytes cannot be read.
            OutputFolderError: The path of the folder is that of a file.
        """
        with self._faults(self.folder):
            from_first_good(self.store, content, lambda _: None, self.archives)
            if self.folder.exists() and not self.folder.is_dir():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            for target in self._targets(name):
                if target not in self._planned and not os.path.lexists(target):
                    self._planned.add(target)
                    return target
        raise AssertionError("unreachable")

    def write(
        self, content: LocatedContent, name: str, is_stopped: Callable[[], bool] = lambda: False
    ) -> Path:
        """Copy the bytes into the folder, compare them with their digest; return the new file.

        Args:
            content: What to copy.
            name: The name wanted. It is made safe, and numbered if it is taken: `a (2).jpg`.
            is_stopped: Asked before each piece.

        Raises:
            ItemError: The bytes cannot be read, are damaged, or were changed since they were added.
            OutputFolderError: The folder cannot take the file.
            ExportStoppedError: `is_stopped` returned True.
        """
        with self._faults(self.folder / name):
            self.folder.mkdir(parents=True, exist_ok=True)
            # Held open: when the file is complete, another folder may have this path.
            with open_folder(str(self.folder)) as folder:
                temporary = folder.lasting_path / f".dam-export-{secrets.token_hex(8)}"
                try:
                    with temporary.open("xb") as file:
                        copy_content(self.store, content, file, is_stopped, self.archives)
                    return self._publish(temporary, name)
                finally:
                    temporary.unlink(missing_ok=True)

    def _publish(self, temporary: Path, name: str) -> Path:
        for target in self._targets(name):
            try:
                give_name(temporary, temporary.with_name(target.name))
            except FileExistsError:
                continue
            return target
        raise AssertionError("unreachable")

    def _targets(self, name: str) -> Iterator[Path]:
        """Yield the paths for a file of this name, best first; no path is yielded twice."""
        while True:
            number = self._next.get(name, 1)
            self._next[name] = number + 1
            yield self.folder / _numbered(name, number)

    @contextmanager
    def _faults(self, target: Path) -> Iterator[None]:
        """Translate `OSError` of the user's disk; faults of the content are `DamError` already."""
        try:
            yield
        except OSError as error:
            if error.errno in _OF_ONE_FILE:
                raise FileAccessError(target, "write", error) from error
            raise OutputFolderError(self.folder, error) from error


def copy_content(
    store: ContentStore,
    content: LocatedContent,
    file: IO[bytes],
    is_stopped: Callable[[], bool] = lambda: False,
    archives: OpenArchives | None = None,
) -> None:
    """Write the bytes of an asset to an open file, and compare them with their digest.

    Args:
        store: Where the stored bytes are.
        content: What to write.
        file: Where to write. If it cannot seek (a pipe, say), the bytes are compared before.
        is_stopped: Asked before each piece.
        archives: Keeps the archive open for the next content; None closes it at the end.

    Raises:
        ItemError: The bytes cannot be read, are damaged, or were changed since they were added.
        ExportStoppedError: `is_stopped` returned True.
    """

    def skip(size_bytes: int) -> None:
        file.seek(size_bytes, os.SEEK_CUR)

    def copy(opened: OpenedFile) -> None:
        digests = DigestSet()
        with open_source(opened.name) as source:
            leaves_holes = source.has_holes and file.seekable()
            with writing(file.write, skip, leaves_holes=leaves_holes) as write:
                for chunk in source.chunks():
                    if is_stopped():
                        raise ExportStoppedError
                    digests.update(chunk)
                    write(chunk)
        if digests.sha256 != content.digest:
            raise opened.damage()

    if not file.seekable():  # what is written cannot be taken back, so it is compared before
        with opened_content(store, content, archives) as opened:
            copy(opened)
        return
    start = file.tell()

    def copy_anew(opened: OpenedFile) -> None:
        file.seek(start)
        file.truncate()
        copy(opened)

    from_first_good(store, content, copy_anew, archives)


def give_name(temporary: Path, target: Path) -> None:
    """Give a finished file or folder its name; raise `FileExistsError` if the name is taken."""
    if rename_to_free(temporary, target):
        return
    if temporary.is_dir():
        target.mkdir()  # reserves the name; the rename replaces an empty folder
    else:
        target.open("xb").close()  # reserves the name
    temporary.replace(target)


def _numbered(name: str, number: int) -> str:
    """Return a safe name; from number 2 on with the number before its extension: `a (2).jpg`."""
    if number == 1:
        return safe_base_name(name)
    mark = f" ({number})"
    stem, extension = os.path.splitext(  # noqa: PTH122 - a bare name
        safe_base_name(name, max_bytes=_MAX_NAME_BYTES - len(mark))
    )
    return f"{stem}{mark}{extension}"
