"""Marks what an older version of the program has computed, so that it is computed again."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, MarkerComponent, mark
from dam.core.world import World
from dam.media.image import DESCRIPTION_RECIPE, RECIPE_VERSION
from dam.models import (
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)

_PAGE = 5_000


async def mark_outdated(
    world: World, markers: Mapping[str, type[MarkerComponent]], *, is_dry_run: bool = False
) -> Counter[str]:
    """Mark what was computed by an older recipe than today's and does not carry the marker yet.

    Args:
        world: Where.
        markers: By the names of the systems that work them off; others are left alone.
        is_dry_run: Count, and mark nothing.

    Returns:
        How many entities, by system.
    """
    marked = Counter[str]()
    for system, marker in markers.items():
        outdated = _outdated(marker)
        if outdated is None:
            continue
        without = outdated.where(~exists().where(marker.entity_id == outdated.selected_columns[0]))
        if is_dry_run:
            marked[system] = await world.read(_count, without)
            continue
        last: EntityId | None = 0
        while last is not None:
            count, last = await world.run(_mark_page, marker, without, last)
            marked[system] += count
    return marked


def _outdated(marker: type[MarkerComponent]) -> Select[int] | None:
    """Return the entities on which the marker's system should look again, if that can be told."""
    if marker is NeedsMetadataExtractionComponent:
        file = FilePropertiesComponent
        recipe = func.coalesce(file.description_recipe, 0)
        described = select(file.entity_id).where(file.media_type.is_not(None))
        return described.where(recipe < DESCRIPTION_RECIPE)
    if marker is NeedsContentAnalysisComponent:
        hashes = ImagePerceptualPHashComponent  # all three are made at once
        return select(hashes.entity_id).where(hashes.recipe < RECIPE_VERSION)
    return None


async def _count(session: AsyncSession, outdated: Select[int]) -> int:
    counted = select(func.count()).select_from(outdated.subquery())
    return (await session.execute(counted)).scalar_one()


async def _mark_page(
    session: AsyncSession, marker: type[MarkerComponent], outdated: Select[int], after: EntityId
) -> tuple[int, EntityId | None]:
    """Mark the next entities; return how many, and the last one if there may be more."""
    entity_id = outdated.selected_columns[0]
    page = outdated.where(entity_id > after).order_by(entity_id).limit(_PAGE)
    entity_ids = (await session.scalars(page)).all()
    await mark(session, marker, entity_ids)
    return len(entity_ids), entity_ids[-1] if len(entity_ids) == _PAGE else None
