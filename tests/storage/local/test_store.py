"""The store in a folder: its layout, its hard links, what killed processes leave."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from dam.errors import ContentDamagedError, FileChangedError, UnknownStoreError
from dam.storage.addresses import open_store
from dam.storage.content_store import ContentStore, ImportMode
from dam.storage.local.draft import Draft
from dam.storage.local.store import LocalContentStore
from tests.storage.contract import ContentStoreContract
from tests.storage.stored import FAR_FUTURE_S, OWNER, made_store, read, sha256, write


def files_in(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


class TestLocalContentStore(ContentStoreContract):
    def make_store(self, folder: Path) -> ContentStore:
        return made_store(folder)


@pytest.fixture
def store(tmp_path: Path) -> LocalContentStore:
    return made_store(tmp_path / "store")


def test_an_address_is_a_folder_or_a_file_url(tmp_path: Path) -> None:
    expected = LocalContentStore(tmp_path / "my store")

    assert open_store(tmp_path / "my store") == expected
    assert open_store(str(tmp_path / "my store")) == expected
    assert open_store(f"file://{tmp_path}/my%20store") == expected


def test_an_unknown_kind_of_store_is_named_without_its_secrets() -> None:
    with pytest.raises(UnknownStoreError) as caught:
        open_store("s3://key:secret@bucket/prefix")

    assert caught.value.message == "no content store for s3:// addresses; known: a folder, file://"
    assert caught.value.hint == "set DAM_ASSET_STORAGE_PATH to a folder"


def test_content_lies_read_only_under_its_digest_in_private_folders(
    store: LocalContentStore, tmp_path: Path
) -> None:
    name = hashlib.sha256(b"x").hexdigest()

    with store.importing(OWNER):
        store.put(write(tmp_path / "a", b"x"), "copy")

    path = store.root / name[:2] / name[2:4] / name
    assert files_in(store.root) == {
        str(path.relative_to(store.root)),
        ".lock",
        f".worlds/{OWNER.uuid}",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert {stat.S_IMODE(p.stat().st_mode) for p in (store.root, *path.parents[:2])} == {0o700}


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
def test_content_is_on_the_disk_before_its_name_and_its_name_before_put_returns(
    store: LocalContentStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: ImportMode,
) -> None:
    path = write(tmp_path / "a", b"x")
    name = sha256(b"x").hex()
    final = store.root / name[:2] / name[2:4] / name
    synced: list[tuple[int, bool]] = []
    fsync = os.fsync

    def recording_fsync(fd: int) -> None:
        fsync(fd)
        synced.append((os.fstat(fd).st_ino, final.exists()))

    monkeypatch.setattr(os, "fsync", recording_fsync)
    store.put(path, mode)

    assert synced == [
        (final.stat().st_ino, False),
        (store.root.stat().st_ino, True),
        (final.parent.parent.stat().st_ino, True),
        (final.parent.stat().st_ino, True),
    ]


@pytest.mark.parametrize("other", [b"x", b"y"])
def test_folders_that_others_have_just_made_are_synced_too(
    store: LocalContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bytes
) -> None:
    name = sha256(b"x").hex()
    final = store.root / name[:2] / name[2:4] / name
    if other == b"x":
        store.put(write(tmp_path / "a", other), "copy")
    else:
        final.parent.mkdir(parents=True)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))

    store.put(write(tmp_path / "b", b"x"), "copy")

    folders = (store.root, final.parent.parent, final.parent)
    assert synced[-3:] == [folder.stat().st_ino for folder in folders]


def test_a_move_is_read_back_before_its_source_may_go(
    store: LocalContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Draft.publish

    def publish_to_a_bad_disk(draft: Draft, final: Path) -> None:
        publish(draft, final)
        os.pwrite(draft.fd, b"y", 0)

    monkeypatch.setattr(Draft, "publish", publish_to_a_bad_disk)
    with pytest.raises(ContentDamagedError):
        store.put(write(tmp_path / "a", b"x"), "move")
    assert not store.contains(sha256(b"x"))


def test_a_link_that_is_given_up_takes_nothing_from_others(
    store: LocalContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, others = write(tmp_path / "a", b"x"), write(tmp_path / "b", b"x")
    link = os.link

    def link_while_others_work(source: Path, target: Path) -> None:
        link(source, target)
        if source == path:
            os.utime(path, ns=(0, 0))
            store.put(others, "copy")

    monkeypatch.setattr(os, "link", link_while_others_work)
    with pytest.raises(FileChangedError):
        store.put(path, "hardlink")

    assert store.check(sha256(b"x"), 1) == "ok"
    assert path.stat().st_nlink == 1


def test_a_hard_link_is_the_users_inode_untouched(store: LocalContentStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"x")
    path.chmod(0o640)
    before = path.stat()

    first = store.put(path, "hardlink")
    again = store.put(path, "hardlink")

    assert (first.is_new, again.is_new) == (True, False)
    assert store.local_path(first.sha256).samefile(path)
    after = path.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
def test_an_edited_hard_link_serves_as_nothings_duplicate(
    store: LocalContentStore, tmp_path: Path, mode: ImportMode
) -> None:
    path = write(tmp_path / "a", b"first")
    digest = store.put(path, "hardlink").sha256
    write(path, b"later")  # as long as before
    assert store.check(digest, 5) == "damaged"

    again = store.put(write(tmp_path / "b", b"first"), mode)

    assert again.is_new
    assert store.local_path(digest).stat().st_nlink == 1
    assert store.check(digest, 5) == "ok"
    assert path.read_bytes() == b"later"


def test_removing_a_hard_link_leaves_the_users_file(
    store: LocalContentStore, tmp_path: Path
) -> None:
    path = write(tmp_path / "a", b"x")
    store.put(path, "hardlink")

    store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)

    assert path.read_bytes() == b"x"
    assert list(store.entries()) == []


def test_a_hard_link_to_another_file_system_is_a_copy(
    store: LocalContentStore, other_file_system: Path
) -> None:
    stored = store.put(write(other_file_system / "a", b"x"), "hardlink")

    assert stored.import_mode == "copy"
    assert read(store, stored.sha256) == b"x"


def test_what_was_cut_short_is_stored_anew(store: LocalContentStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"whole")
    stored = store.put(path, "copy")
    final = store.local_path(stored.sha256)
    final.unlink()
    write(final, b"who").chmod(0o444)

    assert store.put(path, "copy").is_new

    assert store.check(stored.sha256, 5) == "ok"


def test_a_move_does_not_trust_a_stored_file_unread(
    store: LocalContentStore, tmp_path: Path
) -> None:
    path = write(tmp_path / "a", b"first")
    final = store.local_path(store.put(path, "copy").sha256)
    final.unlink()
    write(final, b"wrong").chmod(0o444)

    store.put(path, "move")

    assert final.read_bytes() == b"first"


def test_renewing_sets_the_time_of_the_file(store: LocalContentStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"x")
    final = store.local_path(store.put(path, "copy").sha256)
    os.utime(final, (0, 0))
    assert next(store.entries()).renewed_at_s == 0

    store.put(path, "copy")

    assert final.stat().st_mtime > 0


def test_only_drafts_that_nobody_holds_are_swept(store: LocalContentStore, tmp_path: Path) -> None:
    store.put(write(tmp_path / "a", b"x"), "copy")
    held = Draft(store.root)
    left = write(store.root / ".draft-0123456789abcdef", b"half")

    with store.importing(OWNER):
        assert held.path.exists()
        assert not left.exists()

    held.close()
    held.close()
    assert not held.path.exists()


def test_what_does_not_belong_to_the_store_is_left_alone(
    store: LocalContentStore, tmp_path: Path
) -> None:
    stored = store.put(write(tmp_path / "a", b"x"), "copy")
    shard = store.local_path(stored.sha256).parent
    strangers = [write(shard / "notes.txt", b""), write(store.root / "README", b"")]

    store.collect(lambda _: {sha256(b"x")}, owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)

    assert [entry.sha256 for entry in store.entries()] == [stored.sha256]
    assert all(stranger.exists() for stranger in strangers)


def test_a_digest_of_another_length_is_our_bug(store: LocalContentStore) -> None:
    with pytest.raises(ValueError, match="a SHA-256 has 32 bytes, not 20"):
        store.contains(bytes(20))
