"""Finds assets by the ids or hash prefixes that people type, and describes them in full."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.database.portions import portions
from dam.core.database.values import refuse_text
from dam.core.ecs.components import (
    AnyComponent,
    Entity,
    EntityId,
    MultiComponent,
    component_classes,
    table_of,
)
from dam.core.ecs.identities import known_identities
from dam.core.read_only import ReadOnly
from dam.errors import AmbiguousIdError, EntityNotFoundError
from dam.models import (
    ContentHashSHA256Component,
    FileLocationComponent,
    OriginalSourceInfoComponent,
)
from dam.services import ecs_service
from dam.services.digest_service import DigestPrefix, has_prefix

IdOrPrefix = int | str
"""An entity's id (an `int`), or the first 8 to 64 hex digits of a SHA-256, in lower case."""

Facts = Mapping[str, object]

_PAGE = 500
_CANDIDATES = 10
_SHA256_DIGITS = 64


async def resolve_ids(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> list[EntityId]:
    """Return the ids of the wanted entities, each once, in the order given.

    Example: `[7, "0a1b2c3d", 7]` gives `[7, 12]` if the SHA-256 of entity 12 begins `0a1b2c3d`.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_each`.
    """
    found = await resolve_each(session, wanted)
    return list(dict.fromkeys(found[item] for item in wanted))


async def resolve_each(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> dict[IdOrPrefix, EntityId]:
    """Return the entity id for each wanted id or hash prefix.

    Raises:
        EntityNotFoundError: Some do not exist; the error lists all of them.
        AmbiguousIdError: Several assets have a SHA-256 that begins with the given digits.
        TypeError: `wanted` is one text.
    """
    refuse_text(wanted=wanted)
    found: dict[IdOrPrefix, EntityId] = {}
    for page in portions(wanted, _PAGE):
        found |= await _known_ids(session, [item for item in page if isinstance(item, int)])
        digits = {item for item in page if isinstance(item, str)}
        found |= await _ids_by_digest(session, [item for item in digits if _is_whole(item)])
        for prefix in sorted(item for item in digits if not _is_whole(item)):
            if (entity_id := await _id_by_prefix(session, prefix)) is not None:
                found[prefix] = entity_id
    if missing := [item for item in dict.fromkeys(wanted) if item not in found]:
        raise EntityNotFoundError(missing)
    return found


def _is_whole(digits: str) -> bool:
    return len(digits) == _SHA256_DIGITS


async def _known_ids(session: AsyncSession, ids: Sequence[int]) -> dict[IdOrPrefix, EntityId]:
    known = await session.scalars(select(Entity.id).where(Entity.id.in_(ids)))
    return {entity_id: entity_id for entity_id in known}


async def _ids_by_digest(
    session: AsyncSession, digests: Sequence[str]
) -> dict[IdOrPrefix, EntityId]:
    raw = [bytes.fromhex(digits) for digits in digests]
    found = await known_identities(session, ContentHashSHA256Component, raw)
    return {digest.hex(): entity_id for digest, entity_id in found.items()}


async def _id_by_prefix(session: AsyncSession, prefix: str) -> EntityId | None:
    kind = ContentHashSHA256Component
    statement = (
        select(kind.entity_id, kind.digest)
        .where(has_prefix(kind.digest, DigestPrefix("sha256", prefix)))
        .order_by(kind.entity_id)
        .limit(_CANDIDATES)
    )
    candidates = (await session.execute(statement)).all()
    if len(candidates) > 1:
        raise AmbiguousIdError(prefix, {key: digest.hex() for key, digest in candidates})
    return candidates[0][0] if candidates else None


@dataclass(frozen=True, kw_only=True)
class EntityFacts:
    """Everything the database knows about one entity.

    Args:
        components: Fields by the name of the component's class. A class of which an entity may have
            many has a list of such mappings. Paths and names are `str`; other byte strings stay
            `bytes`.
    """

    entity_id: EntityId
    created_at: datetime
    components: Mapping[str, Facts | list[Facts]]


async def last_paths(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, str]:
    """Return the path where each asset was last seen; assets without a path are left out."""
    source = table_of(OriginalSourceInfoComponent).c
    statement = (
        select(source.entity_id, source.path)
        .where(among(source.entity_id, entity_ids))
        .order_by(source.last_seen_at, source.path_text.desc())
    )
    return {key: os.fsdecode(path) for key, path in (await session.execute(statement)).all()}


async def archive_places(
    session: ReadOnly[AsyncSession], entity_ids: Collection[EntityId]
) -> dict[EntityId, tuple[str, str]]:
    """Return the archive that has each asset, by its last path, and the name in it.

    Assets that are in no archive are left out.

    Example: `{12: ("/comics/Amazing 001.cbz", "p01.jpg")}`.

    Args:
        session: An open transaction.
        entity_ids: The assets.
    """
    places, sources = table_of(FileLocationComponent), table_of(OriginalSourceInfoComponent)
    place, source = places.c, sources.c
    statement = (
        select(place.entity_id, source.path, place.path)
        .select_from(places.join(sources, source.entity_id == place.container_entity_id))
        .where(among(place.entity_id, entity_ids), place.path.is_not(None))
        .order_by(source.last_seen_at, source.path_text.desc(), place.id.desc())
    )
    return {
        entity_id: (os.fsdecode(archive), os.fsdecode(member))
        for entity_id, archive, member in (await session.execute(statement)).all()
    }


async def describe_entities(
    session: ReadOnly[AsyncSession], wanted: Sequence[IdOrPrefix]
) -> list[EntityFacts]:
    """Return everything known about each wanted entity, each once, in the order given.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
    """
    ids = await resolve_ids(session, wanted)
    described: list[EntityFacts] = []
    for page in portions(ids, _PAGE):
        entities = await ecs_service.get_entities(session, page)
        components = await ecs_service.get_components_of_many(session, page)
        described += [
            EntityFacts(
                entity_id=entity_id,
                created_at=entities[entity_id].created_at,
                components=_facts_by_kind(components[entity_id]),
            )
            for entity_id in page
        ]
    return described


def _facts_by_kind(
    components: Mapping[str, Sequence[AnyComponent]],
) -> dict[str, Facts | list[Facts]]:
    many = component_classes(MultiComponent)
    return {
        name: [_facts(row) for row in rows] if name in many else _facts(rows[0])
        for name, rows in components.items()
    }


def _facts(component: AnyComponent) -> Facts:
    names = [column.key for column in type(component).__mapper__.column_attrs]
    return {name: _value(name, getattr(component, name)) for name in names if name != "entity_id"}


def _value(name: str, value: object) -> object:
    # Paths and file names are bytes because the file system has bytes; all others are hashes.
    if isinstance(value, bytes) and name.rpartition("_")[2] in {"path", "name"}:
        return os.fsdecode(value)
    return value
