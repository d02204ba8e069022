"""Bytes out under their own names: verified, never over a file that is there."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from dam.core.world import World
from dam.errors import ExitCode, OutputFolderError, UsageError
from dam.services import ecs_service
from dam.services.export_service import export_assets
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.storage.content_store import ImportMode
from tests.services.conftest import Add


def make(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_bytes_come_out_under_their_names_and_over_nothing(
    world: World, add: Add, home: Path
) -> None:
    names = ["a.tar.gz", "a.tar.gz", ".dot", ".dot", "a.tar (2).gz"]
    ids = [
        await add(make(home / str(number) / name, b"%d" % number))
        for number, name in enumerate(names)
    ]
    folder = home / "new" / "folder"
    make(folder / "a.tar.gz", b"mine")
    planned = await export_assets(world, ids, folder, is_dry_run=True)
    assert contents(folder) == {"a.tar.gz": b"mine"}
    done = await export_assets(world, ids, folder)
    assert contents(folder) == {
        "a.tar.gz": b"mine",
        "a.tar (2).gz": b"0",
        "a.tar (3).gz": b"1",
        ".dot": b"2",
        ".dot (2)": b"3",
        "a.tar (2) (2).gz": b"4",
    }
    assert [outcome.path for outcome in done] == [
        folder / name
        for name in ("a.tar (2).gz", "a.tar (3).gz", ".dot", ".dot (2)", "a.tar (2) (2).gz")
    ]
    assert planned == done


async def test_names_are_made_safe_and_stay_short_enough(
    world: World, add: Add, home: Path
) -> None:
    long = "x" * 251 + ".jpg"
    odd = os.fsdecode(b"\xff\n:.txt")
    ids = [
        await add(make(home / "1" / long, b"1")),
        await add(make(home / "2" / long, b"2")),
        await add(make(home / odd, b"3")),
    ]
    await export_assets(world, ids, home / "out")
    assert contents(home / "out") == {
        long: b"1",
        "x" * 247 + " (2).jpg": b"2",
        "___.txt": b"3",
    }


async def test_a_dangling_link_keeps_its_name(world: World, add: Add, home: Path) -> None:
    entity_id = await add(make(home / "a", b"a"))
    (home / "out").mkdir()
    (home / "out" / "a").symlink_to(home / "elsewhere")
    planned = await export_assets(world, [entity_id], home / "out", is_dry_run=True)
    (done,) = await export_assets(world, [entity_id], home / "out")
    assert [done] == planned
    assert done.path == home / "out" / "a (2)"
    assert not (home / "elsewhere").exists()


async def test_two_exports_at_once_lose_nothing(world: World, add: Add, home: Path) -> None:
    ids = [await add(make(home / str(number) / "a", b"%d" % number)) for number in range(10)]
    both = await asyncio.gather(*(export_assets(world, ids, home / "out") for _ in range(2)))
    assert sorted(contents(home / "out").values()) == sorted(b"%d" % n for n in range(10))
    for outcomes in both:
        paths = [outcome.path for outcome in outcomes]
        assert [path and path.read_bytes() for path in paths] == [b"%d" % n for n in range(10)]


async def test_the_same_bytes_under_the_same_name_are_there_once(
    world: World, add: Add, home: Path
) -> None:
    ids = [await add(make(home / str(number) / "a.txt", b"%d" % number)) for number in range(3)]
    folder = home / "out"
    make(folder / "a.txt", b"mine")
    first = await export_assets(world, ids, folder)
    planned = await export_assets(world, ids[::-1], folder, is_dry_run=True)
    again = await export_assets(world, ids[::-1], folder)
    assert [outcome.status for outcome in first] == ["exported"] * 3
    assert [outcome.status for outcome in again] == ["exists"] * 3
    assert [outcome.path for outcome in again] == [outcome.path for outcome in first[::-1]]
    assert planned == again
    assert len(contents(folder)) == 4
    (folder / "a (2).txt").write_bytes(b"!")  # of the same size, but with other bytes
    (folder / "a (3).txt").unlink()
    (folder / "a (3).txt").symlink_to(folder / "a (4).txt")
    third = await export_assets(world, ids, folder)
    assert [outcome.path and outcome.path.name for outcome in third] == [
        "a (5).txt",
        "a (6).txt",
        "a (4).txt",
    ]


@pytest.mark.parametrize("mode", ["copy", "move", "hardlink", "reference"])
@pytest.mark.parametrize("seconds", [946_684_800, -1_000_000_000])
async def test_a_file_comes_out_with_the_time_that_it_came_in_with(
    world: World, home: Path, mode: ImportMode, seconds: int
) -> None:
    source = make(home / "a.jpg", b"a")
    mtime_ns = seconds * 1_000_000_000 + 123_456_700
    os.utime(source, ns=(mtime_ns, mtime_ns))
    found: list[FileOutcome] = []
    await import_files(world, [str(source)], ImportOptions(mode=mode), found.append)
    assert found[0].entity_id is not None
    (done,) = await export_assets(world, [found[0].entity_id], home / "out")
    assert done.path is not None
    assert done.path.stat().st_mtime_ns == mtime_ns


async def test_of_two_sources_the_one_with_the_name_says_the_time(
    world: World, add: Add, home: Path
) -> None:
    for name, seconds in (("z.jpg", 3), ("a.jpg", 2), ("b/z.jpg", 1)):
        path = make(home / name, b"a")
        os.utime(path, (seconds, seconds))
        entity_id = await add(path)
    (done,) = await export_assets(world, [entity_id], home / "out")
    assert done.path is not None
    assert (done.path.name, done.path.stat().st_mtime) == ("z.jpg", 3)


async def test_a_new_file_has_the_mode_of_any_new_file(world: World, add: Add, home: Path) -> None:
    source = make(home / "a", b"a")
    (done,) = await export_assets(world, [await add(source)], home / "out")
    assert done.path is not None
    assert done.path.stat().st_mode == source.stat().st_mode


async def test_damaged_bytes_are_a_named_failure_and_leave_nothing(
    world: World, add: Add, home: Path
) -> None:
    broken, whole = await add(make(home / "a", b"a")), await add(make(home / "b", b"b"))
    store = world.resources.get(FileOperationsResource).store
    digest = hashlib.sha256(b"a").digest()
    stored = store.local_path(digest)
    stored.chmod(0o600)
    stored.write_bytes(b"A")
    failed, done = await export_assets(world, [broken, whole], home / "out")
    assert (failed.path, failed.error) == (None, "ContentDamagedError")
    assert failed.message == f"the stored bytes do not match sha256:{digest.hex()}"
    assert done.path == home / "out" / "b"
    assert contents(home / "out") == {"b": b"b"}


async def test_what_has_no_bytes_is_a_named_failure(world: World, add: Add, home: Path) -> None:
    lost = await add(make(home / "a", b"a"))
    world.resources.get(FileOperationsResource).store.remove(hashlib.sha256(b"a").digest())
    bare = await world.run(ecs_service.create_entity)
    outcomes = await export_assets(world, [lost, bare], home / "out")
    assert [outcome.error for outcome in outcomes] == ["ContentMissingError", "NoContentError"]
    assert contents(home / "out") == {}


async def test_a_referenced_file_is_exported_as_long_as_it_is_what_was_added(
    world: World, add: Add, home: Path
) -> None:
    source = make(home / "a", b"a")
    entity_id = await add(source, "reference")
    (done,) = await export_assets(world, [entity_id], home / "out")
    times = source.stat()
    source.write_bytes(b"A")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    (unseen,) = await export_assets(world, [entity_id], home / "other")
    source.write_bytes(b"B")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9))
    (other,) = await export_assets(world, [entity_id], home / "other")
    assert await export_assets(world, [entity_id], home / "other", is_dry_run=True) == [other]
    assert other.error == "ReferenceChangedError"
    source.write_bytes(b"changed")
    (changed,) = await export_assets(world, [entity_id], home / "other")
    planned = await export_assets(world, [entity_id], home / "other", is_dry_run=True)
    assert done.path == home / "out" / "a"
    assert unseen.error == "ReferenceDamagedError"
    assert unseen.message == f"{source} has different bytes than when it was added"
    assert changed.error == "ReferenceChangedError"
    assert planned == [changed]
    assert contents(home / "out") == {"a": b"a"}


async def test_a_folder_that_cannot_be_one_ends_the_export(
    world: World, add: Add, home: Path
) -> None:
    entity_id = await add(make(home / "a", b"a"))
    for is_dry_run in (False, True):
        with pytest.raises(OutputFolderError) as caught:
            await export_assets(world, [entity_id], home / "a", is_dry_run=is_dry_run)
        assert str(caught.value) == f"{home}/a is a file; expected a folder"
        assert caught.value.hint == (
            "choose a writable folder with free space; files already written are complete"
        )
        assert caught.value.exit_code is ExitCode.ENVIRONMENT


async def test_names_are_made_of_fields_and_stay_in_the_folder(
    world: World, add: Add, home: Path
) -> None:
    ids = [await add(make(home / name, name.encode())) for name in ("a\n.txt", "b.txt")]
    folder = home / "out"
    naming = "../{name:.1}/{width}{{{ext}"
    planned = await export_assets(world, ids, folder, template=naming, is_dry_run=True)
    done = await export_assets(world, ids, folder, template=naming)
    assert planned == done
    assert contents(folder) == {".._a_{txt": b"a\n.txt", ".._b_{txt": b"b.txt"}
    same = await export_assets(world, ids, folder, template="{size_bytes:.0}")
    assert [outcome.path for outcome in same] == [folder / "6", folder / "5"]
    both = await export_assets(world, ids, home / "one name", template="x")
    assert [outcome.path for outcome in both if outcome.path] == [
        home / "one name" / name for name in ("x", "x (2)")
    ]


@pytest.mark.parametrize("template", ["{nme}", "{name.x}", "{", "{name!r}", "{size_bytes:1001}"])
async def test_a_template_that_cannot_be_read_writes_nothing(
    world: World, add: Add, home: Path, template: str
) -> None:
    entity_id = await add(make(home / "a.txt", b"a"))
    with pytest.raises(UsageError):
        await export_assets(world, [entity_id], home / "out", template=template)
    assert not (home / "out").exists()
