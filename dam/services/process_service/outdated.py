"""Marks entities whose results an older version of the program computed, for a new run."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from dam.core.ecs.components import MarkerComponent, ProcessingErrorComponent
from dam.core.media_kinds import MediaKinds
from dam.core.world import World
from dam.media.file_type.recognition import RECOGNITION_VERSION
from dam.media.image.values import BITMAP_RECIPE
from dam.media.kind import GENERIC_TYPES, MediaKind, version_of_picture
from dam.models import (
    FilePropertiesComponent,
    ImagePerceptualPHashComponent,
    NeedsComicImportComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services.ecs_service import mark_in_pages
from dam.services.failure_service import EXTRACT_METADATA, IMPORT_COMIC, reopen_where


async def mark_outdated(
    world: World, markers: Mapping[str, type[MarkerComponent]], *, is_dry_run: bool = False
) -> Counter[str]:
    """Mark entities whose results an older version computed, unless they carry the marker already.

    Their dismissed failures are open again: those of the system, and of all systems that get the
    entity after it, also in stages that are run later.

    Args:
        world: The world of the entities.
        markers: The markers to set, by the names of the systems that process them.
        is_dry_run: Count, and mark nothing.

    Returns:
        The number of marked entities by system. Systems whose results have no version are left out.
    """
    marked = Counter[str]()
    kinds = world.resources.get(MediaKinds)
    found = {system: _outdated(marker, kinds) for system, marker in markers.items()}
    for system, outdated in found.items():
        if outdated is None:
            continue
        marker = markers[system]
        without = outdated.where(~exists().where(marker.entity_id == outdated.selected_columns[0]))
        marked[system] = await mark_in_pages(world, marker, without, is_dry_run=is_dry_run)
        if not is_dry_run:
            await world.run(reopen_where, outdated, _tried_anew(world, system))
    return marked


def _tried_anew(world: World, system: str) -> list[str]:
    """Return the systems that work anew on what was outdated for `system`."""
    every = world.scheduler.markers()
    names = list(every)
    later = names[names.index(system) :]
    if every[system] is NeedsMetadataExtractionComponent:
        later.append(IMPORT_COMIC)  # an earlier stage, but it reads the archive that is described
    return later


def _outdated(marker: type[MarkerComponent], kinds: MediaKinds) -> Select[int] | None:
    """Select the entities with outdated results; None if the results have no version."""
    if marker is NeedsComicImportComponent:  # what describes an archive also reads it as a comic
        failure, described = ProcessingErrorComponent, _described_before(kinds)
        failed = select(failure.entity_id).where(failure.system == IMPORT_COMIC)
        return failed.where(failure.entity_id.in_(described))
    if marker is NeedsMetadataExtractionComponent:
        return _described_before(kinds)
    if marker is NeedsContentAnalysisComponent:
        hashes = ImagePerceptualPHashComponent  # all three hashes are computed together
        return select(hashes.entity_id).where(hashes.recipe < BITMAP_RECIPE)
    return None


def _described_before(kinds: MediaKinds) -> Select[int]:
    """Select the entities that an older version described, or tried to describe.

    One whose bytes could not be had in its first description is among them each time: no version
    has seen it yet.
    """
    file = FilePropertiesComponent
    recipe = func.coalesce(file.description_recipe, 0)
    is_older = or_(recipe < RECOGNITION_VERSION, *_by_other_versions(kinds))
    # Of some files that fail, no worker could tell the type. They may be of any kind.
    may_be_older = or_(is_older, file.described_by.is_distinct_from(kinds.described_by(None)))
    failure = ProcessingErrorComponent
    failed = exists().where(failure.entity_id == file.entity_id, failure.system == EXTRACT_METADATA)
    return select(file.entity_id).where(
        or_(
            and_(file.media_type.is_not(None), is_older),
            and_(file.media_type.is_(None), failed, may_be_older),
        )
    )


def _by_other_versions(kinds: MediaKinds) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each kind, and one for the types that kinds may recognise.

    A media type of a plugin that is not installed is in none of them.
    """
    file = FilePropertiesComponent
    for kind in kinds.kinds():
        of_kind = file.media_type.in_(sorted(kind.media_types))
        name = kinds.described_by(next(iter(kind.media_types)))
        versions = file.described_by.is_distinct_from(name)
        # A picture is drawn anew by the system that follows the description. A file that could not
        # be described has no version of a picture.
        yield and_(of_kind, or_(versions, *_with_older_pictures(kind)))
    of_kinds = {media_type for kind in kinds.kinds() for media_type in kind.media_types}
    if generic := sorted(GENERIC_TYPES - of_kinds):
        asked = file.described_by.is_distinct_from(kinds.described_by(generic[0]))
        yield and_(file.media_type.in_(generic), asked)


def _with_older_pictures(kind: MediaKind[Any]) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each version that pictures of a kind have now."""
    file, of_version = FilePropertiesComponent, defaultdict[int, list[str]](list)
    for media_type in sorted(kind.media_types):
        of_version[version_of_picture(kind, media_type)].append(media_type)
    for version, media_types in of_version.items():
        yield and_(file.media_type.in_(media_types), file.picture_version != version)
