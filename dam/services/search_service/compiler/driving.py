"""Chooses where a search begins: with an index that finds few, or with all assets in their order.

Neither database knows this by itself: SQLite keeps no statistics, and PostgreSQL guesses badly how
many entities meet several conditions. So the entities of each condition are counted, up to a cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.media.folding import WantedWords
from dam.services.search_service.compiler.parts import Index, Part
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.words import are_many, capped_count

_MANY, _MANY_FOR_ALL = 5_000, 50_000
"""So far the entities of an index are counted, for a page and for all results. One that finds more
is no place to begin with, unless it has them in order. Counting them would take long, too."""

_UNKNOWN = 0.5
_DOUBT = 3


@dataclass(frozen=True)
class Compiled:
    """A query as SQL about rows of `ENTRY`.

    Args:
        conditions: What must hold beside what the driver finds.
        driver: Where the search begins; None for all assets in the order of their ids.
    """

    conditions: tuple[ColumnElement[bool], ...]
    driver: Index | None = None

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return a statement that selects the id of each result, and further columns."""
        source = ENTRY if self.driver is None else self._driven(self.driver)
        statement = select(ENTRY.c.entity_id, *columns).select_from(source)
        return statement.where(*self.conditions)

    def select_in_order(self, before: EntityId | None = None) -> Select[Any]:
        """Return a statement that selects the id of each result, newest first.

        With `before`, only ids below it.
        """
        if self.driver is None or not self.driver.is_in_order:
            statement = self.select().order_by(ENTRY.c.entity_id.desc())
            return statement if before is None else statement.where(ENTRY.c.entity_id < before)
        # The index has the entities in order: the first page needs no more than its own rows.
        (ids,) = self.driver.selects
        (entity_id,) = ids.selected_columns
        (links,) = ids.get_final_froms()
        found = select(entity_id.label("entity_id")).select_from(
            links.join(ENTRY, ENTRY.c.entity_id == entity_id)
        )
        belongs = [] if before is None else [entity_id < before]
        if ids.whereclause is not None:
            belongs.append(ids.whereclause)
        return found.where(*belongs, *self.conditions).distinct().order_by(entity_id.desc())

    def _driven(self, driver: Index) -> FromClause:
        ids = driver.selects
        every = ids[0] if len(ids) == 1 else union_all(*ids)
        found = every.subquery()
        first = select(found.c[0].label("entity_id")).distinct().cte("driver")
        first = first.prefix_with("MATERIALIZED")
        return first.join(ENTRY, ENTRY.c.entity_id == first.c.entity_id)


async def choose_driver(
    session: AsyncSession,
    parts: Sequence[Part],
    always: Sequence[ColumnElement[bool]],
    *,
    page: int | None,
) -> Compiled:
    """Return what to search with: the conditions of all parts, and the best index to begin with.

    Example: `await choose_driver(session, parts, [ENTRY.c.is_listed], page=100)`.

    Args:
        session: Only read.
        parts: Conditions that must all hold.
        always: Further ones, which no index answers.
        page: How many results are wanted, the newest ones; None for all of them.
    """
    indexed = [(part, part.index) for part in parts if part.index is not None]
    if not indexed:
        return Compiled((*(part.condition for part in parts), *always))
    most = _MANY if page else _MANY_FOR_ALL
    total, counts = await _counts(session, [index for _, index in indexed], most)
    known_counts = [None if number >= most else number for number in counts]
    at = _cheapest([index for _, index in indexed], total, known_counts, page, len(parts))
    # What few meet is asked first: then there is less to ask of the others.
    shares = {
        id(part): _UNKNOWN if number is None else number / (total + 1)
        for (part, _), number in zip(indexed, known_counts, strict=True)
    }
    ordered = sorted(parts, key=lambda part: _turn(part, shares.get(id(part), _UNKNOWN)))
    driver = None if at is None else indexed[at][1]
    is_met = driver is not None and driver.is_exact
    rest = [part.condition for part in ordered if not is_met or part.index is not driver]
    return Compiled((*rest, *always), driver)


def _turn(part: Part, share: float) -> tuple[float, int]:
    """Return when a condition is asked: after what fewer meet, and after what is quicker to ask."""
    has_tags = part.index is not None and part.index.is_in_order
    return share, 0 if has_tags else 1 if part.index is None else 2


def _cheapest(
    indexes: Sequence[Index],
    total: int,
    counts: Sequence[int | None],
    page: int | None,
    conditions: int,
) -> int | None:
    """Return the index to begin with by its place, or None for all assets in their order.

    The cost is the number of entities that are looked at. An index that finds them in no order has
    to find all. In the order of ids, a search ends with its page, which comes the later, the fewer
    assets meet the conditions.
    """
    shares = [_UNKNOWN if count is None else (count + 1) / (total + 1) for count in counts]
    expected = prod(shares) * _UNKNOWN ** (conditions - len(indexes))
    costs: list[tuple[float, int | None]] = [(_until(page, expected, total) * _DOUBT, None)]
    for at, (index, count) in enumerate(zip(indexes, counts, strict=True)):
        if index.is_in_order and page is not None and not (index.words and count is None):
            whole = total if count is None else count
            costs.append((_until(page, expected / shares[at], whole), at))
        elif count is not None:
            costs.append((count, at))
    return min(costs, key=lambda cost: cost[0])[1]


def _until(page: int | None, share: float, whole: int) -> float:
    return whole if page is None or share * whole < page else page / share


async def _counts(
    session: AsyncSession, indexes: Sequence[Index], most: int
) -> tuple[int, list[int]]:
    """Return about how many results there may be, and how many entities each index finds.

    That is at most `most`, and entities may count twice.
    """
    counts = [most * await _has_too_many(session, index, most) for index in indexes]
    selects = [
        (at, ids) for at, index in enumerate(indexes) if counts[at] < most for ids in index.selects
    ]
    capped = (ids.limit(most).subquery() for _, ids in selects)
    columns = (select(func.count()).select_from(few).scalar_subquery() for few in capped)
    greatest = select(func.max(ENTRY.c.entity_id)).scalar_subquery()
    total, *numbers = (await session.execute(select(greatest, *columns))).one()
    for (at, _), number in zip(selects, numbers, strict=True):
        counts[at] += number
    return total or 0, [min(number, most) for number in counts]


async def _has_too_many(session: AsyncSession, index: Index, most: int) -> bool:
    for wanted in index.words:
        if await are_many(session, wanted, most):
            return True
    return False


async def is_rare(session: AsyncSession, wanted: WantedWords) -> bool:
    """Tell whether few entries have some words: then their index lists them quickly."""
    return await capped_count(session, wanted, _MANY) < _MANY


def joined(indexes: Sequence[Index | None]) -> Index | None:
    """Return the index that finds what any of some indexes finds; None if one is missing."""
    known = [index for index in indexes if index is not None]
    if not known or len(known) < len(indexes):
        return None
    first, *rest = known
    for index in rest:
        first = replace(
            first,
            what=f"{first.what} or {index.what}",
            selects=(*first.selects, *index.selects),
            is_in_order=False,
            is_exact=first.is_exact and index.is_exact,
            words=(*first.words, *index.words),
        )
    return first
