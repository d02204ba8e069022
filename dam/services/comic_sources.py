"""Finding comics among files: archives, and folders whose pictures are pages."""

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dam.media.archive_names import is_page, natural_key, parts
from dam.storage.reading import FileReading
from dam.storage.walk import FoundFile, PassedBy, Walk, absolute_path

_ARCHIVE_SUFFIXES = (".cbz", ".cbr", ".cb7", ".cbt")
_COMIC_INFO = "comicinfo.xml"
_HOLDS_ARCHIVES = "the folder holds archives; expected pictures (add -r to import each archive)"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A file that is to be a comic, whatever it is."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder that is to be a comic.

    Args:
        path: Absolute.
        reading: The folder itself.
        names: Of the pictures in it and below, from the folder on, in natural order.
        comic_info: The path of its ComicInfo.xml, if there is one.
    """

    path: str
    reading: FileReading
    names: tuple[str, ...]
    comic_info: str | None


ComicSource = ArchiveSource | FolderSource | PassedBy


def find_comics(
    paths: Iterable[str], *, is_recursive: bool, own: Collection[Path] = ()
) -> Iterator[ComicSource]:
    """Yield the comics at the paths: each file, the archives below a folder, or the folder itself.

    A folder without archives in it and below is one comic of its pictures.

    Args:
        paths: Of files and folders.
        is_recursive: Take the archives in folders; else a folder that holds some is passed by.
        own: Files and folders of ours, as for `Walk`.
    """
    for path in paths:
        absolute = absolute_path(path)
        try:
            status = os.stat(absolute)  # noqa: PTH116 - undecodable and hostile paths, as in `Walk`
            is_folder = stat.S_ISDIR(status.st_mode)
        except (OSError, ValueError):
            is_folder = False
        if is_folder:
            walk = Walk(is_recursive=True, own=own)
            yield from _in_folder(absolute, FileReading.of(status), walk, is_recursive=is_recursive)
            continue
        for item in Walk(is_recursive=False, own=own).over([absolute]):
            yield item if isinstance(item, PassedBy) else _archive(item)


def _in_folder(
    folder: str, reading: FileReading, walk: Walk, *, is_recursive: bool
) -> Iterator[ComicSource]:
    below = len(os.path.join(folder, ""))  # noqa: PTH118 - the strings of `Walk`
    names: list[str] = []
    has_archives = has_passed = False
    for item in walk.over([folder]):
        if isinstance(item, PassedBy):
            if item.is_failure or item.path == folder:
                has_passed = True
                yield item
            continue
        name = item.path[below:]
        if name.casefold().endswith(_ARCHIVE_SUFFIXES):
            if not is_recursive:
                yield PassedBy(folder, _HOLDS_ARCHIVES, is_failure=True)
                return
            has_archives, names = True, []
            yield _archive(item)
        elif not has_archives:
            names.append(name)
    if has_archives or has_passed:
        return
    yield FolderSource(folder, reading, _pages(names), _comic_info(folder, names))


def _archive(file: FoundFile) -> ArchiveSource:
    return ArchiveSource(file.path, file.status.st_size)


def _pages(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(filter(is_page, names), key=lambda name: list(natural_key(name))))


def _comic_info(folder: str, names: Iterable[str]) -> str | None:
    """Return the path of the ComicInfo.xml that is nearest to the folder."""
    found = [name for name in names if parts(name)[-1].casefold() == _COMIC_INFO]
    nearest = min(found, key=lambda name: (len(parts(name)), name), default=None)
    return nearest and os.path.join(folder, nearest)  # noqa: PTH118 - the strings of `Walk`
