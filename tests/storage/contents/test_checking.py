"""A place is as it was, or it is damaged, or it is missing."""

import os
from pathlib import Path

import pytest

from dam.storage.contents.checking import ExpectedContent, check_place
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.local.store import LocalContentStore
from dam.storage.sources.reference import Reference
from tests.storage.stored import made_store

CONTENT = b"content"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def store(tmp_path: Path) -> LocalContentStore:
    return made_store(tmp_path / "store")


def in_place(store: LocalContentStore, path: Path) -> ExpectedContent:
    stored = store.put(path, "reference")
    reading = stored.reading
    reference = Reference(path=path, size_bytes=reading.size_bytes, mtime_ns=reading.mtime_ns)
    return ExpectedContent(digest=stored.sha256, size_bytes=stored.size_bytes, reference=reference)


def states(store: LocalContentStore, place: ExpectedContent) -> tuple[str, str]:
    fast = check_place(store, place, OpenArchives(), is_fast=True)
    return fast.state, check_place(store, place, OpenArchives(), is_fast=False).state


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_the_store_is_asked_by_digest(
    store: LocalContentStore, file: Path, size_bytes: int | None
) -> None:
    place = ExpectedContent(digest=store.put(file, "copy").sha256, size_bytes=size_bytes)
    assert states(store, place) == ("ok", "ok")
    store.remove(place.digest)
    assert states(store, place) == ("missing", "missing")


@pytest.mark.parametrize("moved_by_ns", [3600 * 10**9, -7200 * 10**9, 1])
def test_a_file_in_place_that_was_only_touched_is_read_and_intact(
    store: LocalContentStore, file: Path, moved_by_ns: int
) -> None:
    place = in_place(store, file)
    assert states(store, place) == ("ok", "ok")
    mtime_ns = file.stat().st_mtime_ns + moved_by_ns
    os.utime(file, ns=(0, mtime_ns))
    assert states(store, place) == ("touched", "touched")
    assert check_place(store, place, OpenArchives(), is_fast=True).touched_mtime_ns == mtime_ns


def test_a_touched_file_with_other_bytes_of_the_same_size_is_damage(
    store: LocalContentStore, file: Path
) -> None:
    place = in_place(store, file)
    file.write_bytes(b"CONTENT")
    os.utime(file, ns=(0, 0))
    assert states(store, place) == ("damaged", "damaged")


def test_a_file_is_missing_only_if_its_folder_has_others(
    store: LocalContentStore, tmp_path: Path
) -> None:
    folder = tmp_path / "disk" / "folder"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(CONTENT)
    (folder / "other").write_bytes(b"")
    place = in_place(store, folder / "file")
    (folder / "file").unlink()
    assert states(store, place) == ("missing", "missing")
    (folder / "other").unlink()
    checked = check_place(store, place, OpenArchives(), is_fast=False)
    assert checked.state == "not reachable"
    assert checked.reason == f"{folder} is not there, or empty"
    folder.rmdir()
    assert states(store, place) == ("not reachable", "not reachable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_not_reachable(
    store: LocalContentStore, file: Path
) -> None:
    place = in_place(store, file)
    file.chmod(0)
    assert check_place(store, place, OpenArchives(), is_fast=False).state == "not reachable"


def test_a_file_whose_folder_became_a_file_is_missing(
    store: LocalContentStore, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(CONTENT)
    place = in_place(store, folder / "file")
    (folder / "file").unlink()
    folder.rmdir()
    folder.write_bytes(b"")
    assert states(store, place) == ("missing", "missing")


def test_a_fifo_in_the_place_of_a_file_is_damage_and_is_not_waited_for(
    store: LocalContentStore, file: Path
) -> None:
    place = in_place(store, file)
    before = file.stat()
    file.unlink()
    os.mkfifo(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert check_place(store, place, OpenArchives(), is_fast=False).state == "damaged"
