"""Removing sources: the file that was read, that file alone, and wherever one is killed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dam.errors import FileAccessError, FileChangedError, InsideStoreError, SourceLeftAsideError
from dam.storage.sources.removal import (
    UnlinkOutcome,
    is_aside_name,
    new_aside_name,
    put_back_source,
    unlink_sources,
)
from tests.storage.removals import (
    CONTENT,
    forbid_renames_that_leave_names_alone,
    source_of,
    struck_at_each_line,
)
from tests.storage.stored import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def names(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_source_goes(folder: Path) -> None:
    other = write(folder / "b", CONTENT)

    assert unlink_sources([source_of(write(folder / "a", CONTENT))]) == [UnlinkOutcome("removed")]

    assert names(folder) == {"b": CONTENT}
    assert other.exists()


def test_a_source_of_an_earlier_run_goes_by_its_digest(folder: Path) -> None:
    source = source_of(write(folder / "a", CONTENT), is_known_here=False)

    assert unlink_sources([source]) == [UnlinkOutcome("removed")]
    assert unlink_sources([source]) == [UnlinkOutcome("gone")]


@pytest.mark.parametrize("is_aside", [True, False])
def test_what_is_the_copy_itself_is_put_back(folder: Path, *, is_aside: bool) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path, is_known_here=False)
    if is_aside:
        path.rename(folder / source.aside)

    (removal,) = unlink_sources([source], has_copy=lambda _: path.exists())

    assert removal == UnlinkOutcome("copy")
    assert isinstance(removal.fault(path), InsideStoreError)
    assert names(folder) == {"a": CONTENT}


@pytest.mark.parametrize("is_known_here", [True, False])
def test_other_bytes_of_the_same_size_and_time_stay(folder: Path, *, is_known_here: bool) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path, is_known_here=is_known_here)
    path.write_bytes(CONTENT.upper())
    os.utime(path, ns=(source.mtime_ns, source.mtime_ns))

    (removal,) = unlink_sources([source])

    assert removal == UnlinkOutcome("changed")
    assert isinstance(removal.fault(path), FileChangedError)
    assert names(folder) == {"a": CONTENT.upper()}


def test_the_same_bytes_in_another_file_stay_within_a_run(folder: Path) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path)
    path.rename(folder / "b")
    write(path, CONTENT)
    os.utime(path, ns=(source.mtime_ns, source.mtime_ns))

    assert unlink_sources([source]) == [UnlinkOutcome("changed")]
    assert names(folder) == {"a": CONTENT, "b": CONTENT}


def test_a_folder_that_was_swapped_for_a_link_keeps_its_files(tmp_path: Path, folder: Path) -> None:
    """Even one that has hard links of the very files, as a backup may."""
    path = write(folder / "a", CONTENT)
    backup = tmp_path / "backup"
    backup.mkdir()
    (backup / "a").hardlink_to(path)
    sources = [source_of(path), source_of(path, is_known_here=False)]
    folder.rename(tmp_path / "away")
    folder.symlink_to(backup)

    assert [unlink_sources([source]) for source in sources] == [[UnlinkOutcome("changed")]] * 2

    assert names(backup) == names(tmp_path / "away") == {"a": CONTENT}


def test_where_a_folder_is_a_link_by_now_what_is_gone_is_gone(tmp_path: Path, folder: Path) -> None:
    source = source_of(write(folder / "a", CONTENT), is_known_here=False)
    folder.rename(tmp_path / "away")
    (tmp_path / "away" / "a").unlink()
    folder.symlink_to(tmp_path / "away")

    assert unlink_sources([source]) == [UnlinkOutcome("gone")]


def test_a_link_that_led_to_the_folder_all_along_does_no_harm(tmp_path: Path, folder: Path) -> None:
    write(folder / "a", CONTENT)
    link = tmp_path / "link"
    link.symlink_to(folder)

    assert unlink_sources([source_of(link / "a")]) == [UnlinkOutcome("removed")]
    assert names(folder) == {}


def test_a_file_that_was_swapped_for_a_link_stays(tmp_path: Path, folder: Path) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path)
    target = path.rename(tmp_path / "a")
    path.symlink_to(target)

    assert unlink_sources([source]) == [UnlinkOutcome("changed")]
    assert path.is_symlink()


def test_of_a_link_to_a_source_the_link_goes(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "target", CONTENT)
    link = folder / "link"
    link.symlink_to("../target")

    assert unlink_sources([source_of(link)]) == [UnlinkOutcome("removed")]

    assert names(folder) == {}
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_what_is_no_file_stays_and_is_not_waited_for(folder: Path) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path)
    path.unlink()
    os.mkfifo(path)

    assert unlink_sources([source]) == [UnlinkOutcome("changed")]
    assert path.is_fifo()


def test_a_folder_that_is_not_there_is_told_from_a_file_that_is_not(folder: Path) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path, is_known_here=False)
    path.unlink()
    folder.rmdir()

    (removal,) = unlink_sources([source])

    assert (removal.status, type(removal.error)) == ("blocked", FileNotFoundError)
    fault = removal.fault(path)
    assert isinstance(fault, FileAccessError)
    assert fault.message == f"cannot remove {path}: no such file"


def test_each_of_many_has_its_own_outcome(tmp_path: Path, folder: Path) -> None:
    sources = [source_of(write(folder / name, name.encode())) for name in "abc"]
    elsewhere = source_of(write(tmp_path / "d", CONTENT))
    (folder / "a").unlink()
    (folder / "b").write_bytes(b"new")

    removals = unlink_sources([*sources, elsewhere])

    assert [removal.status for removal in removals] == ["gone", "changed", "removed", "removed"]
    assert names(folder) == {"b": b"new"}


def test_an_aside_name_that_a_stranger_has_is_left_to_him(folder: Path) -> None:
    """Whatever a killed process left under it is put back; a stranger's file is what it left."""
    source = source_of(write(folder / "a", CONTENT))
    write(folder / source.aside, b"a stranger's")

    (removal,) = unlink_sources([source])

    assert removal == UnlinkOutcome("changed", left_as=folder / source.aside)
    assert isinstance(removal.fault(source.path), SourceLeftAsideError)
    assert names(folder) == {"a": CONTENT, source.aside: b"a stranger's"}


