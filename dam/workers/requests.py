"""Requests: what a confined worker asks its parent for, and how; `dam.workers.broker` answers.

A request is a frame that begins with a question mark; then come a letter for what is asked, and a
path. The answer is not a frame: it is an error number and a number, with the descriptor beside.

Most calls read one file. So the parent begins each call with an answer to a request that was not
made: the first file that the call may read, followed by its path. The worker asks for the others.

To have a RAR file unpacked, the worker sends a number of bytes in place of the path, and after a
first answer the descriptor of the file. The second answer has one of what the program has printed.
"""

import errno
import os
import socket
import struct
from pathlib import Path

from dam.asking import Printed
from dam.workers.frames import framed

MARK = b"?"
"""The first byte of each request."""

FILE, OWN_FILE, IS_EMPTY = b"f", b"o", b"e"
"""Letters of requests: for a file, one that is no link, and whether a folder is empty."""

NEW_FILE, TEMPORARY, PRINTED = b"n", b"t", b"p"
"""Letters of requests: for a new file, one without a name, and what a RAR file holds."""

ANSWER = struct.Struct("=ii")
"""An error number, or 0, and another number."""

_MOST_PATH_BYTES = 4096


class AskingParent:
    """The worker's side: `dam.asking.Parent` at the other end of the connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._given: tuple[bytes, int] | None = None

    def wait_for_call(self) -> bool:
        """Wait until the next call may begin; return False if the parent has ended."""
        if self._given is not None:
            os.close(self._given[1])
            self._given = None
        found, fds, _, _ = socket.recv_fds(self._connection, ANSWER.size + _MOST_PATH_BYTES, 1)
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - positional only
            self._given = found[ANSWER.size :], fd
        return bool(found)

    def open_for_reading(self, path: Path, *, follows_links: bool) -> int:
        """Return a descriptor of a file that the parent has opened."""
        given = self._given
        if given is not None and given[0] == os.fsencode(path):
            self._given = None
            return given[1]
        _, fd = self._ask(FILE if follows_links else OWN_FILE, path)
        return fd

    def is_empty_folder(self, path: Path) -> bool:
        """Return whether the parent has found the folder empty."""
        return self._ask(IS_EMPTY, path)[0] == 1

    def open_new(self, path: Path) -> int:
        """Return a descriptor of a file that the parent has made."""
        return self._ask(NEW_FILE, path)[1]

    def open_temporary(self) -> int:
        """Return a descriptor of a file without a name that the parent has made."""
        return self._ask(TEMPORARY, "")[1]

    def print_members(self, fd: int, size_bytes: int) -> Printed:
        """Return what the parent had a program print, and its exit code."""
        self._ask(PRINTED, str(size_bytes))
        socket.send_fds(self._connection, [b"."], [fd])
        exit_code, printed = self._answer("")
        return Printed(printed, exit_code)

    def _ask(self, asked: bytes, path: Path | str) -> tuple[int, int]:
        self._connection.sendall(framed(MARK + asked + os.fsencode(path)))
        return self._answer(path)

    def _answer(self, path: Path | str) -> tuple[int, int]:
        """Return the number and the descriptor of an answer; -1 if it has none."""
        answer, fds, said, _ = socket.recv_fds(self._connection, ANSWER.size, 1)
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - positional only
        number, value = ANSWER.unpack(answer)
        if said & socket.MSG_CTRUNC:  # no descriptor is free here
            number = errno.EMFILE
        if number:
            raise OSError(number, os.strerror(number), str(path))
        return value, fds[0] if fds else -1
