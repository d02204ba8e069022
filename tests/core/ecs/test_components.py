"""Ids, components and the statements that write them."""

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import (
    AnyComponent,
    Base,
    Component,
    ComponentRevision,
    Entity,
    MarkerComponent,
    MultiComponent,
    component_classes,
    raise_revision,
    table_of,
)
from dam.core.ecs.rows import allocate_entity_ids, create_entities, mark, row_of, write_rows
from dam.models import (
    ContentSuccessorComponent,
    FileLocationComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from tests.core.worlds import NOW, new_entities, rows_of, size, widths

PHash = ImagePerceptualPHashComponent


async def test_ids_are_small_and_ascending(database: Database) -> None:
    async with database.writer() as session:
        assert await new_entities(session, 3) == [1, 2, 3]
        assert list(await allocate_entity_ids(session, 2)) == [4, 5]
        assert list(await create_entities(session, 0, now=NOW)) == []


async def test_an_id_is_not_used_again_after_its_entity_is_deleted(database: Database) -> None:
    first = await database.write(new_entities, 3)
    async with database.writer() as session:
        await session.execute(delete(Entity))
    later = await database.write(new_entities, 3)
    assert not set(first) & set(later)


async def test_a_rollback_publishes_no_id(database: Database) -> None:
    before = await database.write(new_entities, 1)

    async def create_and_fail(session: AsyncSession) -> None:
        await new_entities(session, 5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(create_and_fail)
    after = await database.write(new_entities, 1)
    assert after[0] > before[0]
    async with database.reader() as session:
        found = (await session.scalars(table_of(Entity).select().order_by(Entity.id))).all()
    assert found == before + after


async def test_rows_replace_those_that_are_there(database: Database) -> None:
    async with database.writer() as session:
        first, second = await new_entities(session, 2)
        rows = [{"entity_id": i, "width": 1, "height": 1} for i in (first, second)]
        await write_rows(session, ImageDimensionsComponent, rows, replace=True)
        newer = [{"entity_id": second, "width": 2, "height": 2}]
        await write_rows(session, ImageDimensionsComponent, newer, replace=True)
        assert await widths(session) == {first: 1, second: 2}


async def test_rows_that_must_be_new_are_refused_when_they_are_not(database: Database) -> None:
    async with database.writer() as session:
        (entity_id,) = await new_entities(session, 1)
        row = {"entity_id": entity_id, "width": 1, "height": 1}
        await write_rows(session, ImageDimensionsComponent, [row], replace=False)
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await write_rows(session, ImageDimensionsComponent, [row], replace=False)
        assert await widths(session) == {entity_id: 1}


async def test_no_rows_are_no_statement(database: Database) -> None:
    async with database.writer() as session:
        await write_rows(session, PHash, [], replace=True)
        assert (await session.scalars(table_of(ComponentRevision).select())).all() == []


async def test_marking_again_takes_the_lease_away(database: Database) -> None:
    async with database.writer() as session:
        (entity_id,) = await new_entities(session, 1, NeedsContentAnalysisComponent)
        (marker,) = await rows_of(session, NeedsContentAnalysisComponent)
        marker.lease_token, marker.lease_until, marker.attempts = "token", 1e12, 3
        await session.flush()
        assert await mark(session, NeedsContentAnalysisComponent, [entity_id, entity_id]) == 1
        found = (await session.execute(table_of(NeedsContentAnalysisComponent).select())).one()
        assert (found.lease_token, found.lease_until, found.attempts) == (None, None, 0)


async def test_each_write_of_revisioned_rows_raises_the_revision(database: Database) -> None:
    async with database.writer() as session:
        ids = await new_entities(session, 3)
        rows = [{"entity_id": i, "recipe": 1, "value": b"12345678"} for i in ids]
        await write_rows(session, PHash, rows[:2], replace=True)
        await write_rows(session, PHash, rows[1:], replace=True)
        found = {row.entity_id: row.revision for row in await rows_of(session, PHash)}
        first, second, third = (found[entity_id] for entity_id in ids)
        assert first < second == third < await raise_revision(session, PHash)


async def test_a_restored_database_gives_no_revision_again(database: Database) -> None:
    async with database.writer() as session:
        before = await raise_revision(session, PHash)
        await session.execute(table_of(ComponentRevision).update().values(revision=1))
        assert await raise_revision(session, PHash) >= before


async def test_the_orm_stamps_revisions_too(database: Database) -> None:
    async with database.writer() as session:
        (entity_id,) = await new_entities(session, 1)
        component = PHash(recipe=1, value=b"12345678")
        component.entity_id = entity_id
        session.add(component)
        await session.flush()
        first = component.revision
        component.recipe = 2
        await session.flush()
        assert 0 < first < component.revision


async def test_deleting_an_entity_deletes_its_rows(database: Database) -> None:
    async with database.writer() as session:
        kept, gone = await new_entities(session, 2, NeedsContentAnalysisComponent)
        successor = {"entity_id": kept, "successor_entity_id": gone}
        await write_rows(session, ContentSuccessorComponent, [successor], replace=False)
        await session.execute(table_of(Entity).delete().where(Entity.id == gone))
        assert [r.entity_id for r in await rows_of(session, NeedsContentAnalysisComponent)] == [
            kept
        ]
        assert await rows_of(session, ContentSuccessorComponent) == []


def test_a_row_has_what_a_caller_may_set() -> None:
    assert row_of(size(3)) == {"width": 3, "height": 1}
    assert row_of(PHash(recipe=1)) == {"recipe": 1, "value": None}
    assert row_of(NeedsContentAnalysisComponent()) == {}
    location = FileLocationComponent(storage="store")
    assert {"id", "entity_id"}.isdisjoint(row_of(location))


def test_components_are_equal_by_value_and_not_hashable() -> None:
    assert size(3) == size(3) != size(4)
    with pytest.raises(TypeError, match="unhashable"):
        hash(size(3))


def test_component_classes_come_by_name() -> None:
    markers = component_classes(MarkerComponent)
    assert list(markers) == [
        "NeedsComicImportComponent",
        "NeedsContentAnalysisComponent",
        "NeedsMetadataExtractionComponent",
        "NeedsSearchEntryComponent",
    ]
    assert set(markers) < set(component_classes())
    assert component_classes(Component).keys().isdisjoint(component_classes(MultiComponent))


@pytest.mark.parametrize("kind", component_classes().values(), ids=lambda kind: kind.__name__)
def test_every_component_goes_with_its_entity(kind: type[AnyComponent]) -> None:
    table = table_of(kind)
    (key,) = table.c.entity_id.foreign_keys
    assert table.name.startswith("component_")
    assert key.column.table is table_of(Entity)
    assert key.ondelete == "CASCADE"
    assert table.c.entity_id.primary_key is issubclass(kind, Component)


def test_every_constraint_has_a_name() -> None:
    unnamed = [
        (table.name, constraint)
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert unnamed == []
