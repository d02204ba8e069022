"""Conditions on the words of entries, answered by the index of words of either database.

SQLite keeps the index in the FTS5 table `search_words`, PostgreSQL in a GIN index over an array of
the words. Both get exactly the words that `dam.media.folding` makes, so that both answer alike.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    column,
    false,
    func,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from dam.core.database.claim import Claim
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.media.folding import WantedWords
from dam.models import WORDS_VECTOR
from dam.services.search_service.fields import ENTRY
from dam.services.search_service.sql import has_part

__all__ = ["Ends", "are_many", "capped_count", "likely_ids", "matches"]

# The index is asked for no more words than these; the words of each entry are asked for all.
_MAX_ASKED = 64
# How many ids are looked at to estimate how many entries match, below how many ids that is not
# worth it, and from how many matches on the estimate counts.
_SAMPLE, _FEW, _CLEAR = 1_000, 300_000, 12


# The words of all entries in SQLite; a row id is the entity's id.
_FTS = table("search_words", column("rowid", Integer), column("search_words"))


class Ends(NamedTuple):
    """The least and the greatest id of all entries; both are 0 if there are none."""

    lowest: EntityId
    highest: EntityId


def matches(
    wanted: Sequence[WantedWords],
    entity_id: ColumnElement[Any] = ENTRY.c.entity_id,
    *,
    by_index: bool = True,
) -> ColumnElement[bool]:
    """Return the condition that an entry has any of the wanted words.

    Example: `select(ENTRY.c.entity_id).where(matches([wanted_words("red cat")]))`.

    Args:
        wanted: Alternatives; one without any word matches nothing.
        entity_id: The column of the entry's id, in a statement with entries.
        by_index: The database first finds all such entries by the index: right where they are few,
            see `capped_count`. Else it looks at the words of each entry that the statement comes
            to: right where most entries match, and where other conditions leave only few. What
            matches is the same.
    """
    some = [each for each in wanted if each.words]
    if not some:
        return false()
    follow_on = or_(*(has_part(ENTRY.c.words, literal(each.run)) for each in some))
    if not by_index:
        return follow_on
    has_each = _is_in_index(entity_id, ENTRY.c.words, *_queries(some))
    are_single = all(len(each.words) == 1 for each in some)
    return has_each if are_single else and_(has_each, follow_on)


async def capped_count(
    session: ReadOnly[AsyncSession], wanted: Sequence[WantedWords], cap: int, ends: Ends
) -> int:
    """Return about how many entries the index must give for the wanted words, at most `cap`.

    It is quick, also for words that most entries have: a sample shows that they are many. Entries
    in which the words do not follow on each other are counted, too.

    Example: `await capped_count(session, [wanted_words("holiday")], 20_000, Ends(1, 100_000))`.

    Args:
        session: Only read.
        wanted: Alternatives, each of some words.
        cap: Return this if there are as many or more.
        ends: The ends of the ids of all entries.
    """
    some = [each for each in wanted if each.words]
    if not some:
        return 0
    (is_many,) = await are_many(session, [some], cap, ends)
    if is_many:
        return cap
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    few = likely_ids(some, is_sqlite=is_sqlite).limit(cap).subquery()
    return await session.scalar(select(func.count()).select_from(few)) or 0


def likely_ids(wanted: Sequence[WantedWords], *, is_sqlite: bool) -> Select[int]:
    """Return the statement that finds the entries with each word of an alternative, in no order.

    What it finds is counted quickly, up to a limit.

    Example: `likely_ids([wanted_words("red cat")], is_sqlite=True).limit(100)`.

    Args:
        wanted: Alternatives, one at least; each has a word.
        is_sqlite: The statement is for SQLite.
    """
    sqlite_query, tsquery = _queries(wanted)
    if is_sqlite:
        ids = select(_FTS.c.rowid.label("entity_id"))
        return ids.where(_FTS.c.search_words.op("MATCH")(sqlite_query))
    has_each = _is_in_index(ENTRY.c.entity_id, ENTRY.c.words, sqlite_query, tsquery)
    return select(ENTRY.c.entity_id).where(has_each)


async def are_many(
    session: ReadOnly[AsyncSession],
    wanted: Sequence[Sequence[WantedWords]],
    cap: int,
    ends: Ends,
) -> list[bool]:
    """Tell of each of some wanted words whether far more than `cap` entries match.

    A sample shows it. The index would have to read all of them before it could yield the first.

    Example: `await are_many(session, [[wanted_words("jpg")]], 5_000, Ends(1, 1_000_000))`.

    Args:
        session: Only read.
        wanted: What is asked; each has alternatives, and each of these a word.
        cap: How many are not many.
        ends: The ends of the ids of all entries.
    """
    lowest, highest = ends
    if not wanted or highest - lowest < _FEW:
        return [False] * len(wanted)
    step = (highest - lowest) // _SAMPLE
    first = select(literal(lowest, BigInteger).label("id")).cte("point", recursive=True)
    points = first.union_all(select(first.c.id + step).where(first.c.id + step <= highest))
    counts = (func.count().filter(matches(each, by_index=False)) for each in wanted)
    looked_at = points.join(ENTRY, ENTRY.c.entity_id == points.c.id)
    hits = (await session.execute(select(*counts).select_from(looked_at))).one()
    return [each >= _CLEAR and each * step >= 2 * cap for each in hits]


def _queries(wanted: Sequence[WantedWords]) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return what FTS5 and PostgreSQL are asked for: each word, the last one also as a prefix."""
    pairs = [_query(each) for each in wanted]
    if len(pairs) == 1:
        ((fts, tsquery),) = pairs
    else:
        fts = " OR ".join(f"({fts})" for fts, _ in pairs)
        tsquery = " | ".join(f"({tsquery})" for _, tsquery in pairs)
    return literal(fts), literal(tsquery)


def _query(wanted: WantedWords) -> tuple[str, str]:
    longest = sorted({*wanted.words[:-1]}, key=len)[-_MAX_ASKED:]
    words = (*longest, wanted.words[-1])
    fts = " ".join(f'"{word}"' for word in words) + " *" * wanted.is_prefix
    return fts, " & ".join(f"'{word}'" for word in words) + ":*" * wanted.is_prefix


class _is_in_index(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """Entity id, words, query of FTS5, query of PostgreSQL: whether the entry has the words."""

    inherit_cache = True


@compiles(_is_in_index, "sqlite")
def _by_fts(element: _is_in_index, compiler: SQLCompiler, **options: object) -> str:
    entity_id, _words, query, _tsquery = element.clauses
    found = select(_FTS.c.rowid).where(_FTS.c.search_words.op("MATCH")(query))
    return compiler.process(entity_id.in_(found), **options)


@compiles(_is_in_index, "postgresql")
def _by_tsvector(element: _is_in_index, compiler: SQLCompiler, **options: object) -> str:
    _entity_id, words, _fts, query = element.clauses
    # The very expression of the index in `SearchEntryComponent`, else it would not be used.
    vector = WORDS_VECTOR.format(compiler.process(words, **options))
    return f"({vector} @@ CAST({compiler.process(query, **options)} AS tsquery))"
