"""Makes SQL of the whole tree of a query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from sqlalchemy import ColumnElement, and_, false, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import is_writer
from dam.errors import QueryTooLargeError
from dam.media.folding import WantedWords, wanted_words
from dam.services.ecs_service import is_hidden
from dam.services.search_service.compiler import leaves, tagged
from dam.services.search_service.compiler.driving import (
    Compiled,
    choose_driver,
    is_rare,
    joined,
)
from dam.services.search_service.compiler.parts import Context, Index, Part
from dam.services.search_service.entries import bring_entries_up_to_date
from dam.services.search_service.fields import ENTRY, all_fields
from dam.services.search_service.query.tree import (
    And,
    Comparison,
    ComponentCondition,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Not,
    OfComic,
    Or,
    Presence,
    Query,
    Similar,
    Tagged,
    Word,
)
from dam.services.search_service.sql import holds, in_ids
from dam.services.search_service.words import likely_ids, matches

MOST_CONDITIONS = 200
"""After joining alternatives that one index answers; databases plan no more in good time."""

_DEEPEST = 8


async def compile_condition(
    session: AsyncSession, query: Query, *, page: int | None = None
) -> Compiled:
    """Return the SQL of a query's condition; without one, of all that is listed.

    Example: `await compile_condition(session, tree, page=100)`.

    Args:
        session: Only read.
        query: The tree of the query.
        page: How many results are wanted, the newest ones; None for all, or in another order.

    Raises:
        QueryTooLargeError: It has more conditions than a statement can hold.
    """
    if is_writer(session):
        await bring_entries_up_to_date(session)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    conjuncts = _conjuncts(query.condition)
    tags = await tagged.known_tags(session, _tags(conjuncts))
    context = Context(session, all_fields(), tags, is_sqlite, query.text)
    compiler = _Compiler(context)
    parts = [await compiler.part(each, 1) for each in conjuncts]
    is_lifted = [lift for each in conjuncts for lift in _lifts(each)]
    always: list[ColumnElement[bool]] = [] if is_lifted else [holds(ENTRY.c.is_listed)]
    if "hidden" not in is_lifted:
        always.append(not_(is_hidden(ENTRY.c.entity_id)))
    return await choose_driver(session, parts, always, page=page)


def _conjuncts(condition: Condition | None) -> Sequence[Condition]:
    if condition is None:
        return ()
    return _asking(condition.conditions) if isinstance(condition, And) else (condition,)


def _asking(conditions: Sequence[Condition]) -> Sequence[Condition]:
    """Return the conditions without words that ask for nothing, as `&`, if there are others."""
    some = [each for each in conditions if not (isinstance(each, Word) and not _wanted(each).words)]
    return some or conditions[:1]


def _wanted(word: Word) -> WantedWords:
    return wanted_words(word.text, is_phrase=word.is_phrase)


def _tags(conditions: Sequence[Condition]) -> Iterator[Tagged]:
    """Yield all conditions about tags that are in some conditions, or in those in them."""
    rest = list(conditions)
    while rest:
        match rest.pop():
            case And(some) | Or(some):
                rest.extend(some)
            case Not(inner):
                rest.append(inner)
            case Tagged() as found:
                yield found


def _lifts(condition: Condition) -> frozenset[str]:
    """Return what a condition asks to see that is left out else: `hidden` or `unlisted`.

    Of alternatives, all must ask for it.
    """
    match condition:
        case And():
            return frozenset().union(*map(_lifts, condition.conditions))
        case Or():
            first, *rest = map(_lifts, condition.conditions)
            return first.intersection(*rest)
        case InPlace(place="trash") | Comparison(field="id", operator="="):
            return frozenset({"hidden", "unlisted"})
        case InPlace(place="archive") | Similar() | Comparison(field="storage", value="archive"):
            return frozenset({"unlisted"})
    return frozenset()


@dataclass
class _Compiler:
    """Makes the parts of one query, and counts them."""

    context: Context
    found: int = 0

    async def part(self, condition: Condition, depth: int) -> Part:
        """Return the SQL of a condition that is `depth` levels below the top."""
        if isinstance(condition, And | Or) and depth % _DEEPEST == 0:
            # SQLite reads neither many brackets in each other nor deep expressions, and PostgreSQL
            # plans them for minutes. So what is deep down is found first.
            inner = await self.part(condition, depth + 1)
            ids = await self.context.session.scalars(
                select(ENTRY.c.entity_id).where(inner.condition)
            )
            found = in_ids(ENTRY.c.entity_id, ids, is_sqlite=self.context.is_sqlite)
            return Part(found)
        match condition:
            case And():
                return await self._all(condition, depth)
            case Or():
                return await self._any(condition, depth)
            case Not():
                inner = await self.part(condition.condition, depth + 1)
                return Part(not_(inner.condition))
            case _:
                with self.context.at(condition.span):
                    self._count()
                    return await self._leaf(condition, depth)

    async def _all(self, condition: And, depth: int) -> Part:
        parts = [await self.part(each, depth + 1) for each in _asking(condition.conditions)]
        return Part(and_(*(part.condition for part in parts)))

    async def _any(self, condition: Or, depth: int) -> Part:
        tags = [each for each in condition.conditions if _is_plain_tag(each)]
        rest = [each for each in condition.conditions if not _is_plain_tag(each)]
        parts = [await self.part(each, depth + 1) for each in rest]
        if tags:
            with self.context.at(tags[0].span):
                self._count()
            parts.append(await tagged.of_tags(self.context, tags))
        index = joined([part.index for part in parts])
        return Part(or_(*(part.condition for part in parts)), index)

    def _count(self) -> None:
        self.found += 1
        if self.found > MOST_CONDITIONS:
            raise QueryTooLargeError("conditions", MOST_CONDITIONS)

    async def _leaf(self, condition: Condition, depth: int) -> Part:  # noqa: C901, PLR0911 - one case a class
        context = self.context
        match condition:
            case Word():
                return await self._word(condition, depth)
            case Tagged(operator=None):
                return await tagged.of_tags(context, [condition])
            case Tagged():
                return await tagged.of_value(context, condition)
            case Comparison() | Interval() | Glob():
                return await leaves.of_field(context, condition)
            case Presence():
                return await leaves.of_presence(context, condition)
            case ComponentCondition():
                return await leaves.of_component(context, condition)
            case Similar():
                return await leaves.of_similar(context, condition)
            case InPlace():
                return leaves.of_place(condition)
            case DigestStart():
                return leaves.of_digest(condition)
            case Failed():
                return await leaves.of_failure(context, condition)
            case OfComic():
                return await leaves.of_comic(context, condition)
            case _:
                msg = f"{condition!r} is no condition"
                raise TypeError(msg)

    async def _word(self, condition: Word, depth: int) -> Part:
        wanted = _wanted(condition)
        if not wanted.words:
            return Part(false())
        (tag_ids,) = await tagged.tags_with_words(self.context, [wanted])
        session, is_sqlite = self.context.session, self.context.is_sqlite
        # Where the condition does not stand alone, the index is asked only if it has few to list.
        by_index = depth > 1 and await is_rare(session, wanted)
        index = Index(
            condition.text,
            (likely_ids(wanted, is_sqlite=is_sqlite),),
            is_in_order=is_sqlite,
            is_exact=len(wanted.words) == 1,
            words=(wanted,),
        )
        text = Part(matches(wanted, by_index=by_index), index)
        if not tag_ids:
            return text
        tags = tagged.having(self.context, tag_ids, f"tag:{condition.text}")
        return Part(or_(text.condition, tags.condition), joined([text.index, tags.index]))


def _is_plain_tag(condition: Condition) -> TypeGuard[Tagged]:
    return isinstance(condition, Tagged) and condition.operator is None