@pytest.mark.parametrize("is_known_here", [True, False])
def test_what_a_killed_process_left_is_ended(folder: Path, *, is_known_here: bool) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path, is_known_here=is_known_here)
    path.rename(folder / source.aside)
    write(path, b"a new file")

    assert unlink_sources([source]) == [UnlinkOutcome("removed")]
    assert names(folder) == {"a": b"a new file"}


@pytest.mark.parametrize("is_taken", [False, True])
def test_what_a_killed_process_took_by_mistake_is_put_back(folder: Path, *, is_taken: bool) -> None:
    source = source_of(write(folder / "a", CONTENT))
    (folder / "a").unlink()
    write(folder / source.aside, b"another file")
    if is_taken:
        write(folder / "a", b"a third one")

    (removal,) = unlink_sources([source])

    left_as = folder / source.aside if is_taken else None
    assert removal == UnlinkOutcome("changed", left_as=left_as)
    kept = {source.aside: b"another file", "a": b"a third one"} if is_taken else {}
    assert names(folder) == (kept or {"a": b"another file"})


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_removal_that_was_begun_is_undone(folder: Path, *, is_taken: bool) -> None:
    path, aside = folder / "a", new_aside_name()
    write(folder / aside, CONTENT)
    if is_taken:
        write(path, b"a new file")

    assert put_back_source(path, aside) == (folder / aside if is_taken else path)
    assert put_back_source(path, aside) == (folder / aside if is_taken else path)

    assert names(folder) == ({"a": b"a new file", aside: CONTENT} if is_taken else {"a": CONTENT})


def test_nothing_is_undone_where_nothing_was_begun(folder: Path) -> None:
    path = write(folder / "a", CONTENT)

    assert put_back_source(path, new_aside_name()) == path
    assert names(folder) == {"a": CONTENT}


def test_a_link_to_the_folder_hides_nothing_that_was_begun(tmp_path: Path, folder: Path) -> None:
    """In a later run a link could lead anywhere; but nobody else has a file of such a name."""
    (tmp_path / "link").symlink_to(folder)
    path = tmp_path / "link" / "a"
    source = source_of(write(path, CONTENT), is_known_here=False)

    assert unlink_sources([source]) == [UnlinkOutcome("changed")]
    path.rename(folder / source.aside)
    assert put_back_source(path, source.aside) == path
    path.rename(folder / source.aside)
    assert unlink_sources([source]) == [UnlinkOutcome("removed")]

    assert names(folder) == {}


