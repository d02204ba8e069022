"""What an import makes of comics that it meets again: linked before, moved, or called otherwise."""

from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.models import FilePropertiesComponent
from dam.services import page_service
from dam.services.comic_book_service import (
    create_comic_book_concept,
    get_comic_concept_for_variant,
    get_primary_variant_for_comic_concept,
    link_comic_variant_to_concept,
    unlink_comic_variant,
)
from dam.services.comic_import_service import ComicOutcome
from dam.services.comic_info_service import edit_comic_info
from dam.services.failure_service import dismiss, list_failures
from dam.services.import_service import ImportOptions, import_files
from dam.services.likeness_service import find_similar_to_file
from dam.services.process_service import process
from tests.faults.state import dump
from tests.services.comic_files import (
    damage,
    document,
    import_all,
    import_one,
    make_cbz,
    pages,
    picture,
    rows_of,
)
from tests.services.conftest import Add

INFO = "<Series>Saga</Series><Writer>Ann</Writer><LanguageISO>fr</LanguageISO>"


async def test_an_archive_that_was_linked_before_gets_its_pages_and_keeps_its_concept(
    world: World, home: Path, add: Add
) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(3), INFO)
    archive = await add(path)
    concept = await world.run(create_comic_book_concept, "Something else")
    await world.run(link_comic_variant_to_concept, archive, concept, language="de", format="cbz")
    plan = await import_one(world, path, is_dry_run=True)
    outcome = await import_one(world, path)
    assert outcome == ComicOutcome(
        path=str(path),
        status="added",
        variant_entity_id=archive,
        concept_entity_id=concept,
        pages=3,
    )
    assert plan == outcome
    rows = await world.read(rows_of, archive)
    assert rows["variant"] == ["de", "cbz", None, None]
    assert [name for name, _, _ in rows["elements"]] == ["Series", "Writer", "LanguageISO"]
    assert await world.read(get_primary_variant_for_comic_concept, concept) is None
    again = await import_one(world, path)
    assert (again.pages, again.concept_entity_id) == (3, concept)
    assert again.status != "added"


async def test_what_was_said_of_a_linked_archive_stays_beside_its_document(
    world: World, home: Path, add: Add
) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(1), INFO)
    archive = await add(path)
    concept = await world.run(create_comic_book_concept, "Mine")
    await world.run(link_comic_variant_to_concept, archive, concept)
    await world.run(edit_comic_info, archive, {"Writer": "Bob"})
    assert (await import_one(world, path)).pages == 1
    said = {name: value for name, value, _ in (await world.read(rows_of, archive))["elements"]}
    assert said == {"Title": "Mine", "Writer": "Bob", "Series": "Saga", "LanguageISO": "fr"}


async def test_an_archive_that_was_linked_and_unlinked_finds_its_concept(
    world: World, home: Path, add: Add
) -> None:
    first = await import_one(world, make_cbz(home / "Saga 1.cbz", pages(1)))
    path = make_cbz(home / "Saga 001 (x).cbz", pages(2))
    archive = await add(path)
    other = await world.run(create_comic_book_concept, "Other")
    await world.run(link_comic_variant_to_concept, archive, other)
    await world.run(unlink_comic_variant, archive)
    outcome = await import_one(world, path)
    assert (outcome.concept_entity_id, outcome.pages) == (first.concept_entity_id, 2)


@pytest.mark.parametrize(("info", "is_extracted"), [(None, False), (INFO, False), (INFO, True)])
async def test_pages_that_were_all_removed_stay_away(
    world: World,
    home: Path,
    info: str | None,
    is_extracted: bool,  # noqa: FBT001 - a case's
) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(2), info)
    outcome = await import_one(world, path, is_extracted=is_extracted)
    assert outcome.variant_entity_id is not None
    await world.run(page_service.update_page_order, outcome.variant_entity_id, [])
    again = await import_one(world, path)
    assert again.status in {"unchanged", "known"}
    assert again.pages == 0


async def test_a_named_concept_is_not_passed_over_in_silence(world: World, home: Path) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(1))
    folder = home / "Saga 2"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(9))
    concept = await world.run(create_comic_book_concept, "Another")
    for one in (path, folder):
        first = await import_one(world, one)
        before = await world.read(dump)
        for is_dry_run in (True, False):
            refused = await import_one(world, one, concept_entity_id=concept, is_dry_run=is_dry_run)
            assert (refused.status, refused.error) == ("failed", "VariantLinkedError")
            assert refused.is_failure
            assert refused.message == (
                f"entity {first.variant_entity_id} is already a variant of concept "
                f"{first.concept_entity_id}"
            )
            assert refused.hint == f"first run `dam-cli comic unlink {first.variant_entity_id}`"
        after = await world.read(dump)
        del before["component_original_source_info"], after["component_original_source_info"]
        assert after == before
        same = await import_one(world, one, concept_entity_id=first.concept_entity_id)
        assert same.error is None


