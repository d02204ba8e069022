"""The worker's own side of its connection: `serve` answers requests; see `dam.workers.process`.

A worker imports this module as it starts, so the module imports little; what a call needs is
imported when the call arrives.
"""

import contextlib
import importlib
import os
import pickle
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dam.asking import ask_from_now_on
from dam.children import end_with, limit_process, refuse_new_privileges
from dam.errors import DamError, described, host_limit
from dam.stopping import refuse_stops
from dam.workers.answers import encoded_error, encoded_shortage, encoded_value
from dam.workers.frames import HEADER_BYTES, framed

if TYPE_CHECKING:
    from dam.workers.requests import AskingParent


def serve(
    parent_pid: int,
    limits: tuple[int | None, int | None],
    confined_to: tuple[str, ...] | None,
    preloads: tuple[str, ...],
) -> None:
    """Answer requests until the parent closes the connection or ends.

    Signals that ask to stop are ignored, also when all processes of a service get them: the parent
    handles them. If a signal ended a worker, the file that it works on would count as failed.
    """
    refuse_stops()
    end_with(parent_pid)
    refuse_new_privileges()
    is_limit_ours = limit_process(*limits)
    connection = _take_connection()
    fault = parent = None
    if confined_to is not None:
        parent, fault = _confined(connection, confined_to, preloads)
    _send(connection, b"")
    function = b""
    with connection:
        while request := _received(connection):
            wanted, calls = pickle.loads(request)  # noqa: S301 - from our own parent
            if wanted != function:
                function, fn = wanted, _imported(wanted)
                _send(connection, b"")
            for call in calls:
                if parent is not None and not parent.wait_for_call():
                    return
                found = fault or _outcome(fn, call, is_limit_ours=is_limit_ours)
                _send(connection, found)


def _confined(
    connection: socket.socket, confined_to: tuple[str, ...], preloads: tuple[str, ...]
) -> "tuple[AskingParent, bytes | None]":
    """Confine this process; return its parent, whom it asks for files from now on.

    If the kernel could confine it, and did not, the answer to all calls is returned as well.
    """
    import ctypes.util  # noqa: PLC0415 - not every worker needs these

    from dam.sandbox import confine  # noqa: PLC0415
    from dam.workers.requests import AskingParent  # noqa: PLC0415

    for module in preloads:
        with contextlib.suppress(ImportError):  # the first file that needs it says so
            importlib.import_module(module)
    parent = AskingParent(connection)
    ask_from_now_on(parent)
    try:
        confine(confined_to)
    except OSError as error:
        return parent, encoded_error(host_limit(error) or error)
    ctypes.util.find_library = _found_library
    return parent, None


def _found_library(name: str) -> str | None:
    """Return the file name of a library, as `ctypes.util.find_library` does by starting programs.

    Some libraries call it as late as for their first file.
    """
    import re  # noqa: PLC0415 - not every worker needs it

    wanted = re.compile(rb"[\0/](lib%s\.so[.0-9]*)\0" % re.escape(os.fsencode(name)))
    with contextlib.suppress(OSError), open("/etc/ld.so.cache", "rb") as cache:  # noqa: PTH123 - quicker
        if found := wanted.search(cache.read()):
            return os.fsdecode(found[1])
    return None


def _take_connection() -> socket.socket:
    """Move the connection away from standard input, where a call might disturb it."""
    connection = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    return connection


def _send(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(framed(payload))


def _received(connection: socket.socket) -> bytes:
    """Return the next frame's payload; nothing if the parent has closed the connection."""
    header = _read(connection, HEADER_BYTES)
    return _read(connection, int.from_bytes(header))


def _read(connection: socket.socket, size_bytes: int) -> bytes:
    found = bytearray(size_bytes)
    rest = memoryview(found)
    while rest and (count := connection.recv_into(rest)):
        rest = rest[count:]
    return b"" if rest else bytes(found)


def _imported(function: bytes) -> Callable[..., object]:
    """Return the function, or one that raises in each call the error of its import."""
    try:
        fn: Callable[..., object] = pickle.loads(function)  # noqa: S301 - from our own parent
    except Exception:  # noqa: BLE001 - an import may run any code
        return partial(_import_and_call, function)
    return fn


def _import_and_call(function: bytes, *args: object, **kwargs: object) -> object:
    return pickle.loads(function)(*args, **kwargs)  # noqa: S301 - from our own parent


def _outcome(fn: Callable[..., object], call: bytes, *, is_limit_ours: bool) -> bytes:
    try:
        args, kwargs = pickle.loads(call)  # noqa: S301 - from our own parent
        return encoded_value(fn(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 - the call's failure is its outcome
        limit = host_limit(error)
        if limit is not None and limit.limit == "memory":
            return encoded_shortage(is_limit_ours=is_limit_ours)
        return encoded_error(_noted(limit or error))
    except BaseException as error:  # noqa: BLE001 - must end the call, not the worker
        return encoded_error(as_words(error))


def _noted(error: Exception) -> Exception:
    """Return the error; unless it is a `DamError`, its worker's traceback is added as a note."""
    if not isinstance(error, DamError):
        import traceback  # noqa: PLC0415 - takes longer to import than the rest of this module

        error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)))
    return error


def as_words(error: BaseException) -> RuntimeError:
    """Return a `RuntimeError` with the text of an error that cannot be passed on as it is."""
    return RuntimeError(described(error))
