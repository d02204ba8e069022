"""Which errors are the host's limits, however a library has translated them."""

import errno
import os
import resource
from pathlib import Path

import pytest

from dam.errors import (
    FileAccessError,
    HostLimitError,
    MissingDecoderError,
    StoreUnusableError,
    UnreadablePictureError,
    host_limit,
)
from dam.errors.host import HostLimit


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


LIBRARY = "libavif.so.16: cannot open shared object file: Too many open files"


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (OSError(errno.EMFILE, "x"), "open files"),
        (OSError(errno.ENFILE, "x"), "the system's open files"),
        (BlockingIOError(errno.EAGAIN, "x"), "processes"),
        (RuntimeError("can't start new thread"), "processes"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (MemoryError(), "memory"),
        (OSError("out of memory error when reading image file"), "memory"),
        (RuntimeError("Failed to decode image: Out of memory"), "memory"),
        (caused(UnreadablePictureError("PNG", "x"), MemoryError()), "memory"),
        (caused(MissingDecoderError("image/avif", "pillow"), ImportError(LIBRARY)), "open files"),
        (ExceptionGroup("x", [ValueError(), OSError(errno.EMFILE, "x")]), "open files"),
        (OSError(errno.EIO, "x"), None),
        (ImportError("No module named 'PIL'"), None),
        (ValueError("out of memory"), None),
    ],
)
def test_what_is_a_limit_of_the_host(error: Exception, limit: str | None) -> None:
    found = host_limit(error)
    assert (found and found.limit) == limit


def test_nothing_is_blamed_for_a_limit_of_the_host() -> None:
    cause = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    with pytest.raises(HostLimitError):
        FileAccessError(Path("a"), "read", cause)
    with pytest.raises(HostLimitError):
        StoreUnusableError(Path("a"), cause)


def test_the_limit_is_named_with_its_value_and_how_to_raise_it() -> None:
    error = HostLimitError("open files")
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert error.message == f"no more files can be opened: `ulimit -n` is {now}"
    assert error.hint == (
        "raise the limit, for example with `ulimit -n 1024` in this shell; "
        "the same command then continues where it stopped"
    )


@pytest.mark.parametrize("limit", ["processes", "memory"])
def test_a_limit_of_memory_is_named_also_where_it_keeps_threads_from_starting(
    limit: HostLimit,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, before[1]))
    try:
        assert f"`ulimit -d` is {1 << 30}" in HostLimitError(limit).message
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
