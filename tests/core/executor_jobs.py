"""What the tests give to workers; imports nothing that would hide what a worker itself imports."""

import errno
import os
import signal
import subprocess
import sys
import threading


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


def return_a_lambda() -> object:
    return lambda: None


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
