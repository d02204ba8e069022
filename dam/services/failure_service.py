"""Open failures: what systems could not do, and how to have them try again."""

import asyncio
import importlib.metadata
import importlib.util
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.ecs import EntityId, MarkerComponent, ProcessingErrorComponent
from dam.core.portions import portions
from dam.core.world import World
from dam.errors import UnknownNameError
from dam.media import unpackers
from dam.media.decoders import installed_decoders
from dam.models import FilePropertiesComponent, OriginalSourceInfoComponent, PageLink
from dam.services.asset_service import IdOrPrefix, resolve_ids
from dam.services.marking import mark_in_pages
from dam.storage.paths import is_at_or_below, path_from_bytes
from dam.storage.reference import is_there
from dam.storage.walk import absolute_path

IMPORT_COMIC = "import_comic"
"""The system that tries failed imports of comics again; the next import of the same does, too."""

_ADDRESS = "file://"
_IMAGE_EXTRA = ("PIL", "numpy")
_DECODERS = {"pillow-heif": "heif", "pillow-jxl-plugin": "jxl"}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What one system could not do for an entity; `name` is the entity's first file name."""

    entity_id: EntityId
    system: str
    error: str
    message: str
    hint: str | None
    attempts: int
    occurred_at: datetime
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Retried:
    """How many failures were marked again, and how many have a system that is not here now."""

    marked: int
    unknown: Mapping[str, int] = field(default_factory=dict)


async def list_failures(session: AsyncSession, *, since: datetime | None = None) -> list[Failure]:
    """Return every open failure, or those that occurred since a moment, by entity and system."""
    failure = ProcessingErrorComponent
    statement = _failures().order_by(failure.entity_id, failure.system)
    if since is not None:
        statement = statement.where(failure.occurred_at >= since)
    return [_failure(row) for row in await session.execute(statement)]


async def failures_at(
    session: AsyncSession, paths: Iterable[str], *, since: datetime | None
) -> list[tuple[str, Failure]]:
    """Return the open failures of files at or below `paths`, seen since then or ever, by path."""
    source = OriginalSourceInfoComponent
    statement = (
        _failures(source.path)
        .join(source, source.entity_id == ProcessingErrorComponent.entity_id)
        .order_by(source.path_text, ProcessingErrorComponent.system)
    )
    if since is not None:
        statement = statement.where(source.last_seen_at >= since)
    roots = {os.fsencode(absolute_path(path)) for path in paths}
    return [
        (os.fsdecode(row.path), _failure(row))
        for row in await session.execute(statement)
        if is_at_or_below(row.path, roots)
    ]


async def failures_of_pages(
    session: AsyncSession, variant_entity_ids: Iterable[EntityId]
) -> dict[EntityId, list[Failure]]:
    """Return the open failures of the pages of these variants, by variant, in their order."""
    link = PageLink
    found = defaultdict[EntityId, list[Failure]](list)
    for ids in portions(sorted(set(variant_entity_ids))):
        statement = (
            _failures(link.owner_entity_id)
            .join(link, link.page_image_entity_id == ProcessingErrorComponent.entity_id)
            .where(link.owner_entity_id.in_(ids))
            .order_by(link.owner_entity_id, link.page_number)
        )
        for row in await session.execute(statement):
            found[row.owner_entity_id].append(_failure(row))
    return found


def _failures(*others: InstrumentedAttribute[Any]) -> Select[Any]:
    failure, file = ProcessingErrorComponent, FilePropertiesComponent
    return select(
        failure.entity_id,
        failure.system,
        failure.error,
        failure.message,
        failure.hint,
        failure.attempts,
        failure.occurred_at,
        file.name,
        *others,
    ).outerjoin_from(failure, file, file.entity_id == failure.entity_id)


def _failure(row: Row[Any]) -> Failure:
    return Failure(
        entity_id=row.entity_id,
        system=row.system,
        error=row.error,
        message=row.message,
        hint=row.hint,
        attempts=row.attempts,
        occurred_at=row.occurred_at,
        name=None if row.name is None else os.fsdecode(row.name),
    )


