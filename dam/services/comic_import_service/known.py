"""Look-ups of comics that were imported before, by archive, by folder or by path."""

import asyncio
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.models import (
    ComicBookVariantComponent,
    ComicInfoElementComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.services.comic_book_service import link_comic_variant_to_concept
from dam.services.failure_service import IMPORT_COMIC
from dam.services.import_service import FileOutcome
from dam.services.page_service import get_ordered_pages
from dam.storage.contents.located import LocatedContent
from dam.storage.paths import path_bytes, path_digest

FOLDER = "folder"
"""The format of comics that are folders of pictures."""


@dataclass(frozen=True, kw_only=True)
class RecordedComic:
    """A comic as it is recorded, or as a dry run would record it.

    Attributes:
        variant_entity_id: None if only a dry run would make the variant.
        concept_entity_id: None if it has no concept, or if only a dry run would make it.
        pages: The number of its pages.
        is_new: This import made the variant.
        concept_created: This import made the concept.
        perhaps_of: An older concept that it may be a variant of, if this import made the concept.
        has_failure: Its pages or its document could not all be read when it was imported, and no
            user has dismissed that.
    """

    variant_entity_id: EntityId | None
    concept_entity_id: EntityId | None
    pages: int
    is_new: bool = False
    concept_created: bool = False
    perhaps_of: EntityId | None = None
    has_failure: bool = False


@dataclass(frozen=True, kw_only=True)
class AddedArchive:
    """An archive that was imported as a file, but not yet as a comic.

    Args:
        file: The outcome of the import as a file.
        known: The comic, if the archive was imported as one before.
        content: The place of its bytes; None if they cannot be read.
        is_dismissed: A user has dismissed that it could not be imported as a comic.
    """

    file: FileOutcome
    known: RecordedComic | None
    content: LocatedContent | None
    is_dismissed: bool = False


async def known_comics(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, RecordedComic]:
    """Return by entity the comics that were imported; entities that were not are left out.

    A variant was imported if it has pages, or is the archive in which bytes of an asset are, or has
    both a format and a document. So a comic is not imported anew after a user has removed its
    pages. A variant that was only linked has none of these and is left out.
    """
    variant, link, failure = ComicBookVariantComponent, PageLink, ProcessingErrorComponent
    place, element = FileLocationComponent, ComicInfoElementComponent
    has_document = exists().where(element.entity_id == variant.entity_id)
    known = (
        select(
            variant.entity_id,
            variant.conceptual_entity_id,
            select(func.count())
            .where(link.owner_entity_id == variant.entity_id)
            .scalar_subquery()
            .label("pages"),
            exists()
            .where(
                failure.entity_id == variant.entity_id,
                failure.system == IMPORT_COMIC,
                failure.dismissed_at.is_(None),
            )
            .label("has_failure"),
        )
        .where(variant.entity_id.in_(entity_ids))
        .where(
            or_(
                exists().where(link.owner_entity_id == variant.entity_id),
                exists().where(place.container_entity_id == variant.entity_id),
                and_(variant.format.is_not(None), has_document),
            )
        )
        .order_by(variant.entity_id)
    )
    return {
        row.entity_id: RecordedComic(
            variant_entity_id=row.entity_id,
            concept_entity_id=row.conceptual_entity_id,
            pages=row.pages,
            has_failure=row.has_failure,
        )
        for row in await session.execute(known)
    }


async def comics_at(session: AsyncSession, paths: Collection[str]) -> set[str]:
    """Return the paths from which a comic was imported; the other paths are left out."""
    source, variant = OriginalSourceInfoComponent, ComicBookVariantComponent
    digests = [path_digest(path_bytes(path)) for path in paths]
    seen = (
        select(source.path)
        .join(variant, variant.entity_id == source.entity_id)
        .where(source.path_digest.in_(digests))
    )
    return set(map(os.fsdecode, await session.scalars(seen)))


async def had_archives(session: AsyncSession, folder: str, *, or_below: bool = False) -> bool:
    """Tell whether comic archives were imported from this folder itself, or else from below it."""
    below, seen = _seen_below(folder)
    found = await session.scalars(seen.where(ComicBookVariantComponent.format != FOLDER))
    return any(or_below or b"/" not in path[len(below) :] for path in found)


async def had_comics(session: AsyncSession, folder: str) -> bool:
    """Tell whether this folder, or anything below it, was imported as a comic."""
    if await comics_at(session, [folder]):
        return True
    _, seen = _seen_below(folder)
    return (await session.scalars(seen.limit(1))).first() is not None


def _seen_below(folder: str) -> tuple[bytes, Select[bytes]]:
    """Return the prefix of all paths below a folder, and a query for comics' paths with it."""
    source, variant = OriginalSourceInfoComponent, ComicBookVariantComponent
    below = path_bytes(os.path.join(folder, ""))  # noqa: PTH118 - the strings of `Walk`
    seen = select(source.path).join(variant, variant.entity_id == source.entity_id)
    return below, seen.where(source.path > below, source.path < below[:-1] + b"0")


async def folder_comic(session: AsyncSession, path: Path) -> RecordedComic | None:
    """Return the comic that a folder was imported as, or None."""
    source, variant = OriginalSourceInfoComponent, ComicBookVariantComponent
    known = (
        select(source.entity_id, variant.conceptual_entity_id)
        .join(variant, variant.entity_id == source.entity_id)
        .where(source.path_digest == path_digest(path_bytes(path)))
    )
    row = (await session.execute(known)).one_or_none()
    return None if row is None else await _comic_of(session, row[0], row[1])


async def moved_folder(
    session: AsyncSession, page_entity_ids: Sequence[EntityId]
) -> RecordedComic | None:
    """Return the comic with exactly these pages in this order whose folder is gone, or None."""
    source, variant, link = OriginalSourceInfoComponent, ComicBookVariantComponent, PageLink
    candidates = (
        select(variant.entity_id, variant.conceptual_entity_id, source.path)
        .join(source, source.entity_id == variant.entity_id)
        .join(link, link.owner_entity_id == variant.entity_id)
        .where(variant.format == FOLDER, link.page_number == 1)
        .where(link.page_image_entity_id == page_entity_ids[0])
        .order_by(variant.entity_id)
    )
    for entity_id, concept, path in (await session.execute(candidates)).all():
        is_same = await get_ordered_pages(session, entity_id) == list(page_entity_ids)
        if is_same and not await asyncio.to_thread(os.path.lexists, path):
            return await _comic_of(session, entity_id, concept)
    return None


async def link_known_comic(
    session: AsyncSession, known: RecordedComic, concept_entity_id: EntityId | None
) -> RecordedComic:
    """Link a comic to the concept that the user named, if any; return the resulting comic.

    Raises:
        VariantLinkedError: The comic is a variant of another concept.
        EntityNotFoundError: The concept does not exist.
        NoComicConceptError: The entity that the user named is not a concept.
    """
    if concept_entity_id in {None, known.concept_entity_id}:
        return known
    assert concept_entity_id is not None
    assert known.variant_entity_id is not None
    await link_comic_variant_to_concept(session, known.variant_entity_id, concept_entity_id)
    return replace(known, concept_entity_id=concept_entity_id)


async def _comic_of(
    session: AsyncSession, variant_entity_id: EntityId, concept_entity_id: EntityId | None
) -> RecordedComic:
    return RecordedComic(
        variant_entity_id=variant_entity_id,
        concept_entity_id=concept_entity_id,
        pages=len(await get_ordered_pages(session, variant_entity_id)),
    )
