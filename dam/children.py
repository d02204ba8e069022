"""What processes that we start are given: some of our environment, no new privileges, limits.

They look at files of strangers, so what they have must be little. Imports next to nothing: each
worker begins with it.
"""

import os
import sys
from collections.abc import Callable, Collection
from functools import partial

DATA_BYTES = 4 << 30
"""Memory that one picture or archive within `MediaLimits` never takes: some 2 GiB at most."""

_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
)
_BEGINNINGS = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_")
_MORE = "DAM_WORKER_ENVIRONMENT"
_given = set[str]()
_PR_SET_NO_NEW_PRIVS = 38


def give_to_children(names: Collection[str]) -> None:
    """Let what this process starts from now on have these variables of its environment, too."""
    _given.update(names)


def child_environment(more: Collection[str] = ()) -> dict[str, str]:
    """Return what of our environment a process is given: no addresses of databases, no secrets.

    Args:
        more: Names of variables that it is given as well, and so is what it starts itself.
    """
    # A worker was given the names in a variable; its parent has them from the settings as well.
    inherited = map(str.strip, os.environ.get(_MORE, "").split(","))
    allowed = {*more, *_given, *filter(None, inherited)}
    given = {
        name: value
        for name, value in os.environ.items()
        if name in _NAMES or name in allowed or name.startswith(_BEGINNINGS)
    }
    return given | {_MORE: ",".join(sorted(allowed))} if allowed else given


def refuse_new_privileges() -> None:
    """Have this thread, and every process that it starts, gain no rights by what is executed.

    On Linux; elsewhere it does nothing.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - bound to the platform

    arguments = map(ctypes.c_ulong, (1, 0, 0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, *arguments)


def limit_process(data_bytes: int | None = DATA_BYTES, process_id: int = 0) -> bool:
    """Keep a process, and those that it starts, within limits that they cannot raise.

    Its memory is bounded by `data_bytes`, no core is dumped, and it may open as many files as now.
    How many processes there are is not bounded, because all of a user's count. Only Linux limits
    another process than this one, which is number 0.

    Returns:
        Whether the bound of its memory is this one, and none that was set before.
    """
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return False
    get: Callable[[int], tuple[int, int]] = resource.getrlimit
    put: Callable[[int, tuple[int, int]], object] = resource.setrlimit
    if process_id != 0:
        if sys.platform != "linux":
            return False
        get = put = partial(resource.prlimit, process_id)
    put(resource.RLIMIT_CORE, (0, 0))
    files, _ = get(resource.RLIMIT_NOFILE)
    put(resource.RLIMIT_NOFILE, (files, files))
    if data_bytes is None:
        return False
    before = [get(kind)[0] for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS)]
    if any(limit != resource.RLIM_INFINITY and limit <= data_bytes for limit in before):
        return False
    put(resource.RLIMIT_DATA, (data_bytes, data_bytes))
    return True
