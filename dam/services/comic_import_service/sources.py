"""Finds comics among files: archives, and folders whose pictures are pages."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from dam.errors import OnlySubfoldersError, words_for
from dam.media.archive.names import parts
from dam.media.comic.info import COMIC_INFO
from dam.media.comic.members import is_clutter, is_comic_info, is_page, page_key
from dam.services.comic_import_service.known_folders import NONE_KNOWN, KnownFolders
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.reading import FileStat
from dam.storage.sources.selection import USUAL_SELECTION, FileSelection
from dam.storage.sources.walk import (
    OTHER_FOLDER,
    SkippedPath,
    Walk,
    absolute_path,
    left_out_below,
)

_ARCHIVE_SUFFIXES = (".cbz", ".cbr", ".cb7", ".cbt")
_HOLDS_ARCHIVES = "the folder holds archives; expected pictures (leave out --as-one)"
BESIDE_ARCHIVES = "pictures next to archives count as their covers, not as a comic"

MOVED_BEFORE = "an earlier import moved its comics into the store"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A file that shall be imported as a comic; whether it is an archive is not known yet."""

    file: FoundFile

    @property
    def path(self) -> str:
        """The absolute path of the file."""
        return self.file.path


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder that shall be imported as a comic.

    Args:
        path: The absolute path of the folder.
        reading: The state of the folder itself.
        names: The pictures in it and below, as paths relative to it, in natural order: `2/1.jpg`.
        files: All files in it and below, by relative path.
        comic_info: The ComicInfo.xml nearest to the folder, if there is one.
        skipped: Entries named like pictures that are not files, such as symbolic links.
    """

    path: str
    reading: FileStat
    names: tuple[str, ...]
    files: Mapping[str, FoundFile]
    comic_info: FoundFile | None
    skipped: tuple[SkippedPath, ...] = ()


ComicSource = ArchiveSource | FolderSource | SkippedPath


def find_comics(
    paths: Iterable[str],
    *,
    libraries: Collection[str] = (),
    known: KnownFolders = NONE_KNOWN,
    selection: FileSelection = USUAL_SELECTION,
    own: Collection[Path] = (),
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[ComicSource]:
    """Yield the comics at the paths: each file is a comic, and each folder is one or a library.

    A folder is one comic of all pictures in it and below; it is a failure if it holds archives. In
    a library, each archive is a comic, and so is each folder with pictures directly in it, unless
    archives are next to the pictures. A folder that is known as a comic stays one, with all the
    folders that its pages were in.

    After the comics of a folder comes a `SkippedPath` that says what the selection left out, if
    anything.

    Example: of `x.cbz` and `Saga/1.jpg` in a library, `x.cbz` is a comic and `Saga` is another.

    Args:
        paths: Of files and folders.
        libraries: The given folders that are libraries; see `find_libraries`.
        known: What earlier imports made of the folders.
        selection: As for `Walk`; ComicInfo.xml is read whatever its `extensions`.
        own: Files and folders of the world, as for `Walk`.
        is_stopped: As for `Walk`.

    Raises:
        ImportStoppedError: `is_stopped` returned True.
    """
    selection = replace(selection, always=(COMIC_INFO.lower(),))
    files = Walk(is_recursive=False, own=own, is_stopped=is_stopped)
    for path in paths:
        absolute = absolute_path(path)
        status = _folder_status(absolute)
        if status is not None:
            folder = FileStat.of(status)
            walk = Walk(is_recursive=True, selection=selection, own=own, is_stopped=is_stopped)
            into = _in_library if absolute in libraries else _in_folder
            yield from into(absolute, folder, walk, known)
            if walk.left_out:
                yield left_out_below(absolute, walk.left_out)
            continue
        for item in files.walk([absolute]):
            yield item if isinstance(item, SkippedPath) else ArchiveSource(item)


def given_folders(paths: Iterable[str]) -> list[str]:
    """Return those of the paths that are folders, as absolute paths."""
    return [path for path in map(absolute_path, paths) if _folder_status(path) is not None]


def find_libraries(
    folders: Iterable[str],
    *,
    known: KnownFolders = NONE_KNOWN,
    selection: FileSelection = USUAL_SELECTION,
    own: Collection[Path] = (),
    is_stopped: Callable[[], bool] = lambda: False,
) -> set[str]:
    """Return the folders that are libraries: those with archives in them or below.

    Args:
        folders: Absolute paths.
        known: What earlier imports made of the folders.
        selection: As for `Walk`.
        own: As for `Walk`.
        is_stopped: As for `Walk`.

    Raises:
        OnlySubfoldersError: A folder that is not known as a comic has neither archives nor pictures
            of its own, but its subfolders have pictures.
        ImportStoppedError: `is_stopped` returned True.
    """
    libraries = set[str]()
    for folder in folders:
        walk = Walk(is_recursive=True, selection=selection, own=own, is_stopped=is_stopped)
        if (folder in known.libraries and folder not in known.comics) or _has_archives(
            folder, walk, known
        ):
            libraries.add(folder)
    return libraries


def _has_archives(folder: str, walk: Walk, known: KnownFolders) -> bool:
    with_pictures: dict[str, None] = {}
    for item in walk.walk([folder]):
        if isinstance(item, SkippedPath) or is_clutter(_name_in(folder, item)):
            continue
        if _is_archive(item):
            return True
        if is_page(_name_in(folder, item)):
            with_pictures[_folder_of(item)] = None
    if with_pictures and folder not in with_pictures and folder not in known.comics:
        names = [_relative(folder, one) for one in with_pictures]
        raise OnlySubfoldersError(folder, names)
    return False


def _folder_status(path: str) -> os.stat_result | None:
    """Return the status of a folder, also behind a symbolic link; None of anything else."""
    try:
        status = os.stat(path)  # noqa: PTH116 - undecodable and hostile paths, as in `Walk`
    except (OSError, ValueError):
        return None
    return status if stat.S_ISDIR(status.st_mode) else None


@dataclass
class _Gathered:
    """What a walk has found so far of a folder that may be a comic, below the folder `top`."""

    folder: str
    top: str
    files: dict[str, FoundFile] = field(default_factory=dict)
    skipped: list[SkippedPath] = field(default_factory=list)
    has_failed: bool = False
    has_archives: bool = False

    def take(self, item: FoundFile | SkippedPath) -> Iterator[ArchiveSource | SkippedPath]:
        """Add what the walk found; yield archives, failures, and a top folder that is not taken."""
        if isinstance(item, SkippedPath):
            if item.is_failure or item.path == self.top:
                self.has_failed = True
                yield item
            else:
                self.skipped.append(item)
        elif is_clutter(_name_in(self.top, item)):
            return
        elif _is_archive(item):
            self.has_archives = True
            yield ArchiveSource(item)
        else:
            self.files[_name_in(self.folder, item)] = item

    @property
    def has_pictures(self) -> bool:
        return any(map(is_page, self.files))

    def comic(self) -> Iterator[ComicSource]:
        if self.has_pictures and not self.has_failed:
            yield _sub_folder(self.folder, self.files, self.skipped)


def _in_folder(
    folder: str, reading: FileStat, walk: Walk, known: KnownFolders
) -> Iterator[ComicSource]:
    found = _Gathered(folder, folder)
    for item in walk.walk([folder]):
        if known.is_of_others(_folder_of(item), folder):
            continue
        for source in found.take(item):
            if isinstance(source, ArchiveSource):
                yield SkippedPath(folder, _HOLDS_ARCHIVES, is_failure=True)
                return
            yield source
    if not found.has_failed:
        yield _folder(folder, reading, found.files, found.skipped)


def _in_library(
    library: str, reading: FileStat, walk: Walk, known: KnownFolders
) -> Iterator[ComicSource]:
    is_empty = True
    spread: dict[str, _Gathered] = {}  # known comics with subfolders, of which more may come
    for folder, items in groupby(walk.walk([library]), _folder_of):
        comic = known.comic_of(folder)
        found = _Gathered(comic or folder, library)
        if comic is not None and known.is_spread(comic):
            found = spread.setdefault(comic, found)
        for item in items:
            yield from found.take(item)
        is_empty = is_empty and not (found.has_pictures or found.has_archives or found.has_failed)
        if comic is None and found.has_archives and found.has_pictures:
            yield SkippedPath(folder, BESIDE_ARCHIVES)
        elif comic not in spread:
            yield from found.comic()
    for found in spread.values():
        yield from found.comic()
    if is_empty:
        yield _folder(library, reading, {}, [])


def _folder_of(item: FoundFile | SkippedPath) -> str:
    return os.path.dirname(item.path)  # noqa: PTH120 - the strings of `Walk`


def _name_in(folder: str, file: FoundFile | SkippedPath) -> str:
    return _relative(folder, file.path)


def _relative(folder: str, path: str) -> str:
    return path[len(os.path.join(folder, "")) :]  # noqa: PTH118 - the strings of `Walk`


def _is_archive(file: FoundFile) -> bool:
    return file.path.casefold().endswith(_ARCHIVE_SUFFIXES)


def _sub_folder(
    folder: str, files: Mapping[str, FoundFile], skipped: Sequence[SkippedPath]
) -> FolderSource | SkippedPath:
    try:
        status = os.stat(folder)  # noqa: PTH116 - the strings of `Walk`
    except OSError as error:
        return SkippedPath(folder, words_for(error), is_failure=True)
    return _folder(folder, FileStat.of(status), files, skipped)


def _folder(
    folder: str,
    reading: FileStat,
    files: Mapping[str, FoundFile],
    skipped: Sequence[SkippedPath],
) -> FolderSource | SkippedPath:
    if any(file.folder != reading.file for name, file in files.items() if "/" not in name):
        return SkippedPath(folder, OTHER_FOLDER, is_failure=True)
    pictures = tuple(item for item in skipped if is_page(_name_in(folder, item)))
    return FolderSource(folder, reading, _pages(files), files, _comic_info(files), pictures)


def _pages(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(filter(is_page, names), key=page_key))


def _comic_info(files: Mapping[str, FoundFile]) -> FoundFile | None:
    """Return the ComicInfo.xml that is nearest to the folder."""
    found = [name for name in files if is_comic_info(name)]
    nearest = min(found, key=lambda name: (len(parts(name)), name), default=None)
    return None if nearest is None else files[nearest]
