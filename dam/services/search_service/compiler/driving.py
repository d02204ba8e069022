"""Chooses where a search begins: with an index that finds few, or with all assets in their order.

Neither database knows this by itself: SQLite keeps no statistics, and PostgreSQL guesses badly how
many entities meet several conditions. So the entities of each condition are counted, up to a cap.
On SQLite a search may also begin with the table of a condition that no index answers, if a sample
shows that few meet it: to read on in a table takes a tenth of looking its rows up one by one.
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
    FromClause,
    Select,
    TableClause,
    and_,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from dam.core.database.among import ArrayText, among, array_text, unnested
from dam.core.ecs.components import EntityId
from dam.media.folding import WantedWords
from dam.services.search_service.compiler.parts import (
    DRIVER,
    FEW,
    Asked,
    Context,
    Index,
    Joinable,
    Part,
)
from dam.services.search_service.compiler.sampling import (
    is_worth_a_sample,
    sampled_counts,
    share_of,
)
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.sql import Nested
from dam.services.search_service.words import are_many, capped_count

_MANY, _MANY_FOR_ALL = 5_000, 50_000
"""So far the entities of an index are counted, for a page and for all results. One that finds more
is no place to begin with, unless it has them in order. Counting them would take long, too."""

_MOST_JOINED = 20
"""SQLite joins at most 64 tables, and takes the longer to plan, the more they are."""

_MOST_PLANNED = 6
"""PostgreSQL makes a join of each condition, and plans for minutes which of 40 comes first."""

_UNKNOWN = 0.5
_DOUBT = 3
_PASSED_BY = 0.1
"""What it costs to pass by a row of a table that is read in its order, beside looking one up."""


@dataclass(frozen=True)
class Compiled:
    """A query as SQL about rows of `ENTRY`, and of `DRIVER` or `FEW` if there is a driver.

    Args:
        parts: What must hold beside what the driver finds.
        always: Further conditions, which no index answers.
        driver: Where the search begins; None for all assets in the order of their ids.
        is_for_page: Only a page is wanted; a driver without an order then finds few.
        listed: Selects what the driver finds, each once, where that was listed.
        is_nested: Conditions are joined one after the other where that can be. SQLite answers a
            join in half the time of an `EXISTS`; PostgreSQL knows better how to go about each.
    """

    parts: tuple[Part, ...]
    always: tuple[Asked, ...]
    driver: Index | None = None
    is_for_page: bool = False
    listed: Select[Any] | None = None
    is_nested: bool = False

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
            found = ids.cte(DRIVER.name)
            chosen = self._joined(found) if self.is_nested else self._driven(DRIVER, found)
            statement = chosen.distinct()
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

    def _joined(self, ids: CTE) -> Select[Any]:
        """Return the statement that joins what the conditions ask for, and at last the entries."""
        entity_id, asked, is_multiplied = DRIVER.c.entity_id, [*self.always], False
        source: FromClause = DRIVER
        for at, part in enumerate(self.parts):
            # Of what an asset has several times, each join would multiply the rows of the others.
            is_further = is_multiplied and part.joinable and not part.joinable.is_unique
            if part.joinable is None or is_further or at >= _MOST_JOINED:
                asked.append(part.condition)
                continue
            is_multiplied = is_multiplied or not part.joinable.is_unique
            name = f"joined_{at}"
            # SQLAlchemy takes long to make columns of a subquery.
            its_id: ColumnElement[int] = literal_column(f"{name}.entity_id")
            source = Nested(source, part.joinable.ids.subquery(name), its_id == entity_id)
        source = Nested(source, ENTRY, ENTRY.c.entity_id == entity_id)
        chosen = select(entity_id).select_from(source).add_cte(ids)
        # Asked with the id of the last row, so that all else is asked before.
        return chosen.where(*(each(ENTRY.c.entity_id) for each in asked))

    def _met(self, entity_id: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        asked = [part.condition(entity_id) for part in self.parts]
        planned, others = asked[:_MOST_PLANNED], asked[_MOST_PLANNED:]
        if others:
            planned.append(and_(*others).is_(true()))  # said so, no join is made of them
        return [*planned, *(each(entity_id) for each in self.always)]


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
    estimates, listed = await _estimate(context, parts, page)
    total = context.vocabulary.ends.highest
    at, driver = _cheapest(parts, estimates, page, total=total, listed=listed)
    # What few meet is asked first: then there is less to ask of the others.
    pairs = zip(parts, estimates, strict=True)
    ordered = [part for part, _ in sorted(pairs, key=lambda pair: _turn(*pair))]
    if at is None or driver is None:
        return Compiled((*ordered,), (*always,))
    is_met = driver.is_exact or bool(driver.exact)
    rest = [part for part in ordered if not is_met or part is not parts[at]]
    chosen = None
    if (ids := estimates[at].ids) is not None:
        chosen, rest = _narrowed(ids, rest)
    return Compiled(
        (*rest,),
        (*always,),
        driver,
        is_for_page=page is not None,
        listed=chosen,
        is_nested=context.is_sqlite,
    )


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


def _turn(part: Part, estimate: "_Estimate") -> tuple[float, int]:
    """Return when a condition is asked: after what fewer meet, and after what is quicker to ask."""
    has_tags = part.index is not None and part.index.is_in_order and not part.index.words
    return estimate.share, 0 if has_tags else 1 if part.index is None else 2


@dataclass(frozen=True)
class _Estimate:
    """How many entities meet a condition.

    Args:
        share: Of all ids.
        number: How many an index finds, some maybe twice; None if they are many.
        ids: Which, if they were listed.
        is_sampled: The share is that of a sample.
    """

    share: float = _UNKNOWN
    number: int | None = None
    ids: ArrayText | None = None
    is_sampled: bool = False


def _cheapest(
    parts: Sequence[Part],
    estimates: Sequence[_Estimate],
    page: int | None,
    *,
    total: int,
    listed: float | None,
) -> tuple[int | None, Index | None]:
    """Return the index to begin with, and the place of its part; None for all assets in order.

    The cost is the number of entities that are looked at. An index that finds them in no order has
    to find all. In the order of ids, a search ends with its page, which comes the later, the fewer
    assets meet the conditions. `listed` is the share of ids that are listed, if there is a sample:
    then rows of other tables may be looked at in the place of those.
    """
    expected = prod(each.share for each in estimates)
    walked = _until(page, expected, total) * _DOUBT
    costs: list[tuple[float, int | None, Index | None]] = [(walked * (listed or 1), None, None)]
    for at, (part, each) in enumerate(zip(parts, estimates, strict=True)):
        index = part.index
        if index is None:
            if each.is_sampled and part.joinable is not None:
                scan = Index(part.joinable.what, (part.joinable.ids,), is_in_order=True)
                costs.append((walked * (_PASSED_BY + each.share), at, scan))
        elif index.is_in_order and page is not None and not (index.words and each.number is None):
            whole = each.share * total if each.number is None else each.number
            costs.append((_until(page, expected / each.share, whole), at, index))
        elif each.number is not None:
            costs.append((each.number, at, index))
    return min(costs, key=lambda cost: cost[0])[1:]


def _until(page: int | None, share: float, whole: float) -> float:
    return whole if page is None or share * whole < page else page / share


async def _estimate(
    context: Context, parts: Sequence[Part], page: int | None
) -> tuple[list[_Estimate], float | None]:
    """Return an estimate for each part, and the share of ids that are listed, if there is a sample.

    It takes one statement.
    """
    most, ends = most_counted(page), context.vocabulary.ends
    counted = await _to_count(context, parts, most)
    sampled = _to_sample(context, parts) if page is not None else {}
    columns: list[ColumnElement[Any]] = [
        _asked_of(index, most, is_sqlite=context.is_sqlite) for index in counted.values()
    ]
    if sampled:
        columns += sampled_counts(ends, [*sampled.values()])
    answers = (await context.session.execute(select(*columns))).one() if columns else ()
    found = {key: _read(answer) for key, answer in zip(counted, answers, strict=False)}
    listed, *shares = map(share_of, answers[len(counted) :]) if sampled else (None,)
    by_sample = dict(zip(sampled, shares, strict=True))

    def estimate(part: Part) -> _Estimate:
        own = None if part.index is None else part.index.number
        each = found.get(id(part), _Estimate(number=own))
        if each.number is not None and each.number < most:
            return replace(each, share=(each.number + 1) / (ends.highest + 1))
        share = by_sample.get(id(part))
        return _Estimate() if share is None else _Estimate(share, is_sampled=True)

    return [estimate(part) for part in parts], listed


async def _to_count(context: Context, parts: Sequence[Part], most: int) -> dict[int, Index]:
    """Return the indexes of which it is not known how many they find, by the id of their part."""
    indexes = {id(part): part.index for part in parts if part.index is not None}
    worded = {key: index.words for key, index in indexes.items() if index.words}
    ends = context.vocabulary.ends
    are_too_many = await are_many(context.session, [*worded.values()], most, ends)
    too_many = {key for key, is_it in zip(worded, are_too_many, strict=True) if is_it}
    return {
        key: index for key, index in indexes.items() if index.number is None and key not in too_many
    }


def _to_sample(context: Context, parts: Sequence[Part]) -> dict[int, Joinable]:
    """Return the rows of which a sample is taken, by the id of their part.

    Of none, if an index has what it finds in order: that is a good place to begin with.
    """
    is_ordered = any(part.index is not None and part.index.is_in_order for part in parts)
    if is_ordered or not context.is_sqlite or not is_worth_a_sample(context.vocabulary.ends):
        return {}
    return {
        id(part): part.joinable
        for part in parts
        if part.index is None and part.joinable is not None and part.joinable.is_unique
    }


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


def _read(answer: int | str | None) -> _Estimate:
    if isinstance(answer, int):
        return _Estimate(number=answer)
    number = 0 if answer is None else answer.count(",") + 1
    return _Estimate(number=number, ids=ArrayText(answer or "{}"))


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
