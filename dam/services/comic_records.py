"""What the import of one comic writes, all of it in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.bulk import Conflict, insert_rows
from dam.core.ecs import (
    EntityId,
    ProcessingErrorComponent,
    create_entities,
    table_of,
)
from dam.core.plugins import NewEntityMarkers
from dam.core.work import clear_failures, record_failures
from dam.errors import ItemError
from dam.media.comic_facts import ComicFacts
from dam.media.comic_info import ComicInfo, ComicInfoPage
from dam.models import (
    ComicBookVariantComponent,
    FileLocationComponent,
    OriginalSourceInfoComponent,
    PageLink,
    WorldIdentity,
)
from dam.models.core.file_location_component import IN_ARCHIVE
from dam.services import ecs_service
from dam.services.comic_book_service import (
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
)
from dam.services.comic_facts import VariantFacts
from dam.services.comic_info_service import write_elements
from dam.services.comic_match_service import create_concept, find_same_concept
from dam.services.content_records import Owner, ReadContent, record_contents
from dam.services.failure_service import IMPORT_COMIC
from dam.services.page_service import Page, set_pages
from dam.storage.paths import display_path, path_bytes, path_digest
from dam.storage.reading import FileReading


@dataclass(frozen=True, kw_only=True)
class ReadComic:
    """What was read of a comic.

    Args:
        name: What to call it where nothing in it says so.
        format: `cbz` …, or `folder`.
        info: Its ComicInfo.xml, where it has one that can be read.
        facts: What it says, or else what the file's name says.
        scan_quality: How its pages were got.
        concept_entity_id: The concept that the user named.
    """

    name: str
    format: str
    info: ComicInfo | None
    facts: ComicFacts
    scan_quality: str | None = None
    concept_entity_id: EntityId | None = None


@dataclass(frozen=True, kw_only=True)
class ReadMember:
    """A page of an archive whose bytes were read."""

    content: ReadContent
    raw_name: bytes
    name: str
    entry: ComicInfoPage | None


@dataclass(frozen=True, kw_only=True)
class ReadFolder:
    """A folder whose pictures are pages, as it was found."""

    path: Path
    reading: FileReading
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordedComic:
    """The variant that a comic is (None: it would be), its concept, and what of them is new.

    `has_failure` says that something of it could not be had when it was imported.
    """

    variant_entity_id: EntityId | None
    concept_entity_id: EntityId | None
    pages: int
    is_new: bool = False
    concept_created: bool = False
    has_failure: bool = False


async def known_comics(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, RecordedComic]:
    """Return the comics that entities are already; those that are none are left out."""
    variant, link, failure = ComicBookVariantComponent, PageLink, ProcessingErrorComponent
    known = (
        select(
            variant.entity_id,
            variant.conceptual_entity_id,
            select(func.count())
            .where(link.owner_entity_id == variant.entity_id)
            .scalar_subquery()
            .label("pages"),
            exists()
            .where(failure.entity_id == variant.entity_id, failure.system == IMPORT_COMIC)
            .label("has_failure"),
        )
        .where(variant.entity_id.in_(entity_ids))
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


async def folder_comic(session: AsyncSession, path: Path) -> RecordedComic | None:
    """Return the comic that a folder was imported as, or None."""
    source, variant = OriginalSourceInfoComponent, ComicBookVariantComponent
    known = (
        select(source.entity_id)
        .join(variant, variant.entity_id == source.entity_id)
        .where(source.path_digest == path_digest(path_bytes(path)))
    )
    found = await session.scalar(known)
    return None if found is None else (await known_comics(session, [found]))[found]


async def record_archive(
    session: AsyncSession,
    archive_entity_id: EntityId,
    archive_sha256: bytes,
    comic: ReadComic,
    members: Sequence[ReadMember],
    markers: NewEntityMarkers,
    *,
    failure: ItemError | None,
    now: datetime,
) -> RecordedComic:
    """Make an archive a variant with these pages, in this order; one that is a variant stays so.

    `failure` says what of it could not be had, and stays open until an import finds nothing wrong.

    Raises:
        EntityNotFoundError, NoComicConceptError: Of the concept that the user named, or the archive
            was removed meanwhile.
        FactRefusedError: A fact or an element cannot be kept as it is.
    """
    await _take_turns(session)
    await ecs_service.lock_entity(session, archive_entity_id)
    if failure is None:
        await clear_failures(session, IMPORT_COMIC, [archive_entity_id])
    else:
        await record_failures(session, IMPORT_COMIC, {archive_entity_id: failure}, now=now)
    if known := await known_comics(session, [archive_entity_id]):
        return known[archive_entity_id]
    contents = [member.content for member in members]
    owners = await record_contents(session, contents, markers, now=now)
    await _write_places(session, archive_entity_id, archive_sha256, members, owners)
    pages = [_page(owners[member.content.sha256].entity_id, member.entry) for member in members]
    return await _record(session, archive_entity_id, comic, pages)


async def record_folder(
    session: AsyncSession,
    folder: ReadFolder,
    comic: ReadComic,
    pages: Sequence[tuple[EntityId, ComicInfoPage | None]],
    *,
    now: datetime,
) -> RecordedComic:
    """Make a folder a variant with these pictures as pages; one that is a variant stays so.

    The variant is an entity without bytes, found again by the folder's path.

    Raises:
        EntityNotFoundError, NoComicConceptError: Of the concept that the user named, or a picture
            was removed meanwhile.
        FactRefusedError: A fact or an element cannot be kept as it is.
    """
    await _take_turns(session)
    if known := await folder_comic(session, folder.path):
        return known
    (variant,) = await create_entities(session, 1, now=now)
    await _write_source(session, variant, folder, now)
    linked = [_page(entity_id, entry) for entity_id, entry in pages]
    return await _record(session, variant, comic, linked)


async def _take_turns(session: AsyncSession) -> None:
    """Let one import of a comic write at a time, so that two of one work find one concept."""
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
    session: AsyncSession, variant_entity_id: EntityId, comic: ReadComic, pages: Sequence[Page]
) -> RecordedComic:
    concept = comic.concept_entity_id
    if concept is None:
        concept = await find_same_concept(session, comic.facts)
    is_created = concept is None
    if concept is None:
        concept = await create_concept(session, comic.facts, comic.name)
    is_first = not await get_variants_for_comic_concept(session, concept)
    facts = VariantFacts(
        language=comic.facts.language,
        format=comic.format,
        scan_quality=comic.scan_quality,
        scan_group=comic.facts.scan_group,
        reading_direction=comic.facts.reading_direction,
    )
    await link_comic_variant_to_concept(
        session, variant_entity_id, concept, is_primary_variant=is_first, **facts
    )
    if comic.info is not None:
        await write_elements(session, variant_entity_id, comic.info)
    await set_pages(session, variant_entity_id, pages)
    return RecordedComic(
        variant_entity_id=variant_entity_id,
        concept_entity_id=concept,
        pages=len(pages),
        is_new=True,
        concept_created=is_created,
    )


async def _write_places(
    session: AsyncSession,
    archive_entity_id: EntityId,
    archive_sha256: bytes,
    members: Sequence[ReadMember],
    owners: dict[bytes, Owner],
) -> None:
    inside = [
        {
            "entity_id": owners[member.content.sha256].entity_id,
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
    session: AsyncSession, variant_entity_id: EntityId, folder: ReadFolder, now: datetime
) -> None:
    raw = path_bytes(folder.path)
    row = {
        "entity_id": variant_entity_id,
        "path": raw,
        "path_digest": path_digest(raw),
        "path_text": display_path(folder.path),
        "size_bytes": 0,
        "mtime_ns": folder.reading.mtime_ns,
        "mode": folder.reading.mode,
        "first_seen_at": now,
        "last_seen_at": now,
        "read_at": folder.read_at,
    }
    # A path that was a file's before is this folder's from now on.
    changing = ("entity_id", "size_bytes", "mtime_ns", "mode", "last_seen_at", "read_at")
    conflict = Conflict(("path_digest",), changing)
    await insert_rows(session, table_of(OriginalSourceInfoComponent), [row], conflict)
