"""Restricts processes that we start: few environment variables, no new privileges, limits.

They read untrusted files, so they must have no more than they need. This module imports as little
as possible, because each worker imports it as it starts.
"""

import os
import signal
import sys
from collections.abc import Collection

DATA_BYTES = 880 << 20
"""Limit of the memory of a process that reads untrusted files: with its libraries, it stays under
1 GB."""

_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
)
_BEGINNINGS = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_")
_MORE = "DAM_WORKER_ENVIRONMENT"
_given = set[str]()
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def give_to_children(names: Collection[str]) -> None:
    """Pass these environment variables to all processes that this one starts from now on."""
    _given.update(names)


def child_environment(more: Collection[str] = ()) -> dict[str, str]:
    """Return the environment for a process that we start, without database URLs and secrets.

    Args:
        more: Names of variables to pass on as well, to this process and the ones it starts itself.
    """
    # A worker gets these names in a variable; its parent also has them from the settings.
    inherited = map(str.strip, os.environ.get(_MORE, "").split(","))
    allowed = {*more, *_given, *filter(None, inherited)}
    given = {
        name: value
        for name, value in os.environ.items()
        if name in _NAMES or name in allowed or name.startswith(_BEGINNINGS)
    }
    return given | {_MORE: ",".join(sorted(allowed))} if allowed else given


def refuse_new_privileges() -> None:
    """Keep this thread, and processes that it starts, from gaining rights by executing a program.

    Only on Linux; elsewhere it does nothing.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - bound to the platform

    arguments = map(ctypes.c_ulong, (1, 0, 0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, *arguments)


def end_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, even in the middle of its work.

    It holds for a program, too, that is executed in place of this one. The parent is the thread
    that started this process. Only on Linux; elsewhere it does nothing.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - bound to the platform

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before we asked
        sys.exit(1)


def limit_process(data_bytes: int | None = DATA_BYTES, file_bytes: int | None = None) -> bool:
    """Limit this process, and the processes that it starts; they cannot raise these limits.

    No core is dumped, and the process cannot raise the number of files that it may open. The number
    of processes is not limited, because the system counts all processes of the user together.

    Args:
        data_bytes: How much memory it may take; None for no limit of ours.
        file_bytes: How large a file may be that it writes; None for no limit of ours.

    Raises:
        ValueError: A limit is negative, which the system takes for none.

    Returns:
        Whether the memory is limited by `data_bytes`, not by a lower limit from before.
    """
    if min(data_bytes or 0, file_bytes or 0) < 0:
        message = "a limit must not be negative"
        raise ValueError(message)
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return False
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if file_bytes is not None:
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = file_bytes if most == resource.RLIM_INFINITY else min(most, file_bytes)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if data_bytes is None:
        return False
    before = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS)]
    if any(limit != resource.RLIM_INFINITY and limit <= data_bytes for limit in before):
        return False
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))
    return True
