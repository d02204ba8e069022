"""Writers of comic files: a CBZ archive, a PDF, a folder. The same pages give the same bytes."""

import os
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Literal, NamedTuple

from dam.errors import (
    ComicTargetFormatError,
    ComicTargetTakenError,
    FileAccessError,
    ItemError,
    OutputFolderError,
)
from dam.media.comic.info import COMIC_INFO
from dam.media.document.values import AddedPage
from dam.media.image.entry import require_extra
from dam.services.file_operations import FileOperationsResource
from dam.storage.contents.export import copy_content, give_name, set_time
from dam.storage.contents.located import LocatedContent
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.local.layout import sync_folders
from dam.storage.sources.folders import open_folder

ComicFormat = Literal["cbz", "pdf", "folder"]

_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can hold
_FILE_MODE = 0o644


def comic_format(target: Path) -> ComicFormat:
    """Return the format that the name of a target asks for; it reads the disk.

    Example: `x.cbz` is `cbz`, `x.PDF` is `pdf`, `x` and `x.y` are `folder`.

    Raises:
        ComicTargetFormatError: The format cannot be written, such as `.cbr` or `.epub`.
        ComicTargetTakenError: The target exists already.
        OutputFolderError: The folder of the target cannot be read.
    """
    try:
        os.scandir(target.parent).close()
    except OSError as error:
        raise OutputFolderError(target.parent, error) from error
    suffix = target.suffix.lower()
    if suffix in (".cbr", ".cb7", ".cbt", ".zip", ".rar", ".7z", ".epub"):
        raise ComicTargetFormatError(target)
    if os.path.lexists(target):
        raise ComicTargetTakenError(target)
    if suffix == ".cbz":
        return "cbz"
    return "pdf" if suffix == ".pdf" else "folder"


class PageFile(NamedTuple):
    """A page to be written.

    Attributes:
        name: Its file name in the comic.
        old_name: The name of the file that it came from.
        content: Its bytes.
        size_bytes: Of the bytes.
        mtime_ns: The modification time of its own source; None if there is none.
    """

    name: str
    old_name: str
    content: LocatedContent
    size_bytes: int
    mtime_ns: int | None


class ComicWriter(ABC):
    """Writes one comic, page by page, into a work folder beside its target. Its methods block.

    Call `begin`, then `add_page` for each page, then `finish`; call `discard` in any case.

    Invariant: the target appears only when all of it is on the disk, and an existing file or folder
    of that name is never overwritten. `discard` leaves no trace of unfinished work.
    """

    def __init__(self, target: Path, files: FileOperationsResource) -> None:
        self._target = target
        self._store = files.store
        self._limits = files.limits
        self._archives = OpenArchives()
        self._opened = ExitStack()

    def begin(self) -> None:
        """Make the work folder.

        Raises:
            OutputFolderError: It cannot be made.
        """
        with self._faults():
            # Held open: another folder may have this path by the time the comic is complete.
            folder = open_folder(str(self._target.parent))
            self._folder = self._opened.enter_context(folder)
            self._work = self._folder.lasting_path / f".dam-export-{token_hex(8)}"
            self._opened.callback(shutil.rmtree, self._work, ignore_errors=True)
            self._work.mkdir()

    def add_page(self, page: PageFile) -> AddedPage:
        """Write the next page.

        Raises:
            ItemError: Its bytes cannot be read.
            OutputFolderError: They cannot be written to the disk.
        """
        with self._faults():
            return self._add_page(page)

    def finish(self, comic_info: bytes) -> None:
        """Write the ComicInfo.xml, and give the complete comic its name.

        Raises:
            ComicTargetTakenError: A file or folder of that name was made in the meantime.
            OutputFolderError: The comic cannot be written to the disk.
        """
        with self._faults():
            give_name(self._finish(comic_info), self._work.with_name(self._target.name))
            self._folder.sync()

    def discard(self) -> None:
        """Remove unfinished work; does nothing to a finished comic."""
        self._archives.close()
        self._opened.close()

    def _copy(self, page: PageFile, file: IO[bytes]) -> None:
        copy_content(self._store, page.content, file, archives=self._archives)

    @abstractmethod
    def _add_page(self, page: PageFile) -> AddedPage: ...

    @abstractmethod
    def _finish(self, comic_info: bytes) -> Path:
        """Write the ComicInfo.xml; return the path of the complete comic, synced to the disk."""

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise ComicTargetTakenError(self._target) from error
        except OSError as error:
            raise OutputFolderError(self._target.parent, error) from error


