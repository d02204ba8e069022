"""The sandbox: what the kernel refuses a process that reads untrusted files.

It is the same for all workers, and for the program that unpacks RAR. Landlock refuses all files but
those that are named, to start programs, and signals to other processes; a seccomp filter refuses
sockets, new processes, and system calls that Landlock does not see: those that change a file by its
name without opening it, or that concern other processes or the system. The user `root` loses its
capabilities. All this holds for the rest of the process's life. They are system calls of Linux and
need no package: PyPI's for Landlock are not kept well.

This module imports as little as possible, because each worker imports it as it starts.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all machines but alpha
_GET_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_FILE_RIGHTS = (1 << 16) - 1  # from version 5 on
_NETWORK_RIGHTS, _KNOWS_NETWORK = 0b11, 4  # TCP: the rights, and the first version
_SCOPES, _KNOWS_SCOPES = 0b11, 6  # signals and abstract sockets
_PR_SET_NO_NEW_PRIVS = 38
_FILTER_MODE, _ON_ALL_THREADS = 1, 1  # without SPEC_ALLOW: what slows down some attacks stays on
_CAPABILITY_VERSION = 0x20080522  # the third, with 64 bits in two parts
_DAC_READ_SEARCH, _ALL_CAPABILITIES = 1 << 2, (1 << 32) - 1

_OF_PACKAGES = ("/site-packages", "/dist-packages")

# What Python, its libraries and decoders read besides the folders of packages.
SYSTEM_FILES = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/etc/ssl/openssl.cnf",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fontconfig",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)


class _Calls(NamedTuple):
    """Numbers of the system calls that are refused, of one machine.

    Attributes:
        machine: Its own number in audit.h.
        refused: Always.
        on_others: Unless their first argument is this process.
        on_others_or_all: Unless their first argument is this process, or 0, which means the same.
        clone: Unless it starts a thread. `clone3` is said not to exist, so glibc uses this one.
        ioctl, fcntl: With the commands of `_IOCTLS` and `_FCNTLS`.
        seccomp: The call that sets the filter.
    """

    machine: int
    refused: tuple[int, ...]
    on_others: tuple[int, ...]
    on_others_or_all: tuple[int, ...]
    clone: int
    ioctl: int
    fcntl: int
    seccomp: int


_CALLS = {
    "x86_64": _Calls(
        machine=0xC000003E,
        refused=(
            *(41, 53, 425),  # socket, socketpair, io_uring_setup
            *(101, 310, 311, 438, 321, 298, 323),  # into other processes, and into the kernel
            *(165, 304, 76),  # mount, open_by_handle_at, truncate
            *(90, 91, 268, 452, 92, 93, 94, 260),  # chmod, chown
            *(132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 463, 466),  # times, attributes
            *(129, 200, 297, 424),  # signals by other calls than `kill` and `tgkill`
            *(57, 58, 109, 112),  # fork, vfork, setpgid, setsid
            *(141, 251),  # setpriority, ioprio_set
            *(29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241),  # shm*, sem*, msg*, mq_*
            *(248, 249, 250, 254, 300),  # keys, inotify_add_watch, fanotify_init
            *(272, 308),  # unshare, setns
            *(175, 313, 176, 246, 320, 169, 164, 227, 167, 168),  # modules, kexec, clock, swap
        ),
        on_others=(62, 234),  # kill, tgkill
        on_others_or_all=(302, 203, 144, 142, 314),  # prlimit64, sched_set*
        clone=56,
        ioctl=16,
        fcntl=72,
        seccomp=317,
    ),
    "aarch64": _Calls(
        machine=0xC00000B7,
        refused=(
            *(198, 199, 425),
            *(117, 270, 271, 438, 280, 241, 282),
            *(40, 265, 45),
            *(52, 53, 452, 54, 55),
            *(88, 5, 6, 7, 14, 15, 16, 463, 466),
            *(138, 130, 240, 424),
            *(154, 157),
            *(140, 30),
            *(194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180, 181),
            *(217, 218, 219, 27, 262),
            *(97, 268),
            *(105, 273, 106, 104, 294, 142, 170, 112, 224, 225),
        ),
        on_others=(129, 131),
        on_others_or_all=(261, 122, 119, 118, 274),
        clone=220,
        ioctl=29,
        fcntl=25,
        seccomp=277,
    ),
}
# Typing on a terminal (TIOCSTI, TIOCLINUX), and signals to the owner of a file (FIOSETOWN,
# SIOCSPGRP; F_SETOWN, F_SETSIG, F_SETOWN_EX), which may be another process.
_IOCTLS, _FCNTLS = (0x5412, 0x541C, 0x8901, 0x8902), (8, 10, 15)
_CLONE3, _CLONE_THREAD = 435, 0x10000
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24
_ALLOW, _KILL, _FAIL_WITH = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE = _FAIL_WITH | errno.EPERM
_X32, _LEAST_OF_64_BITS = 0x40000000, 1 << 32


# What a kernel says that does not know a call, and a container's profile that does not either.
_CANNOT = (errno.ENOSYS, errno.EPERM, errno.EACCES)


class _RulesetAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("files", "network", "scopes"))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("fd", ctypes.c_int32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 if it has none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_GET_VERSION))
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, *_CANNOT):
            return 0
        raise


def confine(
    readable: Iterable[str | int],
    executable: Iterable[str] = (),
) -> None:
    """Confine this process for ever, as far as the kernel can, also if it runs another program.

    Landlock restricts the calling thread and those that it starts, so there may be no other yet.

    Args:
        readable: The files, and the folders with all that is in them, that it may still read: their
            paths, or descriptors of open files. Of a folder whose path ends with a slash, only the
            names may be read that are in it and below.
        executable: The programs, and folders with programs and libraries, that it may run instead
            of its own.

    Raises:
        OSError: The kernel can, but does not; `EBUSY`: there are other threads.

    Example: `confine(python_files())`.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(FileNotFoundError):  # no /proc
        if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - quicker
            raise OSError(errno.EBUSY, "threads were started before the process was confined")
    _libc().prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    needed = _needed_capabilities()
    if version := landlock_version():
        _restrict_files(version, readable, executable)
    _set_capabilities(needed, needed)
    _refuse_calls()


