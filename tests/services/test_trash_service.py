"""Assets in the trash: hidden in listings, seen by upkeep, and brought back whole."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import undo
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import ChangedSinceError, NotAnAssetError
from dam.models import ImageDimensionsComponent, TrashedComponent
from dam.services import content_service, ecs_service
from dam.services.comic_book_service import (
    comic_parts,
    find_comic_book_concepts,
    get_ordered_pages_for_comic_variant,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
)
from dam.services.comic_edit_service import remove_comic
from dam.services.file_operations import FileOperationsResource
from dam.services.garbage_service import collect_garbage
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.integrity_service import verify
from dam.services.likeness_service import LikenessOptions, find_similar_to_file
from dam.services.process_service import process
from dam.services.trash_service import (
    empty_trash,
    list_trash,
    plan_restoring,
    plan_trashing,
    restore_assets,
    trash_assets,
)
from tests.services.comic_files import import_one, make_cbz, pages, picture
from tests.services.comics import concept, entities, variant
from tests.services.conftest import Add, just_before

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"

Import = Callable[[Path], Awaitable[FileOutcome]]


async def add_again(world: World, path: Path, *, is_dry_run: bool = False) -> FileOutcome:
    outcomes: list[FileOutcome] = []
    options = ImportOptions(is_dry_run=is_dry_run)
    await import_files(world, [str(path)], options, outcomes.append)
    (outcome,) = outcomes
    return outcome


async def trashed(world: World) -> list[EntityId]:
    return [asset.entity_id for asset in await world.read(list_trash)]


async def test_listings_leave_out_what_is_in_the_trash_unless_asked(
    world: World, add: Add, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    (home / "b").write_bytes(b"b")
    one, other = await add(home / "a"), await add(home / "b")
    done = await world.run(trash_assets, [one])
    assert done.entity_ids == (one,)
    find, count = ecs_service.find_entities, ecs_service.count_entities
    assert await world.run(find) == [other]
    assert await world.run(find, hidden="include") == [one, other]
    assert await world.run(find, hidden="only") == [one]
    assert await world.run(count) == 1
    assert await world.run(count, hidden="only") == 1

    async def streamed(session: AsyncSession) -> list[EntityId]:
        return [key async for key in ecs_service.stream_entities(session, hidden="only")]

    assert await world.read(streamed) == [one]


async def test_likeness_leaves_out_what_is_in_the_trash(world: World, add: Add) -> None:
    hills = await add(PICTURES / "hills.jpg")
    half = await add(PICTURES / "hills-half.jpg")
    await process(world)
    await world.run(trash_assets, [hills])
    found = await find_similar_to_file(world, PICTURES / "hills.jpg")
    assert [picture.entity_id for picture in found] == [half]
    both = LikenessOptions(hidden="include")
    found = await find_similar_to_file(world, PICTURES / "hills.jpg", both)
    assert [picture.entity_id for picture in found] == [hills, half]


async def test_upkeep_sees_what_is_in_the_trash(world: World, add: Add, home: Path) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")
    await world.run(trash_assets, [entity_id])
    store = world.resources.get(FileOperationsResource).store
    (content,) = (await world.read(content_service.locate, [entity_id])).values()
    os.utime(store.local_path(content.digest), (0, 0))
    assert (await collect_garbage(world)).removed == 0
    checked = await verify(world)
    assert (checked.checked, list(checked.missing)) == (1, [])
    assert (await world.run(restore_assets, [entity_id])).entity_ids == (entity_id,)
    assert store.contains(content.digest)
    assert await world.run(ecs_service.find_entities) == [entity_id]


async def test_adding_the_same_bytes_brings_an_asset_back(
    world: World, add: Add, home: Path
) -> None:
    source = home / "hills.jpg"
    source.write_bytes((PICTURES / "hills.jpg").read_bytes())
    entity_id = await add(source)
    await process(world)
    await world.run(trash_assets, [entity_id])
    planned = await add_again(world, source, is_dry_run=True)
    assert (planned.status, planned.entity_id) == ("restored", entity_id)
    assert await trashed(world) == [entity_id]
    outcome = await add_again(world, source)
    assert (outcome.status, outcome.entity_id) == ("restored", entity_id)
    assert await trashed(world) == []
    size = await world.run(ecs_service.get_component, entity_id, ImageDimensionsComponent)
    assert size is not None
    assert (await add_again(world, source)).status == "unchanged"


async def test_of_two_files_with_the_same_bytes_one_restores_the_asset(
    world: World, add: Add, home: Path
) -> None:
    for name in ("a", "b"):
        (home / name).write_bytes(b"same")
    entity_id = await add(home / "a")
    await world.run(trash_assets, [entity_id])
    outcomes: list[FileOutcome] = []
    paths = [str(home / name) for name in ("a", "b")]
    await import_files(world, paths, ImportOptions(), outcomes.append)
    assert sorted(outcome.status for outcome in outcomes) == ["known", "restored"]


async def test_a_page_in_the_trash_stays_a_page_and_is_not_emptied(world: World, add: Add) -> None:
    page = await add(PICTURES / "hills.jpg")
    comic = await variant(world, await concept(world), [page])
    await world.run(trash_assets, [page])
    assert await world.run(get_ordered_pages_for_comic_variant, comic) == [page]
    removal = await empty_trash(world)
    assert removal.entity_ids == ()
    assert [(refusal.entity_id, refusal.used_by) for refusal in removal.refused] == [
        (page, (comic,))
    ]
    assert await trashed(world) == [page]


async def test_a_comic_goes_into_the_trash_and_comes_back_as_a_whole(
    world: World, add: Add
) -> None:
    shared, own = await add(PICTURES / "hills.jpg"), await add(PICTURES / "city.jpg")
    work, elsewhere = await concept(world), await concept(world, "Elsewhere")
    comic = await variant(world, work, [shared, own])
    await variant(world, elsewhere, [shared])
    removal = await remove_comic(world, work)
    assert set(removal.entity_ids) == {work, comic, own}
    assert await world.run(find_comic_book_concepts) == [elsewhere]
    assert await world.run(find_comic_book_concepts, hidden="only") == [work]
    assert await world.run(get_variants_for_comic_concept, work) == []
    assert await world.run(get_variants_for_comic_concept, work, hidden="include") == [comic]
    restored = await world.run(restore_assets, [comic])
    assert set(restored.entity_ids) == {work, comic, own}
    assert await world.run(get_variants_for_comic_concept, work) == [comic]
    assert await world.run(get_ordered_pages_for_comic_variant, comic) == [shared, own]


async def test_what_was_removed_at_another_time_stays_in_the_trash(world: World, add: Add) -> None:
    page = await add(PICTURES / "hills.jpg")
    work = await concept(world)
    comic = await variant(world, work, [page])
    await world.run(trash_assets, [page])
    await remove_comic(world, work)
    await world.run(restore_assets, [comic])
    assert await trashed(world) == [page]


async def test_of_a_comic_one_variant_comes_back_alone(world: World) -> None:
    work = await concept(world, "work")
    one, other = [await variant(world, work, []) for _ in range(2)]
    await world.run(trash_assets, [work])
    assert await world.read(plan_restoring, [one]) == [work, one]
    restored = await world.run(restore_assets, [one])
    assert (restored.entity_ids, await trashed(world)) == ((work, one), [other])
    await world.run(undo, restored.change)
    assert sorted(await trashed(world)) == [work, one, other]


async def test_a_comic_in_the_trash_comes_back_with_a_new_variant(world: World) -> None:
    work = await concept(world)
    change = (await remove_comic(world, work)).change
    assert change is not None
    await world.run(undo, await world.run(undo, change))
    assert await trashed(world) == [work]
    (new,) = await entities(world, 1)
    await world.run(link_comic_variant_to_concept, new, work)
    assert await trashed(world) == []


async def test_emptying_removes_for_good_what_is_old_enough(
    world: World, add: Add, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")
    work = await concept(world)
    await remove_comic(world, work)
    await world.run(trash_assets, [entity_id])
    assert (await empty_trash(world, older_than=timedelta(days=1))).entity_ids == ()
    assert (await empty_trash(world, older_than=timedelta.max)).entity_ids == ()
    planned = await empty_trash(world, is_dry_run=True)
    assert planned.entity_ids == (entity_id, work)
    assert await empty_trash(world) == planned
    assert await world.run(ecs_service.find_entities, hidden="include") == []


async def test_what_is_restored_while_the_trash_is_emptied_stays(
    world: World, add: Add, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")
    await world.run(trash_assets, [entity_id])

    async def restore(session: AsyncSession) -> None:
        await restore_assets(session, [entity_id])

    removal = await just_before(world, restore, empty_trash(world))
    assert removal.entity_ids == ()
    assert await world.run(ecs_service.find_entities) == [entity_id]


async def test_a_variant_that_is_linked_while_its_comic_is_removed_goes_with_it(
    world: World,
) -> None:
    work, (scan,) = await concept(world), await entities(world, 1)

    async def link(session: AsyncSession) -> None:
        await link_comic_variant_to_concept(session, scan, work)

    trashing = await just_before(world, link, world.run(trash_assets, [work]))
    assert set(trashing.entity_ids) == {work, scan}
    assert await world.run(ecs_service.find_entities) == []
    await world.run(undo, trashing.change)
    assert await world.run(get_variants_for_comic_concept, work) == [scan]


async def test_of_two_who_remove_an_asset_at_once_only_the_first_says_so(
    world: World, add: Add, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")

    async def trash(session: AsyncSession) -> None:
        await trash_assets(session, [entity_id])

    second = await just_before(world, trash, world.run(trash_assets, [entity_id]))
    assert second.entity_ids == ()
    await world.run(undo, second.change)
    assert await trashed(world) == [entity_id]


async def test_trashing_can_be_undone_until_something_else_was_done(
    world: World, add: Add, home: Path
) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")
    done = await world.run(trash_assets, [entity_id])
    back = await world.run(undo, done.change)
    assert await trashed(world) == []
    await world.run(undo, back)
    assert await trashed(world) == [entity_id]
    await world.run(restore_assets, [entity_id])
    with pytest.raises(ChangedSinceError):
        await world.run(undo, done.change)


async def test_only_assets_and_comics_go_into_the_trash(world: World) -> None:
    (bare,) = await entities(world, 1)
    with pytest.raises(NotAnAssetError, match=f"entity {bare} is neither an asset nor a comic"):
        await world.run(trash_assets, [bare])


async def test_trashing_twice_keeps_the_first_time(world: World, add: Add, home: Path) -> None:
    (home / "a").write_bytes(b"a")
    entity_id = await add(home / "a")
    await world.run(trash_assets, [entity_id])
    before = await world.run(ecs_service.get_component, entity_id, TrashedComponent)
    assert (await world.run(trash_assets, [entity_id])).entity_ids == ()
    assert await world.read(plan_trashing, [entity_id]) == []
    after = await world.run(ecs_service.get_component, entity_id, TrashedComponent)
    assert before is not None
    assert after is not None
    assert before.trashed_at == after.trashed_at


async def test_the_parts_of_a_comic_include_variants_in_the_trash(world: World) -> None:
    work = await concept(world)
    comic = await variant(world, work)
    await world.run(trash_assets, [comic])
    assert await world.read(comic_parts, [work]) == [work, comic]


async def test_an_archive_whose_pages_are_elsewhere_too_can_be_removed(
    world: World, home: Path
) -> None:
    shared = pages(1)
    first = await import_one(world, make_cbz(home / "Land 1.cbz", shared | pages(2, 5)))
    second = await import_one(world, make_cbz(home / "Sea 2.cbz", shared | pages(2, 7)))
    assert first.variant_entity_id is not None
    assert second.variant_entity_id is not None
    kept = await world.run(get_ordered_pages_for_comic_variant, first.variant_entity_id)
    trashing = await world.run(trash_assets, [second.variant_entity_id])
    own = set(await world.run(get_ordered_pages_for_comic_variant, second.variant_entity_id))
    assert set(trashing.entity_ids) == {second.variant_entity_id, *own} - set(kept)
    removal = await empty_trash(world)
    assert (removal.entity_ids, removal.refused) == (trashing.entity_ids, ())
    assert await world.run(get_ordered_pages_for_comic_variant, first.variant_entity_id) == kept


async def test_an_archive_with_the_only_bytes_of_a_page_stays(world: World, home: Path) -> None:
    outcome = await import_one(world, make_cbz(home / "Land 1.cbz", pages(2)))
    archive = outcome.variant_entity_id
    assert archive is not None
    page, *_ = await world.run(get_ordered_pages_for_comic_variant, archive)
    await variant(world, await concept(world, "Elsewhere"), [page])
    await world.run(trash_assets, [archive])
    removal = await empty_trash(world)
    assert removal.entity_ids == ()
    assert page in removal.refused[0].used_by


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_comics_that_share_a_page_go_with_it_and_are_emptied(
    world: World, home: Path, *, is_at_once: bool
) -> None:
    shared = {"page 9.jpg": picture(90)}
    comics = [
        await import_one(world, make_cbz(home / "Land 1.cbz", pages(2) | shared)),
        await import_one(world, make_cbz(home / "Sea 2.cbz", pages(2, 20) | shared)),
    ]
    works = [comic.concept_entity_id for comic in comics if comic.concept_entity_id is not None]
    listed = await world.run(ecs_service.find_entities)
    for some in [works] if is_at_once else [works[:1], works[1:]]:
        await world.run(trash_assets, some)
    assert sorted(await trashed(world)) == listed
    for work in works:  # each of them brings the page back
        change = (await world.run(restore_assets, [work])).change
        assert len(change.rows) == 2 + 3
        await world.run(undo, change)
    removal = await empty_trash(world)
    assert (removal.entity_ids, removal.refused) == (tuple(listed), ())
