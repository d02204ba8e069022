"""Records imported comics: writes all rows of one comic in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.ecs.components import EntityId, table_of
from dam.core.ecs.rows import create_entities
from dam.core.new_entities import NewEntityMarkers
from dam.core.scheduling.failures import clear_failures, record_failures
from dam.errors import DamError, display_path
from dam.media.comic.facts import ComicFacts
from dam.media.comic.info import ComicInfo, ComicInfoPage
from dam.models import (
    IN_ARCHIVE,
    ComicBookVariantComponent,
    ComicInfoElementComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    WorldIdentity,
)
from dam.services import ecs_service
from dam.services.comic_book_service import (
    VariantFacts,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
)
from dam.services.comic_import_service.known import (
    RecordedComic,
    folder_comic,
    known_comics,
    link_known_comic,
    moved_folder,
)
from dam.services.comic_import_service.matching import (
    FoundConcepts,
    create_concept,
    find_concepts,
)
from dam.services.comic_import_service.replaced import replaced_variant
from dam.services.comic_info_service import get_own_elements, write_elements
from dam.services.content_service import ContentEntity, HashedContent, record_contents
from dam.services.failure_service import IMPORT_COMIC
from dam.services.page_service import Page, set_pages
from dam.storage.paths import path_bytes, path_digest
from dam.storage.sources.reading import FileStat

_SOURCES = table_of(OriginalSourceInfoComponent)


@dataclass(frozen=True, kw_only=True)
class ParsedComic:
    """What an import read of one comic.

    Args:
        name: The title of a new concept if `facts` have neither title nor series.
        format: `cbz`, `cbr`, `cb7`, `cbt`, `pdf` or `folder`.
        info: Its ComicInfo.xml, if it has a readable one.
        facts: Facts from its ComicInfo.xml; facts missing there come from the file's name.
        scan_quality: How its pages were made, as the file's name says.
        concept_entity_id: The concept that the user named.
    """

    name: str
    format: str
    info: ComicInfo | None
    facts: ComicFacts
    scan_quality: str | None = None
    concept_entity_id: EntityId | None = None


@dataclass(frozen=True, kw_only=True)
class ParsedPage:
    """A page of an archive whose bytes were read and hashed.

    Args:
        raw_name: Its name in the archive, as bytes.
        name: The same name, decoded.
        entry: What the list of pages in the ComicInfo.xml says of it.
    """

    content: HashedContent
    raw_name: bytes
    name: str
    entry: ComicInfoPage | None


@dataclass(frozen=True, kw_only=True)
class FolderState:
    """A folder whose pictures are pages: its path, its state on disk, and when it was read."""

    path: Path
    reading: FileStat
    read_at: datetime


async def record_archive(
    session: AsyncSession,
    archive_entity_id: EntityId,
    archive_sha256: bytes,
    comic: ParsedComic,
    members: Sequence[ParsedPage],
    markers: NewEntityMarkers,
    *,
    now: datetime,
) -> RecordedComic:
    """Make an archive a variant with the pages `members`, in this order.

    An archive that was imported as a comic before is left as it is; if it has no concept, it is
    linked to the one that the user named. A variant that was only linked before keeps its concept
    and its facts. An archive that has replaced another one at its path takes over the concept of
    that one, its facts, and whether it is the primary variant.

    Args:
        session: The caller commits it.
        archive_entity_id: The archive as an asset.
        archive_sha256: The digest of the archive.
        comic: What was read of it.
        members: Its pages that could be read.
        markers: The markers that new assets get.
        now: The time that the rows get.

    Raises:
        EntityNotFoundError: The archive, or the concept that the user named, does not exist (any
            more).
        NoComicConceptError: The entity that the user named is not a concept.
        VariantLinkedError: The archive is a variant of another concept than the user named.
        FactRefusedError: A fact or an element cannot be stored unchanged.
    """
    await _lock_comic_imports(session)
    known = (await known_comics(session, [archive_entity_id])).get(archive_entity_id)
    if known is not None:
        recorded = await link_known_comic(session, known, comic.concept_entity_id)
    else:
        contents = [member.content for member in members]
        assets = await record_contents(session, contents, markers, now=now)
        pages = [_page(assets[member.content.sha256].entity_id, member.entry) for member in members]
        recorded = await _record(session, archive_entity_id, comic, pages)
        await _write_places(session, archive_entity_id, archive_sha256, members, assets)
    await ecs_service.lock_entity(session, archive_entity_id)  # last: concepts come before variants
    return recorded


async def record_comic_failure(
    session: AsyncSession, archive_entity_id: EntityId, failure: DamError | None, *, now: datetime
) -> None:
    """Record what failed in the import of an archive; `failure` None clears an earlier record."""
    if failure is None:
        await clear_failures(session, IMPORT_COMIC, [archive_entity_id])
    else:
        await record_failures(session, IMPORT_COMIC, {archive_entity_id: failure}, now=now)


async def record_folder(
    session: AsyncSession,
    folder: FolderState,
    comic: ParsedComic,
    pages: Sequence[tuple[EntityId, ComicInfoPage | None]],
    *,
    now: datetime,
) -> RecordedComic:
    """Make a folder a variant with these pictures as pages.

    The variant is an entity without content. A folder that was imported before is recognised by its
    path; if it has moved, by its pages, provided that the earlier folder is gone. Its variant is
    left as it is; if it has no concept, it is linked to the one that the user named.

    Args:
        session: The caller commits it.
        folder: The folder as it was found.
        comic: What was read of it.
        pages: Its pictures in reading order, each with its entry in the list of pages.
        now: The time that the rows get.

    Raises:
        EntityNotFoundError: A picture, or the concept that the user named, does not exist (any
            more).
        NoComicConceptError: The entity that the user named is not a concept.
        VariantLinkedError: The folder is a variant of another concept than the user named.
        FactRefusedError: A fact or an element cannot be stored unchanged.
    """
    await _lock_comic_imports(session)
    known = await folder_comic(session, folder.path)
    if known is None:
        known = await moved_folder(session, [entity_id for entity_id, _ in pages])
        if known is not None:
            await _move_source(session, known.variant_entity_id, folder, now)
    if known is not None:
        return await link_known_comic(session, known, comic.concept_entity_id)
    (variant,) = await create_entities(session, 1, now=now)
    await _write_source(session, variant, folder, now)
    linked = [_page(entity_id, entry) for entity_id, entry in pages]
    return await _record(session, variant, comic, linked)


async def rehearse_comic(
    session: AsyncSession,
    variant_entity_id: EntityId | None,
    comic: ParsedComic,
    pages: int,
    *,
    now: datetime,
    path: Path | None = None,
) -> RecordedComic:
    """Record a comic without its pages, for a dry run that rolls back afterwards.

    The result has no ids of entities that the rollback removes. `path` is that of an archive.

    Raises:
        EntityNotFoundError, NoComicConceptError, VariantLinkedError, FactRefusedError: As for
            `record_archive`.
    """
    entity_id = variant_entity_id or (await create_entities(session, 1, now=now))[0]
    recorded = await _record(session, entity_id, comic, [], path)
    return replace(
        recorded,
        variant_entity_id=variant_entity_id,
        concept_entity_id=None if recorded.concept_created else recorded.concept_entity_id,
        pages=pages,
    )


async def _lock_comic_imports(session: AsyncSession) -> None:
    """Let only one import record a comic at a time, so that two variants find one concept."""
    await session.execute(select(WorldIdentity.uuid).with_for_update())


def _page(entity_id: EntityId, entry: ComicInfoPage | None) -> Page:
    if entry is None:
        return Page(page_image_entity_id=entity_id)
    return Page(
        page_image_entity_id=entity_id,
        page_type=entry.page_type,
        is_double_page=entry.is_double_page,
        attributes=dict(entry.attributes),
    )


async def _record(
    session: AsyncSession,
    variant_entity_id: EntityId,
    comic: ParsedComic,
    pages: Sequence[Page],
    path: Path | None = None,
) -> RecordedComic:
    variant = ComicBookVariantComponent
    linked = await ecs_service.get_component(session, variant_entity_id, variant)
    former = await replaced_variant(session, variant_entity_id, path)
    concept, found = comic.concept_entity_id, FoundConcepts()
    for known in (linked, former):
        if concept is None and known is not None:
            concept = known.conceptual_entity_id
    if concept is None:
        found = await find_concepts(session, comic.facts)
        concept = found.same
    is_created = concept is None
    if concept is None:
        concept = await create_concept(session, comic.facts, comic.name)
    is_first = not await get_variants_for_comic_concept(session, concept, hidden="include")
    takes_first = (
        former is not None and former.is_primary_variant and former.conceptual_entity_id == concept
    )
    await link_comic_variant_to_concept(
        session,
        variant_entity_id,
        concept,
        is_primary_variant=is_first or takes_first,
        **_new_facts(comic, linked, former),
    )
    if comic.info is not None:
        await _write_document(session, variant_entity_id, comic.info, pages)
    await set_pages(session, variant_entity_id, pages)
    return RecordedComic(
        variant_entity_id=variant_entity_id,
        concept_entity_id=concept,
        pages=len(pages),
        is_new=True,
        concept_created=is_created,
        perhaps_of=found.perhaps,
    )


def _new_facts(
    comic: ParsedComic,
    linked: ComicBookVariantComponent | None,
    former: ComicBookVariantComponent | None,
) -> VariantFacts:
    """Return the facts that a variant's row has no value of yet.

    Those of the variant that it replaces come before those that were read: a person may have set
    them. The format is that of the file.
    """
    facts: dict[str, str | None] = {
        "language": comic.facts.language,
        "scan_quality": comic.scan_quality,
        "scan_group": comic.facts.scan_group,
        "reading_direction": comic.facts.reading_direction,
    }
    facts |= {name: value for name, value in _facts_of(former).items() if value}
    facts["format"] = comic.format
    known = {name for name, value in _facts_of(linked).items() if value}
    new: VariantFacts = {name: value for name, value in facts.items() if name not in known}  # type: ignore[assignment]  # mypy knows no computed keys
    return new


def _facts_of(variant: ComicBookVariantComponent | None) -> dict[str, str | None]:
    names = VariantFacts.__annotations__
    return {} if variant is None else {name: getattr(variant, name) for name in names}


async def _write_document(
    session: AsyncSession, variant_entity_id: EntityId, info: ComicInfo, pages: Sequence[Page]
) -> None:
    """Write a document's elements behind those that the user has set, which take precedence."""
    kept = (await get_own_elements(session, variant_entity_id)).elements
    if kept:
        of_variant = ComicInfoElementComponent.entity_id == variant_entity_id
        await session.execute(delete(ComicInfoElementComponent).where(of_variant))
    names = {element.name for element in kept}
    added = (element for element in info.elements if element.name not in names)
    await write_elements(session, variant_entity_id, ComicInfo((*kept, *added)), pages)