def _restrict_files(version: int, readable: Iterable[str | int], executable: Iterable[str]) -> None:
    rights = _FILE_RIGHTS.get(version, _ALL_FILE_RIGHTS)
    network = _NETWORK_RIGHTS if version >= _KNOWS_NETWORK else 0
    scopes = _SCOPES if version >= _KNOWS_SCOPES else 0
    attributes = _RulesetAttributes(rights, network, scopes)
    size = ctypes.c_size_t(24 if scopes else 16 if network else 8)
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), size, ctypes.c_uint32(0))
    try:
        for place in readable:
            is_list = isinstance(place, str) and place.endswith("/")
            _allow(ruleset, place, _READ_FOLDER if is_list else _READ_FILE | _READ_FOLDER)
        for place in executable:
            _allow(ruleset, place, _READ_FILE | _READ_FOLDER | _EXECUTE)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, place: str | int, rights: int) -> None:
    try:
        fd = os.dup(place) if isinstance(place, int) else os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise
        return  # it is not there, so nothing needs it
    try:
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        rule = _PathBeneath(rights if is_folder else rights & ~_READ_FOLDER, fd)
        _call(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(fd)


def _needed_capabilities() -> int:
    """Return those of `root` that reading modules takes; all other users have none.

    It takes one if ours, Python's own or those of packages are in a folder that only its owner may
    enter. Landlock restricts it.
    """
    _set_capabilities(0, _ALL_CAPABILITIES)
    try:
        for place in (__file__, os.__file__, *filter(None, sys.path)):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.close(os.open(place, os.O_RDONLY | os.O_CLOEXEC))
    except PermissionError:
        return _DAC_READ_SEARCH
    finally:
        _set_capabilities(_ALL_CAPABILITIES, _ALL_CAPABILITIES)
    return 0


def _set_capabilities(effective: int, permitted: int) -> None:
    """Keep those of the given ones that the process may have."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    if _libc().capget(ctypes.byref(header), ctypes.byref(sets)) == 0:
        sets = (ctypes.c_uint32 * 6)(sets[1] & effective, sets[1] & permitted)
        if _libc().capset(ctypes.byref(header), ctypes.byref(sets)) == 0:
            return
    number = ctypes.get_errno()
    if number not in _CANNOT:
        raise OSError(number, os.strerror(number))


def _refuse_calls() -> None:
    """Have the kernel refuse the calls of `_CALLS`; nothing on a machine that is not listed.

    A Python of 32 bits has the numbers of another machine: the filter would kill it.
    """
    calls = _CALLS.get(os.uname().machine)
    if calls is None or sys.maxsize < _LEAST_OF_64_BITS:
        return
    steps = b"".join(_steps(calls))
    buffer = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    flags = map(ctypes.c_uint, (_FILTER_MODE, _ON_ALL_THREADS))
    try:
        thread = _call(calls.seccomp, *flags, ctypes.byref(program))
    except OSError as error:
        if error.errno not in (errno.EINVAL, *_CANNOT):  # a kernel without seccomp filters
            raise
    else:
        if thread:  # it has a filter of its own
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _steps(calls: _Calls) -> Iterator[bytes]:
    """Yield the filter's instructions: `code`, jumps if true and if false, and an operand."""
    yield _step(_LOAD, _MACHINE_AT)
    yield _step(_JUMP_IF_EQUAL, calls.machine, 1, 0)
    yield _step(_RETURN, _KILL)  # calls of another machine's numbers
    yield _step(_LOAD, _NUMBER_AT)
    if calls is _CALLS["x86_64"]:
        yield _step(_JUMP_IF_AT_LEAST, _X32, 0, 1)
        yield _step(_RETURN, _REFUSE)
    for number in calls.refused:
        yield _step(_JUMP_IF_EQUAL, number, 0, 1)
        yield _step(_RETURN, _REFUSE)
    yield _step(_JUMP_IF_EQUAL, _CLONE3, 0, 1)
    yield _step(_RETURN, _FAIL_WITH | errno.ENOSYS)
    is_own = _step(_JUMP_IF_EQUAL, os.getpid(), 0, 1)
    for number in calls.on_others:
        yield from _unless(is_own, number)
    for number in calls.on_others_or_all:
        yield from _unless(is_own, number, _step(_JUMP_IF_EQUAL, 0, 1, 0))
    yield from _unless(_step(_JUMP_IF_SET, _CLONE_THREAD, 0, 1), calls.clone)
    for number, commands in ((calls.ioctl, _IOCTLS), (calls.fcntl, _FCNTLS)):
        yield _step(_JUMP_IF_EQUAL, number, 0, 2 * len(commands) + 2)
        yield _step(_LOAD, _SECOND_ARGUMENT_AT)
        for command in commands:
            yield _step(_JUMP_IF_EQUAL, command, 0, 1)
            yield _step(_RETURN, _REFUSE)
        yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _ALLOW)


