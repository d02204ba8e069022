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
from dam.services.search_service.words import capped_count, matching_ids

FEW = 20_000
"""So far the entities of an index are counted; one that finds more is no place to begin with."""

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
        ids = [*driver.selects, *(matching_ids(wanted) for wanted in driver.words)]
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
    total, counts = await _counts(session, [index for _, index in indexed])
    at = _cheapest(indexed, total, counts, page, others=len(parts) - len(indexed))
    rest = [part.condition for part in parts if at is None or part is not indexed[at][0]]
    return Compiled((*rest, *always), None if at is None else indexed[at][1])


def _cheapest(
    indexed: Sequence[tuple[Part, Index]],
    total: int,
    counts: Sequence[int],
    page: int | None,
    *,
    others: int,
) -> int | None:
    """Return the index to begin with by its place, or None for all assets in their order.

    The cost is the number of entities that are looked at. An index that finds them in no order has
    to find all. In the order of ids, a search ends with its page, which comes the later, the fewer
    assets meet the conditions.
    """
    shares = [_UNKNOWN if n >= FEW else (n + 1) / (total + 1) for n in counts]
    expected = _UNKNOWN**others * prod(shares)
    costs: list[tuple[float, int | None]] = [(_until(page, expected, total) * _DOUBT, None)]
    for at, (_, index) in enumerate(indexed):
        whole = total if counts[at] >= FEW else counts[at]
        if index.is_in_order and page is not None:
            costs.append((_until(page, expected / shares[at], whole), at))
        elif counts[at] < FEW:
            costs.append((whole, at))
    return min(costs, key=lambda cost: cost[0])[1]


def _until(page: int | None, share: float, whole: int) -> float:
    return whole if page is None or share * whole < page else page / share


async def _counts(session: AsyncSession, indexes: Sequence[Index]) -> tuple[int, list[int]]:
    """Return about how many results there may be, and how many entities each index finds.

    That is at most `FEW`, and entities may count twice.
    """
    selects = [(at, ids) for at, index in enumerate(indexes) for ids in index.selects]
    capped = (ids.limit(FEW).subquery() for _, ids in selects)
    columns = (select(func.count()).select_from(few).scalar_subquery() for few in capped)
    greatest = select(func.max(ENTRY.c.entity_id)).scalar_subquery()
    total, *numbers = (await session.execute(select(greatest, *columns))).one()
    counts = [0] * len(indexes)
    for (at, _), number in zip(selects, numbers, strict=True):
        counts[at] += number
    for at, index in enumerate(indexes):
        for wanted in index.words:
            counts[at] += await capped_count(session, wanted, FEW)
    return total or 0, [min(number, FEW) for number in counts]


async def is_rare(session: AsyncSession, wanted: WantedWords) -> bool:
    """Tell whether few entries have some words: then their index lists them quickly."""
    return await capped_count(session, wanted, FEW) < FEW


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
            words=(*first.words, *index.words),
            is_in_order=False,
        )
    return first
