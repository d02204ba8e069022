"""A store or a database that is replaced while files are moved in: no source goes after that."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import table_of
from dam.core.world import World
from dam.errors import EnvironmentFaultError, StoreReplacedError, WorldResetError
from dam.models import WorldIdentity
from dam.services.comic_import_service import ComicImportOptions, import_comics
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.store_service import require_same_places
from dam.services.world_service import hold_to_identity
from tests.services.comic_files import make_cbz, pages

MANY = 40  # more than the first batch


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "sources"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number:02}").write_bytes(b"%d" % number)
    return sorted(folder.iterdir())


def unmount(_: World) -> None:
    root = Path("store")
    root.rename("aside")
    root.mkdir()


def remove_root(_: World) -> None:
    Path("store").rename("aside")


def replace_database(world: World) -> None:
    assert world.database.file is not None
    copy = world.database.file.with_name("copy")
    shutil.copyfile(world.database.file, copy)
    copy.replace(world.database.file)


@pytest.mark.parametrize("exchange", [unmount, remove_root, replace_database])
async def test_a_move_ends_where_store_or_database_are_exchanged(
    world: World, sources: list[Path], exchange: Callable[[World], None]
) -> None:
    if exchange is replace_database and not world.database.is_sqlite:
        pytest.skip("a server has no file of ours")
    left: list[Path] = []

    def take(_: FileOutcome) -> None:
        if not left:
            left.extend(path for path in sources if path.exists())
            exchange(world)

    with pytest.raises(EnvironmentFaultError):
        await import_files(world, list(map(str, sources)), ImportOptions(mode="move"), take)

    assert 0 < len(left) < MANY
    assert [path for path in sources if path.exists()] == left


async def test_a_comic_stays_where_the_store_was_unmounted(world: World, tmp_path: Path) -> None:
    for number in range(3):
        make_cbz(tmp_path / f"{number}.cbz", pages(2, 10 * number))
    told: list[object] = []

    def take(outcome: object) -> None:
        told.append(outcome)
        if len(told) == 1:
            unmount(world)

    options = ComicImportOptions(mode="move")
    paths = [str(tmp_path / f"{number}.cbz") for number in range(3)]
    with pytest.raises(EnvironmentFaultError):
        await import_comics(world, paths, options, take)
    assert (tmp_path / "2.cbz").exists()


async def test_a_world_that_becomes_another_one_is_noticed(world: World) -> None:
    await hold_to_identity(world)
    await require_same_places(world)

    async def forget(session: AsyncSession) -> None:
        await session.execute(delete(table_of(WorldIdentity)))

    await world.run(forget)
    with pytest.raises(WorldResetError):
        await require_same_places(world)


async def test_the_store_of_a_command_is_held_as_long_as_its_world(
    world: World, sources: list[Path]
) -> None:
    await import_files(world, [str(sources[0])], ImportOptions())
    unmount(world)
    with pytest.raises(StoreReplacedError):
        await require_same_places(world)
