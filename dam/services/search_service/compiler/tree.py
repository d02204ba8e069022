"""Makes SQL of the whole tree of a query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeGuard

from sqlalchemy import false, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.database.database import is_writer
from dam.core.ecs.components import HidingComponent, component_classes
from dam.errors import QueryTooLargeError
from dam.media.folding import WantedWords, wanted_words
from dam.models import IN_ARCHIVE
from dam.services.ecs_service import is_hidden
from dam.services.search_service.compiler import leaves, tagged
from dam.services.search_service.compiler.driving import (
    Compiled,
    choose_driver,
    is_rare,
    joined,
    most_counted,
)
from dam.services.search_service.compiler.parts import (
    Asked,
    Context,
    Index,
    Part,
    all_of,
    always,
    any_of,
    none_of,
)
from dam.services.search_service.compiler.vocabulary import read_vocabulary
from dam.services.search_service.entries import bring_entries_up_to_date
from dam.services.search_service.fields import ENTRY, STORAGES, all_fields
from dam.services.search_service.patterns import plain_pattern, read_pattern
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
    Near,
    Not,
    OfComic,
    Or,
    Presence,
    Query,
    Similar,
    Tagged,
    Word,
)
from dam.services.search_service.sql import holds
from dam.services.search_service.words import likely_ids, matches

MOST_CONDITIONS = 200
"""After joining alternatives that one index answers; databases plan no more in good time."""

_DEEPEST = 8
_SHOWN = 20


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
    named = list(named_in(conjuncts))
    words = [_wanted(each) for each in named if isinstance(each, Word)]
    vocabulary = await read_vocabulary(
        session,
        [each for each in named if isinstance(each, Tagged)],
        [wanted for wanted in dict.fromkeys(words) if wanted.words],
        [each for each in conjuncts if isinstance(each, Tagged)],
        most_counted(page),
    )
    context = Context(session, all_fields(), vocabulary, is_sqlite, query.text)
    compiler = _Compiler(context)
    parts = [await compiler.part(each, 1) for each in conjuncts]
    is_lifted = [lift for each in conjuncts for lift in _lifts(each)]
    further: list[Asked] = [] if is_lifted else [always(holds(ENTRY.c.is_listed))]
    if "hidden" not in is_lifted:
        further.append(none_of(partial(is_hidden, is_sqlite=is_sqlite)))
    return await choose_driver(context, parts, further, page=page)


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


def named_in(conditions: Sequence[Condition]) -> Iterator[Tagged | Word]:
    """Yield all words, and all conditions about tags, that some conditions have in them."""
    rest = [*reversed(conditions)]
    while rest:
        match rest.pop():
            case And(some) | Or(some):
                rest.extend(reversed(some))
            case Not(inner):
                rest.append(inner)
            case Tagged() | Word() as found:
                yield found


def _lifts(condition: Condition) -> frozenset[str]:
    """Return what a condition asks to see that is left out else: `unlisted`, or it and `hidden`.

    A component that hides its entity is asked for like the trash. Of alternatives, all must ask for
    it; what is negated asks for nothing.
    """
    match condition:
        case And():
            return frozenset().union(*map(_lifts, condition.conditions))
        case Or():
            first, *rest = map(_lifts, condition.conditions)
            return first.intersection(*rest)
    if _asks_for_hidden(condition):
        return frozenset({"hidden", "unlisted"})
    return frozenset({"unlisted"} if _asks_for_unlisted(condition) else ())


def _asks_for_hidden(condition: Condition) -> bool:
    match condition:
        case Presence(name, is_component=True) | ComponentCondition(name):
            return name in component_classes(HidingComponent)
        case InPlace(place="trash") | Comparison(field="id", operator="="):
            return True
    return False


def _asks_for_unlisted(condition: Condition) -> bool:
    match condition:
        case ComponentCondition("FileLocationComponent", Comparison() | Glob() as inner):
            return _is_of_archives(inner)
        case InPlace(place="archive") | Similar() | Comparison(field="storage", value="archive"):
            return True
    return False


def _is_of_archives(place: Comparison | Glob) -> bool:
    """Tell whether a condition on a column of places finds those in archives, and no others."""
    text = place.pattern if isinstance(place, Glob) else plain_pattern(str(place.value))
    pattern = read_pattern(text).folded()
    found = [kept for kept in STORAGES.values() if pattern.matches(kept)]
    return place.field == "storage" and found == [IN_ARCHIVE]


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
            chosen = select(ENTRY.c.entity_id).where(inner.condition(ENTRY.c.entity_id))
            ids = list(await self.context.session.scalars(chosen))
            return Part(lambda entity_id: among(entity_id, ids))
        match condition:
            case And():
                return await self._all(condition, depth)
            case Or():
                return await self._any(condition, depth)
            case Not():
                inner = await self.part(condition.condition, depth + 1)
                return Part(none_of(inner.condition))
            case _:
                with self.context.at(condition.span):
                    self._count()
                    return await self._leaf(condition, depth)

    async def _all(self, condition: And, depth: int) -> Part:
        parts = [await self.part(each, depth + 1) for each in _asking(condition.conditions)]
        return Part(all_of([part.condition for part in parts]))

    async def _any(self, condition: Or, depth: int) -> Part:
        tags = [each for each in condition.conditions if _is_plain_tag(each)]
        words = [each for each in condition.conditions if isinstance(each, Word)]
        rest = [
            each
            for each in condition.conditions
            if not isinstance(each, Word) and not _is_plain_tag(each)
        ]
        parts = [await self.part(each, depth + 1) for each in rest]
        if words:
            for word in words:
                with self.context.at(word.span):
                    self._count()
            parts.append(await self._words(words, depth + 1))
        if tags:
            with self.context.at(tags[0].span):
                self._count()
            parts.append(await tagged.of_tags(self.context, tags))
        return _either(parts)

    def _count(self) -> None:
        self.found += 1
        if self.found > MOST_CONDITIONS:
            raise QueryTooLargeError("conditions", MOST_CONDITIONS)

    async def _leaf(self, condition: Condition, depth: int) -> Part:  # noqa: C901, PLR0911, PLR0912 - one case a class
        context = self.context
        match condition:
            case Word():
                return await self._words([condition], depth)
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
            case Near():
                return await leaves.of_near(context, condition)
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

    async def _words(self, words: Sequence[Word], depth: int) -> Part:
        """Return the part for results with any of some words, in their texts or in their tags."""
        wanted = [each for each in dict.fromkeys(map(_wanted, words)) if each.words]
        if not wanted:
            return Part(always(false()))
        context, what = self.context, " or ".join(each.text for each in words[:_SHOWN])
        # Where the condition does not stand alone, the index is asked only if it has few to list.
        by_index = depth > 1 and await is_rare(context, wanted)
        index = Index(
            what,
            (likely_ids(wanted, is_sqlite=context.is_sqlite),),
            is_in_order=context.is_sqlite,
            is_exact=all(len(each.words) == 1 for each in wanted),
            words=tuple(wanted),
        )
        text = Part(lambda entity_id: matches(wanted, entity_id, by_index=by_index), index)
        by_run = context.vocabulary.by_run
        tag_ids = {tag_id for each in wanted for tag_id in by_run[each.run]}
        return _either([text, tagged.having(tag_ids, f"tag:{what}")]) if tag_ids else text


def _either(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return Part(any_of([part.condition for part in parts]), joined([part.index for part in parts]))


def _is_plain_tag(condition: Condition) -> TypeGuard[Tagged]:
    return isinstance(condition, Tagged) and condition.operator is None
