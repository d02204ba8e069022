"""Limits of the host, such as open files or memory, which must not be blamed on a file.

Libraries translate these limits into errors of their own; `host_limit` finds them again.
"""

import errno
import importlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import ModuleType
from typing import Literal

from dam.errors.base import DamError, EnvironmentFaultError

HostLimit = Literal["open files", "the system's open files", "processes", "memory"]

_BY_ERRNO: dict[int, HostLimit] = {
    errno.EMFILE: "open files",
    errno.ETOOMANYREFS: "open files",  # too many are on their way to other processes
    errno.ENFILE: "the system's open files",
    errno.EAGAIN: "processes",
    errno.ENOMEM: "memory",
    errno.ENOBUFS: "memory",
}
_NO_THREAD = "can't start new thread"
_NO_MEMORY = "out of memory"
_AGAIN = "the same command then continues where it stopped"
_WORDS: dict[HostLimit, tuple[str, str]] = {
    "open files": (
        "no more files can be opened",
        "raise the limit, for example with `ulimit -n 1024` in this shell",
    ),
    "the system's open files": (
        "no more files can be opened on this system",
        "end other programs, or raise fs.file-max with `sysctl`",
    ),
    "processes": (
        "no more processes and threads can be started",
        "end some of them, set DAM_WORKERS to fewer, or raise the limit",
    ),
    "memory": (
        "there is not enough memory",
        "end other programs, set DAM_WORKERS to fewer, or raise the limit",
    ),
}


class HostLimitError(EnvironmentFaultError):
    """The system refuses more files, processes or memory; the item at work is left as it was."""

    def __init__(self, limit: HostLimit) -> None:
        self.limit = limit
        message, hint = _WORDS[limit]
        values = ", ".join(_values(limit))
        super().__init__(f"{message}: {values}" if values else message, f"{hint}; {_AGAIN}")


def host_limit(error: BaseException) -> HostLimitError | None:
    """Return the limit of the host that caused an error, or None.

    Looks through the causes of the error, so it does not matter how a library translated it.
    """
    for link in _chain(error):
        if isinstance(link, HostLimitError):
            return link
        if limit := _limit(link):
            return HostLimitError(limit)
    return None


def raise_host_limit(error: BaseException) -> None:
    """Raise `HostLimitError` if a limit of the host caused an error; else do nothing.

    Call this before a file is blamed for an error: its failure would be kept even after the limit
    was raised.
    """
    if limit := host_limit(error):
        raise limit from limit.__cause__ or error


def require_free_files(count: int) -> None:
    """Raise `HostLimitError` unless this number of files can be opened now.

    Call this for an error of a library that hides the error number of the system.
    """
    with ExitStack() as opened:
        try:
            for _ in range(count):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            raise_host_limit(error)


def _limit(error: BaseException) -> HostLimit | None:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno is not None:
        return _BY_ERRNO.get(error.errno)
    text = str(error) if isinstance(error, OSError | RuntimeError | ImportError) else ""
    if isinstance(error, DamError) or not text:
        return None
    if text == _NO_THREAD:
        return "processes"
    if isinstance(error, ImportError):  # of a library; the loader has no numbers
        texts = ((os.strerror(number), limit) for number, limit in _BY_ERRNO.items())
        return next((limit for words, limit in texts if words in text), None)
    lower = text.lower()  # Pillow's codecs begin with it, its plugins end with it
    return "memory" if lower.startswith(_NO_MEMORY) or lower.endswith(_NO_MEMORY) else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all errors that caused it."""
    links: list[BaseException | None] = [error]
    seen: set[int] = set()
    while links:
        link = links.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            links += link.exceptions
        links += [link.__cause__, None if link.__suppress_context__ else link.__context__]


def _values(limit: HostLimit) -> Iterator[str]:
    """Yield each value that is set for a limit, such as "`ulimit -n` is 1024"."""
    if limit == "open files":
        yield from _ulimit("-n", "RLIMIT_NOFILE")
    elif limit == "the system's open files":
        yield from _file("fs.file-max", "/proc/sys/fs/file-max")
    elif limit == "processes":
        yield from _ulimit("-u", "RLIMIT_NPROC")
        yield from _file("pids.max of the control group", "/sys/fs/cgroup/pids.max")
        yield from _memory_ulimits()  # a thread takes some, too
    else:
        yield from _memory_ulimits()
        yield from _file("memory.max of the control group", "/sys/fs/cgroup/memory.max")


def _memory_ulimits() -> Iterator[str]:
    yield from _ulimit("-v", "RLIMIT_AS", unit_bytes=1024)
    yield from _ulimit("-d", "RLIMIT_DATA", unit_bytes=1024)


def _ulimit(option: str, name: str, unit_bytes: int = 1) -> Iterator[str]:
    if _RESOURCE is None:
        return
    value = _RESOURCE.getrlimit(getattr(_RESOURCE, name))[0]
    if value != _RESOURCE.RLIM_INFINITY:
        yield f"`ulimit {option}` is {value // unit_bytes}"


def _file(name: str, path: str) -> Iterator[str]:
    try:
        value = Path(path).read_text(encoding="ascii").strip()
    except OSError:  # not there, or not even this can be opened
        return
    if value != "max":
        yield f"{name} is {value}"


def _module() -> ModuleType | None:
    with suppress(ImportError):
        return importlib.import_module("resource")
    return None


_RESOURCE = _module()
"""None on platforms without it. Imported early: at the limit of open files it could not be read."""
