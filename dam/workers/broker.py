"""The broker: a confined worker asks for a file, its parent opens it and sends the descriptor.

The parent opens only the files that the call may have that the worker is in. Those follow from what
the call was given. The path of each request was made by the worker: it is compared, and used for
nothing else.

A worker that a file has taken over gets those of the calls that follow, one at a time, and may
answer them as it likes. It is ended after the first request that is refused, or that breaks the
rules; one that keeps to them is not found out.

`dam.workers.requests` is the worker's side, and says what is sent.
"""

import errno
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Collection, Sequence
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


class RefusedError(PermissionError):
    """A worker asks for a file that its call may not have."""


def is_request(payload: bytes) -> bool:
    """Return whether a worker's frame asks for something; else it is its answer to a call."""
    return payload.startswith(MARK)


def begin_call(connection: socket.socket, may_read: Paths) -> None:
    """Let a confined worker begin its next call, and give it the first file if that can be opened.

    If it cannot be, or the system sends no descriptor, the worker asks for it and gets the error.

    Raises:
        UnfitError: The worker does not take what it is sent.
        OSError: The system sends nothing. That the worker has died is found out later.
    """
    path, fds = b"", []
    with suppress(Exception):  # of `may_read`, say: it is none of the call before
        for first in may_read():
            fds = [_opened(os.fspath(first), OPEN_FLAGS | NO_LINKS)]
            path = os.fsencode(first)
            break
    try:
        _send_at_once(connection, ANSWER.pack(0, len(path)) + path, fds)
    except OSError:
        _send_at_once(connection, ANSWER.pack(0, 0))
    finally:
        for fd in fds:
            os.close(fd)


def answer_request(
    connection: socket.socket, payload: bytes, rights: Rights, program: Program
) -> bool:
    """Give a confined worker what it asks for, or the error number.

    Return False if it asks for a file that the call may not have: an honest worker does not.

    Args:
        connection: To the worker.
        payload: The request.
        rights: Of the call that the worker is in.
        program: How a program is started, and waited for.

    Raises:
        UnfitError: It asks for something else than `AskingParent` does, or takes no answers.
        LimitReachedError: The program took longer than the call may take.
    """
    fds: list[int] = []
    is_allowed = True
    try:
        number, value = 0, _answer(connection, payload, rights, program, fds)
    except ValueError as error:  # not the number of bytes
        raise UnfitError("a request with an odd number") from error
    except OSError as error:
        is_allowed = not isinstance(error, RefusedError)
        number, value = error.errno or errno.EIO, 0
    try:
        _send_at_once(connection, ANSWER.pack(number, value), fds)
    finally:
        for fd in fds:
            os.close(fd)
    return is_allowed


def _send_at_once(connection: socket.socket, answer: bytes, fds: Sequence[int] = ()) -> None:
    """Send without waiting: an honest worker has room. The flags of `send_fds` are ignored.

    That the worker has died is found out when its answer does not come.
    """
    limit_s = connection.gettimeout()
    connection.settimeout(0)
    has_room = True
    try:
        socket.send_fds(connection, [answer], fds)
    except BlockingIOError:
        has_room = False
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.settimeout(limit_s)
    if not has_room:  # not in a handler: its EAGAIN would count as a limit of the host
        raise UnfitError("requests without end")


def _answer(
    connection: socket.socket, payload: bytes, rights: Rights, program: Program, fds: list[int]
) -> int:
    """Return the number to answer; add the descriptors."""
    asked, path = payload[1:2], os.fsdecode(payload[2:])
    if asked in (FILE, OWN_FILE, IS_EMPTY):
        allowed = [os.fspath(one) for one in rights.may_read()]
        if asked == IS_EMPTY:
            return _is_empty(path, allowed)
        _require(path in allowed)
        fds.append(_opened(path, OPEN_FLAGS if asked == FILE else OPEN_FLAGS | NO_LINKS))
    elif asked in (NEW_FILE, TEMPORARY, PRINTED):
        if rights.may_write is None:  # no breach: one that decodes may meet an archive
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        if asked == NEW_FILE:
            _require(path in [os.fspath(one) for one in rights.may_write()])
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


def _require(is_allowed: bool) -> None:  # noqa: FBT001 - private
    if not is_allowed:
        raise RefusedError(errno.EACCES, os.strerror(errno.EACCES))


def _is_empty(path: str, allowed: Collection[str]) -> int:
    above = path.rstrip("/") + "/"
    _require(any(path == one or one.startswith(above) for one in allowed))
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

    if size_bytes < 0:
        raise UnfitError("a negative number of bytes")
    _send_at_once(connection, ANSWER.pack(0, 0))
    try:
        _, fds, _, _ = socket.recv_fds(connection, 1, 1)
    except TimeoutError as error:
        raise UnfitError("no descriptor of an archive") from error
    try:
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - positional only
            # One that is only a path could be that of any file; the worker has it open for reading.
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            is_readable = flags & os.O_ACCMODE in _READABLE and not flags & _PATH_ONLY
            _require(is_readable and stat.S_ISREG(os.fstat(fd).st_mode))
            return print_members(fd, min(size_bytes, _MOST_BYTES), program)
    finally:
        for fd in fds:
            os.close(fd)
    raise UnfitError("no descriptor of an archive")
