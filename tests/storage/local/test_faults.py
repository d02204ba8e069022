"""Disks that are full or read-only, folders that are not ours: the store as a whole is unusable."""

import os
import subprocess
from pathlib import Path

import pytest

from dam.errors import ExitCode, FileAccessError, StoreUnusableError
from dam.storage.content_store import ImportMode, StoredFile
from dam.storage.local.draft import Draft
from dam.storage.local.store import LocalContentStore
from tests.storage.conftest import nobody
from tests.storage.stored import FAR_FUTURE_S, OWNER, made_store, read, write


@pytest.mark.parametrize("size_bytes", [900_000, 3_000_000])
@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing_half_stored(
    other_file_system: Path, tmp_path: Path, mode: ImportMode, size_bytes: int
) -> None:
    store = made_store(other_file_system / "store")
    small = store.put(write(tmp_path / "small", bytes(200_000)), mode)
    big = write(tmp_path / "big", b"b" * size_bytes)

    with store.importing(OWNER), pytest.raises(StoreUnusableError) as caught:
        store.put(big, mode)

    assert (
        caught.value.message == f"the store {store.root} is not usable: no space left on the disk"
    )
    assert caught.value.hint == "free some space on that disk"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert [entry.sha256 for entry in store.entries()] == [small.sha256]
    assert list(store.root.glob(".draft-*")) == []
    assert big.stat().st_size == size_bytes


def test_a_read_only_store_can_be_read_and_says_what_is_wrong(
    other_file_system: Path, tmp_path: Path
) -> None:
    store = made_store(other_file_system / "store")
    path = write(tmp_path / "a", b"x")
    stored = store.put(path, "copy")
    subprocess.run(["mount", "-o", "remount,ro", str(other_file_system)], check=True)

    for change in (
        lambda: store.put(path, "copy"),
        lambda: store.put(write(tmp_path / "b", b"y"), "hardlink"),
        lambda: store.remove(stored.sha256),
        lambda: store.importing(OWNER).__enter__(),
        lambda: store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S),
    ):
        with pytest.raises(StoreUnusableError) as caught:
            change()
        assert caught.value.message == (
            f"the store {store.root} is not usable: the file system is read-only"
        )
        assert (
            caught.value.hint == "mount the file system for writing, or set DAM_ASSET_STORAGE_PATH"
        )

    assert read(store, stored.sha256) == b"x"
    assert store.check(stored.sha256, 1) == "ok"
    assert store.put(path, "reference").sha256 == stored.sha256


def test_a_file_in_the_place_of_the_store_is_an_error_of_the_store(tmp_path: Path) -> None:
    store = LocalContentStore(write(tmp_path / "store", b"") / "inner")

    with pytest.raises(StoreUnusableError):
        store.put(write(tmp_path / "a", b"x"), "copy")


def test_an_error_of_the_importer_itself_is_not_the_stores(tmp_path: Path) -> None:
    store = made_store(tmp_path / "store")

    with pytest.raises(ConnectionResetError), store.importing(OWNER):
        raise ConnectionResetError


def test_a_stored_file_that_one_may_not_read_is_named(public_folder: Path) -> None:
    store = made_store(public_folder / "store")
    stored = store.put(write(public_folder / "a", b"x"), "copy")
    path = store.local_path(stored.sha256)
    for folder in (store.root, *path.parents[:2]):
        folder.chmod(0o755)
    path.chmod(0)

    with nobody(), pytest.raises(FileAccessError) as caught:
        store.check(stored.sha256, 1)

    assert caught.value.message == f"cannot read {path}: permission denied"


def test_a_store_that_one_may_not_enter_is_an_error_of_the_store(public_folder: Path) -> None:
    store = made_store(public_folder / "store")
    stored = store.put(write(public_folder / "a", b"x"), "copy")
    if os.geteuid() != 0:
        store.root.chmod(0)

    with nobody(), pytest.raises(StoreUnusableError) as caught:
        store.check(stored.sha256, 1)

    assert caught.value.message == f"the store {store.root} is not usable: permission denied"
    store.root.chmod(0o700)


def link_of_another_user(folder: Path) -> tuple[LocalContentStore, Path, bytes]:
    """Return an ordinary user's store that has linked a file of another, that file, its digest."""
    theirs = write(folder / "theirs", b"x")
    theirs.chmod(0o666)
    folder.chmod(0o777)
    with nobody():
        store = made_store(folder / "store")
        stored = store.put(theirs, "hardlink")
    assert stored.import_mode == "hardlink"
    return store, theirs, stored.sha256


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
@pytest.mark.parametrize("permissions", [0o666, 0o600])
def test_a_link_that_is_another_users_gives_way_to_a_copy_of_the_same(
    public_folder: Path, mode: ImportMode, permissions: int
) -> None:
    store, theirs, digest = link_of_another_user(public_folder)
    theirs.chmod(permissions)

    with nobody():
        paths = [
            write(public_folder / name, content) for name, content in (("b", b"x"), ("c", b"y"))
        ]
        outcomes = store.put_many(paths, mode)

    assert [type(outcome) for outcome in outcomes] == [StoredFile, StoredFile]
    assert read(store, digest) == b"x"
    assert (theirs.stat().st_nlink, theirs.stat().st_mode & 0o777) == (1, permissions)


def test_a_read_only_file_that_its_owner_gave_away_gives_way_to_a_copy(public_folder: Path) -> None:
    store, theirs, digest = link_of_another_user(public_folder)
    theirs.chmod(0o444)
    theirs.unlink()

    with nobody():
        path = write(public_folder / "b", b"x")
        store.put(path, "copy")
        status = store.local_path(digest).stat()

    assert status.st_uid == path.stat().st_uid


def test_what_a_killed_process_of_an_ordinary_user_left_is_swept(public_folder: Path) -> None:
    public_folder.chmod(0o777)
    with nobody():
        store = made_store(public_folder / "store")
        store.put(write(public_folder / "a", b"x"), "copy")
        ready = Draft(store.root)
        ready.finish()
        os.close(ready.fd)  # as the kernel does; it has its name still
        with store.importing(OWNER):
            pass
    assert not ready.path.exists()


@pytest.mark.parametrize("kind", ["FIFO", "folder", "link"])
def test_what_only_has_the_name_of_a_draft_hinders_nobody(tmp_path: Path, kind: str) -> None:
    store = made_store(tmp_path / "store")
    path = write(tmp_path / "a", b"x")
    store.put(path, "copy")
    stranger = store.root / ".draft-0000000000000000"
    if kind == "FIFO":
        os.mkfifo(stranger)
        writer = os.open(stranger, os.O_RDWR)  # so that who opens it does not wait for ever
    elif kind == "folder":
        stranger.mkdir()
    else:
        stranger.symlink_to(path)

    with store.importing(OWNER):
        assert not store.put(path, "copy").is_new

    if kind == "FIFO":
        os.close(writer)
    assert os.path.lexists(stranger)
    assert path.read_bytes() == b"x"


def test_a_draft_is_for_its_user_alone_where_others_may_enter_the_store(tmp_path: Path) -> None:
    store = LocalContentStore(tmp_path)
    draft = Draft(store.root)
    modes = [draft.path.stat().st_mode & 0o777]
    draft.finish()
    modes.append(draft.path.stat().st_mode & 0o777)
    draft.close()
    assert modes == [0o600, 0o400]
