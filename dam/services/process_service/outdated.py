"""Marks entities whose results an older version of the program computed, for a new run."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Select, exists, func, select

from dam.core.ecs.components import MarkerComponent
from dam.core.world import World
from dam.media.image.values import BITMAP_RECIPE, DESCRIPTION_RECIPE
from dam.models import (
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services.ecs_service import mark_in_pages


async def mark_outdated(
    world: World, markers: Mapping[str, type[MarkerComponent]], *, is_dry_run: bool = False
) -> Counter[str]:
    """Mark entities whose results come from an older recipe, unless they carry the marker already.

    Args:
        world: The world of the entities.
        markers: The markers to set, by the names of the systems that process them.
        is_dry_run: Count, and mark nothing.

    Returns:
        The number of marked entities by system. Systems whose results have no recipe are left out.
    """
    marked = Counter[str]()
    for system, marker in markers.items():
        outdated = _outdated(marker)
        if outdated is None:
            continue
        without = outdated.where(~exists().where(marker.entity_id == outdated.selected_columns[0]))
        marked[system] = await mark_in_pages(world, marker, without, is_dry_run=is_dry_run)
    return marked


def _outdated(marker: type[MarkerComponent]) -> Select[int] | None:
    """Select the entities with outdated results; None if the results have no recipe."""
    if marker is NeedsMetadataExtractionComponent:
        file = FilePropertiesComponent
        recipe = func.coalesce(file.description_recipe, 0)
        described = select(file.entity_id).where(file.media_type.is_not(None))
        return described.where(recipe < DESCRIPTION_RECIPE)
    if marker is NeedsContentAnalysisComponent:
        hashes = ImagePerceptualPHashComponent  # all three hashes are computed together
        return select(hashes.entity_id).where(hashes.recipe < BITMAP_RECIPE)
    return None
