"""Comics as files: a CBZ archive, a PDF, a folder; always the same bytes for the same pages."""

import os
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Literal, NamedTuple

from dam.errors import ComicTargetFormatError, ComicTargetTakenError, OutputFolderError
from dam.media.comic.info import COMIC_INFO
from dam.media.document.picture_pdf import PicturePdf
from dam.storage.content_store import ContentStore
from dam.storage.contents.export import copy_content, give_name
from dam.storage.contents.located import LocatedContent
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.local.layout import sync_folders
from dam.storage.sources.folders import open_folder

ComicFormat = Literal["cbz", "pdf", "folder"]

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can hold
_FILE_MODE = 0o644


def comic_format(target: Path) -> ComicFormat:
    """Return the format that a target's name asks for.

    Raises:
        ComicTargetFormatError: It is one that is not written here.
        ComicTargetTakenError: Something is there already.
        OutputFolderError: There is no folder to put it into.
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
    """A page as a file: its name there, and where its bytes are."""

    name: str
    content: LocatedContent
    size_bytes: int


class ComicWriter(ABC):
    """Writes one comic, page by page, beside its target; it blocks.

    Invariant: nothing has the target's name before all of it is on the disk, and nothing that has
    that name is ever overwritten. `discard` leaves no trace, whatever was done before.
    """

    def __init__(self, target: Path, store: ContentStore) -> None:
        self._target = target
        self._store = store
        self._archives = OpenArchives()
        self._opened = ExitStack()

    def begin(self) -> None:
        """Make the folder in which the work is done.

        Raises:
            OutputFolderError: It cannot be made.
        """
        with self._faults():
            # What has its name when the comic is whole may be another one.
            folder = open_folder(str(self._target.parent))
            self._folder = self._opened.enter_context(folder)
            self._work = self._folder.lasting_path / f".dam-export-{token_hex(8)}"
            self._opened.callback(shutil.rmtree, self._work, ignore_errors=True)
            self._work.mkdir()

    def add_page(self, page: PageFile) -> None:
        """Write the next page.

        Raises:
            ItemError: Its bytes cannot be had, or not be put into this format.
            OutputFolderError: The disk does not take them.
        """
        with self._faults():
            self._add_page(page)

    def finish(self, comic_info: bytes) -> None:
        """Write the ComicInfo.xml, and give the whole its name.

        Raises:
            ComicTargetTakenError: Something has that name by now.
            OutputFolderError: The disk does not take it.
        """
        with self._faults():
            give_name(self._finish(comic_info), self._work.with_name(self._target.name))
            self._folder.sync()

    def discard(self) -> None:
        """Remove what is not finished."""
        self._archives.close()
        self._opened.close()

    def _copy(self, page: PageFile, file: IO[bytes]) -> None:
        copy_content(self._store, page.content, file, archives=self._archives)

    @abstractmethod
    def _add_page(self, page: PageFile) -> None: ...

    @abstractmethod
    def _finish(self, comic_info: bytes) -> Path:
        """Write the ComicInfo.xml; return the whole, which is on the disk."""

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            raise ComicTargetTakenError(self._target) from error
        except OSError as error:
            raise OutputFolderError(self._target.parent, error) from error


class CbzWriter(ComicWriter):
    """A ZIP archive whose members are stored as they are."""

    def begin(self) -> None:
        """Open the archive."""
        super().begin()
        with self._faults():
            self._draft = self._work / "draft"
            self._zip = zipfile.ZipFile(self._draft, "x", zipfile.ZIP_STORED)

    def _add_page(self, page: PageFile) -> None:
        member = _member(page.name)
        member.file_size = page.size_bytes  # the head of a large one has another form
        with self._zip.open(member, "w") as file:
            self._copy(page, file)

    def _finish(self, comic_info: bytes) -> Path:
        self._zip.writestr(_member(COMIC_INFO), comic_info)
        self._zip.close()
        _sync(self._draft)
        return self._draft

    def discard(self) -> None:
        """Remove what is not finished."""
        if hasattr(self, "_zip") and (file := self._zip.fp) is not None:
            self._zip.fp = None  # else it would write a directory when it is closed or collected
            with suppress(OSError):  # what a full disk did not take is not wanted any more
                file.close()
        super().discard()


class FolderWriter(ComicWriter):
    """A folder of the pages and the ComicInfo.xml."""

    def _add_page(self, page: PageFile) -> None:
        with (self._work / page.name).open("xb") as file:
            self._copy(page, file)
            os.fsync(file.fileno())

    def _finish(self, comic_info: bytes) -> Path:
        path = self._work / COMIC_INFO
        path.write_bytes(comic_info)
        _sync(path)
        sync_folders([self._work])
        return self._work


class PdfWriter(ComicWriter):
    """A PDF of a page a picture; the ComicInfo.xml is attached to it."""

    def begin(self) -> None:
        """Make an empty document."""
        super().begin()
        self._pdf = PicturePdf(self._work)

    def _add_page(self, page: PageFile) -> None:
        picture = self._work / page.name
        with picture.open("xb") as file:
            self._copy(page, file)
        self._pdf.add(picture)
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
    """Return the head of a member that depends on its name alone."""
    member = zipfile.ZipInfo(name, _FIRST_DAY)
    member.create_system = 3  # Unix, on every system
    member.external_attr = _FILE_MODE << 16
    return member


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
