"""Assets are removed with their rows and thumbnails; what others need stays."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Column, ForeignKey, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.column_types import Int64
from dam.core.ecs.components import Base, EntityId
from dam.core.world import World
from dam.errors import EntityNotFoundError, NotAnAssetError
from dam.services import ecs_service
from dam.services.file_operations import FileOperationsResource
from dam.services.removal_service import Refusal, Removal, plan_removal, remove_assets
from dam.services.tag_service import tag_entities, tags_of
from dam.services.thumbnail_service import find_thumbnails
from tests.services.conftest import Add


@pytest.fixture
async def pages(world: World) -> AsyncIterator[Table]:
    """An association as comics have it: a variant has pages, and needs them."""
    table = Table(
        "test_page_link",
        Base.metadata,
        Column("page_id", Int64, ForeignKey("entities.id", ondelete="RESTRICT"), primary_key=True),
        Column(
            "variant_id", Int64, ForeignKey("entities.id", ondelete="CASCADE"), primary_key=True
        ),
    )

    async def create(session: AsyncSession) -> None:
        await (await session.connection()).run_sync(table.create)

    await world.run(create)
    yield table
    Base.metadata.remove(table)


async def link(world: World, pages: Table, page: EntityId, variant: EntityId) -> None:
    async def insert(session: AsyncSession) -> None:
        await session.execute(pages.insert(), [{"page_id": page, "variant_id": variant}])

    await world.run(insert)


async def three(world: World) -> list[EntityId]:
    return [await world.run(ecs_service.create_entity) for _ in range(3)]


async def left(world: World) -> list[EntityId]:
    return await world.read(ecs_service.find_entities)


async def test_rows_and_thumbnail_go_and_the_bytes_stay_for_gc(
    world: World, add: Add, home: Path
) -> None:
    Image.linear_gradient("L").save(home / "a.png")
    gone, kept = await add(home / "a.png"), (await three(world))[0]
    (thumbnail,) = await find_thumbnails(world, [gone])
    assert thumbnail.path is not None
    digest = hashlib.sha256((home / "a.png").read_bytes())
    removal = await remove_assets(world, [digest.hexdigest(), gone])
    assert removal == Removal(entity_ids=(gone,), refused=())
    assert gone not in await left(world)
    assert kept in await left(world)
    assert not thumbnail.path.exists()
    assert world.resources.get(FileOperationsResource).store.contains(digest.digest())


async def test_a_referenced_file_is_never_touched(world: World, add: Add, home: Path) -> None:
    source = home / "a"
    source.write_bytes(b"a")
    entity_id = await add(source, "reference")
    before = source.stat()
    await remove_assets(world, [entity_id], is_forced=True)
    assert source.stat() == before


async def test_what_others_need_stays_and_the_rest_goes(world: World, pages: Table) -> None:
    page, variant, other = await three(world)
    await link(world, pages, page, variant)
    expected = Removal(entity_ids=(other,), refused=(Refusal(entity_id=page, used_by=(variant,)),))
    assert await world.read(plan_removal, [page, other]) == expected
    assert await left(world) == [page, variant, other]
    assert await remove_assets(world, [page, other]) == expected
    assert await left(world) == [page, variant]


async def test_what_is_removed_together_with_all_that_needs_it_goes(
    world: World, pages: Table
) -> None:
    page, variant, other = await three(world)
    await link(world, pages, page, variant)
    await link(world, pages, variant, other)
    assert (await world.read(plan_removal, [page, variant])).entity_ids == ()
    removal = await remove_assets(world, [page, variant, other])
    assert removal.entity_ids == (page, variant, other)
    assert await left(world) == []


async def test_force_takes_it_away_from_those_who_need_it(world: World, pages: Table) -> None:
    page, variant, other = await three(world)
    await link(world, pages, page, variant)
    await link(world, pages, other, variant)
    assert await world.read(plan_removal, [page], is_forced=True) == Removal(
        entity_ids=(page,), refused=()
    )
    await remove_assets(world, [page], is_forced=True)
    assert await left(world) == [variant, other]

    async def linked(session: AsyncSession) -> list[EntityId]:
        return list(await session.scalars(select(pages.c.page_id)))

    assert await world.read(linked) == [other]


async def test_an_unknown_id_removes_nothing(world: World) -> None:
    ids = await three(world)
    with pytest.raises(EntityNotFoundError, match=r"^no entity 99$"):
        await remove_assets(world, [*ids, 99])
    assert await left(world) == ids


async def test_a_tag_is_no_asset_and_stays(world: World) -> None:
    entity_id, *_ = await three(world)
    await world.run(tag_entities, [entity_id], ["cat"])
    ((tag,),) = (await world.read(tags_of, [entity_id])).values()
    with pytest.raises(NotAnAssetError, match=f"entity {tag.tag_entity_id} is neither"):
        await remove_assets(world, [entity_id, tag.tag_entity_id], is_forced=True)
    assert await world.read(tags_of, [entity_id]) == {entity_id: [tag]}
