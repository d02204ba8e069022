"""Entries of the index of search are in step with what they are made from, whoever changes it."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import insert_rows
from dam.core.ecs.components import EntityId, table_of
from dam.core.world import World
from dam.media.folding import wanted_words
from dam.models import (
    IN_ARCHIVE,
    IN_STORE,
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    NeedsSearchEntryComponent,
    OriginalSourceInfoComponent,
    SearchEntryComponent,
    search_changes,
)
from dam.services import ecs_service
from dam.services.comic_book_service import (
    link_comic_variant_to_concept,
    unlink_comic_variant,
)
from dam.services.process_service import process
from dam.services.search_service import (
    bring_entries_up_to_date,
    count_unindexed,
    note_search_changes,
)
from dam.services.search_service.words import matches
from tests.services.comics import concept, entities, variant
from tests.services.conftest import Add


async def found(session: AsyncSession, query: str) -> list[EntityId]:
    entity_id = SearchEntryComponent.entity_id
    ids = select(entity_id).where(matches([wanted_words(query)])).order_by(entity_id)
    return list(await session.scalars(ids))


async def found_at_once(session: AsyncSession, query: str) -> list[EntityId]:
    """Find like a search in a transaction that writes."""
    await bring_entries_up_to_date(session)
    return await found(session, query)


async def asset(session: AsyncSession, name: str, storage: str = IN_STORE) -> EntityId:
    return await ecs_service.create_entity(
        session,
        ContentHashSHA256Component(digest=sha256(name.encode()).digest()),
        FilePropertiesComponent(size_bytes=1, name=name.encode(), name_text=name),
        FileLocationComponent(storage=storage),
    )


async def entries(session: AsyncSession) -> dict[EntityId, tuple[str, str | None, bool]]:
    entry = SearchEntryComponent
    columns = entry.entity_id, entry.words, entry.name_key, entry.is_listed
    rows = await session.execute(select(*columns))
    return {row.entity_id: (row.words, row.name_key, row.is_listed) for row in rows}


async def execute(session: AsyncSession, statement: Executable) -> None:
    await session.execute(statement)


async def left_over(session: AsyncSession) -> int:
    return len((await session.scalars(select(search_changes.c.entity_id))).all())


async def test_an_import_is_found_by_its_names(world: World, add: Add, tmp_path: Path) -> None:
    (tmp_path / "ZOË's").mkdir()
    file = tmp_path / "ZOË's" / "Trésor_2024.jpg"
    file.write_text("gold")
    entity_id = await add(file)
    for query in ("tresor", "2024", "jp", "trésor 2024"):
        assert await world.read(found, query) == [entity_id], query
    assert await world.read(found, "zoe") == []  # a folder is no name
    assert await world.read(entries) == {entity_id: (" tresor 2024 jpg ", "tresor_2024.jpg", True)}
    copy = tmp_path / "second name.txt"
    copy.write_text("gold")
    assert await add(copy) == entity_id
    assert await world.read(found, "second name") == [entity_id]
    assert await world.read(left_over) == 0


async def test_what_a_transaction_makes_is_found_in_it(world: World) -> None:
    async def make(session: AsyncSession) -> EntityId:
        entity_id = await asset(session, "red cat")
        assert await found_at_once(session, "cat") == [entity_id]
        renamed = update(FilePropertiesComponent).values(name_text="blue dog")
        await session.execute(renamed)
        assert await found_at_once(session, "cat") == []
        assert await found_at_once(session, "dog") == [entity_id]
        return entity_id

    entity_id = await world.run(make)
    assert await world.read(found, "blue") == [entity_id]


async def test_rows_that_are_written_in_bulk_are_found(world: World) -> None:
    ids = await entities(world, 3)

    async def write(session: AsyncSession) -> None:
        files = [
            {"entity_id": each, "size_bytes": 1, "name": b"x", "name_text": f"bulk {each}"}
            for each in ids
        ]
        digests = [{"entity_id": each, "digest": bytes([each])} for each in ids]
        await insert_rows(session, table_of(FilePropertiesComponent), files)
        await session.execute(insert(ContentHashSHA256Component), digests)
        assert await found_at_once(session, "bulk") == ids

    assert await world.read(entries) == {}
    await world.run(write)
    assert await world.read(found, f"bulk {ids[1]}") == [ids[1]]


async def test_what_the_orm_changes_is_found(world: World) -> None:
    entity_id = await world.run(asset, "before")

    async def change(session: AsyncSession) -> None:
        row = await session.get_one(FilePropertiesComponent, entity_id)
        row.name_text = "after"
        assert await found_at_once(session, "after") == [entity_id]
        row.name_text = "later"

    await world.run(change)
    assert await world.read(found, "later") == [entity_id]
    assert await world.read(found, "after") == await world.read(found, "before") == []


async def test_an_asset_loses_the_words_of_a_row_that_is_deleted(
    world: World, add: Add, tmp_path: Path
) -> None:
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).write_text("same")
        entity_id = await add(tmp_path / name)
    source = OriginalSourceInfoComponent
    gone = delete(table_of(source)).where(source.path_text.like("%second.txt"))
    await world.run(execute, gone)
    assert await world.read(found, "second") == []
    assert await world.read(found, "first") == [entity_id]


async def test_what_is_no_asset_any_more_is_not_found(world: World) -> None:
    kept, deleted, emptied = [await world.run(asset, f"thing {n}") for n in range(3)]
    await world.run(ecs_service.delete_entity, deleted)
    digest = ContentHashSHA256Component
    await world.run(execute, delete(table_of(digest)).where(digest.entity_id == emptied))
    assert await world.read(found, "thing") == [kept]
    assert list(await world.read(entries)) == [kept]
    assert await world.read(left_over) == 0


async def test_an_asset_only_in_archives_is_not_listed(world: World) -> None:
    entity_id = await world.run(asset, "page", IN_ARCHIVE)

    async def is_listed() -> bool:
        return (await world.read(entries))[entity_id][2]

    assert not await is_listed()
    place = table_of(FileLocationComponent)
    await world.run(execute, update(place).values(storage=IN_STORE))
    assert await is_listed()
    await world.run(execute, update(place).values(storage=IN_ARCHIVE))
    assert not await is_listed()
    await world.run(ecs_service.add_component, entity_id, FileLocationComponent(storage=IN_STORE))
    assert await is_listed()
    await world.run(execute, delete(place).where(place.c.storage == IN_STORE))
    assert not await is_listed()
    await world.run(execute, delete(place))  # its bytes are nowhere
    assert await is_listed()


async def test_a_variant_has_the_words_of_its_comic(world: World) -> None:
    comic = await concept(world, "Amazing Fantasy")
    folder = await variant(world, comic)
    archive = await world.run(asset, "af015.cbz", IN_ARCHIVE)
    await world.run(link_comic_variant_to_concept, archive, comic)
    assert await world.read(found, "amazing") == [folder, archive]
    assert await world.read(found, "af015") == [archive]
    made = await world.read(entries)
    assert made[folder] == (" amazing fantasy ", "amazing fantasy", True)
    assert made[archive] == (" af015 cbz | amazing fantasy ", "af015.cbz", True)
    assert comic not in made
    term = ComicBookTermComponent(kind="Writer", name="Stan Lee", position=0)
    await world.run(ecs_service.add_component, comic, term)
    assert await world.read(found, "stan lee") == [folder, archive]
    other = ComicBookConceptComponent.entity_id == comic
    retitled = update(ComicBookConceptComponent).where(other)
    titles = retitled.values(name="Hulk", comic_title="Hulk", series_title="Titans")
    await world.run(execute, titles)
    assert await world.read(found, "fantasy") == []
    assert await world.read(found, "titan") == [folder, archive]


async def test_a_variant_follows_its_link(world: World) -> None:
    first, second = await concept(world, "First"), await concept(world, "Second")
    scan = await variant(world, first)
    await world.run(unlink_comic_variant, scan)
    assert await world.read(found, "first") == []
    await world.run(link_comic_variant_to_concept, scan, second)
    assert await world.read(found, "second") == [scan]

    async def forget(session: AsyncSession) -> None:
        await ecs_service.release_entities(session, [second])
        await ecs_service.delete_entity(session, second)

    await world.run(forget)
    assert await world.read(found, "second") == []
    assert list(await world.read(entries)) == [scan]
    variants = table_of(ComicBookVariantComponent)
    await world.run(execute, delete(variants))
    assert await world.read(entries) == {}


async def test_a_rollback_takes_the_words_back(world: World) -> None:
    class Stop(Exception):  # noqa: N818 - stops the transaction
        pass

    async def make(session: AsyncSession) -> None:
        await asset(session, "never")
        assert len(await found_at_once(session, "never")) == 1
        raise Stop

    with pytest.raises(Stop):
        await world.run(make)
    assert await world.read(found, "never") == []


async def test_changes_of_other_programs_are_seen_by_the_next_transaction(world: World) -> None:
    entity_id = await world.run(asset, "before")
    database = world.database

    async def from_outside() -> None:
        async with database._writers.begin() as connection:  # nothing of dam runs at its end
            await connection.execute(
                text("UPDATE component_file_properties SET name_text = 'outside'")
            )

    await from_outside()
    assert await world.read(found, "outside") == []
    await world.run(note_search_changes, [])
    assert await world.read(found, "outside") == [entity_id]


async def test_a_transaction_without_changes_runs_one_statement(world: World) -> None:
    await world.run(asset, "x")
    seen: list[str] = []

    @event.listens_for(world.database._writers.sync_engine, "before_cursor_execute")
    def note(*of_statement: object) -> None:
        seen.append(str(of_statement[2]))

    def written() -> list[str]:
        own = [each for each in seen if "FROM world_identity" not in each]
        return [each.split()[0] for each in own if not each.startswith("BEGIN")]

    await world.run(note_search_changes, [])
    assert written() == ["DELETE"]
    seen.clear()
    touched = update(table_of(FilePropertiesComponent)).values(size_bytes=2, name_text="x")
    await world.run(execute, touched)
    assert written() == ["UPDATE", "DELETE"]


async def test_an_entry_has_at_most_so_many_words(world: World) -> None:
    async def write(session: AsyncSession, names: Sequence[str]) -> str:
        (entity_id,) = await session.scalars(select(SearchEntryComponent.entity_id))
        await session.execute(delete(table_of(OriginalSourceInfoComponent)))
        await session.execute(delete(table_of(FileLocationComponent)))
        for name in names:
            place = FileLocationComponent(storage=IN_STORE, path_text=name)
            await ecs_service.add_component(session, entity_id, place)
        await bring_entries_up_to_date(session)
        return (await entries(session))[entity_id][0]

    await world.run(asset, "x")
    many = " ".join(f"w{n}" for n in range(9_999))
    words = await world.run(write, [many, "two more"])
    assert len(words.replace("|", "").split()) == 10_000
    wide = " ".join(f"{'ж' * 60}{n}" for n in range(3_000))
    words = await world.run(write, [wide, f"{wide} 2"])
    assert 190_000 < len(words.encode()) <= 200_100


async def test_worlds_of_before_are_indexed_by_process(world: World) -> None:
    ids = [await world.run(asset, f"old {n}", IN_ARCHIVE) for n in range(3)]

    async def forget(session: AsyncSession) -> None:
        await session.execute(update(SearchEntryComponent).values(words="", name_key="?"))
        marks = [{"entity_id": each, "attempts": 0} for each in ids]
        await session.execute(insert(table_of(NeedsSearchEntryComponent)), marks)

    await world.run(forget)
    assert await world.read(found, "old") == []
    assert await world.read(count_unindexed) == 3
    done = await process(world)
    assert done.processed["index_words"] == 3
    assert await world.read(found, "old") == ids
    assert await world.read(count_unindexed) == 0


@pytest.fixture
async def second_world(world: World) -> World:
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    return world


async def test_two_transactions_that_change_an_asset_leave_a_right_entry(
    second_world: World,
) -> None:
    world = second_world
    entity_id = await world.run(asset, "one")
    both = asyncio.Barrier(2)

    async def rename(session: AsyncSession) -> None:
        await session.execute(update(FilePropertiesComponent).values(name_text="two"))
        await both.wait()

    async def place(session: AsyncSession) -> None:
        row = FileLocationComponent(storage=IN_STORE, path_text="/a/three")
        await ecs_service.add_component(session, entity_id, row)
        await both.wait()

    await asyncio.gather(world.run(rename), world.run(place))
    assert (await world.read(entries))[entity_id][0] == " three | two "


async def test_a_comic_that_is_renamed_while_it_gets_a_variant(second_world: World) -> None:
    world = second_world
    comic = await concept(world, "Before")
    (scan, other) = await entities(world, 2)
    await world.run(link_comic_variant_to_concept, other, comic)
    both = asyncio.Barrier(2)

    async def rename(session: AsyncSession) -> None:
        titles = update(ComicBookConceptComponent).values(name="After", comic_title="After")
        await session.execute(titles)
        await both.wait()

    async def link(session: AsyncSession) -> None:
        row = ComicBookVariantComponent(conceptual_entity_id=comic)
        await ecs_service.set_component(session, scan, row)
        await both.wait()

    await asyncio.gather(world.run(rename), world.run(link))
    assert await world.read(found, "after") == sorted([scan, other])
    assert await world.read(found, "before") == []
