"""A file with holes has them in the store and in an export, and its bytes are its own."""

import hashlib
import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.storage.addresses import open_store
from dam.storage.content_store import ContentStore, ImportMode
from dam.storage.contents.export import ExportFile, ExportFolder
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.sparse import has_holes, writing

DATA = os.urandom(10_000)
MOST_BYTES = 1 << 20
"""Of a file that has 30 KB of data."""


@pytest.fixture
def store(home: Path) -> ContentStore:
    store = open_store(home / "store")
    store.make()
    return store


def make_sparse(path: Path, size_bytes: int, *, ends_in_hole: bool) -> bytes:
    """Make a file with data at its start, in the middle and maybe at its end; return its digest."""
    with path.open("xb") as file:
        file.write(DATA)
        file.seek(size_bytes // 2 + 1)
        file.write(DATA)
        if ends_in_hole:
            file.truncate(size_bytes)
        else:
            file.seek(size_bytes - len(DATA))
            file.write(DATA)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def on_disk(path: Path) -> int:
    """Return how much of the disk a file takes, in bytes."""
    return path.stat().st_blocks * 512


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["copy", "move"])
@pytest.mark.parametrize("ends_in_hole", [False, True])
def test_holes_stay_holes_on_the_way_in_and_out(
    home: Path, store: ContentStore, mode: ImportMode, *, ends_in_hole: bool, is_thorough: bool
) -> None:
    path, size_bytes = home / "disk.img", (1 << 30) + 5 if is_thorough else (20 << 20) + 5
    digest = make_sparse(path, size_bytes, ends_in_hole=ends_in_hole)
    stored = store.put(path, mode)
    assert (stored.sha256, stored.size_bytes) == (digest, size_bytes)
    content = LocatedContent(digest=digest, is_stored=True)
    for written in (
        store.local_path(digest),
        ExportFolder(home / "out", store).write(ExportFile(content, "disk.img", 0)).path,
    ):
        assert written.stat().st_size == size_bytes
        assert on_disk(written) < MOST_BYTES
        with written.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").digest() == digest


def test_whoever_cannot_skip_gets_the_zeros(home: Path) -> None:
    with (home / "full").open("xb") as file:
        file.write(bytes(100_000))
        os.fsync(file.fileno())
    assert not has_holes((home / "full").stat())
    (home / "empty").touch()
    assert not has_holes((home / "empty").stat())


BLOCKS = st.sampled_from([bytes(4096), b"a" * 4096, bytes(4095) + b"a", bytes(5), b"abc"])


@given(chunks=st.lists(st.lists(BLOCKS, max_size=6).map(b"".join)), leaves_holes=st.booleans())
def test_the_bytes_are_the_same_with_holes_and_without(
    chunks: list[bytes], *, leaves_holes: bool
) -> None:
    file = BytesIO()
    skip = lambda count: file.seek(count, os.SEEK_CUR)  # noqa: E731 - one use
    with writing(file.write, skip, leaves_holes=leaves_holes) as write:
        for chunk in chunks:
            write(memoryview(chunk))
    assert file.getvalue() == b"".join(chunks)
