"""Summaries of entities: what people want to know of an asset, in about ten facts."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.portions import portions
from dam.core.ecs.components import AnyComponent, EntityId, ProcessingErrorComponent, table_of
from dam.core.read_only import ReadOnly
from dam.media.camera.times import with_offset
from dam.media.tag_name import TagName
from dam.models import (
    AudioPropertiesComponent,
    AudioTagsComponent,
    CameraPropertiesComponent,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContainerPropertiesComponent,
    DocumentPropertiesComponent,
    DurationComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    FramePropertiesComponent,
    GeoPositionComponent,
    ImageDimensionsComponent,
    OriginalSourceInfoComponent,
    PageLink,
    SidecarComponent,
    StatedTextComponent,
    TagConceptComponent,
    TakenAtComponent,
    TrashedComponent,
    VideoPropertiesComponent,
)
from dam.services import ecs_service
from dam.services.asset_service import IdOrPrefix, archive_places, resolve_ids
from dam.services.comic_book_service import ComicConcept, describe_comic_concepts
from dam.services.ecs_service import is_hidden, shown
from dam.services.tag_service import EntityTag, tags_of

A = TypeVar("A", bound=AnyComponent)
T = TypeVar("T")

_PAGE = 500
_KINDS: tuple[type[AnyComponent], ...] = (
    AudioPropertiesComponent,
    AudioTagsComponent,
    CameraPropertiesComponent,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContainerPropertiesComponent,
    DurationComponent,
    DocumentPropertiesComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    FramePropertiesComponent,
    GeoPositionComponent,
    ImageDimensionsComponent,
    OriginalSourceInfoComponent,
    ProcessingErrorComponent,
    StatedTextComponent,
    TagConceptComponent,
    TakenAtComponent,
    TrashedComponent,
    VideoPropertiesComponent,
)
_Rows: TypeAlias = Mapping[type[AnyComponent], Mapping[EntityId, Sequence[Any]]]
_links = table_of(PageLink).c


@dataclass(frozen=True, kw_only=True)
class ComicPlace:
    """A comic that an entity belongs to: as a page of a variant, or as a variant itself.

    `page_number` is None for a variant itself; `name` is None if the variant has no concept.
    """

    name: str | None
    variant_entity_id: EntityId
    page_number: int | None = None


@dataclass(frozen=True, kw_only=True)
class StreamsSummary:
    """The streams of a video or a song; what it does not have, or does not say, is None."""

    container: str
    bit_rate: int | None
    video_codec: str | None
    frame_rate: float | None
    audio_codec: str | None
    sample_rate_hz: int | None
    channels: int | None


@dataclass(frozen=True, kw_only=True)
class SongSummary:
    """What a file says of the song in it; what it does not say is None."""

    artist: str | None
    album: str | None
    track: int | None
    year: int | None


@dataclass(frozen=True, kw_only=True)
class CameraSummary:
    """The camera that took a picture, and how it was set; what it does not say is None."""

    make: str | None
    model: str | None
    lens: str | None
    exposure_time_s: float | None
    f_number: float | None
    iso: int | None
    focal_length_mm: float | None


@dataclass(frozen=True, kw_only=True)
class EntitySummary:
    """What people want to know of an entity; what it does not have is None or empty.

    Attributes:
        name: The name of its file; of a comic or a tag, that by which lists show it.
        kinds: What it is beside an asset: `comic`, `variant`, `tag`.
        taken_at: The clock of the place, with its distance from UTC if the file says so.
        latitude: In degrees, north positive; `longitude` the same, east positive.
        title: What the file states, as are `author` and `page_count`.
        is_encrypted: A part of the document cannot be read without a key; of other files, False.
        tags: Such as `cat` and `rating=4`, each once, by name.
        kept: How its bytes are kept: `store`, `reference`, `archive`.
        paths: Where it was seen, the last one first.
        members: The archives that it is in, by path, and its name in each.
        failures: The systems that failed, and why.
        sidecar: The sidecar that title, tags and the like are from, and its name.
    """

    entity_id: EntityId
    added_at: datetime
    name: str | None = None
    kinds: tuple[str, ...] = ()
    media_type: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None
    streams: StreamsSummary | None = None
    song: SongSummary | None = None
    width: int | None = None
    height: int | None = None
    frame_count: int | None = None
    title: str | None = None
    description: str | None = None
    sidecar: tuple[EntityId, str] | None = None
    camera: CameraSummary | None = None
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    author: str | None = None
    page_count: int | None = None
    is_encrypted: bool = False
    tags: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    comics: tuple[ComicPlace, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    trashed_at: datetime | None = None


async def summarise_entities(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> list[EntitySummary]:
    """Return a summary of each wanted entity, each once, in the order given.

    Example: `await summarise_entities(session, [7, "0a1b2c3d"])`.

    Args:
        session: Only read.
        wanted: Ids, or the hex digits with which a SHA-256 begins.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
    """
    ids = await resolve_ids(session, wanted)
    summaries: list[EntitySummary] = []
    for page in portions(ids, _PAGE):
        entities = await ecs_service.get_entities(session, page)
        rows = {
            kind: await ecs_service.get_components_of_kind(session, page, kind) for kind in _KINDS
        }
        facts = _Facts(
            rows,
            await tags_of(session, page),
            await archive_places(session, page),
            await _comics(session, page, rows),
            await _sidecars(session, page),
        )
        summaries += [facts.of(key, entities[key].created_at) for key in page]
    return summaries


@dataclass(frozen=True)
class _Facts:
    """What was read of some entities; each mapping has only those that have something."""

    rows: _Rows
    tags: Mapping[EntityId, Sequence[EntityTag]]
    members: Mapping[EntityId, tuple[str, str]]
    comics: Mapping[EntityId, Sequence[ComicPlace]]
    sidecars: Mapping[EntityId, tuple[EntityId, str]]

    def of(self, entity_id: EntityId, added_at: datetime) -> EntitySummary:
        """Return the summary of one of the entities."""
        member = self.members.get(entity_id)
        return EntitySummary(
            entity_id=entity_id,
            added_at=added_at,
            name=self._name(entity_id),
            kinds=tuple(self._kinds(entity_id)),
            media_type=self._value(entity_id, FilePropertiesComponent.media_type),
            size_bytes=self._value(entity_id, FilePropertiesComponent.size_bytes),
            duration_s=self._value(entity_id, DurationComponent.duration_s),
            streams=self._streams(entity_id),
            song=self._song(entity_id),
            width=self._value(entity_id, ImageDimensionsComponent.width),
            height=self._value(entity_id, ImageDimensionsComponent.height),
            frame_count=self._value(entity_id, FramePropertiesComponent.frame_count),
            title=self._value(entity_id, StatedTextComponent.title),
            description=self._value(entity_id, StatedTextComponent.description),
            sidecar=self.sidecars.get(entity_id),
            camera=self._camera(entity_id),
            taken_at=self._taken_at(entity_id),
            latitude=self._value(entity_id, GeoPositionComponent.latitude),
            longitude=self._value(entity_id, GeoPositionComponent.longitude),
            altitude_m=self._value(entity_id, GeoPositionComponent.altitude_m),
            author=self._value(entity_id, StatedTextComponent.author),
            page_count=self._value(entity_id, DocumentPropertiesComponent.page_count),
            is_encrypted=bool(self._value(entity_id, DocumentPropertiesComponent.is_encrypted)),
            tags=_each_once(map(_tag_text, self.tags.get(entity_id, ()))),
            kept=_each_once(row.storage for row in self._all(entity_id, FileLocationComponent)),
            paths=self._paths(entity_id),
            members=() if member is None else (member,),
            comics=tuple(self.comics.get(entity_id, ())),
            failures=tuple(
                (row.system, row.message)
                for row in self._all(entity_id, ProcessingErrorComponent)
                if row.dismissed_at is None
            ),
            trashed_at=self._value(entity_id, TrashedComponent.trashed_at),
        )

    def _all(self, entity_id: EntityId, kind: type[A]) -> Sequence[A]:
        return self.rows[kind].get(entity_id, ())

    def _value(self, entity_id: EntityId, column: InstrumentedAttribute[T]) -> T | None:
        rows = self._all(entity_id, column.class_)  # type: ignore[arg-type]  # never an alias
        value: T | None = getattr(rows[0], column.key) if rows else None
        return value

    def _streams(self, entity_id: EntityId) -> StreamsSummary | None:
        container = self._value(entity_id, ContainerPropertiesComponent.container)
        if container is None:
            return None
        return StreamsSummary(
            container=container,
            bit_rate=self._value(entity_id, ContainerPropertiesComponent.bit_rate),
            video_codec=self._value(entity_id, VideoPropertiesComponent.codec),
            frame_rate=self._value(entity_id, VideoPropertiesComponent.frame_rate),
            audio_codec=self._value(entity_id, AudioPropertiesComponent.codec),
            sample_rate_hz=self._value(entity_id, AudioPropertiesComponent.sample_rate_hz),
            channels=self._value(entity_id, AudioPropertiesComponent.channels),
        )

    def _song(self, entity_id: EntityId) -> SongSummary | None:
        for row in self._all(entity_id, AudioTagsComponent):
            return SongSummary(artist=row.artist, album=row.album, track=row.track, year=row.year)
        return None

    def _camera(self, entity_id: EntityId) -> CameraSummary | None:
        rows = self._all(entity_id, CameraPropertiesComponent)
        names = [field.name for field in fields(CameraSummary)]
        return CameraSummary(**{name: getattr(rows[0], name) for name in names}) if rows else None

    def _taken_at(self, entity_id: EntityId) -> datetime | None:
        rows = self._all(entity_id, TakenAtComponent)
        return with_offset(rows[0].taken_at, rows[0].utc_offset_minutes) if rows else None

    def _name(self, entity_id: EntityId) -> str | None:
        file_name = self._value(entity_id, FilePropertiesComponent.name)
        if file_name is not None:
            return os.fsdecode(file_name)
        tag_name = self._value(entity_id, TagConceptComponent.name)
        if tag_name is not None:
            namespace = self._value(entity_id, TagConceptComponent.namespace)
            return str(TagName(namespace, tag_name))
        return self._value(entity_id, ComicBookConceptComponent.name)

    def _kinds(self, entity_id: EntityId) -> list[str]:
        named: dict[str, type[AnyComponent]] = {
            "comic": ComicBookConceptComponent,
            "variant": ComicBookVariantComponent,
            "tag": TagConceptComponent,
        }
        return [name for name, kind in named.items() if self._all(entity_id, kind)]

    def _paths(self, entity_id: EntityId) -> tuple[str, ...]:
        sources = self._all(entity_id, OriginalSourceInfoComponent)
        newest_first = sorted(sources, key=lambda row: row.last_seen_at, reverse=True)
        return tuple(os.fsdecode(row.path) for row in newest_first)


async def _comics(
    session: AsyncSession, entity_ids: Sequence[EntityId], rows: _Rows
) -> dict[EntityId, list[ComicPlace]]:
    """Return the comics of entities: those that they are variants of, then those with them."""
    variants = rows[ComicBookVariantComponent]
    places: list[tuple[EntityId, EntityId, EntityId | None, int | None]] = [
        (key, key, row.conceptual_entity_id, None) for key, (row,) in variants.items()
    ]
    variant, image = ComicBookVariantComponent, _links.page_image_entity_id
    used = (
        select(image, variant.entity_id, variant.conceptual_entity_id, _links.page_number)
        .join(variant, variant.entity_id == _links.owner_entity_id)
        .where(image.in_(entity_ids))
        # A picture in the trash is shown with the comics that are there, too.
        .where(or_(shown(variant.entity_id), is_hidden(image)))
        .order_by(variant.entity_id, _links.page_number)
    )
    for page, owner, concept, number in await session.execute(used):
        places.append((page, owner, concept, number))
    concepts = await _concepts(session, [place[2] for place in places if place[2] is not None])
    found: dict[EntityId, list[ComicPlace]] = defaultdict(list)
    for key, owner, concept, number in places:
        name = None if concept is None else concepts[concept].name
        found[key].append(ComicPlace(name=name, variant_entity_id=owner, page_number=number))
    return found


async def _sidecars(
    session: AsyncSession, entity_ids: Sequence[EntityId]
) -> dict[EntityId, tuple[EntityId, str]]:
    tie, file = SidecarComponent, FilePropertiesComponent
    named = select(tie.entity_id, file.entity_id, file.name_text).join(
        file, file.entity_id == tie.sidecar_entity_id
    )
    rows = await session.execute(named.where(tie.entity_id.in_(entity_ids)))
    return {asset: (sidecar, name) for asset, sidecar, name in rows}


async def _concepts(
    session: AsyncSession, entity_ids: Iterable[EntityId]
) -> dict[EntityId, ComicConcept]:
    described = await describe_comic_concepts(session, sorted(set(entity_ids)))
    return {concept.entity_id: concept for concept in described}


def _tag_text(tag: EntityTag) -> str:
    return tag.tag if tag.value is None else f"{tag.tag}={tag.value}"


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
