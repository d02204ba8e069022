"""Absence is not first use: a store with nothing of what the database knows is not there."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dam.core.world import World
from dam.errors import (
    StoreNotLostError,
    StoreNotThereError,
    StoreReplacedError,
    StoreUnusableError,
)
from dam.services import doctor_service
from dam.services.comic_import_service import ComicImportOptions, import_comics
from dam.services.doctor_service import begin_store_anew, examine
from dam.services.export_service import export_assets
from dam.services.file_operations import FileOperationsResource
from dam.services.garbage_service import collect_garbage
from dam.services.import_service import ImportOptions, import_files
from dam.services.integrity_service import verify
from dam.services.process_service import process
from dam.services.store_service import judge_store, require_store
from dam.services.store_service.judgement import JudgedStore
from dam.services.thumbnail_service import find_thumbnails
from tests.services.conftest import Add

ROOT = Path("store")
ASSETS = Path(__file__).parents[2] / "assets" / "pictures"


@pytest.fixture
async def stored(world: World, add: Add, tmp_path: Path) -> int:
    """A picture and a few files that are stored; return the picture's id."""
    paths = [tmp_path / f"{number}.txt" for number in range(12)]
    for number, path in enumerate(paths):
        path.write_text(str(number))
    await import_files(world, map(str, paths), ImportOptions(mode="copy"))
    picture = await add(ASSETS / "lake.jpg")
    forget_folder(world)
    return picture


def forget_folder(world: World) -> None:
    """Be as the next command, which has not looked at the store yet."""
    world.resources.get(FileOperationsResource).held_folders.close()


def remove_root() -> None:
    ROOT.rename("aside")


def leave_mount_point() -> None:
    ROOT.rename("aside")
    ROOT.mkdir()


def put_back() -> None:
    ROOT.rmdir()
    Path("aside").rename(ROOT)


def leave_mark_alone() -> None:
    for shard in ROOT.glob("??"):
        shutil.rmtree(shard)


def lose_all_but_one() -> None:
    for shard in sorted(ROOT.glob("??"))[1:]:
        shutil.rmtree(shard)


def put_another_store_there() -> None:
    ROOT.rename("aside")
    (ROOT / ".worlds").mkdir(parents=True)
    (ROOT / ".worlds" / ("1" * 32)).write_text("sqlite:////other.db\n")
    (ROOT / "ab" / "cd").mkdir(parents=True)
    (ROOT / "ab" / "cd" / ("abcd" + "0" * 60)).write_bytes(b"")


ABSENCES = [remove_root, leave_mount_point, leave_mark_alone, put_another_store_there]


async def add_file(world: World, _: int) -> None:
    await import_files(world, [str(ASSETS / "sea.jpg")], ImportOptions(mode="move"))


async def import_comic(world: World, _: int) -> None:
    options = ComicImportOptions(is_extracted=True)
    await import_comics(world, [str(ASSETS / "sea.jpg")], options, lambda _: None)


async def work_off(world: World, _: int) -> None:
    await process(world)


async def collect(world: World, _: int) -> None:
    await collect_garbage(world, is_forced=True)


async def check(world: World, _: int) -> None:
    await verify(world)


async def draw(world: World, picture: int) -> None:
    await find_thumbnails(world, [picture])


async def export(world: World, picture: int) -> None:
    await export_assets(world, [picture], Path("out"))


WORKS = [add_file, import_comic, work_off, collect, check, draw, export]


@pytest.mark.parametrize("take_away", ABSENCES)
async def test_a_store_that_is_not_there_is_no_new_one(
    world: World, stored: int, take_away: Callable[[], None]
) -> None:
    take_away()
    before = names_in_root()

    for work in WORKS:
        with pytest.raises(StoreNotThereError) as caught:
            await work(world, stored)

        assert names_in_root() == before, work
        assert caught.value.message == (
            f"the store is not there: {shown()} does not have any of 13 files "
            "that the database expects in it"
        )
        assert caught.value.hint == (
            "mount its disk there, or set DAM_ASSET_STORAGE_PATH; "
            "if it is lost for good, run `dam-cli doctor --store-is-lost`"
        )


