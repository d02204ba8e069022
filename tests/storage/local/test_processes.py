"""Importing processes that are killed, that run side by side, that meet a huge file."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from dam.storage.sources.reading import CHUNK_BYTES
from tests.conftest import PROJECT
from tests.storage.stored import made_store, sha256, write

pytestmark = pytest.mark.slow

_MEMORY_BYTES = 512 << 20
_FILES = 120


def start_import(store: Path, folder: Path, mode: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.importer", str(store), str(folder), mode]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Return how many of the files were new to the store, and the process's memory in KiB."""
    lines = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 0
    return sum(int(line.split()[1]) for line in lines[:-1]), int(lines[-1])


@pytest.fixture
def contents(tmp_path: Path) -> list[bytes]:
    """Files of many sizes under `sources`, some of them alike."""
    chooser = random.Random(4)  # noqa: S311 - to be repeatable
    sizes = [chooser.choice([0, 10, 20_000, CHUNK_BYTES + 5]) for _ in range(_FILES)]
    (tmp_path / "sources").mkdir()
    return [
        write(tmp_path / "sources" / f"{n:03}", chooser.randbytes(size)).read_bytes()
        for n, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
def test_killed_at_any_moment_nothing_is_half_stored_and_the_next_run_completes(
    tmp_path: Path, contents: list[bytes], mode: str
) -> None:
    store = made_store(tmp_path / "store")
    chooser = random.Random(mode)  # noqa: S311 - to be repeatable
    for _ in range(7):
        process = start_import(store.root, tmp_path / "sources", mode)
        assert process.stdout is not None
        for _ in range(chooser.randint(1, 12)):
            process.stdout.readline()
        process.kill()
        process.communicate()
        for entry in store.entries():
            assert store.check(entry.sha256, entry.size_bytes) == "ok"

    finish(start_import(store.root, tmp_path / "sources", mode))

    stored = [entry.sha256 for entry in store.entries()]
    assert stored == sorted({sha256(content) for content in contents})
    assert {path.name for path in store.root.iterdir() if len(path.name) > 2} == {
        ".lock",
        ".worlds",
    }


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move"])
def test_processes_that_import_the_same_files_store_each_content_once(
    tmp_path: Path, contents: list[bytes], mode: str
) -> None:
    store = made_store(tmp_path / "store")

    processes = [start_import(store.root, tmp_path / "sources", mode) for _ in range(4)]
    new = sum(finish(process)[0] for process in processes)

    expected = sorted({sha256(content) for content in contents})
    assert [entry.sha256 for entry in store.entries()] == expected
    assert new == len(expected)
    assert {path.name for path in store.root.iterdir() if len(path.name) > 2} == {
        ".lock",
        ".worlds",
    }


def test_a_huge_file_needs_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    memory = []
    for size_bytes in (CHUNK_BYTES, _MEMORY_BYTES):
        folder = tmp_path / str(size_bytes)
        folder.mkdir()
        os.truncate(write(folder / "sparse", b""), size_bytes)
        memory.append(finish(start_import(tmp_path / "store", folder, "copy"))[1])

    small_kib, huge_kib = memory
    assert huge_kib - small_kib < 4096
