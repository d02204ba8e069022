"""What a condition of a query becomes: a condition of SQL, and maybe an index that finds it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    column,
    exists,
    literal_column,
    not_,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.column_types import Int64
from dam.errors import TextPlace, UsageError
from dam.media.folding import WantedWords
from dam.services.search_service.compiler.vocabulary import Vocabulary
from dam.services.search_service.fields import ENTRY, Field, Rows, is_column_of
from dam.services.search_service.query.tree import Span

DRIVER = table("driver", column("entity_id", Int64))
"""The ids that an index has found, of which each is that of a row of `ENTRY`."""

FEW = table("few", column("entity_id", Int64))
"""The same where they are known to be few: the database shall look at each of them in turn."""

_NONE: ColumnElement[int] = literal_column("0")

Asked = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""A condition about a result, made with the column of its id.

That is the one of `DRIVER` or `FEW` if an index has found the results: the databases then ask for
other rows of an entity before they read its row of `ENTRY`, which takes half the time.
"""


@dataclass(frozen=True)
class Index:
    """An index that finds the entities that meet a condition.

    Args:
        what: The condition, for people.
        selects: Each selects some of their ids, maybe several times.
        is_in_order: It can yield them in the order of their ids without having all of them.
        is_exact: It finds no others.
        exact: Selects that find no others, if `selects` do; they would take long to count.
        words: What the index of words is asked for, any of it, if it is one of the indexes.
        number: How many it finds, or `most_counted` if more, where that is known.
    """

    what: str
    selects: tuple[Select[Any], ...] = ()
    is_in_order: bool = False
    is_exact: bool = True
    exact: tuple[Select[Any], ...] = ()
    words: tuple[WantedWords, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Joinable:
    """Rows of one table of which a result must have one and has few, so that a join can ask for it.

    Args:
        what: The condition, for people.
        rows: The rows, of a table.
        conditions: What must hold for one of them.
    """

    what: str
    rows: Rows
    conditions: Sequence[ColumnElement[bool]]

    @property
    def is_unique(self) -> bool:
        """Tell whether a result has one at most, and the table has them in the order of ids."""
        source = self.rows.source
        return isinstance(source, Table) and [*source.primary_key] == [self.rows.entity_id]

    @cached_property
    def ids(self) -> Select[Any]:
        """The statement that selects whose rows they are."""
        entity_id = self.rows.entity_id.label("entity_id")
        return select(entity_id).select_from(self.rows.source).where(*self.conditions)


@dataclass(frozen=True)
class Part:
    """One condition of a query, as SQL about a row of `ENTRY`; it is never NULL.

    Args:
        condition: The condition.
        index: An index that finds what meets it.
        joinable: The same condition as rows to join, if it can be said so.
    """

    condition: Asked
    index: Index | None = None
    joinable: Joinable | None = None


@dataclass(frozen=True)
class Context:
    """What the parts of one query are made with.

    Args:
        session: Only read.
        fields: All fields, by name.
        vocabulary: The tags that the query names.
        is_sqlite: The database is SQLite, not PostgreSQL.
        text: The query as it was written; empty if it was not.
    """

    session: AsyncSession
    fields: Mapping[str, Field]
    vocabulary: Vocabulary
    is_sqlite: bool
    text: str = ""

    @contextmanager
    def at(self, span: Span) -> Iterator[None]:
        """Give errors of the block this place in the query, if they have none."""
        try:
            yield
        except UsageError as error:
            if self.text and error.text_place is None:
                error.text_place = TextPlace(self.text, span.start)
            raise


def always(condition: ColumnElement[bool]) -> Asked:
    """Return a condition that does not need the id."""
    return lambda _: condition


def all_of(asked: Sequence[Asked]) -> Asked:
    """Return the condition that all of some conditions hold; there is one at least."""
    return lambda entity_id: and_(*(each(entity_id) for each in asked))


def any_of(asked: Sequence[Asked]) -> Asked:
    """Return the condition that any of some conditions holds; there is one at least."""
    return lambda entity_id: or_(*(each(entity_id) for each in asked))


def none_of(asked: Asked) -> Asked:
    """Return the condition that another one does not hold."""
    return lambda entity_id: not_(asked(entity_id))


def is_there(rows: Select[Any], owner: ColumnElement[Any]) -> Asked:
    """Return the condition that there is one of some rows; `owner` says whose they are."""

    def asked(entity_id: ColumnElement[Any]) -> ColumnElement[bool]:
        found = rows.where(owner == entity_id).correlate(ENTRY, DRIVER, FEW)
        # So PostgreSQL makes no join of it, for which it might read all rows of other entities.
        return exists(found.offset(_NONE) if entity_id is FEW.c.entity_id else found)

    return asked


def part_of(
    rows: Rows,
    *conditions: ColumnElement[bool],
    what: str = "",
    is_indexed: bool = False,
) -> Part:
    """Return the condition that a result has a row that meets the conditions.

    Example: `part_of(rows, rows.value > 3, what="width", is_indexed=True)`.

    Args:
        rows: The rows.
        conditions: What must hold for one of them.
        what: The condition, for people.
        is_indexed: Whether an index finds these rows at once.
    """
    chosen = [*rows.conditions, *conditions]
    joinable = Joinable(what, rows, chosen)
    index = Index(what, (joinable.ids,)) if is_indexed else None
    if rows.is_entry:
        return Part(always(and_(rows.value.is_not(None), *chosen)), index)

    def asked(entity_id: ColumnElement[Any]) -> ColumnElement[bool]:
        found: Select[Any] = select(literal_column("1")).select_from(rows.source).where(*chosen)
        return is_there(found, rows.entity_id)(entity_id)

    return Part(asked, index, joinable if joinable.is_unique else None)


def has_index(rows: Rows) -> bool:
    """Tell whether an index finds rows by their value."""
    return is_column_of(rows.value, rows.source)
