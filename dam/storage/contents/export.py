"""Exports: copies the bytes of assets into a folder of the user, under free names."""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from dam.errors import (
    FileAccessError,
    OutputFolderError,
)
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, from_first_good, opened_content
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.contents.opened import OpenedFile
from dam.storage.contents.taken_names import ExportStoppedError, TakenNames
from dam.storage.sources.folders import open_folder, rename_to_free
from dam.storage.sources.reading import DigestSet, digest_chunks, open_source
from dam.storage.sources.sparse import writing

# Errors that concern one file or its name; all others concern the whole folder.
_OF_ONE_FILE = {errno.EFBIG, errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG}


class ExportFile(NamedTuple):
    """A file to be exported.

    Attributes:
        content: Its bytes.
        name: The name wanted. It is made safe, and numbered if it is taken: `a (2).jpg`.
        size_bytes: Of the bytes.
        mtime_ns: The modification time that the new file gets; None is the time of the export.
    """

    content: LocatedContent
    name: str
    size_bytes: int
    mtime_ns: int | None = None


class Exported(NamedTuple):
    """The file that has the bytes now; `was_there` if it had them before the export."""

    path: Path
    was_there: bool = False


@dataclass(slots=True)
class ExportFolder:
    """A folder that takes files under free names; nothing in it is ever overwritten.

    If a file of the wanted name, or of that name with a number, has the same bytes already, nothing
    is written. Any number of exports may fill the same folder at once. The caller must close
    `archives`.
    """

    folder: Path
    store: ContentStore
    archives: OpenArchives = field(default_factory=OpenArchives)
    _taken: dict[str, TakenNames] = field(default_factory=dict)
    _planned: set[str] = field(default_factory=set)

    def plan(self, file: ExportFile) -> Exported:
        """Return what `write` would return, if all earlier plans were carried out.

        Raises:
            ItemError: The bytes cannot be read.
            OutputFolderError: The path of the folder is that of a file.
        """
        with self._faults(self.folder):
            if self.folder.exists() and not self.folder.is_dir():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            taken = self._names(file.name)
            twin = self._twin(taken, self.folder, file)
            if twin is None:
                check = partial(_require_same_if_touched, file.content.digest)
                from_first_good(self.store, file.content, check, self.archives)
                self._planned.add(taken.candidate)
                planned = Exported(self.folder / taken.candidate)
                taken.take(file.content.digest)
                return planned
        return Exported(self.folder / twin, was_there=True)

    def write(self, file: ExportFile, is_stopped: Callable[[], bool] = lambda: False) -> Exported:
        """Copy the bytes into the folder, compare them with their digest; return the new file.

        Args:
            file: What to copy.
            is_stopped: Asked before each piece.

        Raises:
            ItemError: The bytes cannot be read, are damaged, or were changed since they were added.
            OutputFolderError: The folder cannot take the file.
            ExportStoppedError: `is_stopped` returned True.
        """
        with self._faults(self.folder / file.name):
            self.folder.mkdir(parents=True, exist_ok=True)
            # Held open: when the file is complete, another folder may have this path.
            with open_folder(str(self.folder)) as folder:
                twin = self._twin(self._names(file.name), folder.lasting_path, file, is_stopped)
                if twin is not None:
                    return Exported(self.folder / twin, was_there=True)
                temporary = folder.lasting_path / f".dam-export-{secrets.token_hex(8)}"
                try:
                    with temporary.open("xb") as opened:
                        copy_content(self.store, file.content, opened, is_stopped, self.archives)
                    set_time(temporary, file.mtime_ns)
                    return self._publish(temporary, file, is_stopped)
                finally:
                    temporary.unlink(missing_ok=True)

    def _publish(
        self, temporary: Path, file: ExportFile, is_stopped: Callable[[], bool]
    ) -> Exported:
        taken = self._names(file.name)
        while True:
            try:
                give_name(temporary, temporary.with_name(taken.candidate))
            except FileExistsError:  # somebody was quicker, perhaps with the same bytes
                taken.skip(temporary.parent)
                twin = self._twin(taken, temporary.parent, file, is_stopped)
                if twin is not None:
                    return Exported(self.folder / twin, was_there=True)
                continue
            path = self.folder / taken.candidate
            taken.take(file.content.digest)
            return Exported(path)

    def _names(self, name: str) -> TakenNames:
        return self._taken.setdefault(name, TakenNames(name))

    def _twin(
        self,
        taken: TakenNames,
        folder: Path,
        file: ExportFile,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> str | None:
        """Return the name of a file that has the bytes; if there is none, find a free name."""
        while True:
            twin = taken.twin(folder, file.content.digest, file.size_bytes, is_stopped)
            is_free = not os.path.lexists(folder / taken.candidate)
            if twin is not None or (is_free and taken.candidate not in self._planned):
                return twin
            taken.skip(folder)

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


def set_time(path: Path, mtime_ns: int | None) -> None:
    """Give a file its modification time; None changes nothing, nor does what a disk cannot keep."""
    if mtime_ns is not None:
        with suppress(OSError, OverflowError):
            os.utime(path, ns=(mtime_ns, mtime_ns))


def _require_same_if_touched(digest: bytes, opened: OpenedFile) -> None:
    """Compare the bytes of a user's file that has another time than recorded, as `write` will."""
    if opened.is_touched:
        with open_source(opened.name) as source:
            if digest_chunks(source.chunks()).sha256 != digest:
                raise opened.damage()
