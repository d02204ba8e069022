"""Faults of the disk, and of the program that unpacks, are no damage of the archive."""

import errno
import os
from pathlib import Path

import pytest

from dam.errors import FileAccessError, ItemError, UnpackerStoppedError
from dam.media.archive.opening import Archive, open_archive
from dam.media.archive.seven_zip_reader import SevenZipReader
from dam.media.comic.members import pages_of
from dam.media.limits import MediaLimits
from tests.media.archive_files import PAGES, WRITERS, Writer, stop_program

_UNREADABLE = "/proc/self/mem"  # at any place where a file could be read, this gives EIO
_PACKED = "comics/comicbox/Captain Science #001-cix-cbi.cbr"


def break_disk_under(path: Path) -> None:
    """Let what this process has opened there not be readable any more."""
    unreadable = os.open(_UNREADABLE, os.O_RDONLY)
    for opened in Path("/proc/self/fd").iterdir():
        if opened.resolve() == path:
            os.dup2(unreadable, int(opened.name))
    os.close(unreadable)
    path.unlink()


def fault(archive: Archive) -> ItemError:
    with pytest.raises(ItemError) as caught:
        archive.read(pages_of(archive)[-1])
    return caught.value


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_disk_that_cannot_be_read_is_said_so(write: Writer, tmp_path: Path) -> None:
    path = write(tmp_path / "a", {**PAGES, "page 99.jpg": bytes(range(256)) * 1000})
    with open_archive(path) as archive:
        break_disk_under(path)
        error = fault(archive)
    assert isinstance(error, FileAccessError)
    assert error.message == f"cannot read {path}: input/output error of the disk"


def test_a_directory_that_cannot_be_read_is_the_disks_fault() -> None:
    with Path(_UNREADABLE).open("rb") as file, pytest.raises(OSError, match="error") as caught:
        SevenZipReader(file, MediaLimits())
    assert caught.value.errno == errno.EIO


@pytest.mark.corpus
def test_a_killed_program_is_named(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_program(tmp_path, monkeypatch, "kill -KILL $$")
    with open_archive(corpus / _PACKED) as archive:
        error = fault(archive)
    assert isinstance(error, UnpackerStoppedError)
    assert error.message == "unar ended before the archive was unpacked: killed by SIGKILL"
    assert error.hint == "run the same command again"


@pytest.mark.corpus
def test_what_a_program_did_not_come_to_for_damage_is_read_alone(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_program(tmp_path, monkeypatch, "exit 1")
    with open_archive(corpus / _PACKED) as archive:
        assert [len(archive.read(page)) for page in pages_of(archive)] == [
            page.size_bytes for page in pages_of(archive)
        ]
