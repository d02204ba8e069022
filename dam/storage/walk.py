"""Finding the files to import; symlinks below and special files are passed by."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dam.errors import CurrentFolderGoneError, ImportStoppedError, raise_host_limit, words_for
from dam.storage.reading import kind_of


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file: its absolute path, undecodable bytes as surrogates, and its `stat`."""

    path: str
    status: os.stat_result


@dataclass(frozen=True, slots=True)
class PassedBy:
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
        self._own: set[tuple[int, int]] = set()
        self._is_own_folder: dict[str, bool] = {}

    def over(self, paths: Iterable[str]) -> Iterator[FoundFile | PassedBy]:
        """Yield what is at the paths and below them, folder by folder in the order of names.

        A symbolic link among `paths` is followed, one below them is passed by.
        """
        for path in paths:
            self._go_on()
            absolute = absolute_path(path)
            try:
                status = os.stat(absolute)  # noqa: PTH116 - see above
            except OSError as error:
                yield _unseen(absolute, error)
                continue
            except ValueError:  # from stdin, where lines and NULs may be mistaken for each other
                yield PassedBy(absolute, "a path cannot hold a NUL; see -0", is_failure=True)
                continue
            self._look_for_own()
            if self._is_inside_own(absolute, status):
                yield PassedBy(absolute, "belongs to this world")
            elif stat.S_ISDIR(status.st_mode) and self._is_recursive:
                yield from self._below(absolute, status)
            else:
                yield self._judge(absolute, status)

    def _below(self, folder: str, status: os.stat_result) -> Iterator[FoundFile | PassedBy]:
        """Walk a tree without recursion, however deep it is."""
        if (status.st_dev, status.st_ino) in self._own:
            yield PassedBy(folder, "belongs to this world")
            return
        pending = [folder]
        while pending:
            current = pending.pop()
            try:
                # Names alone: entries keep what they were asked, and a folder may have millions.
                names = sorted(os.listdir(current))  # noqa: PTH208 - see `over`
            except OSError as error:
                yield _unseen(current, error)
                continue
            self._look_for_own()
            folders = []
            for name in names:
                self._go_on()
                found = self._look_at(os.path.join(current, name))  # noqa: PTH118 - see `over`
                if isinstance(found, str):
                    folders.append(found)
                else:
                    yield found
            pending += reversed(folders)

    def _go_on(self) -> None:
        if self._is_stopped():
            raise ImportStoppedError

    def _look_for_own(self) -> None:
        """Look after what is to be judged was listed: what is made later is not in that list."""
        found = {inode for inode in map(inode_of, self._own_paths) if inode is not None}
        if found != self._own:
            self._own = found
            self._is_own_folder.clear()

    def _look_at(self, path: str) -> FoundFile | PassedBy | str:
        try:
            status = os.lstat(path)
        except OSError as error:
            return _unseen(path, error)
        if stat.S_ISDIR(status.st_mode):
            if (status.st_dev, status.st_ino) in self._own:
                return PassedBy(path, "belongs to this world")
            return path
        return self._judge(path, status)

    def _judge(self, path: str, status: os.stat_result) -> FoundFile | PassedBy:
        if not stat.S_ISREG(status.st_mode):
            hint = "; -r adds what is in it" if stat.S_ISDIR(status.st_mode) else ""
            return PassedBy(path, f"not a regular file but {kind_of(status.st_mode)}{hint}")
        if (status.st_dev, status.st_ino) in self._own:
            return PassedBy(path, "belongs to this world")
        return FoundFile(path, status)

    def _is_inside_own(self, path: str, status: os.stat_result) -> bool:
        """Tell whether a path is ours, or in a folder of ours; each folder is looked at once."""
        if (status.st_dev, status.st_ino) in self._own:
            return True
        target = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - see `over`
        folder = os.path.dirname(target)  # noqa: PTH120 - see `over`
        if folder not in self._is_own_folder:
            above = Path(os.path.realpath(folder))
            self._is_own_folder[folder] = any(
                inode_of(each) in self._own for each in (above, *above.parents)
            )
        return self._is_own_folder[folder]


def _unseen(path: str, error: OSError) -> PassedBy:
    raise_host_limit(error)
    return PassedBy(path, words_for(error), is_failure=True)


def absolute_path(path: str) -> str:
    """Return the path under which a file is known: absolute, `..` taken out, no link followed.

    Raises:
        CurrentFolderGoneError: It is relative, and there is nothing that it is relative to.
    """
    try:
        return os.path.abspath(path)  # noqa: PTH100 - pathlib keeps `..`
    except FileNotFoundError as error:
        raise CurrentFolderGoneError from error


def inode_of(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return the device and inode of a path, or None when nothing is there."""
    try:
        status = os.stat(path)  # noqa: PTH116 - for Walk's strings
    except OSError:
        return None
    return status.st_dev, status.st_ino
