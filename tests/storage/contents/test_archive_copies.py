"""Archives that can only be unpacked whole are unpacked once for all who read their pages."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dam.services.file_operations import FileOperationsResource
from dam.storage.contents.archive_copies import ArchiveCopies, copy_pages, remove_left_copies
from dam.storage.contents.located import ArchiveMember, LocatedContent, local_file
from dam.storage.contents.open_archives import OpenArchives
from dam.workers.pool import WorkerPool
from tests.media.archive_files import PAGES, WRITERS, write_7z
from tests.storage.stored import made_store

EVIL = {"../" + "x" * 3000 + ".jpg": b"far", "ü\n.jpg": b"line", "1.jpg": b""}


@pytest.fixture(autouse=True)
def temporary(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = home / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
async def files(home: Path) -> AsyncIterator[FileOperationsResource]:
    resource = FileOperationsResource(made_store(home / "store"), WorkerPool(1, kind="thread"))
    yield resource
    await resource.close()


def pages_of(
    files: FileOperationsResource, path: Path, pages: dict[str, bytes]
) -> list[LocatedContent]:
    """Store an archive and return where its pages are."""
    container = LocatedContent(digest=files.store.put(path, "copy").sha256, is_stored=True)
    return [
        LocatedContent(
            digest=hashlib.sha256(content).digest(),
            is_stored=False,
            members=(
                ArchiveMember(
                    container=container,
                    raw_name=name.encode("utf-8", "surrogatepass"),
                    size_bytes=len(content),
                ),
            ),
        )
        for name, content in pages.items()
    ]


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.glob("dam-archives-*/*") if path.name != "lock"]


@pytest.mark.parametrize(("archive_format", "count"), [("cb7", 1), ("cbz", 0)])
async def test_only_what_must_be_unpacked_whole_is_copied(
    files: FileOperationsResource, home: Path, temporary: Path, archive_format: str, count: int
) -> None:
    pages = pages_of(files, WRITERS[archive_format](home / "a", PAGES), dict(PAGES))
    for _ in range(2):
        described = await files.describe(pages)
        assert not any(isinstance(answer, Exception) for answer in described)
        assert len(copies(temporary)) == count


async def test_reading_an_archive_leaves_the_copy_for_what_is_next(
    files: FileOperationsResource, home: Path, temporary: Path
) -> None:
    page, *_ = pages_of(files, write_7z(home / "a", PAGES), dict(PAGES))
    await files.read_archive(page.members[0].container)
    (copy,) = copies(temporary)
    written_ns = copy.stat().st_mtime_ns
    await files.describe([page])
    assert [path.stat().st_mtime_ns for path in copies(temporary)] == [written_ns]


async def test_a_copy_that_is_gone_costs_nothing_but_time(
    files: FileOperationsResource, home: Path, temporary: Path
) -> None:
    pages = pages_of(files, write_7z(home / "a", PAGES), dict(PAGES))
    await files.describe(pages)
    for copy in copies(temporary):
        copy.unlink()
    assert not any(isinstance(answer, Exception) for answer in await files.describe(pages))


async def test_no_copy_outlives_the_resource(
    files: FileOperationsResource, home: Path, temporary: Path
) -> None:
    await files.describe(pages_of(files, write_7z(home / "a", PAGES), dict(PAGES)))
    await files.close()
    assert left_in(temporary) == []


def test_what_a_killed_process_left_is_cleared_away_and_what_is_in_use_is_not(
    temporary: Path,
) -> None:
    left = temporary / "dam-archives-left"
    left.mkdir()
    (left / "lock").touch()
    living, later = ArchiveCopies(), ArchiveCopies()
    path = living.new_path()
    path.write_bytes(b"in use")
    later.new_path()
    assert not left.exists()
    assert path.exists()
    living.close()
    later.close()


@pytest.mark.parametrize("names", [[], ["half"]])
def test_what_was_killed_before_it_had_a_lock_or_while_it_was_removed_goes(
    temporary: Path, names: list[str]
) -> None:
    left = temporary / "dam-archives-left"
    left.mkdir()
    for name in names:
        (left / name).touch()
    assert remove_left_copies(is_dry_run=True) == 1
    assert left.exists()
    assert remove_left_copies() == 1
    assert left_in(temporary) == []


def test_a_folder_is_held_though_others_sweep_while_it_is_made() -> None:
    def make(_: int) -> bool:
        copies = ArchiveCopies()
        try:
            return copies.new_path().parent.is_dir()
        finally:
            copies.close()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(make, range(400)))


async def test_members_of_any_name_are_read_from_a_copy(
    files: FileOperationsResource, home: Path
) -> None:
    pages = pages_of(files, write_7z(home / "a", EVIL), EVIL)
    archives, kept = OpenArchives(), ArchiveCopies()
    path = kept.new_path()
    container = pages[0].members[0].container
    with archives.open(files.store.local_path(container.digest)) as archive:
        assert copy_pages(archive, path)
    kept.keep(container.digest, path, is_copied=True)
    files.store.remove(container.digest)
    for page, content in zip(pages, EVIL.values(), strict=True):
        with local_file(files.store, kept.with_copies(page), archives) as file:
            assert file.read_bytes() == content
    archives.close()
    kept.close()
