"""Markers and leases: work is claimed, kept, finished or failed in short transactions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Compiled, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Double

from dam.core.ecs import EntityId, MarkerComponent, ProcessingErrorComponent, table_of, upsert
from dam.errors import DamError, ItemError, RepeatedDeathError

MAX_DEATHS_ALONE = 3


class unix_now(FunctionElement[float]):  # noqa: N801 - reads like the SQL functions beside it
    """The database's clock, in seconds since 1970; it goes on inside a transaction."""

    type = Double()
    inherit_cache = True


@compiles(unix_now, "sqlite")
def _sqlite_now(_element: unix_now, _compiler: Compiled, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(unix_now, "postgresql")
def _postgresql_now(_element: unix_now, _compiler: Compiled, **_options: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@dataclass(frozen=True)
class Claim:
    """Entities whose marker carries `token`; after a lease ran out they come one by one."""

    token: str
    entity_ids: list[EntityId]
    attempts: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether whoever worked on this entity alone died too often."""
        return self.attempts > MAX_DEATHS_ALONE


async def claim(
    session: AsyncSession,
    marker: type[MarkerComponent],
    *,
    token: str,
    limit: int,
    lease_s: float,
    after: EntityId,
) -> Claim | None:
    """Lease up to `limit` entities with ids above `after` that nobody has tried, ascending."""
    free = and_(marker.lease_token.is_(None), marker.attempts == 0, marker.entity_id > after)
    rows = await _lease(session, marker, free, token=token, limit=limit, lease_s=lease_s)
    return Claim(token, sorted(row.entity_id for row in rows)) if rows else None


async def claim_alone(
    session: AsyncSession, marker: type[MarkerComponent], *, token: str, lease_s: float
) -> Claim | None:
    """Lease one entity whose lease ran out, now or before."""
    orphaned = or_(
        and_(marker.lease_token.is_(None), marker.attempts > 0), marker.lease_until < unix_now()
    )
    rows = await _lease(session, marker, orphaned, token=token, limit=1, lease_s=lease_s)
    return Claim(token, [rows[0].entity_id], rows[0].attempts) if rows else None


async def _lease(
    session: AsyncSession,
    marker: type[MarkerComponent],
    condition: ColumnElement[bool],
    *,
    token: str,
    limit: int,
    lease_s: float,
) -> Sequence[Any]:
    chosen = (
        select(marker.entity_id)
        .where(condition)
        .order_by(marker.entity_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    ran_out = case((marker.lease_token.is_not(None), 1), else_=0)
    statement = (
        update(table_of(marker))
        .where(marker.entity_id.in_(select(chosen.c.entity_id)))
        .values(
            lease_token=token,
            lease_until=unix_now() + lease_s,
            attempts=marker.attempts + ran_out,
        )
        .returning(marker.entity_id, marker.attempts)
    )
    return (await session.execute(statement)).all()


async def renew(
    session: AsyncSession, marker: type[MarkerComponent], claimed: Claim, *, lease_s: float
) -> None:
    """Put off the end of a lease."""
    await session.execute(
        update(table_of(marker))
        .where(marker.lease_token == claimed.token, marker.entity_id.in_(claimed.entity_ids))
        .values(lease_until=unix_now() + lease_s)
    )


async def release(session: AsyncSession, marker: type[MarkerComponent], token: str) -> None:
    """Give the entities of a claim back, as if they had never been claimed."""
    await session.execute(
        update(table_of(marker))
        .where(marker.lease_token == token)
        .values(lease_token=None, lease_until=None)
    )


async def finish(
    session: AsyncSession,
    marker: type[MarkerComponent],
    claimed: Claim,
) -> set[EntityId]:
    """Take the markers off that still carry `token`; return their entities: only these are done."""
    statement = (
        delete(table_of(marker))
        .where(marker.lease_token == claimed.token, marker.entity_id.in_(claimed.entity_ids))
        .returning(marker.entity_id)
    )
    return set((await session.scalars(statement)).all())


async def count_pending(
    session: AsyncSession, markers: Iterable[type[MarkerComponent]]
) -> tuple[int, int]:
    """Return how many entities are free to be claimed, and how many somebody has on lease."""
    free = leased = 0
    for marker in markers:
        is_leased = and_(marker.lease_token.is_not(None), marker.lease_until >= unix_now())
        counted = select(func.count(), func.coalesce(func.sum(case((is_leased, 1), else_=0)), 0))
        total, held = (await session.execute(counted.select_from(table_of(marker)))).one()
        free += int(total) - int(held)
        leased += int(held)
    return free, leased


async def record_failures(
    session: AsyncSession, system: str, failures: Mapping[EntityId, Exception], *, now: datetime
) -> None:
    """Write an open failure for each entity, one more attempt where there is one already."""
    if not failures:
        return
    statement = upsert(session, ProcessingErrorComponent)
    table = table_of(ProcessingErrorComponent)
    news = ("error", "message", "requirement", "occurred_at")
    statement = statement.on_conflict_do_update(
        index_elements=["entity_id", "system"],
        set_={
            **{name: statement.excluded[name] for name in news},
            "attempts": table.c.attempts + 1,
        },
    )
    rows = [
        {
            "entity_id": entity_id,
            "system": system,
            "error": type(error).__name__,
            "message": _storable(str(error)) or type(error).__name__,
            "requirement": error.requirement if isinstance(error, DamError) else None,
            "attempts": 1,
            "occurred_at": now,
        }
        for entity_id, error in sorted(failures.items())
    ]
    await session.execute(statement, rows)


def _storable(text: str) -> str:
    """Return a text without what databases refuse: halves of surrogate pairs, and NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\0", r"\x00")


async def clear_failures(
    session: AsyncSession, system: str, entity_ids: Collection[EntityId]
) -> None:
    """Forget the open failures of a system on entities with which it is done now."""
    await session.execute(
        delete(table_of(ProcessingErrorComponent)).where(
            ProcessingErrorComponent.system == system,
            ProcessingErrorComponent.entity_id.in_(entity_ids),
        )
    )


def death_of(claimed: Claim) -> ItemError:
    """Return why a hopeless claim is given up."""
    return RepeatedDeathError(claimed.attempts - 1)
