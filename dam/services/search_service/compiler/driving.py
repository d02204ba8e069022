"""Chooses where a search begins: with an index that finds few, or with all assets in their order.

Neither database knows this by itself: SQLite keeps no statistics, and PostgreSQL guesses badly how
many entities meet several conditions. So the entities of each condition are counted, up to a cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from operator import add
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    TableClause,
    func,
    literal_column,
    select,
    union_all,
)

from dam.core.database.among import ArrayText, among, array_text, unnested
from dam.core.ecs.components import EntityId
from dam.media.folding import WantedWords
from dam.services.search_service.compiler.parts import DRIVER, FEW, Asked, Context, Index, Part
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.words import are_many, capped_count

_MANY, _MANY_FOR_ALL = 5_000, 50_000
"""So far the entities of an index are counted, for a page and for all results. One that finds more
is no place to begin with, unless it has them in order. Counting them would take long, too."""

_UNKNOWN = 0.5
_DOUBT = 3


@dataclass(frozen=True)
class Compiled:
    """A query as SQL about rows of `ENTRY`, and of `DRIVER` or `FEW` if there is a driver.

    Args:
        conditions: What must hold beside what the driver finds.
        driver: Where the search begins; None for all assets in the order of their ids.
        is_for_page: Only a page is wanted; a driver without an order then finds few.
        listed: Selects what the driver finds, each once, where that was listed.
    """

    conditions: tuple[Asked, ...]
    driver: Index | None = None
    is_for_page: bool = False
    listed: Select[Any] | None = None

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return a statement that selects the id of each result, and further columns."""
        if self.driver is None:
            return select(ENTRY.c.entity_id, *columns).where(*self._met(ENTRY.c.entity_id))
        source = FEW if self.is_for_page else DRIVER
        ids = _found_by(self.driver) if self.listed is None else self.listed
        found = ids.cte(source.name).prefix_with("MATERIALIZED")
        return self._driven(source, found, *columns)

    def select_in_order(self, before: EntityId | None = None) -> Select[Any]:
        """Return a statement that selects the id of each result, newest first.

        With `before`, only ids below it.
        """
        if self.driver is not None and self.driver.is_in_order:
            # The index has the entities in order: the first page needs no more than its own rows.
            (ids,) = self.driver.exact or self.driver.selects
            statement = self._driven(DRIVER, ids.cte(DRIVER.name)).distinct()
        else:
            statement = self.select()
        (entity_id,) = statement.selected_columns
        if before is not None:
            statement = statement.where(entity_id < before)
        return statement.order_by(entity_id.desc())

    def _driven(self, source: TableClause, ids: CTE, *columns: ColumnElement[Any]) -> Select[Any]:
        entity_id = source.c.entity_id
        joined = source.join(ENTRY, ENTRY.c.entity_id == entity_id)
        chosen = select(entity_id, *columns).select_from(joined).add_cte(ids)
        return chosen.where(*self._met(entity_id))

    def _met(self, entity_id: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return [asked(entity_id) for asked in self.conditions]


def most_counted(page: int | None) -> int:
    """Return up to how many entities of an index are counted."""
    return _MANY if page else _MANY_FOR_ALL


def _found_by(driver: Index) -> Select[Any]:
    """Return the statement that selects what a driver finds, each once."""
    first, *others = driver.exact or driver.selects
    if others or first.selected_columns[0] is not ENTRY.c.entity_id:
        return select(union_all(first, *others).subquery()).distinct()
    return first


async def choose_driver(
    context: Context,
    parts: Sequence[Part],
    always: Sequence[Asked],
    *,
    page: int | None,
) -> Compiled:
    """Return what to search with: the conditions of all parts, and the best index to begin with.

    Example: `await choose_driver(context, parts, [none_of(is_hidden)], page=100)`.

    Args:
        context: What the parts were made with.
        parts: Conditions that must all hold.
        always: Further ones, which no index answers.
        page: How many results are wanted, the newest ones; None for all of them.
    """
    indexed = [(part, part.index) for part in parts if part.index is not None]
    if not indexed:
        return Compiled((*(part.condition for part in parts), *always))
    most = most_counted(page)
    total, found = context.vocabulary.ends.highest, await _find(context, indexed, most)
    known_counts = [each.number for each in found]
    at = _cheapest([index for _, index in indexed], total, known_counts, page, len(parts))
    # What few meet is asked first: then there is less to ask of the others.
    shares = {
        id(part): _UNKNOWN if number is None else number / (total + 1)
        for (part, _), number in zip(indexed, known_counts, strict=True)
    }
    ordered = sorted(parts, key=lambda part: _turn(part, shares.get(id(part), _UNKNOWN)))
    if at is None:
        return Compiled((*(part.condition for part in ordered), *always))
    first, driver = indexed[at]
    is_met = driver.is_exact or bool(driver.exact)
    rest = [part for part in ordered if not is_met or part is not first]
    listed = None
    if (ids := found[at].ids) is not None:
        listed, rest = _narrowed(ids, rest)
    conditions = (*(part.condition for part in rest), *always)
    return Compiled(conditions, driver, is_for_page=page is not None, listed=listed)


def _narrowed(ids: ArrayText, parts: Sequence[Part]) -> tuple[Select[Any], list[Part]]:
    """Return what selects some entities, and the parts that are still to be asked of them.

    If a part has the index of a tag, that looks all of them up at once.
    """
    for at, part in enumerate(parts):
        index = part.index
        if index is not None and index.is_in_order and (index.is_exact or index.exact):
            (tagged,) = index.exact or index.selects
            both = tagged.where(among(tagged.selected_columns[0], ids)).distinct()
            return both, [*parts[:at], *parts[at + 1 :]]
    return unnested(ids, "entity_id"), list(parts)


def _turn(part: Part, share: float) -> tuple[float, int]:
    """Return when a condition is asked: after what fewer meet, and after what is quicker to ask."""
    has_tags = part.index is not None and part.index.is_in_order and not part.index.words
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


@dataclass(frozen=True)
class _Found:
    """What an index finds.

    Args:
        number: How many entities, of which some may count twice; None if they are many.
        ids: Which, if they were listed.
    """

    number: int | None
    ids: ArrayText | None = None


async def _find(context: Context, indexed: Sequence[tuple[Part, Index]], most: int) -> list[_Found]:
    """Return what each index finds, if that is fewer than `most`."""
    worded = [index for _, index in indexed if index.words]
    are_too_many = await are_many(
        context.session, [index.words for index in worded], most, context.vocabulary.ends
    )
    too_many = {id(index) for index, is_it in zip(worded, are_too_many, strict=True) if is_it}
    known = {id(index): index.number for _, index in indexed if index.number is not None}
    some = [index for _, index in indexed if id(index) not in {*too_many, *known}]
    columns = [_asked_of(index, most, is_sqlite=context.is_sqlite) for index in some]
    answers = (await context.session.execute(select(*columns))).one() if columns else ()
    found = {id(index): _read(answer) for index, answer in zip(some, answers, strict=True)}
    found |= {key: _Found(number) for key, number in known.items()}
    nothing = _Found(None)
    few = {key: each for key, each in found.items() if (each.number or 0) < most}
    return [few.get(id(index), nothing) for _, index in indexed]


def _asked_of(index: Index, most: int, *, is_sqlite: bool) -> ColumnElement[Any]:
    """Return what is asked to know how many entities an index finds, or which.

    PostgreSQL reads its index of words to the end for either, so it is asked only once.
    """
    if index.words and not is_sqlite:
        some = replace(index, exact=(), selects=tuple(each.limit(most) for each in index.selects))
        entity_id = literal_column("entity_id", BigInteger())
        few = _found_by(some).subquery()
        return select(array_text(entity_id)).select_from(few).scalar_subquery()
    # Without columns, the index answers alone.
    counted = (
        select(func.count()).select_from(
            ids.with_only_columns(literal_column("1"), maintain_column_froms=True)
            .limit(most)
            .subquery()
        )
        for ids in index.selects
    )
    return reduce(add, (each.scalar_subquery() for each in counted))


def _read(answer: int | str | None) -> _Found:
    if isinstance(answer, int):
        return _Found(answer)
    return _Found(0 if answer is None else answer.count(",") + 1, ArrayText(answer or "{}"))


async def is_rare(context: Context, wanted: Sequence[WantedWords]) -> bool:
    """Tell whether few entries have any of some words: then their index lists them quickly."""
    counted = await capped_count(context.session, wanted, _MANY, context.vocabulary.ends)
    return counted < _MANY


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
            exact=(),
            words=(*first.words, *index.words),
            number=None,
        )
    return first
