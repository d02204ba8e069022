"""What a place hands out has the digest that was asked for; what has not is not handed out."""

import os
import stat
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from dam.errors import (
    ContentDamagedError,
    ContentMissingError,
    FileAccessError,
    ItemError,
    ReferenceChangedError,
    ReferenceDamagedError,
)
from dam.storage.content_store import ImportMode, StoredFile
from dam.storage.contents.export import copy_content
from dam.storage.contents.located import ArchiveMember, LocatedContent, local_file, opened_content
from dam.storage.local.store import LocalContentStore
from dam.storage.sources.file_state import FileState
from dam.storage.sources.reference import Reference
from tests.media.archive_files import write_zip
from tests.storage.conftest import nobody
from tests.storage.stored import FAR_FUTURE_S, OWNER, made_store, read, sha256, write
from tests.unreadable_disk import unreadable_disk

CONTENT = b"these bytes are right"
DIGEST = sha256(CONTENT)


@pytest.fixture
def store(tmp_path: Path) -> LocalContentStore:
    return made_store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", CONTENT)


@pytest.fixture
def stored(store: LocalContentStore, source: Path) -> StoredFile:
    return store.put(source, "copy")


@pytest.fixture
def final(store: LocalContentStore, stored: StoredFile) -> Path:
    return store.local_path(stored.sha256)


def overwrite(path: Path, content: bytes) -> None:
    """Change a file's bytes, and nothing that `ls` shows of it."""
    status = path.stat()
    path.chmod(0o644)
    write(path, content)
    path.chmod(status.st_mode & 0o777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def swap(path: Path, content: bytes) -> None:
    path.unlink()
    write(path, content)


def link(path: Path, content: bytes) -> None:
    path.unlink()
    path.symlink_to(write(path.with_name("other"), content))


def fold(path: Path, _: bytes) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path, _: bytes) -> None:
    path.unlink()
    os.mkfifo(path)


def listen(path: Path, _: bytes) -> None:
    path.unlink()
    os.mknod(path, stat.S_IFSOCK | 0o600)  # the way by `bind` takes short paths alone


ROTS = {
    "overwritten": (overwrite, b"those bytes are right"),
    "cut": (overwrite, CONTENT[:-1]),
    "grown": (overwrite, CONTENT + b"!"),
    "emptied": (overwrite, b""),
    "replaced": (swap, b"those bytes are right"),
    "linked": (link, CONTENT),
    "folder": (fold, b""),
    "fifo": (pipe, b""),
    "socket": (listen, b""),
}
FOUND = {"linked": "a symbolic link", "folder": "a folder", "fifo": "a FIFO", "socket": "a socket"}


def located(*, is_stored: bool = True, **others: object) -> LocatedContent:
    return LocatedContent(digest=DIGEST, is_stored=is_stored, **others)  # type: ignore[arg-type]


def reference_to(path: Path) -> Reference:
    status = path.stat()
    return Reference(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


def bytes_of(store: LocalContentStore, content: LocatedContent) -> bytes:
    with local_file(store, content) as path:
        return path.read_bytes()


def exported(store: LocalContentStore, content: LocatedContent) -> bytes:
    file = BytesIO(b"before")
    file.seek(0, os.SEEK_END)
    copy_content(store, content, file)
    return file.getvalue().removeprefix(b"before")


def streamed(store: LocalContentStore, content: LocatedContent) -> bytes:
    """Export to where nothing can be taken back, as to a member of an archive."""
    file = BytesIO()
    file.seekable = lambda: False  # type: ignore[method-assign]
    copy_content(store, content, file)
    return file.getvalue()


WAYS = [bytes_of, exported, streamed]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ROTS)
def test_what_has_rotted_in_the_store_is_not_handed_out(
    store: LocalContentStore,
    final: Path,
    way: Callable[[LocalContentStore, LocatedContent], bytes],
    name: str,
) -> None:
    rot, content = ROTS[name]
    rot(final, content)
    with pytest.raises(ContentDamagedError) as caught:
        way(store, located())
    assert caught.value.message == (
        f"the store has {FOUND[name]} in place of sha256:{DIGEST.hex()}"
        if name in FOUND
        else f"the stored bytes do not match sha256:{DIGEST.hex()}"
    )
    assert store.check(DIGEST, len(CONTENT)) == "damaged"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ROTS)
