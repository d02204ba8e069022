"""The broker: a confined worker asks for a file, its parent opens it and sends the descriptor.

The parent opens only the files that the call may have that the worker is in. Those follow from what
the call was given, so a worker that a file has taken over gets no other. The path of each request
was made by the worker: it is compared, and used for nothing else.

`dam.workers.requests` is the worker's side, and says what is sent.
"""

import errno
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dam.asking import NEW_FLAGS, NO_LINKS, OPEN_FLAGS, Printed
from dam.media.archive.printing import Program, print_members
from dam.media.limits import MediaLimits
from dam.workers.answers import UnfitError
from dam.workers.requests import (
    ANSWER,
    FILE,
    IS_EMPTY,
    MARK,
    NEW_FILE,
    OWN_FILE,
    PRINTED,
    TEMPORARY,
)

Paths = Callable[[], Collection[Path | str]]
"""Returns paths; of those that a call may read, the one that it reads first is the first."""

_READABLE = (os.O_RDONLY, os.O_RDWR)
_MOST_BYTES = MediaLimits().max_archive_bytes
_PATH_ONLY = getattr(os, "O_PATH", 0)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a call may have while a confined worker is in it.

    Attributes:
        may_read: The files that it may read, and folders that it may know to be empty.
        may_write: The files that it may make; None if it may write nothing, not even a temporary
            file, and may have no program unpack anything.
    """

    may_read: Paths
    may_write: Paths | None


def is_request(payload: bytes) -> bool:
    """Return whether a worker's frame asks for something; else it is its answer to a call."""
    return payload.startswith(MARK)


def begin_call(connection: socket.socket, may_read: Paths) -> None:
    """Let a confined worker begin its next call, and give it the first file if that can be opened.

    A worker that has died, or takes nothing, is found out when its answer does not come.
    """
    path, fds = b"", []
    with suppress(OSError):  # the worker asks for it, and gets the error
        for first in may_read():
            fds = [_opened(os.fspath(first), OPEN_FLAGS | NO_LINKS)]
            path = os.fsencode(first)
            break
    try:
        with suppress(OSError):
            socket.send_fds(connection, [ANSWER.pack(0, len(path)) + path], fds)
    finally:
        for fd in fds:
            os.close(fd)


def answer_request(
    connection: socket.socket, payload: bytes, rights: Rights, program: Program
) -> None:
    """Give a confined worker what it asks for, or the error number.

    Args:
        connection: To the worker.
        payload: The request.
        rights: Of the call that the worker is in.
        program: How a program is started, and waited for.

    Raises:
        UnfitError: It asks for something else than `AskingParent` does, or takes no answers.
        TimeoutError: The program took longer than the call may take.
    """
    fds: list[int] = []
    try:
        number, value = 0, _answer(connection, payload, rights, program, fds)
    except ValueError as error:  # not the number of bytes
        raise UnfitError("a request with an odd number") from error
    except OSError as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise
        number, value = error.errno or errno.EIO, 0
    try:
        is_sent = _is_sent_at_once(connection, ANSWER.pack(number, value), fds)
    finally:
        for fd in fds:
            os.close(fd)
    if not is_sent:  # not in a handler: its EAGAIN would count as a limit of the host
        raise UnfitError("requests without end")


def _is_sent_at_once(connection: socket.socket, answer: bytes, fds: list[int]) -> bool:
    """Send without waiting; return whether there was room. The flags of `send_fds` are ignored."""
    limit_s = connection.gettimeout()
    connection.settimeout(0)
    try:
        socket.send_fds(connection, [answer], fds)
    except (BlockingIOError, TimeoutError):
        return False
    finally:
        connection.settimeout(limit_s)
    return True


def _answer(
    connection: socket.socket, payload: bytes, rights: Rights, program: Program, fds: list[int]
) -> int:
    """Return the number to answer; add the descriptors."""
    asked, path = payload[1:2], os.fsdecode(payload[2:])
    if asked in (FILE, OWN_FILE, IS_EMPTY):
        allowed = [os.fspath(one) for one in rights.may_read()]
        if asked == IS_EMPTY:
            return _is_empty(path, allowed)
        _require(path in allowed, errno.EACCES)
        fds.append(_opened(path, OPEN_FLAGS if asked == FILE else OPEN_FLAGS | NO_LINKS))
    elif asked in (NEW_FILE, TEMPORARY, PRINTED):
        _require(rights.may_write is not None, errno.EPERM)
        assert rights.may_write is not None
        if asked == NEW_FILE:
            _require(path in [os.fspath(one) for one in rights.may_write()], errno.EPERM)
            fds.append(os.open(path, NEW_FLAGS, 0o600))
        elif asked == TEMPORARY:
            with tempfile.TemporaryFile() as file:
                fds.append(os.dup(file.fileno()))
        else:
            printed = _printed(connection, int(path), program)
            fds.append(printed.fd)
            return printed.exit_code
    else:
        raise UnfitError("a request of an unknown kind")
    return 0


def _require(is_allowed: bool, number: int) -> None:  # noqa: FBT001 - private
    if not is_allowed:
        raise PermissionError(number, os.strerror(number))


def _is_empty(path: str, allowed: Collection[str]) -> int:
    above = path.rstrip("/") + "/"
    _require(any(path == one or one.startswith(above) for one in allowed), errno.EACCES)
    with os.scandir(path) as entries:
        return int(next(entries, None) is None)


def _opened(path: str, flags: int) -> int:
    fd = os.open(path, flags)
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):  # a folder would show the names that are in it
        os.close(fd)
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
        raise OSError(number, os.strerror(number))
    return fd


def _printed(connection: socket.socket, size_bytes: int, program: Program) -> Printed:
    """Take the descriptor of a RAR file, and have its members printed."""
    import fcntl  # noqa: PLC0415 - not on every platform

    connection.sendall(ANSWER.pack(0, 0))
    try:
        _, fds, _, _ = socket.recv_fds(connection, 1, 1)
    except TimeoutError as error:
        raise UnfitError("no descriptor of an archive") from error
    try:
        for fd in fds:
            # One that is only a path could be that of any file; the worker has it open for reading.
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            is_readable = flags & os.O_ACCMODE in _READABLE and not flags & _PATH_ONLY
            _require(is_readable and stat.S_ISREG(os.fstat(fd).st_mode), errno.EACCES)
            return print_members(fd, min(size_bytes, _MOST_BYTES), program)
    finally:
        for fd in fds:
            os.close(fd)
    raise UnfitError("no descriptor of an archive")
