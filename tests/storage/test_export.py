"""Single files out of the world: all of one, or nothing."""

import hashlib
import os
import resource
from pathlib import Path

import pytest

from dam.errors import FileAccessError, OutputFolderError
from dam.storage import ContentStore, open_store
from dam.storage.export import ExportFolder, ExportStoppedError
from dam.storage.located import LocatedContent

LARGE = os.urandom(1000) * 3000


@pytest.fixture
def store(home: Path) -> ContentStore:
    return open_store(home / "store")


@pytest.fixture
def large(home: Path, store: ContentStore) -> LocatedContent:
    (home / "a").write_bytes(LARGE)
    return LocatedContent(digest=store.put(home / "a", "copy").sha256, is_stored=True)


def test_a_large_file_comes_out_in_pieces(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    path = ExportFolder(home / "out", store).write(large, "a")
    assert hashlib.sha256(path.read_bytes()).digest() == large.digest
    assert list((home / "out").iterdir()) == [path]


def test_an_export_that_is_stopped_leaves_no_part_of_a_file(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    pieces = iter([False, False, True])
    with pytest.raises(ExportStoppedError):
        ExportFolder(home / "out", store).write(large, "a", lambda: next(pieces))
    assert list((home / "out").iterdir()) == []


def test_a_full_disk_is_the_fault_of_the_folder(
    other_file_system: Path, store: ContentStore, large: LocatedContent
) -> None:
    with pytest.raises(OutputFolderError) as caught:
        ExportFolder(other_file_system, store).write(large, "a")
    assert str(caught.value) == f"cannot write to {other_file_system}: no space left on the disk"
    assert list(other_file_system.iterdir()) == []


def test_a_file_that_the_disk_does_not_take_is_the_fault_of_the_file(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(FileAccessError) as caught:
            ExportFolder(home / "out", store).write(large, "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == f"cannot write {home}/out/a: file too large"
    assert list((home / "out").iterdir()) == []