def test_a_good_second_place_is_taken(
    store: LocalContentStore,
    final: Path,
    source: Path,
    way: Callable[[LocalContentStore, LocatedContent], bytes],
    name: str,
) -> None:
    rot, content = ROTS[name]
    rot(final, content)
    archive = write_zip(source.with_name("a.zip"), {"1.jpg": CONTENT})
    container = LocatedContent(
        digest=sha256(archive.read_bytes()), is_stored=False, references=(reference_to(archive),)
    )
    member = ArchiveMember(container=container, raw_name=b"1.jpg", size_bytes=len(CONTENT))
    for others in ({"references": (reference_to(source),)}, {"members": (member,)}):
        assert way(store, located(**others)) == CONTENT


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rot", [overwrite, swap])
def test_a_users_file_with_other_bytes_of_the_same_size_and_time_is_not_handed_out(
    store: LocalContentStore,
    source: Path,
    rot: Callable[[Path, bytes], None],
    way: Callable[[LocalContentStore, LocatedContent], bytes],
) -> None:
    reference = reference_to(source)
    rot(source, b"those bytes are right")
    os.utime(source, ns=(0, reference.mtime_ns))
    with pytest.raises(ReferenceDamagedError) as caught:
        way(store, located(is_stored=False, references=(reference,)))
    assert caught.value.message == f"{source} has different bytes than when it was added"


def test_the_damage_is_told_where_no_other_place_has_the_bytes_either(
    store: LocalContentStore, final: Path, source: Path
) -> None:
    overwrite(final, b"wrong")
    reference = reference_to(source)
    source.unlink()
    with pytest.raises(ContentDamagedError):
        bytes_of(store, located(references=(reference,)))
    with pytest.raises(ContentMissingError):
        bytes_of(store, located(is_stored=False))


def test_a_stored_file_that_one_may_not_read_is_named_and_another_place_taken(
    public_folder: Path,
) -> None:
    store = made_store(public_folder / "store")
    source = write(public_folder / "a", CONTENT)
    stored = store.put(source, "copy")
    path = store.local_path(stored.sha256)
    for folder in (store.root, *path.parents[:2]):
        folder.chmod(0o755)
    path.chmod(0)
    with nobody():
        with pytest.raises(FileAccessError) as caught:
            bytes_of(store, located())
        assert bytes_of(store, located(references=(reference_to(source),))) == CONTENT
    assert caught.value.message == f"cannot read {path}: permission denied"


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_disk_that_cannot_deliver_one_file_is_a_fault_of_this_one_alone(
    store: LocalContentStore, final: Path, tmp_path: Path, mode: ImportMode
) -> None:
    same, other = write(tmp_path / "same", CONTENT), write(tmp_path / "b", b"other")
    with unreadable_disk(final):
        with pytest.raises(FileAccessError) as caught:
            bytes_of(store, located())
        refused, stored = store.put_many([same, other], mode, is_rehash=True)
        assert store.check(DIGEST, len(CONTENT)) == "damaged"
    assert caught.value.message == f"cannot read {final}: input/output error of the disk"
    assert isinstance(refused, FileAccessError)
    assert refused.message == f"cannot replace {final}: device or resource busy"
    assert isinstance(stored, StoredFile)
    assert read(store, stored.sha256) == b"other"
    assert read(store, DIGEST) == CONTENT
    assert same.exists()


def test_a_file_that_was_hashed_is_not_hashed_again_as_long_as_it_is_the_same(
    store: LocalContentStore, final: Path
) -> None:
    overwrite(final, b"those bytes are right")
    vouched = located(vouched=(FileState.of(final.stat()),))
    assert bytes_of(store, vouched) == b"those bytes are right"  # nobody has looked at them
    changes: list[Callable[[], None]] = [
        lambda: os.utime(final),
        lambda: final.chmod(0o400),
        lambda: swap(final, b"those bytes are right"),
        lambda: overwrite(final, b"these bytes are wrong"),
    ]
    for change in changes:
        change()
        with pytest.raises(ContentDamagedError):
            bytes_of(store, vouched)
        vouched = located(vouched=(FileState.of(final.stat()),))
        bytes_of(store, vouched)


def test_what_the_database_says_of_a_large_file_is_enough_for_who_reads_a_part_of_it(
    store: LocalContentStore, final: Path
) -> None:
    overwrite(final, b"those bytes are right")
    content = located(recorded=(FileState.of(final.stat()),))
    with opened_content(store, content, is_read_in_part=True) as opened:
        assert opened.state == FileState.of(final.stat())
    with pytest.raises(ContentDamagedError):
        bytes_of(store, content)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move", "reference"])
@pytest.mark.parametrize("size_bytes", [3, 3 << 20])
def test_a_put_vouches_for_the_file_that_it_leaves(
    store: LocalContentStore, tmp_path: Path, mode: ImportMode, size_bytes: int
) -> None:
    path = write(tmp_path / "a", bytes(size_bytes))
    with store.importing(OWNER):
        stored = store.put(path, mode)
    kept = path if mode == "reference" else store.local_path(stored.sha256)
    assert stored.state == FileState.of(kept.stat())


