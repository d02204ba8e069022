"""An import joins what is surely one comic, and names the comic that another one may be."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services.comic_book_service import (
    create_comic_book_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    unlink_comic_variant,
)
from tests.services.comic_files import import_all, import_one, make_cbz, pages


async def test_twelve_issues_are_twelve_comics(world: World, home: Path) -> None:
    archives = [
        make_cbz(home / f"Marvel Tales v1 - {n:03}.cbz", pages(1, first_seed=n)) for n in range(12)
    ]
    found = await import_all(world, *archives)
    assert len({outcome.concept_entity_id for outcome in found}) == 12
    assert [outcome.perhaps_of for outcome in found] == [None] * 12


async def test_a_comic_that_may_be_another_names_it(world: World, home: Path) -> None:
    first = await import_one(world, make_cbz(home / "Batman 001 (1940).cbz", pages(1)))
    other = make_cbz(home / "Batman 001.cbz", pages(1, first_seed=9))
    planned = await import_one(world, other, is_dry_run=True)
    assert (planned.perhaps_of, planned.message) == (
        first.concept_entity_id,
        f"perhaps another scan of comic {first.concept_entity_id}",
    )
    second = await import_one(world, other)
    assert second.concept_created
    assert second.perhaps_of == first.concept_entity_id != second.concept_entity_id
    comic, variant = first.concept_entity_id, second.variant_entity_id
    assert second.message == (
        f"perhaps another scan of comic {comic}; if so: `comic unlink {variant}`, then"
        f" `comic link {comic} {variant}`"
    )
    assert (await import_one(world, other)).perhaps_of is None


async def test_formats_that_differ_are_two_comics(world: World, home: Path) -> None:
    said = "<Series>X-Men</Series><Number>1</Number><Year>2018</Year>"
    regular = await import_one(world, make_cbz(home / "a.cbz", pages(1), said))
    annual = make_cbz(home / "b.cbz", pages(1, first_seed=3), f"{said}<Format>Annual</Format>")
    named = make_cbz(home / "X-Men Annual 001 (2018).cbz", pages(1, first_seed=5))
    found = [(await import_one(world, path)).concept_entity_id for path in (annual, named)]
    assert found[0] == found[1] != regular.concept_entity_id


async def test_a_title_in_another_language_is_no_other_comic(world: World, home: Path) -> None:
    french = make_cbz(home / "Thorgal T05 - Au-delà des ombres [FR].cbz", pages(1))
    english = make_cbz(home / "Thorgal T05 - Beyond the Shadows [EN].cbz", pages(1, first_seed=5))
    first, second = [await import_one(world, path) for path in (french, english)]
    assert first.concept_entity_id == second.concept_entity_id


async def test_links_of_before_stay_when_comics_are_imported_again(
    world: World, home: Path
) -> None:
    """What older versions took for one comic is not divided, and nothing joins it by itself."""
    names = ("Kaiju No. 8 036 (2021).cbz", "Kaiju No. 8 037 (2021).cbz")
    archives = [make_cbz(home / name, pages(1, first_seed=n)) for n, name in enumerate(names)]
    known = [await import_one(world, path) for path in archives]
    old = await world.run(create_comic_book_concept, "036", "Kaiju", "8", 2021)
    for outcome in known:
        assert outcome.variant_entity_id is not None
        await world.run(_relink, outcome.variant_entity_id, old)
    again = await import_all(world, *archives)
    assert [outcome.concept_entity_id for outcome in again] == [old, old]
    assert [outcome.status for outcome in again] == ["unchanged", "unchanged"]
    linked = [outcome.variant_entity_id for outcome in known]
    assert sorted(await world.read(get_variants_for_comic_concept, old)) == linked


async def _relink(session: AsyncSession, variant: EntityId, concept: EntityId) -> None:
    await unlink_comic_variant(session, variant)
    await link_comic_variant_to_concept(session, variant, concept)
