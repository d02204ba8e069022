"""Chooses where a search begins: with an index that finds few, or with all assets in their order.

Neither database knows this by itself: SQLite keeps no statistics, and PostgreSQL guesses badly how
many entities meet several conditions. So the entities of each condition are counted, up to a cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.media.folding import WantedWords
from dam.services.search_service.compiler.parts import Index, Part
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.words import capped_count, matching_ids

FEW = 20_000
"""An index that finds fewer is worth beginning with."""


@dataclass(frozen=True)
class Compiled:
    """A query as SQL about rows of `ENTRY`.

    Args:
        conditions: What must hold beside what the driver finds.
        driver: Where the search begins; None for all assets in the order of their ids.
        found: How many entities the driver finds, at most `FEW`.
    """

    conditions: tuple[ColumnElement[bool], ...]
    driver: Index | None = None
    found: int = 0

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
    session: AsyncSession, parts: Sequence[Part], always: Sequence[ColumnElement[bool]]
) -> Compiled:
    """Return what to search with: the conditions of all parts, and the best index to begin with.

    Example: `await choose_driver(session, parts, [ENTRY.c.is_listed])`.

    Args:
        session: Only read.
        parts: Conditions that must all hold.
        always: Further ones, which no index answers.
    """
    indexed = [part for part in parts if part.index is not None]
    counts = await _counts(session, [part.index for part in indexed if part.index])
    best = min(range(len(indexed)), key=counts.__getitem__, default=None)
    if best is not None and counts[best] >= FEW:
        ordered = (at for at, part in enumerate(indexed) if part.index and part.index.is_in_order)
        best = next(ordered, None)
    conditions = [part.condition for part in parts if best is None or part is not indexed[best]]
    driver = indexed[best].index if best is not None else None
    found = counts[best] if best is not None else 0
    return Compiled((*conditions, *always), driver, found)


async def _counts(session: AsyncSession, indexes: Sequence[Index]) -> list[int]:
    """Return how many entities each index finds, at most `FEW`; entities may count twice."""
    selects = [(at, ids) for at, index in enumerate(indexes) for ids in index.selects]
    counts = [0] * len(indexes)
    if selects:
        capped = (ids.limit(FEW).subquery() for _, ids in selects)
        columns = (select(func.count()).select_from(few).scalar_subquery() for few in capped)
        row = (await session.execute(select(*columns))).one()
        for (at, _), number in zip(selects, row, strict=True):
            counts[at] += number
    for at, index in enumerate(indexes):
        for wanted in index.words:
            counts[at] += await capped_count(session, wanted, FEW)
    return [min(number, FEW) for number in counts]


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
