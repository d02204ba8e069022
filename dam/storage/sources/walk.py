"""Finds the files to import; skips special files, and symbolic links below the given paths."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dam.errors import CurrentFolderGoneError, ImportStoppedError, raise_host_limit, words_for
from dam.storage.sources.folders import Inode, OpenFolder, OtherFolderError, inode, open_folder
from dam.storage.sources.found_file import FoundFile, look_at
from dam.storage.sources.reading import kind_of
from dam.storage.sources.removal import is_aside_name
from dam.storage.sources.selection import (
    IGNORE_NAME,
    NOMEDIA_NAME,
    USUAL_SELECTION,
    FileSelection,
    FolderRules,
    left_out_text,
)

_NUL = "a path cannot contain a NUL; use -0 for a NUL-separated list"
OTHER_FOLDER = "another folder has its name now; add it again"
_LEFT_ASIDE = "left by an interrupted move; run `dam-cli process`, and rename it if it stays"


@dataclass(frozen=True, slots=True)
class SkippedPath:
    """A path that is not imported, and why; `is_failure` if it should have been imported.

    `left_out` says that only entries below it are not imported: by rule, how many.
    """

    path: str
    reason: str
    is_failure: bool = False
    left_out: tuple[tuple[str, int], ...] = ()


class Walk:
    """Finds the files at paths and, if `is_recursive`, in folders; opens no file but `.damignore`.

    `left_out` counts by rule the files and folders that the selection leaves out so far.

    Args:
        is_recursive: Look into folders.
        selection: Which files in folders are taken; by default all but those of version control and
            systems, and those that `.damignore` names.
        own: Files and folders of the world itself, which are skipped; they need not exist yet. They
            are recognised by device and inode, whatever their names. It matters: to open and close
            the world's SQLite file would drop the locks that this process holds on it.
        is_stopped: Asked before each path and each entry; once it returns True, the walk ends in an
            `ImportStoppedError`.
    """

    def __init__(
        self,
        *,
        is_recursive: bool,
        selection: FileSelection = USUAL_SELECTION,
        own: Collection[Path] = (),
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self._selection = selection
        self._is_recursive = is_recursive
        self._is_stopped = is_stopped
        self._own_paths = own
        self._own: set[Inode] = set()
        self._is_own_folder: dict[str, bool] = {}

    def walk(self, paths: Iterable[str | FoundFile]) -> Iterator[FoundFile | SkippedPath]:
        """Yield the files at the paths and below them, folder by folder, in the order of names.

        A symbolic link among `paths` is followed; one below them is skipped. A `FoundFile` of an
        earlier walk is yielded as it is, without another look at it.
        """
        for path in paths:
            self._raise_if_stopped()
            if isinstance(path, FoundFile):
                yield path
                continue
            absolute = absolute_path(path)
            try:
                status, folder, is_link = look_at(absolute)
            except OSError as error:
                yield _failure(absolute, error)
                continue
            except ValueError:  # a NUL: paths from stdin, separated by NULs, were read as lines
                yield SkippedPath(absolute, _NUL, is_failure=True)
                continue
            self._note_own()
            if self._is_inside_own(absolute, status, is_link=is_link):
                yield SkippedPath(absolute, "belongs to this world")
            elif stat.S_ISDIR(status.st_mode) and self._is_recursive:
                yield from self._walk_tree(absolute, inode(status))
            else:
                yield self._classify(absolute, status, folder, is_link=is_link)

    def _walk_tree(self, top: str, expected: Inode) -> Iterator[FoundFile | SkippedPath]:
        """Walk a tree of any depth, without recursion.

        Each folder is held open while it is listed. It must be the one that was seen when its
        parent was listed.
        """
        pending = [(top, expected, self._selection.rules(top))]
        while pending:
            path, expected, rules = pending.pop()
            try:
                with open_folder(path, expected) as folder:
                    folders: list[tuple[str, Inode, FolderRules]] = []
                    names = sorted(folder.names())
                    if self._is_hidden(names) and path != top:
                        self.left_out[NOMEDIA_NAME] += 1
                        continue
                    try:
                        rules = rules.inside(folder, names)
                    except OSError as error:  # its user may not want what is in the folder
                        yield _failure(os.path.join(path, IGNORE_NAME), error)  # noqa: PTH118
                        continue
                    yield from self._list(folder, names, expected, rules, folders)
            except OtherFolderError:
                yield SkippedPath(path, OTHER_FOLDER, is_failure=True)
            except OSError as error:
                yield _failure(path, error)
            else:
                pending += reversed(folders)

    def _is_hidden(self, names: Collection[str]) -> bool:
        return self._selection.respects_nomedia and NOMEDIA_NAME in names

    def _list(
        self,
        folder: OpenFolder,
        # Names, not `os.scandir`: its entries grow once asked, and a folder may have millions.
        names: Iterable[str],
        folder_inode: Inode,
        rules: FolderRules,
        folders: list[tuple[str, Inode, FolderRules]],
    ) -> Iterator[FoundFile | SkippedPath]:
        """Yield everything in a folder that is taken, but its subfolders: `folders` gets these."""
        self._note_own()
        for name in names:
            self._raise_if_stopped()
            path = os.path.join(folder.path, name)  # noqa: PTH118 - strings, see `look_at`
            try:
                status = folder.status(name)
            except OSError as error:
                yield _failure(path, error)
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            if is_aside_name(name):
                yield SkippedPath(path, _LEFT_ASIDE)
            elif inode(status) not in self._own and (
                rule := rules.leaving_out(path, name, is_folder=is_folder)
            ):
                self.left_out[rule] += 1
            elif rules.is_own_file(name) and not is_folder:
                continue
            elif is_folder and inode(status) not in self._own:
                folders.append((path, inode(status), rules))
            else:
                yield self._classify(path, status, folder_inode)

    def _raise_if_stopped(self) -> None:
        if self._is_stopped():
            raise ImportStoppedError

    def _note_own(self) -> None:
        """Note which files and folders of the world exist now.

        Called after a listing: a file of the world that is made later is not in that listing.
        """
        found = {each for each in map(inode_of, self._own_paths) if each is not None}
        if found != self._own:
            self._own = found
            self._is_own_folder.clear()

    def _classify(
        self, path: str, status: os.stat_result, folder: Inode, *, is_link: bool = False
    ) -> FoundFile | SkippedPath:
        if inode(status) in self._own:
            return SkippedPath(path, "belongs to this world")
        if not stat.S_ISREG(status.st_mode):
            hint = "; use -r to add the files in it" if stat.S_ISDIR(status.st_mode) else ""
            return SkippedPath(path, f"not a regular file but {kind_of(status.st_mode)}{hint}")
        found = FoundFile.of(path, status, folder)
        return found._replace(is_link=True) if is_link else found

    def _is_inside_own(self, path: str, status: os.stat_result, *, is_link: bool) -> bool:
        """Return whether a path is one of the world's own, or in such a folder.

        The answer for each folder is remembered.
        """
        if inode(status) in self._own:
            return True
        target = os.path.realpath(path) if is_link else path
        folder = os.path.dirname(target)  # noqa: PTH120 - strings, see `look_at`
        if folder not in self._is_own_folder:
            above = Path(os.path.realpath(folder))
            self._is_own_folder[folder] = any(
                inode_of(each) in self._own for each in (above, *above.parents)
            )
        return self._is_own_folder[folder]


def left_out_below(path: str, counts: Counter[str]) -> SkippedPath:
    """Return a report of what is not imported below a folder, by rule."""
    return SkippedPath(path, left_out_text(counts), left_out=tuple(counts.items()))


def _failure(path: str, error: OSError) -> SkippedPath:
    raise_host_limit(error)
    return SkippedPath(path, words_for(error), is_failure=True)


def absolute_path(path: str) -> str:
    """Return the path under which a file is recorded: absolute, without `..`, no link followed.

    Raises:
        CurrentFolderGoneError: The path is relative, and the current folder is gone.
    """
    try:
        return os.path.abspath(path)  # noqa: PTH100 - pathlib keeps `..`
    except FileNotFoundError as error:
        raise CurrentFolderGoneError from error


def inode_of(path: str | os.PathLike[str]) -> Inode | None:
    """Return the device and inode of what a path leads to, or None if that cannot be found."""
    try:
        return inode(os.stat(path))  # noqa: PTH116 - for Walk's strings
    except OSError:
        return None
