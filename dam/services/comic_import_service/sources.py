"""Finds comics among files: archives, and folders whose pictures are pages."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from dam.errors import words_for
from dam.media.archive.names import parts
from dam.media.comic.info import COMIC_INFO
from dam.media.comic.members import is_clutter, is_comic_info, is_page, page_key
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
_HOLDS_ARCHIVES = "the folder holds archives; expected pictures (add -r to import each archive)"
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
    is_recursive: bool,
    selection: FileSelection = USUAL_SELECTION,
    own: Collection[Path] = (),
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[ComicSource]:
    """Yield the comics at the paths: each file is a comic, and each folder is one.

    A folder is one comic of all pictures in it and below; a folder that holds archives is a
    failure. With `is_recursive`, a folder is a library: each archive in it or below is a comic, and
    each folder with pictures directly in it is one, unless archives are next to the pictures.

    After the comics of a folder comes a `SkippedPath` that says what the selection left out, if
    anything.

    Example: of `x.cbz` and `Saga/1.jpg` in a library, `x.cbz` is a comic and `Saga` is another.

    Args:
        paths: Of files and folders.
        is_recursive: Treat folders as libraries.
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
        try:
            status = os.stat(absolute)  # noqa: PTH116 - undecodable and hostile paths, as in `Walk`
            is_folder = stat.S_ISDIR(status.st_mode)
        except (OSError, ValueError):
            is_folder = False
        if is_folder:
            folder = FileStat.of(status)
            walk = Walk(is_recursive=True, selection=selection, own=own, is_stopped=is_stopped)
            yield from (_in_library if is_recursive else _in_folder)(absolute, folder, walk)
            if walk.left_out:
                yield left_out_below(absolute, walk.left_out)
            continue
        for item in files.walk([absolute]):
            yield item if isinstance(item, SkippedPath) else ArchiveSource(item)


def _in_folder(folder: str, reading: FileStat, walk: Walk) -> Iterator[ComicSource]:
    files: dict[str, FoundFile] = {}
    skipped: list[SkippedPath] = []
    has_failed = False
    for item in walk.walk([folder]):
        if isinstance(item, SkippedPath):
            if item.is_failure or item.path == folder:
                has_failed = True
                yield item
            else:
                skipped.append(item)
        elif is_clutter(_name_in(folder, item)):
            continue
        elif _is_archive(item):
            yield SkippedPath(folder, _HOLDS_ARCHIVES, is_failure=True)
            return
        else:
            files[_name_in(folder, item)] = item
    if not has_failed:
        yield _folder(folder, reading, files, skipped)


def _in_library(library: str, reading: FileStat, walk: Walk) -> Iterator[ComicSource]:
    is_empty = True
    for folder, items in groupby(walk.walk([library]), _folder_of):
        files: dict[str, FoundFile] = {}
        skipped: list[SkippedPath] = []
        has_archives = has_failed = False
        for item in items:
            if isinstance(item, SkippedPath):
                if item.is_failure or item.path == library:
                    has_failed = True
                    yield item
                else:
                    skipped.append(item)
            elif is_clutter(_name_in(library, item)):
                continue
            elif _is_archive(item):
                has_archives = True
                yield ArchiveSource(item)
            else:
                files[_name_in(folder, item)] = item
        has_pictures = any(map(is_page, files))
        if has_pictures and has_archives:
            yield SkippedPath(folder, BESIDE_ARCHIVES)
        elif has_pictures and not has_failed:
            yield _sub_folder(folder, files, skipped)
        is_empty = is_empty and not (has_pictures or has_archives or has_failed)
    if is_empty:
        yield _folder(library, reading, {}, [])


def _folder_of(item: FoundFile | SkippedPath) -> str:
    return os.path.dirname(item.path)  # noqa: PTH120 - the strings of `Walk`


def _name_in(folder: str, file: FoundFile | SkippedPath) -> str:
    return file.path[len(os.path.join(folder, "")) :]  # noqa: PTH118 - the strings of `Walk`


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