def test_nothing_is_undone_where_the_folder_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        put_back_source(tmp_path / "none" / "a", new_aside_name())


def test_whoever_is_stopped_leaves_the_source(folder: Path) -> None:
    source = source_of(write(folder / "a", CONTENT))

    (removal,) = unlink_sources([source], lambda: True)

    assert (removal.status, type(removal.error)) == ("blocked", InterruptedError)
    assert names(folder) == {"a": CONTENT}


def test_a_file_that_grows_is_not_read_to_its_end(folder: Path) -> None:
    path = write(folder / "a", CONTENT)
    source = source_of(path)
    asked = []

    def grow() -> bool:
        asked.append(path.stat().st_size)
        with path.open("ab") as file:
            file.write(bytes(99))
        return len(asked) > 20

    assert unlink_sources([source], grow) == [UnlinkOutcome("changed")]
    assert asked == [len(CONTENT)]


def test_aside_names_are_hidden_and_known_again() -> None:
    first, second = new_aside_name(), new_aside_name()

    assert first != second
    assert first.startswith(".")
    assert is_aside_name(first)
    assert not is_aside_name(f"{first}0")
    assert not is_aside_name(".dam-removing-notes.txt.")


# A child process removes a source. Before each of its lines in turn it is killed, or does what
# another program might do just then, and goes on.


@pytest.mark.parametrize("is_known_here", [True, False])
def test_killed_at_any_line_the_next_run_ends_it(folder: Path, *, is_known_here: bool) -> None:
    lefts = set()
    for source in struck_at_each_line(folder, kill, is_known_here=is_known_here):
        lefts.add("aside" if source.aside in names(folder) else "".join(names(folder)))
        (removal,) = unlink_sources([source])
        assert removal.status in ("removed", "gone")
        assert names(folder) == {}
    assert lefts == {"a", "aside", ""}


def test_killed_at_any_line_the_next_run_can_undo_it(folder: Path) -> None:
    for source in struck_at_each_line(folder, kill):
        left = list(names(folder))
        assert put_back_source(source.path, source.aside) == source.path
        assert names(folder) == ({"a": CONTENT} if left else {})


def test_a_file_that_comes_at_any_line_stays(folder: Path) -> None:
    def replace() -> None:
        write(folder.parent / "new", b"a new file").rename(folder / "a")

    found = list_of(folder, replace)
    assert found[-1] == {}
    assert all(names == {"a": b"a new file"} for names in found[:-1])


def test_what_is_written_at_any_line_stays(folder: Path) -> None:
    def overwrite() -> None:
        write(folder / "a", b"a new file")

    found = list_of(folder, overwrite)
    assert all(names == {"a": b"a new file"} for names in found[:-1])


def test_a_folder_that_is_swapped_at_any_line_loses_nothing(tmp_path: Path, folder: Path) -> None:
    other, away = tmp_path / "other", tmp_path / "away"
    other.mkdir()
    write(other / "a", CONTENT)

    def swap() -> None:
        folder.rename(away)
        folder.symlink_to(other)

    for _ in struck_at_each_line(folder, swap):
        assert names(other) == {"a": CONTENT}
        if folder.is_symlink():
            folder.unlink()
            away.rename(folder)
        assert names(folder) in ({}, {"a": CONTENT})


def test_without_such_a_rename_the_source_goes_by_its_own_name(folder: Path) -> None:
    forbid = forbid_renames_that_leave_names_alone
    for source in struck_at_each_line(folder, kill, forbid):
        assert set(names(folder)) <= {"a"}
        (removal,) = unlink_sources([source])
        assert removal.status in ("removed", "gone")

    def replace() -> None:
        write(folder.parent / "new", b"a new file").rename(folder / "a")

    found = list_of(folder, replace, forbid)
    # Only in the last of its lines, after the file was compared, may a new file be lost.
    assert len([names for names in found[:-1] if not names]) < 5
    assert found[-1] == {}


def list_of(
    folder: Path,
    strike: Callable[[], None],
    prepare: Callable[[], None] = lambda: None,
) -> list[dict[str, bytes]]:
    """Return what is in the folder after each strike."""
    found = []
    for _ in struck_at_each_line(folder, strike, prepare):
        found.append(names(folder))
        (folder / "a").unlink(missing_ok=True)
    return found


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
