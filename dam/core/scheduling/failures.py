"""Writes and deletes the open failures of systems."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import and_, bindparam, case, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId, ProcessingErrorComponent, table_of, upsert
from dam.errors import DamError, raise_host_limit


async def record_failures(
    session: AsyncSession, system: str, failures: Mapping[EntityId, Exception], *, now: datetime
) -> None:
    """Store an open failure for each entity; if it has one of that system, count one more attempt.

    A failure that was dismissed stays dismissed if it is the same one again.

    Args:
        session: A session that may write; the caller commits.
        system: The name of the system that failed.
        failures: The error of each entity.
        now: When it happened.

    Raises:
        HostLimitError: An error is the host's fault (no memory, say), not the entity's.
    """
    if not failures:
        return
    for error in failures.values():
        raise_host_limit(error)
    statement = upsert(session, ProcessingErrorComponent)
    table = table_of(ProcessingErrorComponent)
    is_same = [table.c[name] == statement.excluded[name] for name in ("error", "message")]
    news = ("error", "message", "hint", "requirement", "occurred_at")
    statement = statement.on_conflict_do_update(
        index_elements=["entity_id", "system"],
        set_={
            **{name: statement.excluded[name] for name in news},
            "attempts": table.c.attempts + 1,
            "dismissed_at": case((and_(*is_same), table.c.dismissed_at), else_=None),
        },
    )
    rows = [
        {
            "entity_id": entity_id,
            "system": system,
            "error": type(error).__name__,
            "message": _storable(str(error)) or type(error).__name__,
            "hint": _storable(error.hint) if isinstance(error, DamError) and error.hint else None,
            "requirement": error.requirement if isinstance(error, DamError) else None,
            "attempts": 1,
            "occurred_at": now,
        }
        for entity_id, error in sorted(failures.items())
    ]
    await session.execute(statement, rows)


def _storable(text: str) -> str:
    """Return a text with lone surrogates and NUL escaped, which databases refuse."""
    return text.encode(errors="backslashreplace").decode().replace("\0", r"\x00")


async def clear_failures(
    session: AsyncSession, system: str, entity_ids: Collection[EntityId]
) -> None:
    """Delete the open failures of a system for entities that it has processed now."""
    if not entity_ids:
        return
    failure = ProcessingErrorComponent
    values = {"first": min(entity_ids), "last": max(entity_ids)}
    failed = (await session.execute(_FAILED, values)).all()
    over = sorted({row.entity_id for row in failed if row.system == system} & set(entity_ids))
    gone = delete(table_of(failure)).where(failure.system == system)
    for some in portions(over):
        await session.execute(gone.where(failure.entity_id.in_(some)))


# Mostly finds nothing. It does not compare the system, so that the index by entity is used.
_FAILED = select(ProcessingErrorComponent.entity_id, ProcessingErrorComponent.system).where(
    ProcessingErrorComponent.entity_id.between(bindparam("first"), bindparam("last"))
)
