"""What a worker tries that a file has taken over; imports little, as `jobs` does."""

import contextlib
import ctypes.util
import errno
import fcntl
import importlib
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path

from dam.asking import is_empty_folder, open_for_reading, open_new, parent
from dam.workers.frames import framed

_FS_IOC_SETFLAGS, _FS_IOC_SETVERSION, _FS_IOC_ENABLE_VERITY = 0x40086602, 0x40087602, 0x40806685
_GROWING_STACK = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100
_PR_SET_PDEATHSIG = 1

ALLOWED = {
    *("limit itself", "move itself", "start a thread", "signal itself"),
    *("read Python's own", "import", "tell the size"),
}
"""What a confined worker can do of `try_all`."""


def read(path: Path) -> bytes:
    """Read a file that the parent opens."""
    with os.fdopen(open_for_reading(path), "rb") as file:
        return file.read()


def open_descriptors(_: object) -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def read_all(paths: list[Path]) -> list[str]:
    """Return the content of each file, or the class of the error."""
    return [_outcome(lambda path=path: read(path).decode()) for path in paths]  # type: ignore[misc]


def ask_without_reading(path: Path) -> None:
    """Ask the parent for a file again and again, and take none of its answers."""
    connection = _connection()
    while True:
        connection.sendall(_request(path))


def ask_for_ever(path: Path) -> None:
    """Take the answers, but have a request sent before each one."""
    connection = _connection()
    connection.sendall(_request(path) * 64)
    while connection.recv(8, socket.MSG_WAITALL):
        connection.sendall(_request(path))


def answer_byte_by_byte(_: object) -> None:
    connection = _connection()
    connection.sendall((60 << 20).to_bytes(8))
    while True:
        connection.sendall(b" ")


def _connection() -> socket.socket:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                return socket.socket(fileno=os.dup(int(name)))
    raise LookupError


def _request(path: Path) -> bytes:
    return framed(b"?f" + os.fsencode(path))


def is_inherited(path: Path) -> bool:
    """Return whether a program that is started gets a file that the parent has opened."""
    with os.fdopen(open_for_reading(path), "rb") as file:
        return os.get_inheritable(file.fileno())


def is_empty(folder: Path) -> bool:
    return is_empty_folder(folder)


def try_all(folder: Path) -> dict[str, str]:
    """Do what a decoder never does; return the outcome of each: "ok", or the class of the error.

    Args:
        folder: Of a user; its files `secret`, `spare` and `other` are the user's.
    """
    secret = folder / "secret"
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: secret.open("rb"),
        "list": lambda: os.listdir(folder),  # noqa: PTH208
        "read /etc/passwd": lambda: open("/etc/passwd", "rb"),  # noqa: PTH123, SIM115
        "write": lambda: secret.open("ab"),
        "make": lambda: (folder / "new").open("xb"),
        "remove": (folder / "spare").unlink,
        "rename": lambda: (folder / "other").rename(folder / "another"),
        "shorten": lambda: os.truncate(secret, 0),
        "change rights": lambda: secret.chmod(0o777),
        "change times": lambda: os.utime(secret, (0, 0)),
        "open a connection": lambda: socket.socket(socket.AF_INET),
        "send a datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "connect to a local service": lambda: socket.socket(socket.AF_UNIX),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "signal the parent": lambda: os.kill(os.getppid(), 0),
        "signal all": lambda: os.kill(-1, 0),
        "look into the parent": lambda: open(f"/proc/{os.getppid()}/environ", "rb"),  # noqa: PTH123, SIM115
        "limit the parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE),
        "move the parent": lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0)),
        "slow the parent": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), os.nice(0)),
        "fork": _fork,
        "have the parent signalled": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid()),
        "choose the signal": lambda: fcntl.fcntl(0, fcntl.F_SETSIG, 0),
        "change attributes": lambda: _ask(lambda: fcntl.ioctl(0, _FS_IOC_SETFLAGS, bytes(8))),
        "change the version": lambda: _ask(lambda: fcntl.ioctl(0, _FS_IOC_SETVERSION, bytes(8))),
        "seal a file": lambda: _ask(lambda: fcntl.ioctl(0, _FS_IOC_ENABLE_VERITY, bytes(128))),
        "hold back who writes": lambda: _ask(
            lambda: fcntl.fcntl(0, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        ),
        "watch a folder": lambda: _ask(lambda: fcntl.fcntl(0, fcntl.F_NOTIFY, 0)),
        "lock a file": lambda: _ask(lambda: fcntl.flock(0, fcntl.LOCK_UN)),
        "lock a part": lambda: _ask(lambda: fcntl.lockf(0, fcntl.LOCK_UN)),
        "read an attribute": lambda: _ask(lambda: os.getxattr(secret, "user.secret")),
        "list attributes": lambda: _ask(lambda: os.listxattr(secret)),
        "list those of a link": lambda: _ask(lambda: os.listxattr(secret, follow_symlinks=False)),
        "execute by name": lambda: _ask(lambda: os.execve("/nothing", ["nothing"], {})),  # noqa: S606
        "execute a descriptor": lambda: _ask(lambda: os.execve(0, ["nothing"], {})),  # noqa: S606
        "take shared memory": lambda: mmap.mmap(-1, mmap.PAGESIZE).close(),
        "take a growing stack": lambda: mmap.mmap(-1, mmap.PAGESIZE, _GROWING_STACK).close(),
        "outlive the parent": _choose_what_the_end_of_the_parent_does,
        "leave the group": lambda: os.setpgid(0, os.getpgid(0)),
        "limit itself": lambda: resource.prlimit(0, resource.RLIMIT_CORE, (0, 0)),
        "move itself": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
        "start a thread": _start_a_thread,
        "signal itself": lambda: os.kill(os.getpid(), 0),
        "read Python's own": lambda: open(os.__file__, "rb"),  # noqa: PTH123, SIM115
        "import": lambda: __import__("sqlite3"),
        "tell the size": secret.stat,
    }
    return {name: _outcome(attempt) for name, attempt in attempts.items()}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        found = attempt()
    except OSError as error:
        return type(error).__name__
    return found if isinstance(found, str) else "ok"