class CbzWriter(ComicWriter):
    """Writes a ZIP archive whose members are not compressed."""

    def begin(self) -> None:
        """Open the archive."""
        super().begin()
        with self._faults():
            self._draft = self._work / "draft"
            self._zip = zipfile.ZipFile(self._draft, "x", zipfile.ZIP_STORED)

    def _add_page(self, page: PageFile) -> AddedPage:
        member = _member(page.name)
        member.file_size = page.size_bytes  # a large member needs a larger header (ZIP64)
        with self._zip.open(member, "w") as file:
            self._copy(page, file)
        return AddedPage()

    def _finish(self, comic_info: bytes) -> Path:
        self._zip.writestr(_member(COMIC_INFO), comic_info)
        self._zip.close()
        _sync(self._draft)
        return self._draft

    def discard(self) -> None:
        """Remove unfinished work; does nothing to a finished comic."""
        if hasattr(self, "_zip") and (file := self._zip.fp) is not None:
            self._zip.fp = None  # else it would write its directory when closed or collected
            with suppress(OSError):  # a full disk may refuse the last bytes, which are not needed
                file.close()
        super().discard()


class FolderWriter(ComicWriter):
    """Writes a folder with the pages, which keep their times, and the ComicInfo.xml."""

    def _add_page(self, page: PageFile) -> AddedPage:
        path = self._work / page.name
        with path.open("xb") as file:
            self._copy(page, file)
            os.fsync(file.fileno())
        set_time(path, page.mtime_ns)
        return AddedPage()

    def _finish(self, comic_info: bytes) -> Path:
        path = self._work / COMIC_INFO
        path.write_bytes(comic_info)
        _sync(path)
        sync_folders([self._work])
        return self._work


class PdfWriter(ComicWriter):
    """Writes a PDF with one picture on each page; the ComicInfo.xml is attached to it.

    A picture of which nothing can be decoded has a page that names it, so that none is missing.
    """

    def begin(self) -> None:
        """Make an empty document."""
        require_extra()
        from dam.media.document.picture_pdf import PicturePdf  # noqa: PLC0415 - needs the extra

        super().begin()
        self._pdf = PicturePdf(self._work, self._limits)

    def _add_page(self, page: PageFile) -> AddedPage:
        picture = self._work / page.name
        with picture.open("xb") as file:
            self._copy(page, file)
        try:
            return self._pdf.add(picture)
        except FileAccessError:
            raise
        except ItemError as error:
            self._pdf.add_text([page.name, page.old_name, error.message])
            return AddedPage(fault=error)
        finally:
            picture.unlink()

    def _finish(self, comic_info: bytes) -> Path:
        draft = self._work / "draft"
        self._pdf.save(draft, {COMIC_INFO: comic_info})
        _sync(draft)
        return draft


WRITERS: dict[ComicFormat, type[ComicWriter]] = {
    "cbz": CbzWriter,
    "pdf": PdfWriter,
    "folder": FolderWriter,
}


def _member(name: str) -> zipfile.ZipInfo:
    """Return a member's header, which depends on its name only: no time, no system."""
    member = zipfile.ZipInfo(name, _MEMBER_TIME)
    member.create_system = 3  # Unix, on every system
    member.external_attr = _FILE_MODE << 16
    return member


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
