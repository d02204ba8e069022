"""The sandbox: what the kernel refuses a process that reads untrusted files.

It is the same for all workers, and for the program that unpacks RAR, which differs in one thing: it
must be started, so executing the programs and libraries of the system is not refused there.

Landlock refuses to open all files but those that are named, connections, and signals to other
processes. A seccomp filter refuses sockets, new processes, and to execute a program in place of
this one; and calls that Landlock does not see: those that change a file, or read its extended
attributes, by its name; locks, leases and changes of attributes of the open file; those that
concern other processes or the system; memory that the limit of a process does not count; all calls
that are newer than this module. The user `root` loses its capabilities. All this holds for the rest
of the process's life.

Not refused: to learn whether a file exists, with its size and times; to read attributes of a file
that is open; to ask the parent for what the call may have; files in memory, which members of
archives are read from and each of which has a limit of its own; and what uses up the processor,
which the time limits end. On machines but x86_64 and aarch64, there is no filter.

They are system calls of Linux and need no package: PyPI's for Landlock are not kept well.

This module imports as little as possible, because each worker imports it as it starts.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from dam.system_calls import (
    CLONE3,
    FCNTLS,
    FIRST_UNKNOWN,
    IOCTLS,
    SYSTEM_CALLS,
    SystemCalls,
)

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all machines but alpha
_GET_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_FILE_RIGHTS = (1 << 16) - 1  # from version 5 on
_NETWORK_RIGHTS, _KNOWS_NETWORK = 0b11, 4  # TCP: the rights, and the first version
_SCOPES, _KNOWS_SCOPES = 0b11, 6  # signals and abstract sockets
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
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
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)


_CLONE_THREAD, _MAP_GROWSDOWN = 0x10000, 0x100
_MAP_SHARED_ANONYMOUS = 0x01 | 0x20
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_SET = 0x15, 0x35, 0x45
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, (16, 24, 32, 40)
_ALLOW, _KILL, _FAIL_WITH = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE = _FAIL_WITH | errno.EPERM
_DOES_NOT_EXIST = _FAIL_WITH | errno.ENOSYS
_LEAST_OF_64_BITS = 1 << 32


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
    executable: Sequence[str] = (),
) -> None:
    """Confine this process for ever, as far as the kernel can, also if it runs another program.

    Landlock restricts the calling thread and those that it starts, so there may be no other yet.

    Args:
        readable: The files, and the folders with all that is in them, that it may still read: their
            paths, or descriptors of open files. Of a folder whose path ends with a slash, only the
            names may be read that are in it and below.
        executable: The programs, and folders with programs and libraries, that it may run instead
            of its own; without, it may run none.

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
    _refuse_calls(is_to_execute=bool(executable))


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


def _refuse_calls(*, is_to_execute: bool) -> None:
    """Have the kernel refuse the calls of `SYSTEM_CALLS`; nothing on a machine not listed there.

    A Python of 32 bits has the numbers of another machine: the filter would kill it.
    """
    calls = SYSTEM_CALLS.get(os.uname().machine)
    if calls is None or sys.maxsize < _LEAST_OF_64_BITS:
        return
    refused = (*calls.refused, *(() if is_to_execute else calls.executing))
    steps = b"".join(_steps(calls, refused))
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


def _steps(calls: SystemCalls, refused: Iterable[int]) -> Iterator[bytes]:
    """Yield the filter's instructions: `code`, jumps if true and if false, and an operand."""
    yield _step(_LOAD, _MACHINE_AT)
    yield _step(_JUMP_IF_EQUAL, calls.machine, 1, 0)
    yield _step(_RETURN, _KILL)  # calls of another machine's numbers
    yield _step(_LOAD, _NUMBER_AT)
    yield _step(_JUMP_IF_AT_LEAST, FIRST_UNKNOWN, 1, 0)
    yield _step(_JUMP_IF_EQUAL, CLONE3, 0, 1)
    yield _step(_RETURN, _DOES_NOT_EXIST)
    for number in refused:
        yield _step(_JUMP_IF_EQUAL, number, 0, 1)
        yield _step(_RETURN, _REFUSE)
    is_own = _step(_JUMP_IF_EQUAL, os.getpid(), 0, 1)
    for number in calls.on_others:
        yield from _unless(is_own, number)
    for number in calls.on_others_or_all:
        yield from _unless(is_own, number, _step(_JUMP_IF_EQUAL, 0, 1, 0))
    yield from _unless(_step(_JUMP_IF_SET, _CLONE_THREAD, 0, 1), calls.clone)
    yield from _unless(_step(_JUMP_IF_EQUAL, _PR_SET_PDEATHSIG, 1, 0), calls.prctl)
    for number, commands in ((calls.ioctl, IOCTLS), (calls.fcntl, FCNTLS)):
        yield from _only_with(commands, number)
    yield from _counted_memory_only(calls.mmap)
    yield _step(_RETURN, _ALLOW)


def _unless(is_allowed: bytes, number: int, *before: bytes) -> Iterator[bytes]:
    """Yield steps that refuse a call, unless `is_allowed` does not jump for its first argument."""
    yield _step(_JUMP_IF_EQUAL, number, 0, 4 + len(before))
    yield _step(_LOAD, _ARGUMENTS_AT[0])
    yield from before
    yield is_allowed
    yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _REFUSE)


def _only_with(commands: Iterable[int], number: int) -> Iterator[bytes]:
    """Yield steps that refuse a call whose second argument is none of the commands."""
    allowed = [_step(_JUMP_IF_EQUAL, one, 0, 1) + _step(_RETURN, _ALLOW) for one in commands]
    yield _step(_JUMP_IF_EQUAL, number, 0, 2 * len(allowed) + 2)
    yield _step(_LOAD, _ARGUMENTS_AT[1])
    yield from allowed
    yield _step(_RETURN, _REFUSE)


def _counted_memory_only(mmap: int) -> Iterator[bytes]:
    """Yield steps that refuse memory that RLIMIT_DATA does not count."""
    yield _step(_JUMP_IF_EQUAL, mmap, 0, 6)
    yield _step(_LOAD, _ARGUMENTS_AT[3])
    yield _step(_JUMP_IF_SET, _MAP_GROWSDOWN, 3, 0)
    yield _step(_AND, _MAP_SHARED_ANONYMOUS)
    yield _step(_JUMP_IF_EQUAL, _MAP_SHARED_ANONYMOUS, 1, 0)
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
    Of an entry of `LD_LIBRARY_PATH`, only the libraries in it are.
    """
    own = [f"{prefix}/{name}" for prefix in _prefixes() for name in ("lib", "lib64")]
    entries = set(map(os.path.realpath, sys.path))
    installed = {path for path in entries if path.endswith(_OF_PACKAGES) or os.path.isfile(path)}  # noqa: PTH113 - quicker
    folders = {*installed, *map(os.path.realpath, own)}
    loaded = {path for path in _loaded() if not _has_home(path)}
    rest = {path for path in loaded if not any(_is_below(path, folder) for folder in folders)}
    listed = {f"{path}/" for path in entries if not any(_is_below(path, one) for one in folders)}
    return (*sorted(folders), *sorted(rest), *sorted(listed), *library_files(), *SYSTEM_FILES)


def library_files() -> list[str]:
    """Return the libraries in the folders of `LD_LIBRARY_PATH`, which may hold any other files."""
    found = []
    for folder in filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        with contextlib.suppress(OSError):
            names = os.listdir(folder)  # noqa: PTH208 - quicker
            found += [f"{os.path.realpath(folder)}/{name}" for name in names if ".so" in name]
    return sorted(found)


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
