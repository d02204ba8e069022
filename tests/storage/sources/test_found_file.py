"""What was found is what is opened: never a file of another folder, or one behind a new link."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dam.errors import FileAccessError, FileChangedError
from dam.storage.content_store import ImportMode, StoredFile
from dam.storage.sources.found_file import FoundFile, find_file
from dam.storage.sources.reading import open_source
from dam.storage.sources.removal import UnlinkOutcome, unlink_sources
from tests.storage.conftest import nobody
from tests.storage.removals import source_of
from tests.storage.stored import made_store, sha256, write

MODES: list[ImportMode] = ["copy", "hardlink", "move", "reference"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def found(folder: Path) -> FoundFile:
    return find_file(write(folder / "a", b"what was found"))


def swap(folder: Path, *, is_for_a_link: bool) -> Path:
    """Put another folder, or a link to one, in the place of a folder; return its file."""
    other = folder.with_name("other")
    other.mkdir()
    path = write(other / "a", b"what was never named")
    folder.rename(folder.with_name("away"))
    if is_for_a_link:
        folder.symlink_to(other)
        return path
    return other.rename(folder) / "a"


@pytest.mark.parametrize("mode", MODES)
def test_a_file_in_a_folder_that_may_not_be_read_is_stored_and_removed(
    public_folder: Path, mode: ImportMode
) -> None:
    public_folder.chmod(0o777)
    drop = public_folder / "drop"
    drop.mkdir()
    drop.chmod(0o777)
    with nobody():
        path = write(drop / "a", b"what may be read by its name")
    drop.chmod(0o333)
    with nobody():
        store = made_store(public_folder / "store")
        (outcome,) = store.put_many([path], mode, found={path: find_file(path)})
        removals = unlink_sources([source_of(path)])

    assert isinstance(outcome, StoredFile)
    assert removals == [UnlinkOutcome("removed")]
    drop.chmod(0o700)
    assert list(drop.iterdir()) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_for_a_link", [True, False])
def test_nothing_is_taken_from_another_folder(
    tmp_path: Path, folder: Path, found: FoundFile, mode: ImportMode, *, is_for_a_link: bool
) -> None:
    store = made_store(tmp_path / "store")
    path = Path(found.path)
    other = swap(folder, is_for_a_link=is_for_a_link)

    (outcome,) = store.put_many([path], mode, found={path: found})

    assert isinstance(outcome, FileChangedError)
    assert outcome.message == f"{path} changed while it was read"
    assert list(store.entries()) == []
    assert other.read_bytes() == b"what was never named"


def test_a_hard_link_of_the_file_in_another_folder_is_not_it(
    folder: Path, found: FoundFile
) -> None:
    other = folder.with_name("other")
    other.mkdir()
    (other / "a").hardlink_to(found.path)
    folder.rename(folder.with_name("away"))
    folder.symlink_to(other)

    with pytest.raises(FileChangedError), open_source(Path(found.path), found):
        pass


def test_a_move_says_which_folder_its_source_was_found_in(tmp_path: Path, folder: Path) -> None:
    """So that none of another one is removed, though it be a hard link of the very file."""
    path = write(folder / "a", b"the same")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a").hardlink_to(path)
    stored = made_store(tmp_path / "store").put(path, "move")
    assert stored.found is not None
    source = replace(source_of(path), folder=stored.found.folder)
    folder.rename(tmp_path / "away")
    folder.symlink_to(other)

    assert unlink_sources([source]) == [UnlinkOutcome("changed")]

    assert (other / "a").exists()
    assert (tmp_path / "away" / "a").exists()


def test_a_file_that_was_replaced_has_changed(folder: Path, found: FoundFile) -> None:
    write(folder / "new", b"another").rename(found.path)

    with pytest.raises(FileChangedError), open_source(Path(found.path), found):
        pass


def test_a_file_that_was_swapped_for_a_link_has_changed(folder: Path, found: FoundFile) -> None:
    Path(found.path).rename(folder / "b")
    Path(found.path).symlink_to("b")

    with pytest.raises(FileChangedError), open_source(Path(found.path), found):
        pass


def test_a_file_with_another_inode_and_the_same_size_and_time_is_the_same(
    folder: Path, found: FoundFile
) -> None:
    """As vfat gives one that it has forgotten; what is read is what is there in any case."""
    path = write(folder / "new", b"what was found")
    os.utime(path, ns=(found.mtime_ns, found.mtime_ns))
    path.rename(found.path)

    with open_source(Path(found.path), found) as source:
        assert b"".join(map(bytes, source.chunks())) == b"what was found"


def test_a_file_that_was_written_to_is_read_as_it_is_now(folder: Path, found: FoundFile) -> None:
    write(folder / "a", b"and more")

    with open_source(Path(found.path), found) as source:
        assert b"".join(map(bytes, source.chunks())) == b"and more"


def test_a_link_that_the_user_named_is_followed(tmp_path: Path, found: FoundFile) -> None:
    """To a file, or to the folder that it is in."""
    store = made_store(tmp_path / "store")
    to_file, to_folder = tmp_path / "to_file", tmp_path / "to_folder"
    to_file.symlink_to(found.path)
    to_folder.symlink_to(tmp_path / "folder")
    paths = [to_file, to_folder / "a"]

    outcomes = store.put_many(paths, "copy", found={path: find_file(path) for path in paths})

    assert [
        outcome.sha256 if isinstance(outcome, StoredFile) else outcome for outcome in outcomes
    ] == [sha256(b"what was found")] * 2


def test_what_is_gone_is_told_as_such(found: FoundFile) -> None:
    path = Path(found.path)
    path.unlink()
    with pytest.raises(FileAccessError) as caught, open_source(path, found):
        pass
    assert caught.value.message == f"cannot read {path}: no such file"

    path.parent.rmdir()
    with pytest.raises(FileAccessError) as caught, open_source(path, found):
        pass
    assert caught.value.message == f"cannot read {path}: no such file"
