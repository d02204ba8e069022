"""Sources to be removed, and what may happen at each line of the code that removes them."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from dam.storage.sources import folders, removal
from dam.storage.sources.folders import inode
from dam.storage.sources.removal import Source, new_aside_name, unlink_sources
from tests.storage.stored import sha256, write

CONTENT = b"what was read"
_WATCHED = {folders.__file__, removal.__file__}
_OF_NO_CALL = {"at", "inode", "__init__", "_put_back", "<lambda>", "_renameat2"}
_NOT_REACHED = 9


def source_of(path: Path, *, is_known_here: bool = True) -> Source:
    """Return a source as it is now; one that is not known here was read in an earlier run."""
    status = path.stat()
    return Source(
        path=path,
        aside=new_aside_name(),
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=sha256(path.read_bytes()),
        file=inode(status) if is_known_here else None,
        folder=inode(path.parent.stat()) if is_known_here else None,
        is_link=path.is_symlink(),
    )


def struck_at_each_line(
    folder: Path,
    strike: Callable[[], None],
    prepare: Callable[[], None] = lambda: None,
    *,
    is_known_here: bool = True,
) -> Iterator[Source]:
    """Have a child process remove a file, and strike before its first line, its second and so on.

    Yields the source each time when the child has ended; the last time nothing struck. The caller
    makes the folder empty again.
    """
    for line in count():
        source = source_of(write(folder / "a", CONTENT), is_known_here=is_known_here)
        pid = os.fork()
        if not pid:
            _be_struck(source, line, strike, prepare)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, _NOT_REACHED, -9)
        yield source
        if code == _NOT_REACHED:
            return


def _be_struck(
    source: Source, line: int, strike: Callable[[], None], prepare: Callable[[], None]
) -> None:
    lines = count()
    code = _NOT_REACHED

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal code
        code_ = frame.f_code
        if code_.co_filename not in _WATCHED or code_.co_name in _OF_NO_CALL:
            return None
        if event == "line" and next(lines) == line:
            code = 0
            strike()
        return trace

    try:
        prepare()
        sys.settrace(trace)
        unlink_sources([source])
        sys.settrace(None)
        os._exit(code)
    finally:
        os._exit(1)


def forbid_renames_that_leave_names_alone() -> None:
    """Have the kernel answer this process's every `renameat2` as a file system without it does."""
    number = {"x86_64": 316, "aarch64": 276}[platform.machine()]
    # Load the number of the call; where it is this one, answer EINVAL, else let it pass.
    code = struct.pack("HBBI", 0x20, 0, 0, 0)
    code += struct.pack("HBBI", 0x15, 0, 1, number)
    code += struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | errno.EINVAL)
    code += struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, seccomp, by_filter = 38, 22, 2
    assert libc.prctl(no_new_privileges, 1, 0, 0, 0) == 0
    assert libc.prctl(seccomp, by_filter, program, 0, 0) == 0