def shown() -> Path:
    return ROOT.absolute()


def names_in_root() -> list[str] | None:
    return sorted(map(str, ROOT.rglob("*"))) if ROOT.exists() else None


@pytest.mark.parametrize("take_away", [leave_mount_point, leave_mark_alone])
async def test_a_store_that_could_not_be_judged_is_judged_again(
    world: World, stored: int, take_away: Callable[[], None]
) -> None:
    take_away()
    put_folder_in_place_of(ROOT / ".worlds" / (await judge(world)).owner.uuid)

    for _ in range(2):
        with pytest.raises(StoreUnusableError):
            await require_store(world)

    shutil.rmtree(ROOT / ".worlds")
    with pytest.raises(StoreNotThereError):
        await require_store(world)
    assert stored


def put_folder_in_place_of(mark: Path) -> None:
    mark.unlink(missing_ok=True)
    mark.mkdir(parents=True)


async def test_whoever_asks_for_a_store_at_once_gets_the_same_answer(
    world: World, stored: int
) -> None:
    leave_mount_point()

    answers = await asyncio.gather(
        *(require_store(world) for _ in range(3)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [StoreNotThereError] * 3
    assert stored


async def test_who_is_cancelled_while_the_store_is_judged_leaves_it_unheld(
    world: World, stored: int
) -> None:
    leave_mount_point()
    for turns in range(40):
        asking = asyncio.create_task(require_store(world))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])

        assert not world.resources.get(FileOperationsResource).held_folders.is_held
    assert stored


