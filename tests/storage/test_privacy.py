"""What we make is for the user alone, and for a group where that shares a folder of ours."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dam.storage.caches.thumbnail_cache import ThumbnailCache
from dam.storage.privacy import (
    close_to_others,
    copy_mode,
    make_private_file,
    make_private_folder,
    open_private,
    open_to_others,
)

DIGEST = bytes(range(32))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], autouse=True)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)  # which somebody else has made, and for whatever reason
    make_private_folder(tmp_path / "a" / "b")
    make_private_file(tmp_path / "a" / "file")
    with open_private(tmp_path / "a" / "b" / "other") as file:
        file.write(b"x")
    folders = [tmp_path / "a", tmp_path / "a" / "b"]
    assert [mode_of(path) for path in folders] == [0o700, 0o700]
    files = [tmp_path / "a" / "file", tmp_path / "a" / "b" / "other"]
    assert [mode_of(path) for path in files] == [0o600, 0o600]


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "file").chmod(0o644)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o755)
    make_private_file(tmp_path / "file")
    make_private_folder(tmp_path / "folder")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert (mode_of(tmp_path / "file"), mode_of(tmp_path / "folder")) == (0o644, 0o755)


def test_the_target_of_a_link_is_private_that_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    make_private_file(tmp_path / "link")
    assert mode_of(tmp_path / "target") == 0o600
    assert (tmp_path / "link").is_symlink()


def test_a_thumbnail_is_private(tmp_path: Path) -> None:
    path = ThumbnailCache(tmp_path / "thumbnails").save(DIGEST, 1, b"x")
    again = ThumbnailCache(tmp_path / "thumbnails").save(DIGEST, 1, b"y")
    assert (again, mode_of(path), path.read_bytes()) == (path, 0o600, b"y")
    for folder in path.parents[:3]:
        assert mode_of(folder) == 0o700


def test_a_thumbnail_takes_the_place_of_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "thumbnails")
    path = cache.save(DIGEST, 1, b"x")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.find(DIGEST, 1) is None
    cache.save(DIGEST, 1, b"y")
    assert (path.is_symlink(), path.read_bytes()) == (False, b"y")
    assert not (tmp_path / "elsewhere").exists()


def test_a_group_that_shares_the_cache_can_use_what_is_new_there(tmp_path: Path) -> None:
    root = tmp_path / "thumbnails"
    root.mkdir()
    root.chmod(0o2770)
    path = ThumbnailCache(root).save(DIGEST, 1, b"x")
    assert mode_of(path) == 0o660
    assert [mode_of(folder) for folder in path.parents[:2]] == [0o2770, 0o2770]


@pytest.mark.parametrize(
    ("mode", "copied"), [(0o600, 0o600), (0o644, 0o600), (0o660, 0o660), (0o666, 0o660)]
)
def test_a_copy_is_for_the_group_that_may_change_the_file(
    tmp_path: Path, mode: int, copied: int
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(mode)
    assert copy_mode(tmp_path / "file") == copied


def test_closing_takes_nothing_from_the_user(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o744)
    assert open_to_others(path) == 0o744
    close_to_others(path)
    assert (open_to_others(path), mode_of(path)) == (None, 0o700)
    assert open_to_others(tmp_path / "none") is None
