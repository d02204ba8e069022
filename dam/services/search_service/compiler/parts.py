"""What a condition of a query becomes: a condition of SQL, and maybe an index that finds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.media.folding import WantedWords
from dam.services.search_service.fields import ENTRY, Field, Rows, is_column_of


@dataclass(frozen=True)
class Index:
    """An index that finds exactly the entities that meet a condition.

    Args:
        what: The condition, for people.
        selects: Each selects some of their ids, maybe several times.
        words: The entries that have any of these words are some of them, too.
        is_in_order: It can yield them in the order of their ids without having all of them.
    """

    what: str
    selects: tuple[Select[Any], ...] = ()
    words: tuple[WantedWords, ...] = ()
    is_in_order: bool = False


@dataclass(frozen=True)
class Part:
    """One condition of a query, as SQL about a row of `ENTRY`; it is never NULL."""

    condition: ColumnElement[bool]
    index: Index | None = None


@dataclass(frozen=True)
class Context:
    """What the parts of one query are made with: the session, and all fields by name."""

    session: AsyncSession
    fields: Mapping[str, Field]
    is_sqlite: bool


def part_of(
    rows: Rows, *conditions: ColumnElement[bool], what: str = "", is_indexed: bool = False
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
    return Part(exists(found.correlate(ENTRY)), index)


def has_index(rows: Rows) -> bool:
    """Tell whether an index finds rows by their value."""
    return is_column_of(rows.value, rows.source)