async def _write_places(
    session: AsyncSession,
    archive_entity_id: EntityId,
    archive_sha256: bytes,
    members: Sequence[ParsedPage],
    assets: dict[bytes, ContentEntity],
) -> None:
    inside = [
        {
            "entity_id": assets[member.content.sha256].entity_id,
            "storage": IN_ARCHIVE,
            "path": member.raw_name,
            "path_digest": path_digest(archive_sha256 + b"\0" + member.raw_name),
            "path_text": display_path(member.name),
            "size_bytes": member.content.size_bytes,
            "container_entity_id": archive_entity_id,
        }
        for member in members
    ]
    conflict = Conflict(("path_digest",))
    await insert_rows(session, table_of(FileLocationComponent), inside, conflict)


async def _write_source(
    session: AsyncSession, variant_entity_id: EntityId, folder: FolderState, now: datetime
) -> None:
    row = {"entity_id": variant_entity_id, "first_seen_at": now, **_source(folder, now)}
    # A file may have been imported from this path before; from now on it is the folder's.
    changing = (
        "entity_id",
        "size_bytes",
        "mtime_ns",
        "mode",
        "last_seen_at",
        "read_at",
        "stem_digest",
    )
    conflict = Conflict(("path_digest",), changing)
    await insert_rows(session, _SOURCES, [row], conflict)


async def _move_source(
    session: AsyncSession, variant_entity_id: EntityId | None, folder: FolderState, now: datetime
) -> None:
    source = _source(folder, now)
    taken = delete(_SOURCES).where(_SOURCES.c.path_digest == source["path_digest"])
    await session.execute(taken)
    moved = update(_SOURCES).where(_SOURCES.c.entity_id == variant_entity_id)
    await session.execute(moved.values(source))


def _source(folder: FolderState, now: datetime) -> dict[str, object]:
    raw = path_bytes(folder.path)
    return {
        "path": raw,
        "path_digest": path_digest(raw),
        "path_text": display_path(folder.path),
        "size_bytes": 0,
        "mtime_ns": folder.reading.mtime_ns,
        "mode": folder.reading.mode,
        "last_seen_at": now,
        "read_at": folder.read_at,
        "stem_digest": None,
    }
