"""The broker: a confined worker asks for a file, its parent opens it and sends the descriptor.

The parent opens only the files that the call may have that the worker is in. Those follow from what
the call was given, so a worker that a file has taken over gets no other. The path of each request
was made by the worker: it is compared, and used for nothing else.

A request is a frame that begins with a question mark; then come a letter for what is asked, and a
path. The answer is not a frame: it is an error number and a number, with the descriptor beside.
"""

import errno
import os
import socket
import stat
import struct
from collections.abc import Callable, Collection
from pathlib import Path

from dam.asking import NO_LINKS, OPEN_FLAGS
from dam.workers.answers import UnfitError
from dam.workers.frames import framed

MayRead = Callable[[], Collection[Path | str]]
"""Returns the files that a call may read, and folders that it may know to be empty.

It is called only if the worker asks for something.
"""

_MARK = b"?"
_FILE, _OWN_FILE, _IS_EMPTY = b"f", b"o", b"e"  # a file, one that is no link, an empty folder
_ANSWER = struct.Struct("=ii")


def is_request(payload: bytes) -> bool:
    """Return whether a worker's frame asks for something; else it is its answer to a call."""
    return payload.startswith(_MARK)


def answer_request(connection: socket.socket, payload: bytes, may_read: MayRead) -> None:
    """Give a confined worker what it asks for, or the error number.

    Raises:
        UnfitError: It asks for something else than `AskingParent` does, or takes no answers.
    """
    asked, path = payload[1:2], os.fsdecode(payload[2:])
    try:
        value, fds = _answer(asked, path, may_read)
    except OSError as error:
        value, fds = 0, []
        number = error.errno or errno.EIO
    else:
        number = 0
    try:
        is_sent = _is_sent_at_once(connection, _ANSWER.pack(number, value), fds)
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


def _answer(asked: bytes, path: str, may_read: MayRead) -> tuple[int, list[int]]:
    allowed = [os.fspath(one) for one in may_read()]
    if asked in (_FILE, _OWN_FILE) and path in allowed:
        return 0, [_opened(path, OPEN_FLAGS if asked == _FILE else OPEN_FLAGS | NO_LINKS)]
    above = path.rstrip("/") + "/"
    if asked == _IS_EMPTY and any(path == one or one.startswith(above) for one in allowed):
        with os.scandir(path) as entries:
            return int(next(entries, None) is None), []
    if asked not in (_FILE, _OWN_FILE, _IS_EMPTY):
        raise UnfitError("a request of an unknown kind")
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _opened(path: str, flags: int) -> int:
    fd = os.open(path, flags)
    if stat.S_ISDIR(os.fstat(fd).st_mode):  # it would show the names that are in it
        os.close(fd)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return fd


class AskingParent:
    """The worker's side: `dam.asking.Parent` at the other end of the connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def open_for_reading(self, path: Path, *, follows_links: bool) -> int:
        """Return a descriptor of a file that the parent has opened."""
        _, fds = self._ask(_FILE if follows_links else _OWN_FILE, path)
        (fd,) = fds
        return fd

    def is_empty_folder(self, path: Path) -> bool:
        """Return whether the parent has found the folder empty."""
        return self._ask(_IS_EMPTY, path)[0] == 1

    def _ask(self, asked: bytes, path: Path) -> tuple[int, list[int]]:
        self._connection.sendall(framed(_MARK + asked + os.fsencode(path)))
        answer, fds, said, _ = socket.recv_fds(self._connection, _ANSWER.size, 1)
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - positional only
        number, value = _ANSWER.unpack(answer)
        if said & socket.MSG_CTRUNC:  # no descriptor is free here
            number = errno.EMFILE
        if number:
            raise OSError(number, os.strerror(number), str(path))
        return value, fds