def _unless(is_allowed: bytes, number: int, *before: bytes) -> Iterator[bytes]:
    """Yield steps that refuse a call, unless `is_allowed` does not jump for its first argument."""
    yield _step(_JUMP_IF_EQUAL, number, 0, 4 + len(before))
    yield _step(_LOAD, _FIRST_ARGUMENT_AT)
    yield from before
    yield is_allowed
    yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _REFUSE)


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        found = ctypes.get_errno()
        raise OSError(found, os.strerror(found))
    return result


def python_files() -> tuple[str, ...]:
    """Return the files and folders that Python, its packages and their libraries are in.

    An entry of `sys.path` that is no folder of Python's own or of installed packages may hold more
    than modules: it is the folder of a script, say, or the home folder. Of such an entry, only the
    packages and modules that are loaded are returned, and its own path with a slash at the end.
    """
    libraries = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    own = [f"{prefix}/{name}" for prefix in _prefixes() for name in ("lib", "lib64")]
    entries = set(map(os.path.realpath, sys.path))
    installed = {path for path in entries if path.endswith(_OF_PACKAGES) or os.path.isfile(path)}  # noqa: PTH113 - quicker
    folders = {*installed, *map(os.path.realpath, (*own, *libraries))}
    loaded = {path for path in _loaded() if not _has_home(path)}
    rest = {path for path in loaded if not any(_is_below(path, folder) for folder in folders)}
    listed = {f"{path}/" for path in entries if not any(_is_below(path, one) for one in folders)}
    return (*sorted(folders), *sorted(rest), *sorted(listed), *SYSTEM_FILES)


def _prefixes() -> set[str]:
    return {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}


def _loaded() -> Iterator[str]:
    """Yield the folder of each package, and the file of each module, that is loaded."""
    for name, module in list(sys.modules.items()):
        if "." not in name and name != "__main__":
            names = getattr(module, "__dict__", {})
            places = names.get("__path__") or [names.get("__file__")]
            yield from (os.path.realpath(place) for place in places if isinstance(place, str))


def _has_home(folder: str) -> bool:
    """Return whether this is the home folder, or one above it."""
    return _is_below(os.path.realpath(os.path.expanduser("~")), folder)  # noqa: PTH111 - quicker


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
