"""Referenced files: what was added, or an error."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dam.errors import FileAccessError, ReferenceChangedError
from dam.storage.contents.located import LocatedContent, local_file
from dam.storage.local.store import LocalContentStore
from dam.storage.sources.reference import Reference
from tests.storage.stored import sha256, write

_ADDED_NS = 1_700_000_000_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    added = write(tmp_path / "a", b"12345")
    os.utime(added, ns=(_ADDED_NS, _ADDED_NS))
    return added


def _read(path: Path, use: Callable[[Path], object] = Path.read_bytes) -> object:
    """Use a file of 5 bytes that was added in place, as workers do it."""
    reference = Reference(path=path, size_bytes=5, mtime_ns=_ADDED_NS)
    content = LocatedContent(digest=sha256(b"12345"), is_stored=False, references=(reference,))
    with local_file(LocalContentStore(path.parent / "store"), content) as found:
        return use(found)


def _not_used(_: Path) -> None:
    pytest.fail("it was handed out")


def test_an_untouched_file_is_read(path: Path) -> None:
    assert _read(path) == b"12345"


def test_a_file_that_was_only_touched_is_read(path: Path) -> None:
    os.utime(path, ns=(_ADDED_NS, _ADDED_NS + 3600 * 10**9))
    assert _read(path) == b"12345"


def test_a_touched_file_with_other_bytes_is_not_read(path: Path) -> None:
    os.utime(write(path, b"54321"), ns=(_ADDED_NS, _ADDED_NS + 3600 * 10**9))

    with pytest.raises(ReferenceChangedError) as caught:
        _read(path, _not_used)

    assert caught.value.message == (
        f"{path} changed after it was added: recorded 5 bytes of 2023-11-14 22:13:20 UTC, "
        "now 5 bytes of 2023-11-14 23:13:20 UTC"
    )


def test_a_file_changed_before_is_not_read(path: Path) -> None:
    os.utime(write(path, b"123456"), ns=(_ADDED_NS, _ADDED_NS + 60 * 10**9))

    with pytest.raises(ReferenceChangedError) as caught:
        _read(path, _not_used)

    assert caught.value.message == (
        f"{path} changed after it was added: recorded 5 bytes of 2023-11-14 22:13:20 UTC, "
        "now 6 bytes of 2023-11-14 22:14:20 UTC"
    )
    assert caught.value.hint == "add it again to record it as it is now"


def test_a_file_changed_while_it_is_read_is_an_error(path: Path) -> None:
    def read_while_it_changes(found: Path) -> None:
        found.read_bytes()
        os.utime(path, ns=(_ADDED_NS, _ADDED_NS + 1))

    with pytest.raises(ReferenceChangedError):
        _read(path, read_while_it_changes)


def test_what_a_change_broke_is_blamed_on_the_change(path: Path) -> None:
    def stumble_over_the_change(_: Path) -> None:
        write(path, b"1")
        raise EOFError

    with pytest.raises(ReferenceChangedError):
        _read(path, stumble_over_the_change)


def test_what_broke_on_its_own_is_passed_on(path: Path) -> None:
    def stumble(_: Path) -> None:
        raise EOFError

    with pytest.raises(EOFError):
        _read(path, stumble)


def test_a_file_that_is_gone_or_no_file_any_more_is_named(path: Path) -> None:
    write(path.with_name("another"), b"")  # an empty folder may be one whose disk is not mounted
    path.unlink()
    with pytest.raises(FileAccessError) as caught:
        _read(path, _not_used)
    assert caught.value.message == f"cannot read {path}: no such file"

    os.mkfifo(path)
    with pytest.raises(ReferenceChangedError):
        _read(path, _not_used)
