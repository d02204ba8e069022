"""Comics go with their pages, and take nothing that others have."""

from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import NoComicVariantError
from dam.services import ecs_service, page_service
from dam.services.comic_book_service import get_variants_for_comic_concept
from dam.services.comic_edit_service import remove_comic
from dam.services.comic_import_service import ComicOutcome
from tests.services.comic_files import import_one, make_cbz, pages, picture
from tests.services.conftest import Add


async def taken(world: World, path: Path) -> ComicOutcome:
    outcome = await import_one(world, path)
    assert outcome.error is None
    return outcome


def ids(outcome: ComicOutcome) -> tuple[EntityId, EntityId]:
    assert outcome.variant_entity_id is not None
    assert outcome.concept_entity_id is not None
    return outcome.concept_entity_id, outcome.variant_entity_id


async def page_ids(world: World, variant: EntityId) -> list[EntityId]:
    return [page.entity_id for page in await world.read(page_service.list_pages, variant)]


async def all_ids(world: World) -> set[EntityId]:
    return set(await world.read(ecs_service.find_entities))


async def test_a_comic_goes_with_its_variants_and_pages(world: World, add: Add, home: Path) -> None:
    photo = await add(make_file(home / "photo.jpg", picture(50)))
    concept, first = ids(await taken(world, make_cbz(home / "Saga 1.cbz", pages(3))))
    scan = await taken(world, make_cbz(home / "b" / "Saga 1.cbz", pages(3, 10)))
    assert ids(scan)[0] == concept
    await world.run(page_service.add_pages, first, [photo])
    before = await all_ids(world)
    planned = await remove_comic(world, concept, is_forever=True, is_dry_run=True)
    assert await all_ids(world) == before
    removal = await remove_comic(world, concept, is_forever=True)
    assert removal == planned
    assert (removal.refused, removal.without_content) == ((), ())
    assert len(removal.entity_ids) == 1 + 2 + 6
    assert await all_ids(world) == {photo}  # it was added on its own


async def test_a_variant_goes_alone_and_shared_pages_stay(world: World, home: Path) -> None:
    concept, first = ids(await taken(world, make_cbz(home / "Saga 1.cbz", pages(3))))
    more = pages(3) | {"page 4.jpg": picture(80)}
    _, second = ids(await taken(world, make_cbz(home / "b" / "Saga 1.cbz", more)))
    shared = await page_ids(world, first)
    extra = (await page_ids(world, second))[-1]
    removal = await remove_comic(world, second, is_forever=True)
    assert set(removal.entity_ids) == {second, extra}
    assert removal.refused == ()
    assert await all_ids(world) == {concept, first, *shared}
    assert await world.read(get_variants_for_comic_concept, concept) == [first]


async def test_an_archive_that_has_the_only_bytes_of_another_page_stays(
    world: World, home: Path
) -> None:
    concept, first = ids(await taken(world, make_cbz(home / "Saga 1.cbz", pages(3))))
    _, other = ids(await taken(world, make_cbz(home / "Other 7.cbz", pages(1, 60))))
    page = (await page_ids(world, first))[0]
    await world.run(page_service.add_pages, other, [page])
    before = await all_ids(world)
    refused = await remove_comic(world, concept, is_forever=True)
    assert refused.entity_ids == ()
    assert page in {one.entity_id: one.used_by for one in refused.refused}[first]
    assert await all_ids(world) == before
    forced = await remove_comic(world, first, is_forever=True, is_forced=True)
    assert forced.without_content == (page,)
    assert first not in await all_ids(world)


async def test_a_folder_goes_with_its_pages(world: World, home: Path) -> None:
    for number in (1, 2):
        make_file(home / "Saga 2" / f"{number}.jpg", picture(number))
    concept, _ = ids(await taken(world, home / "Saga 2"))
    await remove_comic(world, concept, is_forever=True)
    assert await all_ids(world) == set()
    assert len(list((home / "Saga 2").iterdir())) == 2


async def test_what_is_no_comic_is_refused(world: World, add: Add, home: Path) -> None:
    photo = await add(make_file(home / "photo.jpg", picture(50)))
    with pytest.raises(NoComicVariantError):
        await remove_comic(world, photo, is_forever=True)
    assert await all_ids(world) == {photo}


def make_file(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
