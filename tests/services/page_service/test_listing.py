"""Pages as people see and change them: by the names that they have in their archive."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.rows import write_rows
from dam.core.world import World
from dam.errors import (
    ConceptNotVariantError,
    NoComicVariantError,
    NoPageAtNumberError,
    PagesLeftOutError,
)
from dam.models import IN_ARCHIVE, FileLocationComponent
from dam.services.comic_edit_service import view_pages
from dam.services.page_service import (
    Page,
    add_pages,
    change_page,
    get_ordered_pages,
    insert_pages,
    list_pages,
    remove_pages,
    reorder_pages,
    reorder_pages_by_name,
    update_page_order,
)
from dam.services.page_service import renumber_page as move_page
from tests.services.comic_files import import_one, make_cbz, picture
from tests.services.comics import concept, entities, numbered, variant


async def archive_of(world: World, members: dict[str, EntityId]) -> EntityId:
    """Make an archive that holds these pictures by their names, and has them as its pages."""
    (archive,) = await entities(world, 1)
    rows = [
        {
            "entity_id": image,
            "storage": IN_ARCHIVE,
            "path": name.encode(),
            "path_digest": hashlib.sha256(name.encode()).digest(),
            "path_text": name,
            "size_bytes": 1,
            "container_entity_id": archive,
        }
        for name, image in members.items()
    ]

    async def write(session: AsyncSession) -> None:
        await write_rows(session, FileLocationComponent, rows, replace=False)
        await update_page_order(session, archive, list(members.values()))

    await world.run(write)
    return archive


async def names(world: World, archive: EntityId) -> list[str | None]:
    return [page.name for page in await world.read(list_pages, archive)]


async def test_a_picture_that_repeats_keeps_the_names_of_its_places(world: World) -> None:
    cover, story, end = await entities(world, 3)
    members = {"a/01 cover": cover, "a/02": story, "a/03 again": cover, "a/04": end}
    archive = await archive_of(world, members)
    assert await names(world, archive) == ["01 cover", "02", "03 again", "04"]
    await world.run(remove_pages, archive, [1], closes_gaps=True)
    assert await names(world, archive) == ["02", "03 again", "04"]
    await world.run(move_page, archive, 3, 1)
    assert await names(world, archive) == ["04", "02", "03 again"]
    await world.run(add_pages, archive, [cover, cover], at=1)
    assert await names(world, archive) == ["01 cover", "03 again", "04", "02", None]


async def test_what_is_added_comes_back_as_pages(world: World) -> None:
    owner, *images = await entities(world, 4)
    await world.run(reorder_pages, owner, images)
    added = (await world.run(add_pages, owner, images[:2], at=2, page_type="Story")).pages
    assert [(page.page_number, page.entity_id) for page in added] == [
        (2, images[0]),
        (3, images[1]),
    ]
    assert {page.page_type for page in added} == {"Story"}
    last = (await world.run(add_pages, owner, images[:1], is_double_page=True)).pages
    assert [(page.page_number, page.is_double_page) for page in last] == [(6, True)]


async def test_what_is_removed_comes_back_as_it_was(world: World) -> None:
    owner, *images = await entities(world, 4)
    await world.run(reorder_pages, owner, images)
    removed = (await world.run(remove_pages, owner, [3, 1], closes_gaps=True)).pages
    assert [(page.page_number, page.entity_id) for page in removed] == [
        (1, images[0]),
        (3, images[2]),
    ]
    with pytest.raises(NoPageAtNumberError):
        await world.run(remove_pages, owner, [1, 2], closes_gaps=True)
    assert await numbered(world, owner) == {1: images[1]}


async def test_a_new_order_names_every_page_unless_the_others_shall_go(world: World) -> None:
    owner, one, two, new = await entities(world, 4)
    await world.run(update_page_order, owner, [one, two, one])
    with pytest.raises(PagesLeftOutError) as raised:
        await world.run(reorder_pages, owner, [one, new])
    assert raised.value.pages == {2: two, 3: one}
    assert raised.value.message == (
        f"pages 2 (id {two}), 3 (id {one}) of entity {owner} are not named"
    )
    assert raised.value.hint == (
        "name each page as often as it occurs, or use --drop to remove pages not named"
    )
    with pytest.raises(
        PagesLeftOutError, match=rf"^page 2 \(id {two}\) of entity .* is not named$"
    ):
        await world.run(reorder_pages, owner, iter([one, one]))
    assert await numbered(world, owner) == {1: one, 2: two, 3: one}
    await world.run(reorder_pages, owner, (image for image in (new, one, one, two)))
    assert await numbered(world, owner) == {1: new, 2: one, 3: one, 4: two}
    await world.run(reorder_pages, owner, [two], drops_others=True)
    assert await numbered(world, owner) == {1: two}


async def test_pages_have_the_names_of_their_archive_whatever_is_in_them(
    world: World, home: Path
) -> None:
    strange = ["a\nb\x1b[31m.jpg", "c\u202e 1.jpg", "d/e\\f.jpg", "g\u00e91.jpg"]
    path = make_cbz(home / "a.cbz", {name: picture(at) for at, name in enumerate(strange)})
    # Declared as UTF-8, which these bytes are not.
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xed\xff"))
    variant = (await import_one(world, path)).variant_entity_id
    assert variant is not None
    expected = [strange[0], strange[1], "f.jpg", "g\udced\udcff1.jpg"]
    assert await names(world, variant) == expected
    images = await world.read(get_ordered_pages, variant)
    (album,) = await entities(world, 1)
    await world.run(update_page_order, album, images)
    assert await names(world, album) == expected  # here as the files' own names


async def test_a_concept_says_that_its_variants_have_the_pages(world: World) -> None:
    work, (image, album) = await concept(world), await entities(world, 2)
    with pytest.raises(ConceptNotVariantError):
        await world.read(view_pages, work)
    with pytest.raises(NoComicVariantError):
        await world.read(view_pages, album)
    assert await world.read(view_pages, await variant(world, work)) == []
    await world.run(update_page_order, work, [image])
    assert [page.entity_id for page in await world.read(view_pages, work)] == [image]


async def test_pages_of_an_archive_are_ordered_by_name_with_their_facts(world: World) -> None:
    back, story, cover = await entities(world, 3)
    archive = await archive_of(world, {"b/X-7-01": story, "b/X-7": cover, "a/9": back})
    await world.run(change_page, archive, 2, page_type="FrontCover", is_double_page=False)
    ordered = (await world.run(reorder_pages_by_name, archive)).pages
    assert [(page.name, page.entity_id, page.page_type) for page in ordered] == [
        ("9", back, None),
        ("X-7", cover, "FrontCover"),
        ("X-7-01", story, None),
    ]


async def test_a_picture_that_repeats_is_ordered_by_the_name_of_each_place(world: World) -> None:
    blank, story = await entities(world, 2)
    archive = await archive_of(world, {"10": blank, "9": story})
    await world.run(insert_pages, archive, [Page(page_image_entity_id=blank)], at=3)
    assert [page.entity_id for page in (await world.run(reorder_pages_by_name, archive)).pages] == [
        *(blank, story, blank),  # the one without a name comes first
    ]


async def test_pages_of_a_folder_are_ordered_by_their_paths_in_it(world: World, home: Path) -> None:
    folder = home / "Saga 1"
    names = ["cover.jpg", "1/p.jpg", "1/p-1.jpg", "2/p.jpg"]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    outcome = await import_one(world, folder)
    assert outcome.variant_entity_id is not None
    first = await world.read(get_ordered_pages, outcome.variant_entity_id)
    await world.run(reorder_pages, outcome.variant_entity_id, first[::-1])
    await world.run(reorder_pages_by_name, outcome.variant_entity_id)
    assert await world.read(get_ordered_pages, outcome.variant_entity_id) == first
    again = await import_one(world, folder)
    assert (again.status, again.pages) == ("unchanged", 4)
