"""What a system wants written is written at once, when its work is done."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import EntityId
from dam.core.events import Event
from dam.core.systems.commands import Commands, entities_for_digests, known_identities
from dam.core.systems.params import MarkedEntityList
from dam.models import (
    ContentHashSHA256Component,
    ContentSuccessorComponent,
    FileLocationComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from tests.core.worlds import (
    NOW,
    all_entities,
    marked,
    new_entities,
    rows_of,
    size,
    widths,
)
from tests.databases import MAX_VALUES

SHA256 = ContentHashSHA256Component


class Noticed(Event[None]):
    """An event."""


@pytest.fixture
async def ids(database: Database) -> list[EntityId]:
    return await database.write(new_entities, 3)


async def apply(database: Database, commands: Commands, *owners: EntityId) -> None:
    await database.write(commands.apply, owners, now=NOW)


async def test_the_last_component_that_was_set_stays(
    database: Database, ids: list[EntityId]
) -> None:
    for width in (1, 2):
        commands = Commands(ids)
        commands.set(ids[0], size(9))
        commands.set(ids[0], size(width))
        commands.set(ids[1], size(width))
        await apply(database, commands, *ids)
    assert await database.read(widths) == {ids[0]: 2, ids[1]: 2}


async def test_setting_revisioned_components_raises_their_revision_once(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands(ids)
    for entity_id in ids:
        commands.set(entity_id, ImagePerceptualPHashComponent(recipe=1, value=b"12345678"))
    await apply(database, commands, *ids)
    rows = await database.read(rows_of, ImagePerceptualPHashComponent)
    assert [row.entity_id for row in rows] == list(ids)
    assert len({row.revision for row in rows}) == 1


async def test_adding_adds_and_removing_comes_first(
    database: Database, ids: list[EntityId]
) -> None:
    for path in ("a", "b"):
        commands = Commands(ids)
        commands.add(ids[0], FileLocationComponent(storage="store", path_text=path))
        commands.add(ids[0], FileLocationComponent(storage="reference", path_text=path))
        commands.add(ids[1], FileLocationComponent(storage="store", path_text=path))
        commands.remove(ids[0], FileLocationComponent)
        commands.remove(ids[2], FileLocationComponent)
        await apply(database, commands, *ids)
    rows = await database.read(rows_of, FileLocationComponent)
    found = sorted((row.entity_id, row.storage, row.path_text) for row in rows)
    first, second, _third = ids
    assert found == [
        (first, "reference", "b"),
        (first, "store", "b"),
        (second, "store", "a"),
        (second, "store", "b"),
    ]


async def test_marking(database: Database, ids: list[EntityId]) -> None:
    commands = Commands(ids)
    commands.mark(ids[0], NeedsContentAnalysisComponent)
    commands.mark(ids[0], NeedsContentAnalysisComponent)
    commands.set(ids[1], NeedsContentAnalysisComponent())
    await apply(database, commands, *ids)
    assert await database.read(marked, NeedsContentAnalysisComponent) == ids[:2]


async def test_new_entities_get_their_ids_in_the_commit(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands(ids)
    created = [commands.create_entity(on_behalf_of=ids[0]) for _ in range(2)]
    for number, entity in enumerate(created):
        commands.set(entity, size(number))
        commands.mark(entity, NeedsContentAnalysisComponent)
    await apply(database, commands, *ids)
    new = [entity_id for entity_id in await database.read(all_entities) if entity_id not in ids]
    assert await database.read(widths) == dict(zip(new, range(2), strict=True))
    assert await database.read(marked, NeedsContentAnalysisComponent) == new


async def test_an_entity_for_a_digest_is_found_or_created(
    database: Database, ids: list[EntityId]
) -> None:
    async def known(session: AsyncSession) -> EntityId:
        found = await entities_for_digests(session, SHA256, [b"a" * 32], now=NOW)
        return found[b"a" * 32][0]

    there = await database.write(known)
    commands = Commands(ids)
    targets = [
        commands.entity_for_digest(SHA256(digest=letter * 32), on_behalf_of=ids[0])
        for letter in (b"b", b"a", b"b")
    ]
    for target in targets:
        commands.add(target, FileLocationComponent(storage="store"))
    await apply(database, commands, *ids)
    hashes = {row.digest[:1]: row.entity_id for row in await database.read(rows_of, SHA256)}
    assert hashes.keys() == {b"a", b"b"}
    assert hashes[b"a"] == there
    places = await database.read(rows_of, FileLocationComponent)
    assert [row.entity_id for row in places] == [there, hashes[b"b"], hashes[b"b"]]


async def test_digests_say_which_entities_are_new(database: Database) -> None:
    async def take(session: AsyncSession, *letters: bytes) -> list[bool]:
        found = await entities_for_digests(session, SHA256, letters, now=NOW)
        return [found[letter][1] for letter in letters]

    assert await database.write(take, b"a", b"b") == [True, True]
    assert await database.write(take, b"b", b"c", b"a") == [False, True, False]
    assert len(await database.read(all_entities)) == 3


async def test_only_what_its_owners_hold_is_written(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands(ids)
    for entity_id in ids:
        commands.set(entity_id, size(1))
        commands.mark(entity_id, NeedsContentAnalysisComponent)
        commands.emit(Noticed(), on_behalf_of=entity_id)
        fresh = commands.create_entity(on_behalf_of=entity_id)
        commands.add(fresh, ContentSuccessorComponent(successor_entity_id=entity_id))
    await apply(database, commands, ids[1])
    assert await database.read(widths) == {ids[1]: 1}
    assert await database.read(marked, NeedsContentAnalysisComponent) == [ids[1]]
    assert len(await database.read(all_entities)) == 4
    successors = await database.read(rows_of, ContentSuccessorComponent)
    assert [row.successor_entity_id for row in successors] == [ids[1]]
    assert commands.events({ids[1]}) == [Noticed()]


async def test_without_marked_entities_everything_is_written(database: Database) -> None:
    commands = Commands()
    entity = commands.create_entity()
    commands.set(entity, size(1))
    commands.emit(Noticed())
    await apply(database, commands)
    assert list((await database.read(widths)).values()) == [1]
    assert commands.events(()) == [Noticed()]


def test_a_write_for_nobody_is_refused() -> None:
    commands = Commands([1, 2])
    message = "entity 3 is not one of the marked entities: name one with on_behalf_of="
    with pytest.raises(ValueError, match=f"^{message}$"):
        commands.set(3, size(1))
    with pytest.raises(ValueError, match=f"^{message}$"):
        commands.mark(1, NeedsContentAnalysisComponent, on_behalf_of=3)
    nobody = "name the marked entity for which this is done with on_behalf_of="
    with pytest.raises(ValueError, match=f"^{nobody}$"):
        commands.create_entity()
    with pytest.raises(ValueError, match=f"^{nobody}$"):
        commands.emit(Noticed())
    commands.set(3, size(1), on_behalf_of=2)
    commands.set(
        commands.create_entity(on_behalf_of=1), ImageDimensionsComponent(width=1, height=1)
    )


def test_only_marked_entities_fail() -> None:
    message = r"^entity 3 is not one of the marked entities, so it cannot fail$"
    with pytest.raises(ValueError, match=message):
        Commands([1]).fail(3, ZeroDivisionError())
    with pytest.raises(ValueError, match=message):
        Commands().fail(3, ZeroDivisionError())
    with pytest.raises(ValueError, match=message):
        MarkedEntityList[NeedsContentAnalysisComponent]([1]).fail(3, ZeroDivisionError())


@pytest.mark.slow
async def test_more_digests_are_looked_up_than_a_statement_has_values(database: Database) -> None:
    digests = [number.to_bytes(32) for number in range(MAX_VALUES + 1)]
    created = await database.write(entities_for_digests, SHA256, digests[-1:], now=NOW)
    found = await database.read(known_identities, SHA256, digests)
    assert found == {digest: entity_id for digest, (entity_id, _) in created.items()}


@pytest.mark.slow
async def test_more_components_are_removed_than_a_statement_has_values(database: Database) -> None:
    commands = Commands()
    for entity_id in range(MAX_VALUES + 1):
        commands.remove(entity_id, ImageDimensionsComponent)
    await apply(database, commands)
    assert await database.read(widths) == {}
