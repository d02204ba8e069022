"""What a condition of a query becomes: a condition of SQL, and maybe an index that finds it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.errors import TextPlace, UsageError
from dam.media.folding import WantedWords
from dam.services.search_service.fields import ENTRY, Field, Rows, is_column_of
from dam.services.search_service.query.tree import Span


@dataclass(frozen=True)
class Index:
    """An index that finds the entities that meet a condition.

    Args:
        what: The condition, for people.
        selects: Each selects some of their ids, maybe several times.
        is_in_order: It can yield them in the order of their ids without having all of them.
        is_exact: It finds no others.
        words: What the index of words is asked for, if it is one of the indexes.
    """

    what: str
    selects: tuple[Select[Any], ...] = ()
    is_in_order: bool = False
    is_exact: bool = True
    words: tuple[WantedWords, ...] = ()


@dataclass(frozen=True)
class Part:
    """One condition of a query, as SQL about a row of `ENTRY`; it is never NULL."""

    condition: ColumnElement[bool]
    index: Index | None = None


class KnownTag(NamedTuple):
    """A tag by id, and the type of its values."""

    entity_id: EntityId
    value_type: str | None


@dataclass(frozen=True)
class Context:
    """What the parts of one query are made with.

    Args:
        session: Only read.
        fields: All fields, by name.
        tags: The tags that the query names, by key, each with those below it.
        is_sqlite: The database is SQLite, not PostgreSQL.
        text: The query as it was written; empty if it was not.
    """

    session: AsyncSession
    fields: Mapping[str, Field]
    tags: Mapping[str, Sequence[KnownTag]]
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


def is_there(rows: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that there is one of some rows that belong to a result."""
    return exists(rows.correlate(ENTRY))


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
    ids = select(rows.entity_id.label("entity_id")).select_from(rows.source).where(*chosen)
    index = Index(what, (ids,)) if is_indexed else None
    if rows.is_entry:
        return Part(and_(rows.value.is_not(None), *chosen), index)
    belongs = rows.entity_id == ENTRY.c.entity_id
    found: Select[Any] = (
        select(literal_column("1")).select_from(rows.source).where(belongs, *chosen)
    )
    return Part(is_there(found), index)


def has_index(rows: Rows) -> bool:
    """Tell whether an index finds rows by their value."""
    return is_column_of(rows.value, rows.source)
