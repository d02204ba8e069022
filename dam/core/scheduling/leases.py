"""Markers and leases: work is claimed, kept, finished or failed in short transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Double,
    Executable,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import LONGEST_LEASE_S
from dam.core.database.column_types import unix_now
from dam.core.ecs.components import (
    EntityId,
    MarkerComponent,
    table_of,
)
from dam.core.systems.params import EarlierMarkers
from dam.errors import ItemError, RepeatedDeathError

MAX_DEATHS_ALONE = 3
_CORRECTION_S = 1.0
"""So far back a clock may go at any time, while it is kept right."""


@dataclass(frozen=True)
class Claim:
    """Entities whose marker carries `token`, ascending: all of these, or one of them.

    After a lease ran out they come one by one.
    """

    token: str
    entity_ids: list[EntityId]
    attempts: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether whoever worked on this entity alone died too often."""
        return self.attempts > MAX_DEATHS_ALONE


async def newest(session: AsyncSession, marker: type[MarkerComponent]) -> EntityId:
    """Return the last entity that carries the marker, 0 where none does."""
    return await session.scalar(select(func.max(marker.entity_id))) or 0


async def claim(
    session: AsyncSession,
    marker: type[MarkerComponent],
    *,
    token: str,
    limit: int,
    lease_s: float,
    after: EntityId,
    earlier: EarlierMarkers = (),
) -> Claim | None:
    """Lease up to `limit` ready entities, with ids above `after`, that nobody has tried."""
    values = {"token": token, "limit": limit, "lease_s": lease_s, "after": after}
    rows = (await session.execute(_lease_untried(marker, earlier), values)).all()
    return Claim(token, sorted(row.entity_id for row in rows)) if rows else None


async def claim_orphan(
    session: AsyncSession,
    marker: type[MarkerComponent],
    *,
    token: str,
    lease_s: float,
    earlier: EarlierMarkers = (),
) -> Claim | None:
    """Lease one ready entity whose lease ran out, now or before."""
    values = {"token": token, "limit": 1, "lease_s": lease_s}
    rows = (await session.execute(_lease_orphaned(marker, earlier), values)).all()
    return Claim(token, [rows[0].entity_id], rows[0].attempts) if rows else None


# A statement is made once a marker: to make one takes longer than to execute it.
@cache
def _lease_untried(marker: type[MarkerComponent], earlier: EarlierMarkers) -> Executable:
    is_after = marker.entity_id > bindparam("after")
    is_untried = and_(marker.lease_token.is_(None), marker.attempts == 0)
    return _lease(marker, is_untried, earlier, is_after)


@cache
def _lease_orphaned(marker: type[MarkerComponent], earlier: EarlierMarkers) -> Executable:
    is_left = and_(marker.lease_token.is_(None), marker.attempts > 0)
    return _lease(marker, or_(is_left, _has_run_out(marker)), earlier, true())


def _has_run_out(marker: type[MarkerComponent]) -> ColumnElement[bool]:
    """Tell whether the end of a lease is over, or so far ahead that the clock was set back since.

    Whoever holds that one and is alive has a lease by the new clock as soon as it is renewed.
    """
    latest = unix_now() + (LONGEST_LEASE_S + _CORRECTION_S)
    return or_(marker.lease_until < unix_now(), marker.lease_until > latest)


def _lease(
    marker: type[MarkerComponent],
    condition: ColumnElement[bool],
    earlier: EarlierMarkers,
    is_after: ColumnElement[bool],
) -> Executable:
    # As one expression: of conditions in a row PostgreSQL believes that hardly any marker meets
    # them all, and looks at all there are and sorts them instead of taking the first ones.
    is_claimable = case((and_(condition, *_is_ready(marker, earlier)), true()), else_=false())
    chosen = (
        select(marker.entity_id)
        .where(is_claimable, is_after)
        .order_by(marker.entity_id)
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    ran_out = case((marker.lease_token.is_not(None), 1), else_=0)
    return (
        update(table_of(marker))
        .where(marker.entity_id.in_(select(chosen.c.entity_id)))
        .values(
            lease_token=bindparam("token"),
            lease_until=unix_now() + bindparam("lease_s", type_=Double),
            attempts=marker.attempts + ran_out,
        )
        .returning(marker.entity_id, marker.attempts)
    )


def _is_ready(marker: type[MarkerComponent], earlier: EarlierMarkers) -> list[ColumnElement[bool]]:
    """Return conditions under which an entity carries none of the markers that come first.

    They are scalar subqueries, looked up by primary key: a `NOT EXISTS` becomes a join, and as long
    as PostgreSQL knows nothing of fresh tables it compares each row of one with each of the other.
    """
    return [
        select(first.entity_id)
        .where(first.entity_id == marker.entity_id)
        .scalar_subquery()
        .is_(None)
        for first in earlier
    ]


async def renew(
    session: AsyncSession, marker: type[MarkerComponent], claimed: Claim, *, lease_s: float
) -> None:
    """Put off the end of a lease."""
    ids = claimed.entity_ids
    await session.execute(
        update(table_of(marker))
        .where(marker.lease_token == claimed.token, marker.entity_id.between(ids[0], ids[-1]))
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
    ids = claimed.entity_ids
    values = {"token": claimed.token, "first": ids[0], "last": ids[-1]}
    return set((await session.scalars(_finish(marker), values)).all())


@cache
def _finish(marker: type[MarkerComponent]) -> Executable:
    is_claimed = marker.entity_id.between(bindparam("first"), bindparam("last"))
    return (
        delete(table_of(marker))
        .where(marker.lease_token == bindparam("token"), is_claimed)
        .returning(marker.entity_id)
    )


async def count_pending(
    session: AsyncSession, queues: Mapping[type[MarkerComponent], EarlierMarkers]
) -> tuple[int, int]:
    """Return how many ready entities are free to be claimed, and how many somebody has on lease.

    Args:
        session: Where to count.
        queues: The markers to count, each with those that come first.
    """
    free = leased = 0
    for marker, earlier in queues.items():
        total, held = (await session.execute(_count(marker, earlier))).one()
        free += int(total) - int(held)
        leased += int(held)
    return free, leased


@cache
def _count(marker: type[MarkerComponent], earlier: EarlierMarkers) -> Executable:
    is_leased = and_(marker.lease_token.is_not(None), not_(_has_run_out(marker)))
    counted = select(func.count(), func.coalesce(func.sum(case((is_leased, 1), else_=0)), 0))
    return counted.select_from(table_of(marker)).where(*_is_ready(marker, earlier))


def death_of(claimed: Claim) -> ItemError:
    """Return why a hopeless claim is given up."""
    return RepeatedDeathError(claimed.attempts - 1)