async def test_a_world_that_knows_no_stored_content_may_make_its_store(
    world: World, add: Add, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    await add(path, "reference")
    assert not await require_store(world)
    assert names_in_root() is None
    assert (await judge(world)).verdict == "first use"
    await verify(world)

    (tmp_path / "b").write_text("b")
    await add(tmp_path / "b")
    assert (await judge(world)).verdict == "there"


async def test_a_store_that_lost_many_files_is_there_and_verify_finds_them(
    world: World, stored: int
) -> None:
    lose_all_but_one()

    found = await verify(world)

    assert stored
    assert len(found.missing) == 12


async def test_a_copied_store_without_the_mark_gets_it(world: World, stored: int) -> None:
    shutil.rmtree(ROOT / ".worlds")
    assert (await judge(world)).verdict == "unmarked"
    assert not await require_store(world, is_dry_run=True)
    assert not (ROOT / ".worlds").exists()
    forget_folder(world)

    assert await require_store(world)
    assert not await require_store(world)  # it is told once

    forget_folder(world)
    assert not await require_store(world)
    assert stored
    assert (await judge(world)).verdict == "there"


@pytest.mark.parametrize("take_away", ABSENCES)
async def test_the_doctor_says_so_and_begins_anew_what_is_lost(
    world: World, stored: int, take_away: Callable[[], None], tmp_path: Path
) -> None:
    config = world.config
    with pytest.raises(StoreNotLostError):
        await begin_store_anew(config)
    take_away()
    found = await examine(config, is_configured=True)
    assert (found.ok, found.storage.ok) == (False, False)
    assert found.storage.message.startswith("the store is not there: ")

    assert (await doctor_service.find_lost_store(config)).files == 13
    assert not (await examine(config, is_configured=True)).ok  # that was only a look
    await begin_store_anew(config)

    assert (await examine(config, is_configured=True)).ok
    assert len((await verify(world)).missing) == 13
    forget_folder(world)
    paths = [str(tmp_path / f"{number}.txt") for number in range(12)]
    await import_files(world, paths, ImportOptions(is_rehash=True))
    assert [one.entity_id for one in (await verify(world)).missing] == [stored]
    forget_folder(world)
    leave_mount_point_of_new_store()
    with pytest.raises(StoreNotThereError):
        await require_store(world)


def leave_mount_point_of_new_store() -> None:
    ROOT.rename("new")
    ROOT.mkdir()


async def come_back(world: World, add: Add, folder: Path) -> None:
    """Have the disk back that was told to be lost, and something new on it."""
    exchange(aside="mount point", back="aside")
    (folder / "new").write_text("new")
    await add(folder / "new")
    assert (await judge(world)).verdict == "there"


async def come_back_unchanged(world: World, _: Add, __: Path) -> None:
    """Have the disk back, and nothing new on it; a command that may write has seen it."""
    exchange(aside="mount point", back="aside")
    await require_store(world)


async def be_verified(world: World, _: Add, __: Path) -> None:
    exchange(aside="mount point", back="aside")
    await verify(world)


async def be_examined(world: World, _: Add, __: Path) -> None:
    exchange(aside="mount point", back="aside")
    assert (await examine(world.config, is_configured=True)).ok


async def be_replaced(world: World, _: Add, folder: Path) -> None:
    """Have a new disk in place of the lost one, and on it again what was on that."""
    exchange(aside="mount point")
    await begin_store_anew(world.config)
    await add_again(world, folder)


@pytest.mark.parametrize(
    "mount", [come_back, come_back_unchanged, be_verified, be_examined, be_replaced]
)
async def test_a_store_begun_anew_is_not_there_once_files_were_stored_elsewhere(
    world: World,
    stored: int,
    add: Add,
    tmp_path: Path,
    mount: Callable[[World, Add, Path], Awaitable[None]],
) -> None:
    leave_mount_point()
    await begin_store_anew(world.config)
    await require_store(world)  # nothing was stored since, so nothing can be missing here
    forget_folder(world)

    await mount(world, add, tmp_path)
    forget_folder(world)
    exchange(aside="disk", back="mount point")
    before = names_in_root()

    for work in WORKS:
        with pytest.raises(StoreNotThereError):
            await work(world, stored)
        assert names_in_root() == before, work
    assert not (await examine(world.config, is_configured=True)).ok


def exchange(*, aside: str, back: str | None = None) -> None:
    ROOT.rename(aside)
    if back is not None:
        Path(back).rename(ROOT)


async def test_a_store_begun_anew_is_there_as_long_as_what_was_stored_since_is(
    world: World, stored: int, tmp_path: Path
) -> None:
    leave_mark_alone()
    await begin_store_anew(world.config)
    await add_again(world, tmp_path)
    assert stored
    assert (await judge(world)).verdict == "there"
    leave_mark_alone()
    assert (await judge(world)).verdict == "not there"


async def test_a_mark_that_does_not_say_since_when_it_is_new_excuses_nothing(
    world: World, stored: int
) -> None:
    mark = ROOT / ".worlds" / (await judge(world)).owner.uuid
    leave_mark_alone()
    mark.write_text("sqlite:///dam.db\nbegun anew, because the store before was lost\n")
    assert (await judge(world)).verdict == "not there"
    await begin_store_anew(world.config)
    assert (await judge(world)).verdict == "there"
    assert stored


async def add_again(world: World, folder: Path) -> None:
    """Add the files of `stored` under other names: those of before would not be read again."""
    again = folder / "again"
    again.mkdir()
    for number in range(12):
        (again / str(number)).write_text(str(number))
    await import_files(world, sorted(map(str, again.iterdir())), ImportOptions())


async def test_a_store_that_never_had_anything_is_not_lost(world: World) -> None:
    with pytest.raises(StoreNotLostError) as caught:
        await begin_store_anew(world.config)
    assert caught.value.message == (
        f"the store {shown()} is not lost: it never had a file of this world; nothing was done"
    )


async def test_a_store_that_goes_while_systems_work_makes_no_failures(
    world: World, add: Add
) -> None:
    picture = await add(ASSETS / "hills.jpg")
    leave_mount_point()
    with pytest.raises(StoreReplacedError):
        await process(world)
    put_back()
    forget_folder(world)
    done = await process(world)
    assert picture
    assert done.failed == 0
    assert done.processed["extract_metadata"] == 1


async def judge(world: World) -> JudgedStore:
    return await judge_store(world.database, world.resources.get(FileOperationsResource).store)