async def test_an_unlinked_comic_is_linked_to_the_named_concept(world: World, home: Path) -> None:
    path = make_cbz(home / "Saga 1.cbz", pages(1))
    variant = (await import_one(world, path)).variant_entity_id
    assert variant is not None
    concept = await world.run(create_comic_book_concept, "Another")
    await world.run(unlink_comic_variant, variant)
    plan = await import_one(world, path, concept_entity_id=concept, is_dry_run=True)
    assert plan.concept_entity_id == concept
    assert await world.read(get_comic_concept_for_variant, variant) is None
    outcome = await import_one(world, path, concept_entity_id=concept)
    assert (outcome.error, outcome.concept_entity_id) == (None, concept)
    assert await world.read(get_comic_concept_for_variant, variant) == concept


async def test_a_folder_that_was_moved_is_the_comic_that_it_was(world: World, home: Path) -> None:
    folder, moved = home / "Saga 7", home / "else" / "Saga seven"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(picture(number))
    first = await import_one(world, folder)
    moved.parent.mkdir()
    folder.rename(moved)
    plan = await import_one(world, moved, is_dry_run=True)
    outcome = await import_one(world, moved)
    assert outcome == plan
    assert (outcome.status, outcome.pages) == ("known", 2)
    assert outcome.variant_entity_id == first.variant_entity_id
    assert (await import_one(world, moved)).status == "unchanged"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(3))
    assert (await import_one(world, folder)).status == "added"


@pytest.mark.parametrize("change", ["copied", "reordered", "fewer"])
async def test_a_folder_that_is_not_just_moved_is_another_comic(
    world: World, home: Path, change: str
) -> None:
    folder, other = home / "Saga 7", home / "Saga 8"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(picture(number))
    first = await import_one(world, folder)
    folder.rename(other)
    if change == "copied":
        folder.mkdir()
    elif change == "reordered":
        (other / "1.jpg").rename(other / "3.jpg")
    else:
        assert first.variant_entity_id is not None
        await world.run(page_service.remove_page_at_number, first.variant_entity_id, 2)
    outcome = await import_one(world, other)
    assert outcome.status == "added"
    assert outcome.variant_entity_id != first.variant_entity_id


async def test_a_plan_foresees_the_concepts_of_the_comics_before(world: World, home: Path) -> None:
    names = ["Été 1 (2012).cbz", "ÉTÉ 001 (2012) (x).cbz", "Été 2 (2012).cbz"]
    paths = [make_cbz(home / name, pages(n)) for n, name in enumerate(names, 1)]
    long = make_cbz(home / "long.cbz", pages(4), f"<Series>Été</Series><Title>{'x' * 9}</Title>")
    before = await world.read(dump)
    plan = await import_all(world, *paths, long, is_dry_run=True)
    assert [outcome.concept_created for outcome in plan] == [True, False, True, True]
    assert {outcome.concept_entity_id for outcome in plan} == {None}
    assert await world.read(dump) == before
    done = await import_all(world, *paths, long)
    assert [outcome.concept_created for outcome in done] == [True, False, True, True]


async def test_a_plan_says_what_the_import_would_say(world: World, home: Path) -> None:
    folder = home / "Saga 1"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture(1))
    (folder / "ComicInfo.xml").write_text(document(f"<Number>{'1' * 70}</Number>"))
    plan = await import_one(world, folder, is_dry_run=True)
    outcome = await import_one(world, folder)
    assert (plan.status, plan.error, plan.message) == (
        outcome.status,
        outcome.error,
        outcome.message,
    )


async def test_a_dismissed_archive_is_no_failure_until_a_new_version_tries_again(
    world: World, home: Path
) -> None:
    members = pages(1)
    path = make_cbz(home / "a.cbz", members)
    damage(path, members["page 1.jpg"])
    assert (await import_one(world, path)).error == "PagesUnreadableError"
    await process(world)
    assert await dismiss(world, error="PagesUnreadableError") == 1
    again = await import_one(world, path)
    assert (again.status, again.is_failure) == ("skipped", False)
    await process(world, marks_outdated=True)
    assert await world.read(list_failures) == []

    async def describe_before(session: AsyncSession) -> None:
        await session.execute(update(FilePropertiesComponent).values(description_recipe=0))

    await world.run(describe_before)
    assert (await process(world, marks_outdated=True)).processed["import_comic"] == 1
    (failure,) = await world.read(list_failures)
    assert (failure.system, failure.error) == ("import_comic", "PagesUnreadableError")
    assert (await import_one(world, path)).is_failure


async def test_a_picture_that_is_only_in_an_archive_is_found_there(
    world: World, home: Path
) -> None:
    members = pages(2)
    path = make_cbz(home / "Saga 1.cbz", members)
    await import_one(world, path)
    loose = home / "loose.jpg"
    loose.write_bytes(members["page 2.jpg"])
    await process(world)
    first, *_ = await find_similar_to_file(world, loose)
    assert (first.path, first.archive, first.member) == (None, str(path), "page 2.jpg")
    await import_files(world, [str(loose)], ImportOptions())
    first, *_ = await find_similar_to_file(world, loose)
    assert (first.path, first.archive, first.member) == (str(loose), None, None)
