"""Hidden entities are left out of answers unless asked for: all reading services, in a table."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.world import World
from dam.models import ComicBookVariantComponent, FilePropertiesComponent
from dam.services import comic_book_service, comic_edit_service, ecs_service
from dam.services.comic_overlap_service import VariantOverlap, find_duplicates, overlap_of
from dam.services.ecs_service import Hidden
from dam.services.search_service import complete_query, search_page
from dam.services.summary_service import summarise_entities
from dam.services.trash_service import trash_assets
from tests.core.worlds import NOW
from tests.services.comics import concept, entities, variant
from tests.services.conftest import Add

Answer = Callable[[Hidden], Awaitable[Iterable[EntityId | None]]]


@dataclass
class Comics:
    """Three comics with the same pages: one shown, one in the trash, one whose variant is there."""

    world: World
    page: EntityId
    works: tuple[EntityId, EntityId, EntityId]
    variants: tuple[EntityId, EntityId, EntityId]

    @classmethod
    async def made(cls, world: World) -> "Comics":
        pages = await entities(world, 3)
        works = [await concept(world, title) for title in ("shown", "trashed", "empty")]
        variants = [await variant(world, work, pages) for work in works]
        await world.run(comic_book_service.set_primary_comic_variant, variants[2])
        await world.run(trash_assets, [works[1], variants[2]])
        one, two, three = works
        first, second, third = variants
        return cls(world, pages[0], (one, two, three), (first, second, third))

    async def find(self, hidden: Hidden) -> list[EntityId]:
        with_ = [ComicBookVariantComponent]
        find = ecs_service.find_entities
        return await self.world.read(find, with_=with_, hidden=hidden)

    async def stream(self, hidden: Hidden) -> list[EntityId]:
        async def read(session: AsyncSession) -> list[EntityId]:
            with_ = [ComicBookVariantComponent]
            stream = ecs_service.stream_entities(session, with_=with_, hidden=hidden)
            return [each async for each in stream]

        return await self.world.read(read)

    async def find_concepts(self, hidden: Hidden) -> list[EntityId]:
        return await self.world.read(comic_book_service.find_comic_book_concepts, hidden=hidden)

    async def variants_of(self, hidden: Hidden) -> list[EntityId]:
        get = comic_book_service.get_variants_for_comic_concept
        return await self.world.read(get, self.works[2], hidden=hidden)

    async def list_variants(self, hidden: Hidden) -> list[EntityId]:
        list_variants = comic_edit_service.list_variants
        listed = await self.world.read(list_variants, self.works[2], hidden=hidden)
        return [each.entity_id for each in listed]

    async def view(self, hidden: Hidden) -> list[EntityId]:
        view = await self.world.read(comic_edit_service.view_comic, self.works[2], hidden=hidden)
        assert isinstance(view, comic_edit_service.ConceptView)
        return [each.entity_id for each in view.variants]

    async def primary(self, hidden: Hidden) -> list[EntityId]:
        get = comic_book_service.get_primary_variant_for_comic_concept
        found = await self.world.read(get, self.works[2], hidden=hidden)
        return [] if found is None else [found]

    async def containing(self, hidden: Hidden) -> list[EntityId]:
        get = comic_book_service.get_comic_variants_containing_image_as_page
        return await self.world.read(get, self.page, hidden=hidden)

    async def page_uses(self, hidden: Hidden) -> list[EntityId]:
        uses = await self.world.read(
            comic_book_service.describe_page_uses, self.page, hidden=hidden
        )
        return [use.variant_entity_id for use in uses]

    async def view_page_uses(self, hidden: Hidden) -> list[EntityId]:
        view = comic_edit_service.view_page_uses
        uses = await self.world.read(view, self.page, hidden=hidden)
        return [use.variant_entity_id for use in uses]

    async def overlap(self, hidden: Hidden) -> set[EntityId]:
        found = await overlap_of(self.world, self.variants[0], hidden=hidden)
        return _either(found) - {self.variants[0]}

    async def duplicates(self, hidden: Hidden) -> set[EntityId]:
        return _either(await find_duplicates(self.world, hidden=hidden))


def _either(found: Iterable[VariantOverlap]) -> set[EntityId]:
    return {each for overlap in found for each in overlap.variant_entity_ids}


async def test_hidden_comics_are_left_out_included_or_alone(world: World) -> None:
    comics = await Comics.made(world)
    first, second, third = comics.variants
    everywhere = {first}, {first, second, third}, {second, third}
    of_third: tuple[set[EntityId], ...] = set(), {third}, {third}
    table: dict[Answer, tuple[set[EntityId], ...]] = {
        comics.find: everywhere,
        comics.stream: everywhere,
        comics.find_concepts: ({comics.works[0]}, set(comics.works), set(comics.works[1:])),
        comics.variants_of: of_third,
        comics.list_variants: of_third,
        comics.view: of_third,
        comics.primary: of_third,
        comics.containing: everywhere,
        comics.page_uses: everywhere,
        comics.view_page_uses: everywhere,
        comics.overlap: (set(), {second, third}, {second, third}),
        comics.duplicates: (set(), {first, second, third}, {second, third}),
    }
    for answer, expected in table.items():
        modes: tuple[Hidden, ...] = ("leave_out", "include", "only")
        assert [set(await answer(mode)) for mode in modes] == list(expected), answer
    count = ecs_service.count_entities
    with_ = [ComicBookVariantComponent]
    assert [await world.read(count, with_=with_, hidden=mode) for mode in modes] == [1, 3, 2]


async def test_a_summary_names_hidden_comics_only_of_what_is_hidden_itself(world: World) -> None:
    comics = await Comics.made(world)
    (summary,) = await world.read(summarise_entities, [comics.page])
    assert [place.variant_entity_id for place in summary.comics] == [comics.variants[0]]
    await world.run(trash_assets, [comics.works[0]])
    (summary,) = await world.read(summarise_entities, [comics.variants[0]])
    assert [place.name for place in summary.comics] == ["shown"]


async def test_values_that_only_hidden_assets_have_are_not_offered(
    world: World, add: Add, home: Path
) -> None:
    for name in ("a.txt", "b.zzz"):
        (home / name).write_text(name)
    one, other = await add(home / "a.txt"), await add(home / "b.zzz")

    async def change(session: AsyncSession) -> None:
        for entity_id, kind in ((one, "text/plain"), (other, "text/zzz")):
            file = await ecs_service.get_component(session, entity_id, FilePropertiesComponent)
            assert file is not None
            file.media_type = kind
            error = ProcessingErrorComponent(
                system=f"read_{entity_id}", error="OddError", message="odd", occurred_at=NOW
            )
            await ecs_service.add_component(session, entity_id, error)

    await world.run(change)
    await world.run(trash_assets, [other])
    for query, offered in (
        ("ext:", ["txt"]),
        ("media_type:", ["text/plain"]),
        ("failed:", [f"read_{one}"]),
    ):
        found = await world.read(complete_query, query, len(query))
        assert [each.text for each in found] == offered
    assert (await world.read(search_page, "")).entity_ids == (one,)
