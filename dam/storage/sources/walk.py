"""Finding the files to import; symlinks below and special files are passed by."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dam.errors import CurrentFolderGoneError, ImportStoppedError, raise_host_limit, words_for
from dam.storage.sources.folders import Inode, OpenFolder, OtherFolderError, inode, open_folder
from dam.storage.sources.found_file import FoundFile, look_at
from dam.storage.sources.reading import kind_of
from dam.storage.sources.removal import is_aside_name

OTHER_FOLDER = "another folder has its name by now; add it again"
_LEFT_ASIDE = "left by a move that was stopped; if `dam-cli process` does not end it, rename it"


@dataclass(frozen=True, slots=True)
class SkippedPath:
    """A path that is not imported, and why; `is_failure` when it should have been."""

    path: str
    reason: str
    is_failure: bool = False


class Walk:
    """Walks over paths and, where asked, into folders; opens no file.

    Args:
        own: Files and folders of ours, there already or not yet. They are known by device and
            inode, under whatever name: opening and closing our own live SQLite file would drop the
            locks that this process holds on it.
        is_stopped: Asked before each path and each entry; once it says yes, the walk ends in an
            `ImportStoppedError`.
    """

    def __init__(
        self,
        *,
        is_recursive: bool,
        own: Collection[Path] = (),
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_recursive = is_recursive
        self._is_stopped = is_stopped
        self._own_paths = own
        self._own: set[Inode] = set()
        self._is_own_folder: dict[str, bool] = {}

    def walk(self, paths: Iterable[str | FoundFile]) -> Iterator[FoundFile | SkippedPath]:
        """Yield what is at the paths and below them, folder by folder in the order of names.

        A symbolic link among `paths` is followed, one below them is passed by. What an earlier walk
        has found is not looked at again.
        """
        for path in paths:
            self._go_on()
            if isinstance(path, FoundFile):
                yield path
                continue
            absolute = absolute_path(path)
            try:
                status, folder, is_link = look_at(absolute)
            except OSError as error:
                yield _unseen(absolute, error)
                continue
            except ValueError:  # from stdin, where lines and NULs may be mistaken for each other
                yield SkippedPath(absolute, "a path cannot hold a NUL; see -0", is_failure=True)
                continue
            self._look_for_own()
            if self._is_inside_own(absolute, status, is_link=is_link):
                yield SkippedPath(absolute, "belongs to this world")
            elif stat.S_ISDIR(status.st_mode) and self._is_recursive:
                yield from self._below(absolute, inode(status))
            else:
                yield self._judge(absolute, status, folder, is_link=is_link)

    def _below(self, top: str, expected: Inode) -> Iterator[FoundFile | SkippedPath]:
        """Walk a tree without recursion, however deep it is.

        Each folder is held open while it is looked through, and is the one that its own folder had.
        """
        pending = [(top, expected)]
        while pending:
            path, expected = pending.pop()
            try:
                with open_folder(path, expected) as folder:
                    folders: list[tuple[str, Inode]] = []
                    yield from self._in(folder, expected, folders)
            except OtherFolderError:
                yield SkippedPath(path, OTHER_FOLDER, is_failure=True)
            except OSError as error:
                yield _unseen(path, error)
            else:
                pending += reversed(folders)

    def _in(
        self, folder: OpenFolder, known_as: Inode, folders: list[tuple[str, Inode]]
    ) -> Iterator[FoundFile | SkippedPath]:
        """Yield what is in a folder but for folders, which are added to the list."""
        # Names alone: entries keep what they were asked, and a folder may have millions.
        names = sorted(folder.names())
        self._look_for_own()
        for name in names:
            self._go_on()
            path = os.path.join(folder.path, name)  # noqa: PTH118 - see `over`
            try:
                status = folder.status(name)
            except OSError as error:
                yield _unseen(path, error)
                continue
            if is_aside_name(name):
                yield SkippedPath(path, _LEFT_ASIDE)
            elif stat.S_ISDIR(status.st_mode) and inode(status) not in self._own:
                folders.append((path, inode(status)))
            else:
                yield self._judge(path, status, known_as)

    def _go_on(self) -> None:
        if self._is_stopped():
            raise ImportStoppedError

    def _look_for_own(self) -> None:
        """Look after what is to be judged was listed: what is made later is not in that list."""
        found = {each for each in map(inode_of, self._own_paths) if each is not None}
        if found != self._own:
            self._own = found
            self._is_own_folder.clear()

    def _judge(
        self, path: str, status: os.stat_result, folder: Inode, *, is_link: bool = False
    ) -> FoundFile | SkippedPath:
        if inode(status) in self._own:
            return SkippedPath(path, "belongs to this world")
        if not stat.S_ISREG(status.st_mode):
            hint = "; -r adds what is in it" if stat.S_ISDIR(status.st_mode) else ""
            return SkippedPath(path, f"not a regular file but {kind_of(status.st_mode)}{hint}")
        found = FoundFile.of(path, status, folder)
        return found._replace(is_link=True) if is_link else found

    def _is_inside_own(self, path: str, status: os.stat_result, *, is_link: bool) -> bool:
        """Tell whether a path is ours, or in a folder of ours; each folder is looked at once."""
        if inode(status) in self._own:
            return True
        target = os.path.realpath(path) if is_link else path
        folder = os.path.dirname(target)  # noqa: PTH120 - see `over`
        if folder not in self._is_own_folder:
            above = Path(os.path.realpath(folder))
            self._is_own_folder[folder] = any(
                inode_of(each) in self._own for each in (above, *above.parents)
            )
        return self._is_own_folder[folder]


def _unseen(path: str, error: OSError) -> SkippedPath:
    raise_host_limit(error)
    return SkippedPath(path, words_for(error), is_failure=True)


def absolute_path(path: str) -> str:
    """Return the path under which a file is known: absolute, `..` taken out, no link followed.

    Raises:
        CurrentFolderGoneError: It is relative, and there is nothing that it is relative to.
    """
    try:
        return os.path.abspath(path)  # noqa: PTH100 - pathlib keeps `..`
    except FileNotFoundError as error:
        raise CurrentFolderGoneError from error


def inode_of(path: str | os.PathLike[str]) -> Inode | None:
    """Return the device and inode of a path, or None when nothing is there."""
    try:
        return inode(os.stat(path))  # noqa: PTH116 - for Walk's strings
    except OSError:
        return None