async def retry(
    world: World,
    given: Sequence[IdOrPrefix] | None = None,
    *,
    system: str | None = None,
    is_dry_run: bool = False,
) -> Retried:
    """Mark again what failed, for the system that failed; a failure stays until that succeeds.

    What is marked stays marked when a later page fails.

    Args:
        world: Whose failures.
        given: Ids or hash prefixes; None means every failure.
        system: Only failures of this one.
        is_dry_run: Count, and mark nothing.

    Raises:
        UnknownNameError: The world has no such system.
        EntityNotFoundError, AmbiguousIdError: Of what is given.
    """
    markers = markers_by_system(world)
    if system is not None:
        if system not in markers:
            raise UnknownNameError("system", system, list(markers))
        markers = {system: markers[system]}

    entity_ids = None if given is None else sorted(await world.read(resolve_ids, given))
    marked, unknown = 0, Counter[str]()
    for condition in _conditions(entity_ids):
        for name, marker in markers.items():
            failed = _failed(name, condition)
            marked += await mark_in_pages(world, marker, failed, is_dry_run=is_dry_run)
        if system is None:
            unknown += await world.read(_count_unknown, condition, list(markers))
    return Retried(marked=marked, unknown=unknown)


async def retry_unblocked(
    world: World, markers: Mapping[str, type[MarkerComponent]], *, is_dry_run: bool = False
) -> Counter[str]:
    """Mark again what failed for want of something that is installed now, or a disk that is there.

    Returns:
        How many entities, by the system that failed.
    """
    wanted = await world.read(_requirements, list(markers))
    met = await asyncio.to_thread(lambda: list(map(_is_met, wanted)))
    unblocked = {requirement for requirement, is_met in zip(wanted, met, strict=True) if is_met}
    if not unblocked:
        return Counter()

    marked = Counter[str]()
    for name, marker in markers.items():
        failed = _failed(name, ProcessingErrorComponent.requirement.in_(unblocked))
        marked[name] = await mark_in_pages(world, marker, failed, is_dry_run=is_dry_run)
    return marked


async def _requirements(session: AsyncSession, systems: Sequence[str]) -> list[str]:
    failure = ProcessingErrorComponent
    wanted = select(failure.requirement).where(failure.system.in_(systems)).distinct()
    return [text for text in await session.scalars(wanted) if text is not None]


def _is_met(requirement: str) -> bool:
    """Tell whether a folder is there, or what is to be installed is usable now.

    That is an extra of ours, a program, a decoder's or a plugin's package.
    """
    if requirement.startswith(_ADDRESS):
        return is_there(path_from_bytes(unquote_to_bytes(requirement.removeprefix(_ADDRESS))))
    return _is_installed(requirement)


def _is_installed(requirement: str) -> bool:
    if requirement == "image":
        return all(importlib.util.find_spec(module) for module in _IMAGE_EXTRA)
    decoders = installed_decoders()
    if requirement in _DECODERS:
        return decoders[_DECODERS[requirement]].available
    if requirement == "pillow":  # its build had no decoder for a format
        others = _DECODERS.values()
        return all(found.available for name, found in decoders.items() if name not in others)
    if requirement in (unpackers.EXTRA, unpackers.PROGRAM):
        return unpackers.is_installed(requirement)
    try:
        importlib.metadata.distribution(requirement)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def markers_by_system(world: World) -> dict[str, type[MarkerComponent]]:
    """Return the marker that each system works off, in the order in which they run."""
    plans = world.scheduler.systems()
    return {plan.name: plan.marker for plan in plans if plan.marker is not None}


def _failed(system: str, condition: ColumnElement[bool]) -> Select[EntityId]:
    """Select what has an open failure of `system` that meets a condition."""
    failure = ProcessingErrorComponent
    return select(failure.entity_id).where(failure.system == system, condition)


def _conditions(entity_ids: Sequence[EntityId] | None) -> list[ColumnElement[bool]]:
    """Return conditions that choose these entities, each once; or the one that chooses all."""
    failure = ProcessingErrorComponent
    if entity_ids is None:
        return [failure.entity_id > 0]
    return [failure.entity_id.in_(ids) for ids in portions(entity_ids)]


async def _count_unknown(
    session: AsyncSession, condition: ColumnElement[bool], known: Sequence[str]
) -> Counter[str]:
    failure = ProcessingErrorComponent
    statement = (
        select(failure.system, func.count())
        .where(condition, failure.system.not_in(list(known)))
        .group_by(failure.system)
        .order_by(failure.system)
    )
    return Counter(dict((await session.execute(statement)).all()))
