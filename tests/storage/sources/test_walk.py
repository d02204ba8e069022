"""Finding files, below folders that come and go."""

from pathlib import Path

import pytest

from dam.errors import CurrentFolderGoneError
from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.removal import new_aside_name
from dam.storage.sources.walk import OTHER_FOLDER, SkippedPath, Walk


def test_a_current_folder_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = tmp_path / "gone", tmp_path / "a.jpg"
    other.touch()
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CurrentFolderGoneError, match="the current folder was removed"):
        next(Walk(is_recursive=False).walk(["a.jpg"]))
    assert isinstance(next(Walk(is_recursive=False).walk([str(other)])), FoundFile)


def test_a_folder_that_is_swapped_during_the_walk_is_not_walked_into(tmp_path: Path) -> None:
    """Whether for a link, as a link below is never followed, or for another folder."""
    other = tmp_path / "other"
    top = tmp_path / "top"
    for name in ("a", "b", "c"):
        (top / name).mkdir(parents=True)
        (top / name / "file").touch()
    other.mkdir()
    (other / "secret").touch()

    walk = Walk(is_recursive=True).walk([str(top)])
    first = next(walk)
    for name in ("b", "c"):
        (top / name).rename(tmp_path / f"away-{name}")
    (top / "b").symlink_to(other)
    (top / "c").mkdir()
    (top / "c" / "file").touch()

    assert first.path == str(top / "a" / "file")
    assert list(walk) == [
        SkippedPath(str(top / name), OTHER_FOLDER, is_failure=True) for name in ("b", "c")
    ]


def test_a_folder_is_walked_through_to_its_end_wherever_it_is(tmp_path: Path) -> None:
    top, other = tmp_path / "top", tmp_path / "other"
    for folder in (top, other):
        folder.mkdir()
        for name in ("1", "2", "3"):
            (folder / name).write_bytes(folder.name.encode())
    expected = {(status.st_dev, status.st_ino) for path in top.iterdir() if (status := path.stat())}

    walk = Walk(is_recursive=True).walk([str(top)])
    found = [next(walk)]
    top.rename(tmp_path / "away")
    top.symlink_to(other)
    found += walk

    assert {(file.device, file.inode) for file in found if isinstance(file, FoundFile)} == expected


def test_what_a_killed_removal_left_is_told_and_not_taken(tmp_path: Path) -> None:
    aside = tmp_path / new_aside_name()
    aside.touch()

    assert [item.path for item in Walk(is_recursive=True).walk([str(tmp_path)])] == [str(aside)]
    assert not isinstance(next(Walk(is_recursive=True).walk([str(tmp_path)])), FoundFile)
    assert isinstance(next(Walk(is_recursive=False).walk([str(aside)])), FoundFile)
