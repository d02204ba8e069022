"""What the tests give to workers; imports nothing that would hide what a worker itself imports."""

import contextlib
import errno
import os
import pickle
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator

from dam.children import child_environment


class TwoPartError(Exception):
    """Cannot be unpickled: its constructor takes two arguments, its `args` hold one."""

    def __init__(self, subject: str, fault: str) -> None:
        super().__init__(f"{subject}: {fault}")


class PanicError(BaseException):
    """What a decoder in another language raises; `except Exception` does not see it."""


class MumbledError(BaseException):
    """Has no words."""

    def __str__(self) -> str:
        raise PanicError


def echo(value: int) -> int:
    return value


def square(value: int, *, offset: int = 0) -> int:
    return value * value + offset


def act(item: tuple[str, int]) -> int:
    """Do what the first part says, or return the second."""
    deed, value = item
    if deed == "raise":
        message = f"no {value}"
        raise ValueError(message)
    if deed == "exit":
        os._exit(3)
    if deed == "sys.exit":
        sys.exit(4)
    if deed == "panic":
        raise PanicError(f"page {value}")
    if deed == "mumble":
        raise MumbledError
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if deed == "hang":
        hang()
    return value


def spin(_: object = None) -> None:
    while True:
        pass


def write(size_bytes: int) -> int:
    """Write a file in memory; return how much of it could be written."""
    with os.fdopen(os.memfd_create("file"), "wb", buffering=0) as file:
        return file.write(bytes(size_bytes))


def hang(_: object = None) -> None:
    threading.Event().wait()


def announce_and_hang(fifo: str) -> None:
    """Write our process id into the pipe, then hang."""
    with open(fifo, "w", encoding="ascii") as pipe:  # noqa: PTH123 - pathlib is not for workers
        pipe.write(str(os.getpid()))
    hang()


def start_child_and_hang(fifo: str) -> None:
    """Start a process that outlives us if nobody ends it, write its id into the pipe, hang."""
    child = subprocess.Popen(["sleep", "600"])
    with open(fifo, "w", encoding="ascii") as pipe:  # noqa: PTH123
        pipe.write(str(child.pid))
    hang()


def raise_two_part_error() -> None:
    raise TwoPartError("page 3", "torn")


def return_a_lambda() -> int:
    return lambda: None  # type: ignore[return-value]  # what is tested


def return_words() -> int:
    return "seven"  # type: ignore[return-value]  # what is tested


def unannotated():  # type: ignore[no-untyped-def]  # noqa: ANN201 - what is tested
    return 1


def vaguely_annotated() -> object:
    return 1


def length(value: bytes) -> int:
    return len(value)


def affinity() -> set[int]:
    return os.sched_getaffinity(0)


def stay_on(cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)


def zeros(size_bytes: int) -> bytes:
    return bytes(size_bytes)


def process_id(_: object = None) -> int:
    return os.getpid()


def imported_modules() -> list[str]:
    return sorted(sys.modules)


def read_standard_input() -> str:
    return sys.stdin.read()


def chatter() -> None:
    """Write to the standard streams as Python and as a C library would."""
    print("words on stdout", flush=True)  # noqa: T201 - what is tested
    os.write(1, b"bytes on stdout\n")
    os.write(2, b"bytes on stderr\n")


def open_too_many(_: int) -> None:
    raise OSError(errno.EMFILE, "too many")


def take(size_bytes: int) -> int:
    """Take memory, and say how much."""
    return len(bytearray(size_bytes))


def note_and_take(item: tuple[str, int]) -> int:
    """Write our process id into a file, then take memory."""
    path, size_bytes = item
    with open(path, "a", encoding="ascii") as notes:  # noqa: PTH123
        notes.write(f"{os.getpid()}\n")
    return take(size_bytes)


def take_more_than_the_host_gives(size_bytes: int) -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (size_bytes, size_bytes))
    return take(2 * size_bytes)


def die_the_first_time(path: str) -> int:
    """Have the kernel kill us, as it does for want of memory, unless the file is there."""
    if not os.path.exists(path):  # noqa: PTH110
        with open(path, "x", encoding="ascii"):  # noqa: PTH123
            os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def find_nothing(numbers: list[int]) -> int:
    """Raise what `next` does, as a function does that forgot that there may be nothing."""
    return next(number for number in numbers if number > 0)


def variables() -> dict[str, str]:
    return dict(os.environ)


def status() -> str:
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
        return file.read()


def limits() -> list[tuple[int, int]]:
    kinds = (resource.RLIMIT_DATA, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)
    return [resource.getrlimit(kind) for kind in kinds]


_HOARD: list[bytearray] = []


def hoard(size_bytes: int) -> int:
    """Take memory and never give it back."""
    _HOARD.append(bytearray(size_bytes))
    return size_bytes


def variables_of_a_child() -> dict[str, str]:
    """Return what a process of ours would get that is started as unpackers are."""
    return child_environment()


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "x")


def answer_in_our_stead(item: tuple[str, bytes | None]) -> int:
    """Write an answer to the parent by ourselves: what is given, or a pickle that makes a file."""
    path, payload = item
    payload = pickle.dumps((True, Touch(path))) if payload is None else payload
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            fd = int(name)
            if fd > 2 and stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, len(payload).to_bytes(8) + payload)
    return 1


def answer_and_go_on(fifo: str) -> int:
    """Answer 1; once the pipe is read, answer again, close it, and hang."""
    connection = next(_connections())
    os.write(connection, (5).to_bytes(8) + b"[1,1]")
    with open(fifo, "w", encoding="ascii"):  # noqa: PTH123
        os.write(connection, (5).to_bytes(8) + b"[1,7]")
    hang()
    return 2


def _connections() -> Iterator[int]:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                yield int(name)


def claim_an_endless_answer(_: int) -> int:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            fd = int(name)
            if fd > 2 and stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, (1 << 40).to_bytes(8))
    return 1
