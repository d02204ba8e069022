"""What a system wants written is written at once, when its work is done."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import Component, EntityId
from dam.core.ecs.identities import entities_for_digests, known_identities
from dam.core.events import Event
from dam.core.systems.commands import Commands
from dam.core.systems.params import MarkedEntityList
from dam.errors import NoComponentError, UnstorableValueError
from dam.models import (
    ContentHashSHA256Component,
    ContentSuccessorComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from tests.core.worlds import (
    NOW,
    all_entities,
    marked,
    new_entities,
    no_tags,
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
    await database.write(commands.apply, owners, no_tags, now=NOW)


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


async def test_updating_changes_only_the_values_that_are_named(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands(ids)
    for entity_id in ids:
        file = FilePropertiesComponent(
            size_bytes=1, name=b"\xff", name_text="\ufffd", media_type="image/png"
        )
        commands.set(entity_id, file)
    commands.update(ids[0], FilePropertiesComponent, description_recipe=1, media_type="a/a")
    commands.update(ids[0], FilePropertiesComponent, media_type="b/b")
    commands.update(ids[1], FilePropertiesComponent, media_type=None)
    assert await database.write(commands.apply, ids, no_tags, now=NOW) == {}
    rows = await database.read(rows_of, FilePropertiesComponent)
    assert [(row.media_type, row.description_recipe) for row in rows] == [
        ("b/b", 1),
        (None, None),
        ("image/png", None),
    ]
    assert {(row.size_bytes, row.name, row.name_text) for row in rows} == {(1, b"\xff", "\ufffd")}


async def test_updating_revisioned_components_raises_their_revision(
    database: Database, ids: list[EntityId]
) -> None:
    revisions: list[int] = []
    for recipe in (1, 2):
        commands = Commands(ids)
        for entity_id in ids:
            if recipe == 1:
                commands.set(entity_id, ImagePerceptualPHashComponent(recipe=1, value=b"12345678"))
            else:
                commands.update(entity_id, ImagePerceptualPHashComponent, recipe=recipe)
        await apply(database, commands, *ids)
        rows = await database.read(rows_of, ImagePerceptualPHashComponent)
        assert {(row.recipe, row.value) for row in rows} == {(recipe, b"12345678")}
        revisions += {row.revision for row in rows}
    before, after = revisions
    assert before < after


async def test_an_update_without_a_row_fails_the_marked_entity_alone(
    database: Database, ids: list[EntityId]
) -> None:
    first, second, third = ids
    commands = Commands(ids)
    for entity_id in (first, third):
        commands.set(entity_id, size(1))
    for entity_id in ids:
        commands.update(entity_id, ImageDimensionsComponent, width=2)
    (other,) = await database.write(new_entities, 1)
    commands.update(other, ImageDimensionsComponent, on_behalf_of=third, width=2)
    failed = await database.write(commands.apply, [first, second, third], no_tags, now=NOW)
    assert {key: str(error) for key, error in failed.items()} == {
        second: f"entity {second} has no ImageDimensionsComponent to update",
        third: f"entity {other} has no ImageDimensionsComponent to update",
    }
    assert await database.read(widths) == {first: 2, third: 2}


async def test_an_update_without_a_row_and_without_marked_entities_is_an_error(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands()
    commands.set(ids[0], size(1))
    commands.update(ids[1], ImageDimensionsComponent, width=2)
    message = f"^entity {ids[1]} has no ImageDimensionsComponent to update$"
    with pytest.raises(NoComponentError, match=message):
        await apply(database, commands)
    assert await database.read(widths) == {}


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (ImageDimensionsComponent, {}, "has width, height; found none"),
        (ImageDimensionsComponent, {"depth": 1}, "has width, height; found depth"),
        (ImagePerceptualPHashComponent, {"revision": 1}, "has recipe, value; found revision"),
        (NeedsContentAnalysisComponent, {"attempts": 1}, "has no values; found attempts"),
    ],
)
def test_an_update_of_what_a_component_does_not_have_is_refused(
    kind: type[Component], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{kind.__name__} {message}$"):
        Commands([1]).update(1, kind, **values)


async def test_both_databases_refuse_the_same_updates(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands(ids)
    commands.set(ids[0], size(1))
    commands.update(ids[0], ImageDimensionsComponent, width=None)
    with pytest.raises(UnstorableValueError, match=r"^component_image_dimensions\.width "):
        await apply(database, commands, *ids)


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
        commands.set(entity_id, size(9))
        commands.update(entity_id, ImageDimensionsComponent, width=1)
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
    with pytest.raises(ValueError, match=f"^{message}$"):
        commands.update(3, ImageDimensionsComponent, width=1)
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


@pytest.mark.slow
async def test_more_components_are_updated_than_a_statement_has_values(
    database: Database, ids: list[EntityId]
) -> None:
    commands = Commands()
    commands.set(ids[0], size(1))
    for entity_id in range(ids[0], MAX_VALUES + 1 + ids[0]):
        commands.update(entity_id, ImageDimensionsComponent, width=2)
    with pytest.raises(NoComponentError, match=f"^entity {ids[1]} has no "):
        await apply(database, commands)
