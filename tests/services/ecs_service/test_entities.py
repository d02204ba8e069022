"""What the services say about entities and components, on both databases."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Table, and_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldContext
from dam.core.database.column_types import Int64
from dam.core.database.database import Database
from dam.core.ecs.components import Base, Component, Entity, EntityId, table_of
from dam.core.ecs.rows import create_entities
from dam.errors import EntityInUseError, EntityNotFoundError, ExitCode
from dam.models import (
    ContentHashSHA256Component,
    ContentSuccessorComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
)
from dam.services import ecs_service as ecs
from tests.databases import MAX_VALUES

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    context = WorldContext(world_name="test", run_id="run", now=lambda: NOW)
    database = Database(database_url, context)
    async with database.writer() as session:
        yield session
    await database.close()


@pytest.fixture
def page_table() -> Iterator[Table]:
    """An association as comics have it: a variant has pages, and needs them."""
    table = Table(
        "test_page_link",
        Base.metadata,
        Column("page_id", Int64, ForeignKey("entities.id", ondelete="RESTRICT"), primary_key=True),
        Column(
            "variant_id", Int64, ForeignKey("entities.id", ondelete="CASCADE"), primary_key=True
        ),
    )
    yield table
    Base.metadata.remove(table)


@pytest.fixture
async def pages(session: AsyncSession, page_table: Table) -> Table:
    connection = await session.connection()
    await connection.run_sync(page_table.create)
    return page_table


def size(width: int, height: int = 10) -> ImageDimensionsComponent:
    return ImageDimensionsComponent(width=width, height=height)


def named(name: str, size_bytes: int) -> FilePropertiesComponent:
    return FilePropertiesComponent(size_bytes=size_bytes, name=name.encode(), name_text=name)


def location(storage: str, path: str) -> FileLocationComponent:
    return FileLocationComponent(
        storage=storage, path=path.encode(), path_digest=path.encode(), path_text=path
    )


async def test_a_new_entity_has_what_it_was_given(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session, size(3, 4), location("store", "a"))
    entity = (await ecs.get_entities(session, [entity_id]))[entity_id]
    assert entity.created_at == NOW
    component = await ecs.get_component(session, entity_id, ImageDimensionsComponent)
    assert component is not None
    assert (component.width, component.height) == (3, 4)


async def test_setting_a_component_replaces_the_one_that_is_there(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session, size(1))
    before = await ecs.get_component(session, entity_id, ImageDimensionsComponent)
    await ecs.set_component(session, entity_id, size(2))
    after = await ecs.get_component(session, entity_id, ImageDimensionsComponent)
    assert after is not None
    assert after.width == 2
    assert after is before


async def test_a_component_that_was_handed_out_can_be_changed(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session, size(1))
    component = await ecs.get_component(session, entity_id, ImageDimensionsComponent)
    assert component is not None
    component.width = 7
    assert await ecs.count_entities(session, where=[ImageDimensionsComponent.width == 7]) == 1


async def test_adding_keeps_those_that_are_there(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session)
    await ecs.add_component(session, entity_id, location("store", "b"))
    await ecs.add_component(session, entity_id, location("reference", "a"))
    found = await ecs.get_components_of_kind(session, [entity_id], FileLocationComponent)
    assert [row.path_text for row in found[entity_id]] == ["b", "a"]


async def test_setting_a_marker_marks_anew(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session, NeedsContentAnalysisComponent())
    marker = await ecs.get_component(session, entity_id, NeedsContentAnalysisComponent)
    assert marker is not None
    marker.lease_token, marker.attempts = "another's", 2
    await session.flush()
    await ecs.set_component(session, entity_id, NeedsContentAnalysisComponent())
    again = await ecs.get_component(session, entity_id, NeedsContentAnalysisComponent)
    assert again is not None
    assert (again.lease_token, again.attempts) == (None, 0)


async def test_all_components_come_by_the_names_of_their_classes(session: AsyncSession) -> None:
    first = await ecs.create_entity(session, size(1), location("store", "a"))
    second = await ecs.create_entity(session, named("b", 5), size(2))
    bare = await ecs.create_entity(session)
    found = await ecs.get_components_of_many(session, [second, first, bare])
    assert {key: list(components) for key, components in found.items()} == {
        second: ["FilePropertiesComponent", "ImageDimensionsComponent"],
        first: ["FileLocationComponent", "ImageDimensionsComponent"],
        bare: [],
    }
    assert await ecs.get_components(session, first) == found[first]


async def test_what_an_entity_lacks_is_none(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session)
    assert await ecs.get_component(session, entity_id, ImageDimensionsComponent) is None
    assert await ecs.remove_components(session, [entity_id], ImageDimensionsComponent) == 0


async def test_removing_takes_all_of_a_kind_off(session: AsyncSession) -> None:
    first = await ecs.create_entity(session, location("store", "a"), location("store", "b"))
    second = await ecs.create_entity(session, location("store", "c"), size(1))
    other = await ecs.create_entity(session, location("store", "d"))
    assert await ecs.remove_components(session, [first, second], FileLocationComponent) == 3
    assert list(await ecs.get_components(session, second)) == ["ImageDimensionsComponent"]
    assert list(await ecs.get_components(session, other)) == ["FileLocationComponent"]


async def test_deleting_an_entity_deletes_its_components_and_those_about_it(
    session: AsyncSession,
) -> None:
    kept = await ecs.create_entity(session, size(1))
    gone = await ecs.create_entity(session, size(2), location("store", "a"))
    await ecs.add_component(session, kept, ContentSuccessorComponent(successor_entity_id=gone))
    await ecs.delete_entity(session, gone)
    assert await ecs.find_entities(session) == [kept]
    assert list(await ecs.get_components(session, kept)) == ["ImageDimensionsComponent"]
    assert await ecs.get_components_of_kind(session, [gone], FileLocationComponent) == {}


async def test_an_unknown_entity_is_one_clear_error(session: AsyncSession) -> None:
    known = await ecs.create_entity(session)
    calls = [
        ecs.set_component(session, 42, size(1)),
        ecs.add_component(session, 42, location("store", "a")),
        ecs.get_component(session, 42, ImageDimensionsComponent),
        ecs.get_components(session, 42),
        ecs.remove_components(session, [42, known], ImageDimensionsComponent),
        ecs.delete_entity(session, 42),
        ecs.get_entities(session, [known, 42]),
    ]
    for call in calls:
        with pytest.raises(EntityNotFoundError) as caught:
            await call
        assert str(caught.value) == "no entity 42"
        assert caught.value.exit_code is ExitCode.USAGE


async def test_all_unknown_entities_are_named(session: AsyncSession) -> None:
    known = await ecs.create_entity(session)
    with pytest.raises(EntityNotFoundError, match=r"^no entities 42, 43$"):
        await ecs.get_components_of_many(session, [43, known, 42])


async def test_an_entity_that_others_need_stays(session: AsyncSession, pages: Table) -> None:
    page, one, other = [await ecs.create_entity(session) for _ in range(3)]
    links = [{"page_id": page, "variant_id": variant} for variant in (other, one)]
    await session.execute(pages.insert(), links)
    with pytest.raises(EntityInUseError) as caught:
        await ecs.delete_entity(session, page)
    assert str(caught.value) == f"entity {page} is used by entities {one}, {other}"
    assert caught.value.hint == "first delete the entities that use it"
    assert caught.value.exit_code is ExitCode.ITEMS_FAILED
    assert await ecs.users_of(session, [page, one, other]) == {page: [one, other]}


async def test_a_user_can_be_deleted_and_then_what_it_used(
    session: AsyncSession, pages: Table
) -> None:
    page, variant = [await ecs.create_entity(session) for _ in range(2)]
    await session.execute(pages.insert(), [{"page_id": page, "variant_id": variant}])
    await ecs.delete_entity(session, variant)
    await ecs.delete_entity(session, page)
    assert await ecs.count_entities(session) == 0


async def test_the_database_itself_refuses_what_users_of_reports(
    session: AsyncSession, pages: Table
) -> None:
    page, variant = [await ecs.create_entity(session) for _ in range(2)]
    await session.execute(pages.insert(), [{"page_id": page, "variant_id": variant}])
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(table_of(Entity).delete().where(Entity.id == page))


@pytest.fixture
async def five(session: AsyncSession) -> list[EntityId]:
    """Widths 0, 100 … 400; the first two are named, the second and third have two places."""
    ids = [await ecs.create_entity(session, size(width)) for width in range(0, 500, 100)]
    await ecs.set_component(session, ids[0], named("a", 1))
    await ecs.set_component(session, ids[1], named("b", 1000))
    for entity_id in ids[1:3]:
        await ecs.add_component(session, entity_id, location("store", f"s{entity_id}"))
        await ecs.add_component(session, entity_id, location("reference", f"r{entity_id}"))
    await ecs.create_entity(session)
    return ids


async def test_entities_are_found_by_what_they_have_and_lack(
    session: AsyncSession, five: list[EntityId]
) -> None:
    sized, files, places = ImageDimensionsComponent, FilePropertiesComponent, FileLocationComponent
    assert await ecs.find_entities(session, with_=[sized]) == five
    assert await ecs.find_entities(session, with_=[sized, files]) == five[:2]
    assert await ecs.find_entities(session, with_=[files, places]) == five[1:2]
    assert await ecs.find_entities(session, with_=[sized], without=[files]) == five[2:]
    assert await ecs.find_entities(session, without=[sized]) == [five[-1] + 1]
    assert await ecs.find_entities(session, with_=[ContentHashSHA256Component]) == []


async def test_entities_are_found_by_values_and_ranges(
    session: AsyncSession, five: list[EntityId]
) -> None:
    sized, files, places = ImageDimensionsComponent, FilePropertiesComponent, FileLocationComponent
    assert await ecs.find_entities(session, where=[sized.width == 100]) == five[1:2]
    assert await ecs.find_entities(session, where=[sized.width.between(100, 300)]) == five[1:4]
    both = [sized.width >= 100, sized.width < 300]
    assert await ecs.find_entities(session, where=both) == five[1:3]
    assert await ecs.find_entities(session, where=[sized.width < files.size_bytes]) == five[:2]
    assert await ecs.find_entities(session, where=[Entity.id > five[3]], with_=[sized]) == five[4:]
    by_place = [places.storage == "store", sized.width > 100]
    assert await ecs.find_entities(session, where=by_place) == five[2:3]


async def test_conditions_on_many_rows_hold_each_for_one_of_them(
    session: AsyncSession, five: list[EntityId]
) -> None:
    store = FileLocationComponent.storage == "store"
    elsewhere = FileLocationComponent.path_text.like("r%")
    assert await ecs.find_entities(session, where=[store, elsewhere]) == five[1:3]
    assert await ecs.find_entities(session, where=[and_(store, elsewhere)]) == []


async def test_pages_together_are_everything_once(
    session: AsyncSession, five: list[EntityId]
) -> None:
    kinds = [ImageDimensionsComponent]
    assert [one async for one in ecs.stream_entities(session, with_=kinds, page_size=2)] == five
    assert await ecs.find_entities(session, with_=kinds, after=five[1], limit=2) == five[2:4]
    assert await ecs.count_entities(session, with_=kinds) == 5


async def test_nothing_found_is_no_entity(session: AsyncSession) -> None:
    assert [one async for one in ecs.stream_entities(session)] == []
    assert await ecs.count_entities(session) == 0


async def test_a_number_that_no_database_takes_is_no_entity(session: AsyncSession) -> None:
    there = await ecs.create_entity(session)
    for nobody in (2**63, -(2**70)):
        both = [there, nobody]
        for call in (
            ecs.get_entities(session, both),
            ecs.require_entities(session, both),
            ecs.lock_entity(session, nobody),
            ecs.get_components(session, nobody),
            ecs.get_component(session, nobody, ImageDimensionsComponent),
            ecs.set_component(session, nobody, size(1)),
            ecs.remove_components(session, both, ImageDimensionsComponent),
            ecs.delete_entity(session, nobody),
        ):
            with pytest.raises(EntityNotFoundError) as raised:
                await call
            assert raised.value.ids == (nobody,)
        assert await ecs.get_components_of_kind(session, both, ImageDimensionsComponent) == {}


@pytest.mark.slow
async def test_more_entities_are_asked_for_than_a_statement_has_values(
    session: AsyncSession,
) -> None:
    first = await ecs.create_entity(session, location("store", "a"))
    second = await ecs.create_entity(session, location("store", "b"))
    ids = [first, *range(second + 1, second + MAX_VALUES), second]
    for ask in (ecs.require_entities, ecs.get_entities):
        with pytest.raises(EntityNotFoundError) as caught:
            await ask(session, ids)
        assert caught.value.ids == tuple(ids[1:-1])
    found = await ecs.get_components_of_kind(session, ids + ids, FileLocationComponent)
    assert {key: len(rows) for key, rows in found.items()} == {first: 1, second: 1}


async def test_a_page_may_reach_beyond_all_there_is(session: AsyncSession) -> None:
    entity_id = await ecs.create_entity(session)
    assert await ecs.find_entities(session, limit=1 << 70) == [entity_id]
    assert await ecs.find_entities(session, after=-(1 << 70)) == [entity_id]
    assert await ecs.find_entities(session, after=1 << 70) == []


async def test_what_cannot_be_meant_is_refused_and_nothing_is_done(session: AsyncSession) -> None:
    kept = await ecs.create_entity(session, size(3))
    with pytest.raises(ValueError, match=r"^count is -1; expected 0 or more$"):
        await create_entities(session, -1, now=NOW)
    with pytest.raises(ValueError, match=r"^2 components are ImageDimensionsComponent; "):
        await ecs.create_entity(session, size(1), size(2))
    with pytest.raises(ValueError, match=r"^limit is -1; expected 0 or more$"):
        await ecs.find_entities(session, limit=-1)
    with pytest.raises(ValueError, match=r"^page_size is 0; expected 1 or more$"):
        await anext(ecs.stream_entities(session, page_size=0))
    many: Any = ContentSuccessorComponent(successor_entity_id=kept)
    with pytest.raises(TypeError, match=r"^ContentSuccessorComponent is not a Component$"):
        await ecs.set_component(session, kept, many)
    single: Any = size(4)
    with pytest.raises(TypeError, match=r"^ImageDimensionsComponent is not a MultiComponent$"):
        await ecs.add_component(session, kept, single)
    strange: list[Any] = [int, Entity, Component]
    for kind in strange:
        with pytest.raises(TypeError, match=r"is not a component class with a table$"):
            await ecs.find_entities(session, with_=[kind])
    assert await ecs.create_entity(session) == kept + 1
    found = await ecs.get_component(session, kept, ImageDimensionsComponent)
    assert found is not None
    assert found.width == 3
