"""Marks failed entities again, so that the systems that failed retry them."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, MarkerComponent, ProcessingErrorComponent
from dam.core.media_kinds import MediaKinds
from dam.core.world import World
from dam.errors import UnknownNameError
from dam.media.kind import MediaKind
from dam.media.requirements import is_installed
from dam.services.asset_service import IdOrPrefix, resolve_ids
from dam.services.ecs_service import mark_in_pages
from dam.services.failure_service import reopen
from dam.storage.paths import path_from_bytes
from dam.storage.sources.reference import is_there

_ADDRESS = "file://"


@dataclass(frozen=True, kw_only=True)
class Retried:
    """The result of `retry`.

    Args:
        marked: The number of failures marked again.
        unknown: The number of failures by system, for systems that are not installed now.
    """

    marked: int
    unknown: Mapping[str, int] = field(default_factory=dict)


async def retry(
    world: World,
    given: Sequence[IdOrPrefix] | None = None,
    *,
    system: str | None = None,
    is_dry_run: bool = False,
) -> Retried:
    """Mark failed entities again, for the systems that failed.

    Only marks; `process` runs the systems. A failure stays open until its system succeeds. One that
    was dismissed is left out, or open again if its entity is among those given. Marks are committed
    in pages; if a page fails, the marks of earlier pages stay.

    Example: `await retry(world, [12], system="analyse_images")`.

    Args:
        world: The world of the failures.
        given: Ids or hash prefixes of entities; None means every failure.
        system: Retry only failures of this system.
        is_dry_run: Count, and mark nothing.

    Raises:
        UnknownNameError: The world has no such system.
        EntityNotFoundError, AmbiguousIdError: As in `resolve_ids`.
    """
    markers = world.scheduler.markers()
    if system is not None:
        if system not in markers:
            raise UnknownNameError("system", system, list(markers))
        markers = {system: markers[system]}

    entity_ids = None if given is None else sorted(await world.read(resolve_ids, given))
    if entity_ids is not None and not is_dry_run:
        await world.run(reopen, entity_ids, list(markers))
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
    """Mark failed entities again if what they lacked is here now: a decoder, an extra, a folder.

    Args:
        world: The world of the failures.
        markers: The markers to set, by the names of the systems that process them.
        is_dry_run: Count, and mark nothing.

    Returns:
        The number of entities by system.
    """
    wanted = await world.read(_requirements, list(markers))
    kinds = world.resources.get(MediaKinds).kinds()
    met = await asyncio.to_thread(lambda: [_is_met(each, kinds) for each in wanted])
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


def _is_met(requirement: str, kinds: Iterable[MediaKind[Any]]) -> bool:
    """Tell whether a required folder (a `file://` address) exists, or a decoder or extra works."""
    if requirement.startswith(_ADDRESS):
        return is_there(path_from_bytes(unquote_to_bytes(requirement.removeprefix(_ADDRESS))))
    return is_installed(requirement, kinds)


def _failed(system: str, condition: ColumnElement[bool]) -> Select[EntityId]:
    """Select the entities with an open failure of `system` that meets a condition."""
    failure = ProcessingErrorComponent
    return select(failure.entity_id).where(failure.system == system, condition)


def _conditions(entity_ids: Sequence[EntityId] | None) -> list[ColumnElement[bool]]:
    """Return conditions that together select each of these entities once; None selects all."""
    failure = ProcessingErrorComponent
    if entity_ids is None:
        return [failure.dismissed_at.is_(None)]
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