def _ask(attempt: Callable[[], object]) -> None:
    """Try what the kernel may answer to with any error but that of the sandbox."""
    try:
        attempt()
    except OSError as error:
        if error.errno == errno.EPERM:
            raise


def _choose_what_the_end_of_the_parent_does() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL):
        raise OSError(ctypes.get_errno(), "prctl")


def errors_of_calls(numbers: list[int]) -> list[str]:
    """Return the names of the errors of system calls with arguments that make no sense."""
    libc = ctypes.CDLL(None, use_errno=True)
    errors = []
    for number in numbers:
        assert libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, (-1, 0, 0, 0, 0, 0))) < 0
        errors.append(errno.errorcode[ctypes.get_errno()])
    return errors


def _fork() -> None:
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)


def _start_a_thread() -> str:
    found: list[str] = []
    thread = threading.Thread(target=found.append, args=["ok"])
    thread.start()
    thread.join()
    return found[0]


def modules_for(path: Path) -> list[str]:
    """Decode a picture; return the names of the modules of libraries that were imported for it."""
    before = set(sys.modules)
    from dam.media.image.entry import analyse_image  # noqa: PLC0415 - it is what is looked at

    with os.fdopen(open_for_reading(path), "rb") as file:
        analyse_image(file)
    return sorted(name for name in sys.modules.keys() - before if not name.startswith("dam."))


def abort(_: object = None) -> None:
    os.abort()


def has_module(name: str) -> bool:
    return name in sys.modules


def import_and_read(name: str, path: Path) -> list[int | str]:
    """Import a module, and read a file beside it."""
    return [importlib.import_module(name).value, _outcome(lambda: path.open("rb"))]


def find_library(name: str) -> str | None:
    return ctypes.util.find_library(name)


def capabilities(_: object = None) -> set[str]:
    with open("/proc/self/status") as file:  # noqa: PTH123
        return {line.split()[1] for line in file if line.startswith(("CapEff", "CapPrm", "CapInh"))}


def type_on_a_terminal(_: object = None) -> str:
    return _outcome(lambda: fcntl.ioctl(0, termios.TIOCSTI, b"a"))


def make(paths: list[Path]) -> list[str]:
    """Make files that the parent opens, and one without a name."""
    outcomes = [_outcome(lambda path=path: _written(open_new(path))) for path in paths]  # type: ignore[misc]
    asked = parent()
    assert asked is not None
    return [*outcomes, _outcome(lambda: _written(asked.open_temporary()))]


def unpack_negative(path: Path) -> str:
    """Have the program print without a limit, if a negative one is taken for none."""
    asked = parent()
    assert asked is not None
    return _outcome(lambda: str(asked.print_members(open_for_reading(path), -1)))


def answer_twice(name: str) -> str:
    if name == "evil":
        answer = framed(b'[1,"forged"]')
        _connection().sendall(answer + answer)
        threading.Event().wait()
    return f"of {name}"


def read_and_say_who(paths: list[Path]) -> list[str]:
    return [*read_all(paths), str(os.getpid())]


def _written(fd: int) -> str:
    with os.fdopen(fd, "w+b") as file:
        file.write(b"written")
        file.seek(0)
        return file.read().decode()


def unpack_by_path_only(path: Path) -> str:
    """Have the program read a file that this process may not open, but find."""
    asked = parent()
    assert asked is not None
    fd = os.open(path, os.O_PATH)
    return _outcome(lambda: str(asked.print_members(fd, 100)))
