"""Two people who change one vocabulary at once: nothing is lost, and errors are ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.changes import Change
from dam.core.world import World
from dam.errors import TagNameTakenError
from dam.models import EntityTagLinkComponent
from dam.services import tag_service
from tests.databases import world_config
from tests.services.comics import entities

COUNT = 12

pytestmark = pytest.mark.slow


@pytest.fixture
async def worlds(world: World, database_url: str) -> AsyncIterator[tuple[World, World]]:
    """One database opened twice."""
    other = await build_world(world_config(database_url, worker_kind="thread"), plugins=False)
    yield world, other
    await other.close()


async def at_once(*edits: Awaitable[object]) -> None:
    """Run edits at once; a name may be taken, and nothing else may go wrong."""
    for done in await asyncio.gather(*edits, return_exceptions=True):
        if isinstance(done, BaseException) and not isinstance(done, TagNameTakenError):
            raise done


async def test_of_those_who_give_one_name_at_once_one_has_it(worlds: tuple[World, World]) -> None:
    one, other = worlds
    (entity_id,) = await entities(one, 1)
    tag, alias, rename = tag_service.tag_entities, tag_service.add_alias, tag_service.rename_tag
    names = [f"name {at}" for at in range(COUNT)]
    for at in range(COUNT):
        await one.run(tag, [entity_id], [f"cat {at}", f"dog {at}", f"cow {at}"])
    edits: list[Awaitable[object]] = []
    for at, name in enumerate(names):
        edits += [
            one.run(tag, [entity_id], [name]),
            other.run(alias, f"cat {at}", name),
            one.run(rename, f"dog {at}", name),
            other.run(alias, f"cow {at}", name),
        ]
    await at_once(*edits)
    for name in names:
        tag_id = (await one.read(tag_service.require_tag, name)).entity_id
        listed = await other.read(tag_service.list_tags, name)
        assert {use.entity_id for use in listed if use.tag == name} <= {tag_id}


@pytest.mark.parametrize("verb", ["merge", "describe", "delete"])
async def test_what_is_tagged_while_its_tag_changes_keeps_the_tag(
    worlds: tuple[World, World], verb: str
) -> None:
    one, other = worlds
    if one.database.is_sqlite:
        pytest.skip("has one writer at a time")
    first, late = await entities(one, 2)
    await one.run(tag_service.tag_entities, [first], ["kitty=1", "cat=1"])
    changing: list[asyncio.Task[object]] = []

    async def tag_slowly(session: AsyncSession) -> None:
        await tag_service.tag_entities(session, [late], ["kitty=7"])
        change = {
            "merge": other.run(tag_service.merge_tags, "kitty", "cat"),
            "describe": other.run(tag_service.describe_tag, "kitty", value_type="text"),
            "delete": other.run(tag_service.delete_tag, "kitty"),
        }
        changing.append(asyncio.ensure_future(change.pop(verb)))
        for unused in change.values():
            unused.close()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not await session.scalar(waiting):
            pass

    await one.run(tag_slowly)
    change = await changing[0]
    assert isinstance(change, Change)
    links = [row.before for row in change.rows if row.table.name.endswith("tag_link")]
    tagged = {before["entity_id"] for before in links if before is not None}
    assert tagged == {first, late}
    found = (await one.read(tag_service.tags_of, [late])).get(late, [])
    kept = {"merge": [("cat", "7")], "describe": [("kitty", "7")], "delete": []}
    assert [(tag.tag, tag.value) for tag in found] == kept[verb]


async def test_the_type_of_a_tag_stays_while_an_asset_inherits_its_values(
    worlds: tuple[World, World],
) -> None:
    one, other = worlds
    if one.database.is_sqlite:
        pytest.skip("has one writer at a time")
    old, new = await entities(one, 2)
    await one.run(tag_service.tag_entities, [old], ["n=5"])
    changing: list[asyncio.Task[object]] = []

    async def inherit_slowly(session: AsyncSession) -> None:
        await tag_service.inherit_tags(session, [(old, new)])
        describe = other.run(tag_service.describe_tag, "n", value_type="text")
        changing.append(asyncio.ensure_future(describe))
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not await session.scalar(waiting) and not changing[0].done():
            pass

    await one.run(inherit_slowly)
    await changing[0]

    async def numbers(session: AsyncSession) -> list[float | None]:
        link = EntityTagLinkComponent
        return list(await session.scalars(select(link.number).where(link.value == "5")))

    assert await one.read(numbers) == [None, None]
