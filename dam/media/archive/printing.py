"""Has a program print the members of a RAR file, one after another, into a file without a name.

The program gets no member's name and writes no other file. It reads untrusted bytes, so it is
confined as a worker is, with the same memory; it may open nothing but the archive and its own
libraries.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from subprocess import DEVNULL, Popen
from typing import NamedTuple

from dam.asking import Printed
from dam.children import child_environment
from dam.errors import host_limit
from dam.media.archive import program as confined

PRINTING = {"unrar": ("p", "-inul", "-p-", "--"), "unar": ("-q", "-o", "-", "-p", "", "--")}
"""Programs that can print the members of a RAR file one after another, with their arguments."""

PROGRAM = "unar"
"""The program that users are told to install."""

_LEAST_LEFT_BYTES = 1 << 20


class Program(NamedTuple):
    """How the program is started, and waited for.

    Attributes:
        wait: Waits for its end.
        process_group: The group that it becomes a member of; None for one of its own.
    """

    wait: Callable[[Popen[bytes]], object] = Popen.wait
    process_group: int | None = None


def rar_program() -> str | None:
    """Return the name of an installed program that unpacks RAR, or None."""
    return next((name for name in PRINTING if shutil.which(name)), None)


def print_members(fd: int, size_bytes: int, program: Program | None = None) -> Printed:
    """Return what the program prints of an open RAR file, and its exit code.

    Args:
        fd: The open file. `unar` takes other files in the same folder for further parts of it, but
            a descriptor has no folder.
        size_bytes: How much it prints at most.
        program: How it is started, and waited for; for as long as it takes without.

    A program that cannot be started has the exit code `CANNOT_RUN`.

    Raises:
        FileNotFoundError: No program is installed.
        OSError: There is no space for what it prints, or a limit of the host is reached.
    """
    name = rar_program()
    if name is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    program = program or Program()
    with tempfile.TemporaryFile(buffering=0) as output:
        try:
            process = _start(name, fd, size_bytes, output.fileno(), program.process_group)
        except OSError as error:
            if host_limit(error):
                raise
            return Printed(os.dup(output.fileno()), confined.CANNOT_RUN)
        try:
            program.wait(process)
        finally:
            process.kill()
            exit_code = process.wait()
        printed_bytes = output.tell()  # the program moved it
        if exit_code and printed_bytes < size_bytes:
            _require_space(output.fileno(), printed_bytes)
        return Printed(os.dup(output.fileno()), exit_code)


def _start(name: str, fd: int, size_bytes: int, output: int, group: int | None) -> Popen[bytes]:
    words = [shutil.which(name), PRINTING[name], fd, size_bytes, os.getpid()]
    path = [str(entry) for entry in sys.path]
    return Popen(  # noqa: S603 - our own interpreter and words
        [
            *(sys.executable, "-S", "-c"),
            f"import sys; sys.path[:] = {path!r}; "
            f"from {confined.__name__} import become; become(*{words!r})",
        ],
        stdin=DEVNULL,
        stdout=output,
        stderr=DEVNULL,
        pass_fds=[fd],
        env=child_environment(),
        process_group=group,
    )


def _require_space(fd: int, end: int) -> None:
    """Raise `OSError` if there is no space left for more after the end of a file."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, end, _LEAST_LEFT_BYTES)
        os.ftruncate(fd, end)