def test_a_put_of_what_is_there_vouches_for_nothing_that_it_did_not_read(
    store: LocalContentStore, stored: StoredFile, source: Path
) -> None:
    assert stored.state is not None
    assert store.put(source, "copy").state is None


def test_what_was_handed_out_and_rots_meanwhile_is_blamed_for_what_comes_of_it(
    store: LocalContentStore, final: Path
) -> None:
    def rot_and_stumble() -> None:
        overwrite(final, b"those bytes are right")
        raise EOFError

    with pytest.raises(ContentDamagedError), local_file(store, located()):
        rot_and_stumble()
    overwrite(final, CONTENT)
    with pytest.raises(ContentDamagedError), local_file(store, located()):
        overwrite(final, b"those bytes are right")


def test_what_is_added_again_meanwhile_does_no_harm(
    store: LocalContentStore, final: Path, source: Path
) -> None:
    with local_file(store, located()) as path:
        os.utime(final, ns=(0, 0))
        store.put(source, "copy")
        assert path.read_bytes() == CONTENT


def test_what_was_opened_is_read_whatever_gets_its_name(
    store: LocalContentStore, final: Path
) -> None:
    with local_file(store, located()) as path:
        swap(final, b"those bytes are right")
        assert path.read_bytes() == CONTENT


def test_a_fault_of_the_reader_names_the_file_by_its_name(
    store: LocalContentStore, final: Path
) -> None:
    def read_badly(path: Path) -> None:
        raise FileAccessError(path, "read", OSError(5, "x")) from OSError(5, "x")

    with pytest.raises(FileAccessError) as caught, local_file(store, located()) as path:
        read_badly(path)
    assert caught.value.message == f"cannot read {final}: input/output error of the disk"


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
@pytest.mark.parametrize("name", ROTS)
def test_adding_the_bytes_again_mends_what_has_rotted(
    store: LocalContentStore, final: Path, tmp_path: Path, mode: ImportMode, name: str
) -> None:
    rot, content = ROTS[name]
    rot(final, content)
    again, other = write(tmp_path / "again", CONTENT), write(tmp_path / "b", b"other")
    mended, new = store.put_many([again, other], mode, is_rehash=True)
    assert isinstance(mended, StoredFile)
    assert isinstance(new, StoredFile)
    assert (mended.is_mended, new.is_mended) == (True, False)
    assert bytes_of(store, located()) == CONTENT
    repeated = store.put(write(tmp_path / "again", CONTENT), mode)
    assert not repeated.is_mended


@pytest.mark.parametrize("name", sorted(set(ROTS) - {"overwritten", "replaced"}))
def test_what_can_be_seen_to_be_wrong_is_mended_without_being_asked_for(
    store: LocalContentStore, final: Path, source: Path, name: str
) -> None:
    rot, content = ROTS[name]
    rot(final, content)
    assert store.put(source, "copy").is_mended
    assert bytes_of(store, located()) == CONTENT


def test_a_folder_with_something_in_it_stays_and_the_others_are_stored(
    store: LocalContentStore, final: Path, source: Path, tmp_path: Path
) -> None:
    fold(final, b"")
    write(final / "kept", b"")
    refused, stored = store.put_many([source, write(tmp_path / "b", b"other")], "copy")
    assert isinstance(refused, ItemError)
    assert refused.message == f"cannot replace {final}: directory not empty"
    assert isinstance(stored, StoredFile)
    assert (final / "kept").exists()


def test_a_users_file_that_changes_after_it_was_vouched_for_is_no_longer_read(
    store: LocalContentStore, source: Path
) -> None:
    state = store.put(source, "reference").state
    assert state is not None
    reference = reference_to(source)
    content = located(is_stored=False, references=(reference,), vouched=(state,))
    assert bytes_of(store, content) == CONTENT
    overwrite(source, b"those bytes are right")
    with pytest.raises(ReferenceDamagedError):
        bytes_of(store, content)
    os.utime(source)
    with pytest.raises(ReferenceChangedError):
        bytes_of(store, content)


def test_a_collection_goes_past_what_it_cannot_look_at_or_remove(
    store: LocalContentStore, final: Path, source: Path
) -> None:
    other = store.put(write(source.with_name("b"), b"other"), "copy")
    fold(final, b"")
    write(final / "kept", b"")
    collected = store.collect(
        lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S, is_forced=True
    )
    assert collected.removed == 1
    assert store.check(other.sha256, 5) == "missing"
    assert (final / "kept").exists()
