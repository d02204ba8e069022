"""Becomes a program that unpacks an archive, confined: run in a process of its own.

That process imports this module as it starts, so the module imports little.
"""

import os
import signal
from collections.abc import Sequence

from dam.children import end_with, limit_process
from dam.sandbox import SYSTEM_FILES, confine, library_files

CANNOT_RUN = 127
"""The exit code of a program that cannot be run, or finds no library."""

_MOST_CPU_S = 3600
_FOLDERS_OF_LOADERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store", "/gnu/store")
# What `unar` is made with, and where it looks up the name of its user, or it unpacks nothing.
_OWN_FILES = ("/etc/GNUstep", "/usr/share/GNUstep", "/etc/passwd", "/etc/nsswitch.conf")


def become(
    program: str, arguments: Sequence[str], fd: int, file_bytes: int, parent_pid: int
) -> None:
    """Run a program in place of this one; it reads one open file, and writes to its output.

    Args:
        program: Its path.
        arguments: Of the program; never the name of an archive's member.
        fd: The open file, whose path is added to the arguments.
        file_bytes: How much it may write.
        parent_pid: The process that it ends with.
    """
    import resource  # noqa: PLC0415 - not on every platform

    end_with(parent_pid)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it: it would print for ever
    limit_process(file_bytes=file_bytes)
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
    readable: tuple[str | int, ...] = (*SYSTEM_FILES, *_OWN_FILES, *library_files(), fd)
    try:
        confine(readable, executable=(os.path.realpath(program), *_FOLDERS_OF_LOADERS))
        os.execv(program, [program, *arguments, f"/proc/self/fd/{fd}"])  # noqa: S606 - no shell
    except OSError:
        os._exit(CANNOT_RUN)
