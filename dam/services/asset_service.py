"""Assets by what people type for them, and everything that is known of one."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import (
    AnyComponent,
    Entity,
    EntityId,
    MultiComponent,
    component_classes,
)
from dam.core.systems.commands import known_identities
from dam.errors import AmbiguousIdError, EntityNotFoundError
from dam.models import ContentHashSHA256Component, OriginalSourceInfoComponent
from dam.services import ecs_service
from dam.services.digest_service import DigestPrefix, has_prefix

IdOrPrefix = int | str
"""An entity's id, or 8 to 64 lower-case hex digits with which a SHA-256 begins."""

Facts = Mapping[str, object]

_PAGE = 500
_CANDIDATES = 10
_SHA256_DIGITS = 64


async def resolve_ids(session: AsyncSession, wanted: Sequence[IdOrPrefix]) -> list[EntityId]:
    """Return the entities that are meant, each once, in the order in which they were named.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As `resolve_each` says.
    """
    found = await resolve_each(session, wanted)
    return list(dict.fromkeys(found[item] for item in wanted))


async def resolve_each(
    session: AsyncSession, wanted: Sequence[IdOrPrefix]
) -> dict[IdOrPrefix, EntityId]:
    """Return the entity that is meant by each of these.

    Raises:
        EntityNotFoundError: Some do not exist; the error has all of them.
        AmbiguousIdError: Several assets have a SHA-256 that begins so.
    """
    found: dict[IdOrPrefix, EntityId] = {}
    for page in portions(wanted, _PAGE):
        found |= await _known_ids(session, [item for item in page if isinstance(item, int)])
        digits = {item for item in page if isinstance(item, str)}
        found |= await _of_digests(session, [item for item in digits if _is_whole(item)])
        for prefix in sorted(item for item in digits if not _is_whole(item)):
            if (owner := await _owner_of_prefix(session, prefix)) is not None:
                found[prefix] = owner
    if missing := [item for item in dict.fromkeys(wanted) if item not in found]:
        raise EntityNotFoundError(missing)
    return found


def _is_whole(digits: str) -> bool:
    return len(digits) == _SHA256_DIGITS


async def _known_ids(session: AsyncSession, ids: Sequence[int]) -> dict[IdOrPrefix, EntityId]:
    known = await session.scalars(select(Entity.id).where(Entity.id.in_(ids)))
    return {entity_id: entity_id for entity_id in known}


async def _of_digests(session: AsyncSession, digests: Sequence[str]) -> dict[IdOrPrefix, EntityId]:
    raw = [bytes.fromhex(digits) for digits in digests]
    owners = await known_identities(session, ContentHashSHA256Component, raw)
    return {digest.hex(): entity_id for digest, entity_id in owners.items()}


async def _owner_of_prefix(session: AsyncSession, prefix: str) -> EntityId | None:
    kind = ContentHashSHA256Component
    statement = (
        select(kind.entity_id, kind.digest)
        .where(has_prefix(kind.digest, DigestPrefix("sha256", prefix)))
        .order_by(kind.entity_id)
        .limit(_CANDIDATES)
    )
    candidates = (await session.execute(statement)).all()
    if len(candidates) > 1:
        raise AmbiguousIdError(prefix, {owner: digest.hex() for owner, digest in candidates})
    return candidates[0][0] if candidates else None


@dataclass(frozen=True, kw_only=True)
class EntityFacts:
    """All that is known of an entity.

    Args:
        components: By the names of their classes: the fields of a component, a list of these where
            an entity may have many. Paths and names are text, other bytes are bytes.
    """

    entity_id: EntityId
    created_at: datetime
    components: Mapping[str, Facts | list[Facts]]


async def last_paths(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, str]:
    """Return the path at which each asset was seen last; one that was never seen is left out."""
    source = OriginalSourceInfoComponent
    paths: dict[EntityId, str] = {}
    for ids in portions(sorted(entity_ids)):
        statement = (
            select(source.entity_id, source.path)
            .where(source.entity_id.in_(ids))
            .order_by(source.last_seen_at, source.path_text.desc())
        )
        paths |= {key: os.fsdecode(path) for key, path in await session.execute(statement)}
    return paths


async def describe_entities(
    session: AsyncSession, wanted: Sequence[IdOrPrefix]
) -> list[EntityFacts]:
    """Return all that is known of some entities, each once, in the order in which they were named.

    Raises:
        EntityNotFoundError, AmbiguousIdError: As `resolve_ids` says.
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
    # A path or a file's name is bytes for the system's sake; every other byte string is a hash.
    if isinstance(value, bytes) and name.rpartition("_")[2] in {"path", "name"}:
        return os.fsdecode(value)
    return value
