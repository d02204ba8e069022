"""The store's folder, held open: whatever takes its place is noticed."""

import subprocess
from pathlib import Path

import pytest

from dam.errors import StoreReplacedError
from dam.storage.sources.held_folders import HeldFolders


@pytest.mark.parametrize(
    ("is_mount_point_left", "found"),
    [(True, "another folder is in its place"), (False, "no such file")],
)
def test_a_folder_that_went_away_is_noticed(
    tmp_path: Path, *, is_mount_point_left: bool, found: str
) -> None:
    root = tmp_path / "store"
    root.mkdir()
    held = HeldFolders([root])
    held.hold()
    held.hold()
    held.require_same()

    root.rmdir()
    if is_mount_point_left:
        root.mkdir()  # whose inode number would be the old one's, if nobody held that

    with pytest.raises(StoreReplacedError) as caught:
        held.require_same()
    assert caught.value.message == (
        f"the store {root} went away while the command worked: {found}; "
        "no source was removed after that"
    )
    held.close()
    held.require_same()


def test_a_folder_that_is_not_there_yet_is_held_once_it_is(tmp_path: Path) -> None:
    root = tmp_path / "store"
    held = HeldFolders([root])
    held.hold()
    held.require_same()
    root.mkdir()
    held.hold()
    root.rename(tmp_path / "aside")
    with pytest.raises(StoreReplacedError):
        held.require_same()
    held.close()


def test_an_unmounted_disk_is_noticed(other_file_system: Path) -> None:
    held = HeldFolders([other_file_system])
    held.hold()
    subprocess.run(["umount", "--lazy", other_file_system], check=True)
    with pytest.raises(StoreReplacedError):
        held.require_same()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", other_file_system], check=True)
    with pytest.raises(StoreReplacedError):
        held.require_same()
    held.close()
