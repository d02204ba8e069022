"""Lists open failures: entities on which a system failed and has not succeeded since."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.models import FilePropertiesComponent, OriginalSourceInfoComponent, PageLink
from dam.storage.paths import is_at_or_below
from dam.storage.sources.walk import absolute_path

IMPORT_COMIC = "import_comic"
"""The system that retries failed comic imports; importing the same comic again does so, too."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure of one system on one entity; `name` is the entity's first file name."""

    entity_id: EntityId
    system: str
    error: str
    message: str
    hint: str | None
    attempts: int
    occurred_at: datetime
    name: str | None


async def list_failures(
    session: ReadOnly[AsyncSession], *, since: datetime | None = None
) -> list[Failure]:
    """Return all open failures, or only those since a time, sorted by entity id and system."""
    failure = ProcessingErrorComponent
    statement = _failures().order_by(failure.entity_id, failure.system)
    if since is not None:
        statement = statement.where(failure.occurred_at >= since)
    return [_failure(row) for row in await session.execute(statement)]


async def failures_at(
    session: ReadOnly[AsyncSession], paths: Iterable[str], *, since: datetime | None
) -> list[tuple[str, Failure]]:
    """Return the open failures of files at or below `paths`, each with its path, sorted by path.

    Example: `await failures_at(session, ["/pictures"], since=None)`.

    Args:
        session: An open transaction.
        paths: Files and folders, absolute or relative to the working directory.
        since: Only files that an import has seen since this time; None means all files.
    """
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
    session: ReadOnly[AsyncSession], variant_entity_ids: Iterable[EntityId]
) -> dict[EntityId, list[Failure]]:
    """Return the open failures of page images by comic variant, in page order."""
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


async def forget_unknown(
    world: World, *, system: str | None = None, is_dry_run: bool = False
) -> dict[str, int]:
    """Delete the failures of systems that the world does not have now; return how many by system.

    They are those of plugins that were uninstalled, and of systems that no longer exist.

    Args:
        world: The world of the failures, opened with its plugins.
        system: Delete only failures of this system.
        is_dry_run: Count, and delete nothing.

    Example: `await forget_unknown(world, system="read_models")` returns `{"read_models": 2}`.
    """
    failure = ProcessingErrorComponent
    conditions: list[ColumnElement[bool]] = [failure.system.not_in(list(world.scheduler.markers()))]
    if system is not None:
        conditions.append(failure.system == system)

    async def forget(session: AsyncSession) -> dict[str, int]:
        counts = select(failure.system, func.count()).where(*conditions).group_by(failure.system)
        found = (await session.execute(counts.order_by(failure.system))).all()
        if not is_dry_run:
            await session.execute(delete(failure).where(*conditions))
        return dict(found)

    return await (world.read(forget) if is_dry_run else world.run(forget))


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
