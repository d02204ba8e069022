"""Lists and dismisses failures: entities on which a system failed and has not succeeded since."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import UnknownNameError
from dam.models import (
    FileLocationComponent,
    FilePropertiesComponent,
    OriginalSourceInfoComponent,
    PageLink,
)
from dam.storage.paths import is_at_or_below
from dam.storage.sources.walk import absolute_path

IMPORT_COMIC = "import_comic"
"""The system that retries failed comic imports; importing the same comic again does so, too."""


EXTRACT_METADATA = "extract_metadata"
"""The system that describes assets."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure of one system on one entity.

    Args:
        name: The entity's first file name.
        paths: Where its file was seen, or the archives that it is in. Only `list_failures` looks
            for them.
        dismissed_at: When a user said that it needs no attention.
    """

    entity_id: EntityId
    system: str
    error: str
    message: str
    hint: str | None
    attempts: int
    occurred_at: datetime
    name: str | None
    paths: tuple[str, ...] = ()
    dismissed_at: datetime | None = None


async def list_failures(
    session: ReadOnly[AsyncSession],
    *,
    since: datetime | None = None,
    includes_dismissed: bool = False,
) -> list[Failure]:
    """Return all open failures, or only those since a time, sorted by entity id and system.

    Example: `await list_failures(session, includes_dismissed=True)`.

    Args:
        session: An open transaction.
        since: Only failures that occurred at this time or later; None means all.
        includes_dismissed: Also return those that a user has dismissed.
    """
    failure = ProcessingErrorComponent
    statement = _failures(includes_dismissed=includes_dismissed)
    statement = statement.order_by(failure.entity_id, failure.system)
    if since is not None:
        statement = statement.where(failure.occurred_at >= since)
    found = [_failure(row) for row in await session.execute(statement)]
    paths = await _paths(session, {one.entity_id for one in found})
    return [replace(one, paths=tuple(paths.get(one.entity_id, ()))) for one in found]


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


async def dismissed_failures(
    session: AsyncSession, entity_ids: Iterable[EntityId], system: str
) -> set[EntityId]:
    """Return those of the entities on which a system failed and a user has dismissed that.

    Example: `await dismissed_failures(session, [12], IMPORT_COMIC)`.

    Args:
        session: An open transaction.
        entity_ids: The entities that are asked about.
        system: The name of the system.
    """
    failure = ProcessingErrorComponent
    dismissed = select(failure.entity_id).where(
        failure.system == system, failure.dismissed_at.is_not(None)
    )
    found: set[EntityId] = set()
    for ids in portions(sorted(entity_ids)):
        found |= set(await session.scalars(dismissed.where(failure.entity_id.in_(ids))))
    return found


async def dismiss(
    world: World,
    entity_ids: Collection[EntityId] | None = None,
    *,
    error: str | None = None,
    is_dry_run: bool = False,
) -> int:
    """Dismiss open failures, and return how many.

    A dismissed failure is not reported any more, and an import of the same file succeeds. It is
    open again if the system fails in another way, if a new version of it tries again, or if `retry`
    names the entity.

    Example: `await dismiss(world, error="MissingDecoderError")`.

    Args:
        world: The world of the failures.
        entity_ids: Dismiss only the failures of these entities; None means all.
        error: Dismiss only failures with this name.
        is_dry_run: Count, and dismiss nothing.

    Raises:
        UnknownNameError: No failure has this name.
    """
    failure = ProcessingErrorComponent
    conditions: list[ColumnElement[bool]] = [failure.dismissed_at.is_(None)]
    if error is not None:
        names = await world.read(_error_names)
        if error not in names:
            raise UnknownNameError("failure", error, names)
        conditions.append(failure.error == error)
    now = world.context.now()

    async def change(session: AsyncSession) -> int:
        number = 0
        chosen = [None] if entity_ids is None else [*portions(sorted(entity_ids))]
        for ids in chosen:
            where = [*conditions, *([] if ids is None else [failure.entity_id.in_(ids)])]
            number += await session.scalar(select(func.count(failure.entity_id)).where(*where)) or 0
            if not is_dry_run:
                await session.execute(update(failure).where(*where).values(dismissed_at=now))
        return number

    return await (world.read(change) if is_dry_run else world.run(change))


async def reopen(
    session: AsyncSession, entity_ids: Iterable[EntityId], systems: Collection[str]
) -> None:
    """Open the dismissed failures of these systems on these entities again.

    Example: `await reopen(session, [12], ["analyse_images"])`.

    Args:
        session: An open transaction, which may write.
        entity_ids: The entities.
        systems: The names of the systems.
    """
    for ids in portions(sorted(entity_ids)):
        await _reopen(session, ProcessingErrorComponent.entity_id.in_(ids), systems)


async def reopen_where(
    session: AsyncSession, entities: Select[EntityId], systems: Collection[str]
) -> None:
    """Open the dismissed failures of these systems again, on all entities that are selected.

    Example: `await reopen_where(session, select(Entity.id), ["analyse_images"])`.

    Args:
        session: An open transaction, which may write.
        entities: Selects the ids of the entities.
        systems: The names of the systems.
    """
    await _reopen(session, ProcessingErrorComponent.entity_id.in_(entities), systems)


async def _reopen(
    session: AsyncSession, condition: ColumnElement[bool], systems: Collection[str]
) -> None:
    failure = ProcessingErrorComponent
    dismissed = failure.dismissed_at.is_not(None)
    where = (dismissed, failure.system.in_(systems), condition)
    await session.execute(
        update(failure)
        .where(*where)
        .values(dismissed_at=None)
        .execution_options(synchronize_session=False)
    )


async def _error_names(session: AsyncSession) -> list[str]:
    failure = ProcessingErrorComponent
    return list(await session.scalars(select(failure.error).distinct().order_by(failure.error)))


async def _paths(
    session: AsyncSession, entity_ids: Collection[EntityId]
) -> dict[EntityId, list[str]]:
    """Return the paths where each entity was seen; for a member of an archive, those in archives.

    Sorted by path.
    """
    source, place = OriginalSourceInfoComponent, FileLocationComponent
    found = defaultdict[EntityId, list[str]](list)
    for ids in portions(sorted(entity_ids)):
        seen = select(source.entity_id, source.path, literal(None)).where(source.entity_id.in_(ids))
        inside = (
            select(place.entity_id, source.path, place.path)
            .join(source, source.entity_id == place.container_entity_id)
            .where(place.entity_id.in_(ids))
        )
        for statement in (seen, inside):
            for entity_id, path, member in (await session.execute(statement)).all():
                parts = [os.fsdecode(part) for part in (path, member) if part is not None]
                found[entity_id].append("/".join(parts))
    return {entity_id: sorted(paths) for entity_id, paths in found.items()}


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


def _failures(*others: InstrumentedAttribute[Any], includes_dismissed: bool = False) -> Select[Any]:
    failure, file = ProcessingErrorComponent, FilePropertiesComponent
    chosen = select(
        failure.entity_id,
        failure.system,
        failure.error,
        failure.message,
        failure.hint,
        failure.attempts,
        failure.occurred_at,
        failure.dismissed_at,
        file.name,
        *others,
    ).outerjoin_from(failure, file, file.entity_id == failure.entity_id)
    return chosen if includes_dismissed else chosen.where(failure.dismissed_at.is_(None))


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
        dismissed_at=row.dismissed_at,
    )
