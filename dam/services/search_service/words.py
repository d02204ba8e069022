"""Conditions on the words of entries, answered by the index of words of either database.

SQLite keeps the index in the FTS5 table `search_words`, PostgreSQL in a GIN index over an array of
the words. Both get exactly the words that `dam.media.folding` makes, so that both answer alike.
"""

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
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from dam.core.ecs.components import table_of
from dam.core.read_only import ReadOnly
from dam.media.folding import WantedWords
from dam.models import WORDS_VECTOR, SearchEntryComponent
from dam.services.search_service.sql import Claim

__all__ = ["are_many", "capped_count", "likely_ids", "matches", "matching_ids"]

# The index is asked for no more words than these; the words of each entry are asked for all.
_MAX_ASKED = 64
# How many ids are looked at to estimate how many entries match, below how many ids that is not
# worth it, and from how many matches on the estimate counts.
_SAMPLE, _FEW, _CLEAR = 1_000, 300_000, 20


# The words of all entries in SQLite; a row id is the entity's id.
_FTS = table("search_words", column("rowid", Integer), column("search_words"))


def matches(wanted: WantedWords, *, by_index: bool = True) -> ColumnElement[bool]:
    """Return the condition that an entry has the wanted words, for a statement with entries.

    With `by_index` the database first finds all such entries by the index: right where they are
    few, see `capped_count`. Without, it looks at the words of each entry that the statement comes
    to: right where most entries match, and where other conditions leave only few. What matches is
    the same. No words at all match nothing.

    Example: `select(SearchEntryComponent.entity_id).where(matches(wanted_words("red cat")))`.
    """
    if not wanted.words:
        return false()
    words = SearchEntryComponent.words
    follow_on = _contains(words, literal(wanted.run))
    if not by_index:
        return follow_on
    has_each = _is_in_index(SearchEntryComponent.entity_id, words, *_queries(wanted))
    return and_(has_each, follow_on) if len(wanted.words) > 1 else has_each


def matching_ids(wanted: WantedWords) -> Select[int]:
    """Return the statement that finds the ids of the entries with the wanted words by the index.

    Hidden and unlisted entities are among them. It has no order; `order_by` gives it one.
    """
    return select(SearchEntryComponent.entity_id).where(matches(wanted))


async def capped_count(session: ReadOnly[AsyncSession], wanted: WantedWords, cap: int) -> int:
    """Return about how many entries the index must give for the wanted words, at most `cap`.

    It is quick, also for words that most entries have: a sample shows that they are many. Entries
    in which the words do not follow on each other are counted, too.

    Example: `await capped_count(session, wanted_words("holiday"), cap=20_000)`.

    Args:
        session: Only read.
        wanted: The words.
        cap: Return this if there are as many or more.
    """
    if not wanted.words:
        return 0
    if await are_many(session, wanted, cap):
        return cap
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    few = likely_ids(wanted, is_sqlite=is_sqlite).limit(cap).subquery()
    return await session.scalar(select(func.count()).select_from(few)) or 0


def likely_ids(wanted: WantedWords, *, is_sqlite: bool) -> Select[int]:
    """Return the statement that finds the entries with each of the wanted words, in no order.

    What it finds is counted quickly, up to a limit.

    Example: `likely_ids(wanted_words("red cat"), is_sqlite=True).limit(100)`.

    Args:
        wanted: The words; one at least.
        is_sqlite: The statement is for SQLite.
    """
    sqlite_query, tsquery = _queries(wanted)
    if is_sqlite:
        return select(_FTS.c.rowid).where(_FTS.c.search_words.op("MATCH")(sqlite_query))
    entry = SearchEntryComponent
    has_each = _is_in_index(entry.entity_id, entry.words, sqlite_query, tsquery)
    return select(entry.entity_id).where(has_each)


async def are_many(session: ReadOnly[AsyncSession], wanted: WantedWords, cap: int) -> bool:
    """Tell whether far more than `cap` entries match, as far as a sample shows it.

    The index would have to read all of them before it could yield the first ones.

    Example: `await are_many(session, wanted_words("jpg"), cap=5_000)`.

    Args:
        session: Only read.
        wanted: The words; one at least.
        cap: How many are not many.
    """
    entity_id = SearchEntryComponent.entity_id
    ends = (select(end(entity_id)).scalar_subquery() for end in (func.min, func.max))
    lowest, highest = (await session.execute(select(*ends))).one()
    if lowest is None or highest - lowest < _FEW:
        return False
    step = (highest - lowest) // _SAMPLE
    first = select(literal(lowest, BigInteger).label("id")).cte("point", recursive=True)
    points = first.union_all(select(first.c.id + step).where(first.c.id + step <= highest))
    looked_at = points.join(table_of(SearchEntryComponent), entity_id == points.c.id)
    matching = select(func.count()).select_from(looked_at)
    hits = await session.scalar(matching.where(matches(wanted, by_index=False))) or 0
    return hits >= _CLEAR and hits * step >= 2 * cap


def _queries(wanted: WantedWords) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return what FTS5 and PostgreSQL are asked for: each word, the last one also as a prefix."""
    longest = sorted({*wanted.words[:-1]}, key=len)[-_MAX_ASKED:]
    words = (*longest, wanted.words[-1])
    fts = " ".join(f'"{word}"' for word in words) + " *" * wanted.is_prefix
    tsquery = " & ".join(f"'{word}'" for word in words) + ":*" * wanted.is_prefix
    return literal(fts), literal(tsquery)


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


class _contains(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """Words, run: whether the words have the run in them."""

    inherit_cache = True


@compiles(_contains, "sqlite")
def _by_instr(element: _contains, compiler: SQLCompiler, **options: object) -> str:
    words, run = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(instr({words}, {run}) > 0)"


@compiles(_contains, "postgresql")
def _by_strpos(element: _contains, compiler: SQLCompiler, **options: object) -> str:
    words, run = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(strpos({words}, {run}) > 0)"
