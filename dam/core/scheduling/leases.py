"""Leases on markers: claim marked entities, renew, release or finish a claim, count the rest."""

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
"""How far the clock may be set back in normal operation, by NTP say."""


@dataclass(frozen=True)
class Claim:
    """Entities whose marker carries `token`, ascending: all of them, or one, when a batch is split.

    An entity whose lease ran out is claimed alone; `attempts` says how often that happened to it.
    """

    token: str
    entity_ids: list[EntityId]
    attempts: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether too many processes died while they worked on this entity alone."""
        return self.attempts > MAX_DEATHS_ALONE


async def newest(session: AsyncSession, marker: type[MarkerComponent]) -> EntityId:
    """Return the highest id of an entity that carries the marker; 0 if none does."""
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
    """Lease ready entities whose lease has never run out; None if there are none.

    Args:
        session: A session that may write; the caller commits.
        marker: The marker that the entities carry.
        token: What to store in the markers as the lease's token; used once.
        limit: How many entities at most.
        lease_s: How long the lease lasts.
        after: Only entities with a higher id.
        earlier: Only entities that carry none of these markers are ready.
    """
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
    """Lease one ready entity whose lease has run out, now or before; None if there is none.

    The arguments are those of `claim`.
    """
    values = {"token": token, "limit": 1, "lease_s": lease_s}
    rows = (await session.execute(_lease_orphaned(marker, earlier), values)).all()
    return Claim(token, [rows[0].entity_id], rows[0].attempts) if rows else None


# A statement is made once per marker: to make one takes longer than to execute it.
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
    """Tell whether a lease is over, or ends so far ahead that the clock was set back since.

    A living process that holds such a lease gets one by the new clock when it renews.
    """
    latest = unix_now() + (LONGEST_LEASE_S + _CORRECTION_S)
    return or_(marker.lease_until < unix_now(), marker.lease_until > latest)


def _lease(
    marker: type[MarkerComponent],
    condition: ColumnElement[bool],
    earlier: EarlierMarkers,
    is_after: ColumnElement[bool],
) -> Executable:
    # One expression: with separate conditions PostgreSQL expects that hardly any marker meets them
    # all; then it reads and sorts all markers instead of taking the first ones.
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
    """Return conditions that hold for an entity that carries none of the earlier markers.

    They are scalar subqueries, looked up by primary key. A `NOT EXISTS` would become a join, and
    while PostgreSQL has no statistics of new tables it compares every row with every other.
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
    """Extend the lease of a claim: it ends `lease_s` from now. The caller commits."""
    ids = claimed.entity_ids
    await session.execute(
        update(table_of(marker))
        .where(marker.lease_token == claimed.token, marker.entity_id.between(ids[0], ids[-1]))
        .values(lease_until=unix_now() + lease_s)
    )


async def release(session: AsyncSession, marker: type[MarkerComponent], token: str) -> None:
    """Make the entities of a claim free again, as if they had never been claimed."""
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
    """Remove the markers of a claim; return the entities whose lease still held.

    Only for these may the caller write, in the same transaction.
    """
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
    """Return how many ready entities are free to be claimed, and how many are on lease.

    Args:
        session: Where to count.
        queues: The markers to count, each with the earlier markers that an entity must not carry.
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
    """Return the error with which a hopeless claim is given up."""
    return RepeatedDeathError(claimed.attempts - 1)
