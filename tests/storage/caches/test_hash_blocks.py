"""Packed hashes: what is read is what was packed, whatever happened to the files meanwhile."""

from pathlib import Path

import numpy as np
import pytest

from dam.storage.caches.hash_blocks import HashBlock, HashBlocks


def block(*entity_ids: int) -> HashBlock:
    return HashBlock.of(entity_ids, [number.to_bytes(8, "big") for number in entity_ids])


def ids(blocks: HashBlocks, limit: int) -> tuple[list[int], int]:
    found, until = blocks.load(limit)
    assert found.hashes.astype(np.int64).tolist() == found.entity_ids.tolist()
    return found.entity_ids.tolist(), until


@pytest.fixture
def blocks(tmp_path: Path) -> HashBlocks:
    return HashBlocks(tmp_path / "blocks")


def test_an_empty_folder_has_nothing(blocks: HashBlocks) -> None:
    assert ids(blocks, 10) == ([], 0)


def test_files_whose_revisions_join_up_are_one_block(blocks: HashBlocks) -> None:
    blocks.extend(0, 5, block(1, 2))
    blocks.extend(5, 9, block(3))
    assert ids(blocks, 9) == ([1, 2, 3], 9)


def test_what_a_snapshot_cannot_have_seen_is_left_out(blocks: HashBlocks) -> None:
    blocks.extend(0, 5, block(1))
    blocks.extend(5, 9, block(2))
    assert ids(blocks, 8) == ([1], 5)


@pytest.mark.parametrize("size_bytes", [0, 8, 31])
def test_a_file_that_was_cut_is_not_there(
    blocks: HashBlocks, tmp_path: Path, size_bytes: int
) -> None:
    blocks.extend(0, 5, block(1, 2))
    (file,) = (tmp_path / "blocks").iterdir()
    with file.open("r+b") as opened:
        opened.truncate(size_bytes)
    assert ids(blocks, 5) == ([], 0)


def test_many_small_files_become_one(blocks: HashBlocks, tmp_path: Path) -> None:
    for revision in range(20):
        blocks.extend(revision, revision + 1, block(revision + 1))
    assert ids(blocks, 20) == (list(range(1, 21)), 20)
    assert len(list((tmp_path / "blocks").iterdir())) <= 9


def test_two_who_extend_from_the_same_place_do_not_disturb_each_other(
    blocks: HashBlocks, tmp_path: Path
) -> None:
    other = HashBlocks(tmp_path / "blocks")
    blocks.extend(0, 5, block(1))
    other.extend(0, 7, block(1, 2))
    blocks.extend(5, 6, block(2))
    assert ids(blocks, 7) == ([1, 2], 7)
    assert ids(blocks, 6) == ([1, 2], 6)


def test_a_folder_that_cannot_be_looked_into_counts_as_empty(tmp_path: Path) -> None:
    too_long = "x" * 300
    assert ids(HashBlocks(tmp_path / too_long), 100) == ([], 0)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocks = HashBlocks(tmp_path / "file" / "blocks")
    blocks.extend(0, 5, block(1))
    assert ids(blocks, 5) == ([], 0)
