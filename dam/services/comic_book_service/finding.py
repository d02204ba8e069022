"""Finds comic concepts by title, series, number, year and publisher."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Row, and_, exists, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dam.core.database.column_types import byte_length
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.media.comic.name import fold_title
from dam.media.comic.name_numbers import issue_key
from dam.media.folding import fold
from dam.media.natural_order import text_key
from dam.models import ComicBookConceptComponent as Concept
from dam.models import ComicBookVariantComponent as Variant
from dam.services.ecs_service import Hidden, shown

Texts = Iterable[InstrumentedAttribute[str] | InstrumentedAttribute[str | None]]

_MAX_PATTERN = 500
_MAX_YEAR = 2**31 - 1


async def find_comic_book_concepts(  # noqa: PLR0913 - criteria, each by its name
    session: ReadOnly[AsyncSession],
    *,
    title: str | None = None,
    series_title: str | None = None,
    issue_number: str | None = None,
    publication_year: int | None = None,
    publisher: str | None = None,
    limit: int | None = None,
    offset: int = 0,
    hidden: Hidden = "leave_out",
) -> list[EntityId]:
    """Return the concepts that match all given criteria, sorted by series, volume, number and year.

    Texts match anywhere in a value, in words too; case, accents and the like do not count: see
    `dam.media.folding`. Issue numbers compare by value: `1` finds
    `001`, and 2 sorts before 10.

    Example: `await find_comic_book_concepts(session, series_title="spider", issue_number="5")`.

    Args:
        session: Only read.
        title: Text in the comic's own title or in its series title.
        series_title: Text in the series title.
        issue_number: The whole issue number.
        publication_year: A year that no comic can have, such as 10**20, finds nothing.
        publisher: Text in the publisher's name.
        limit: Return at most this many; None returns all.
        offset: Skip this many matches first.
        hidden: Whether comics are left out that are in the trash, or all of whose variants are.
    """
    if publication_year is not None and abs(publication_year) > _MAX_YEAR:
        return []
    texts = [
        ([Concept.comic_title, Concept.title_key], title),
        ([Concept.title_key], series_title),
        ([Concept.publisher], publisher),
    ]
    if any("\0" in (text or "") for _, text in texts):
        return []  # no database stores it
    wanted = [(columns, _folded(text)) for columns, text in texts if text]
    statement = select(
        Concept.entity_id,
        Concept.comic_title,
        Concept.series_title,
        Concept.title_key,
        Concept.publisher,
        Concept.issue_number,
        Concept.volume,
        Concept.publication_year,
    ).where(
        *(_may_contain(columns, text) for columns, text in wanted),
        _belongs(hidden),
    )
    if series_title:
        # Without a series, `title_key` holds the comic's own title.
        statement = statement.where(Concept.series_title.is_not(None))
    if publication_year is not None:
        statement = statement.where(Concept.publication_year == publication_year)
    if issue_number is not None:
        statement = statement.where(Concept.issue_number.is_not(None))
    found = [
        row
        for row in await session.execute(statement)
        if all(_contains(row, columns, text) for columns, text in wanted)
        and (issue_number is None or issue_key(row.issue_number) == issue_key(issue_number))
    ]
    found.sort(key=_order)
    last = None if limit is None else offset + limit
    return [row.entity_id for row in found[offset:last]]


def _belongs(hidden: Hidden) -> ColumnElement[bool]:
    """Return the condition that a concept belongs into an answer; a new one has no variants yet."""
    if hidden == "include":
        return true()
    of_concept = Variant.conceptual_entity_id == Concept.entity_id
    is_bare = ~exists().where(of_concept)
    has_shown = exists().where(of_concept, shown(Variant.entity_id))
    is_shown = and_(shown(Concept.entity_id), or_(is_bare, has_shown))
    return is_shown if hidden == "leave_out" else not_(is_shown)


def _may_contain(columns: Texts, text: str) -> ColumnElement[bool]:
    """Return a condition that holds for every row with the text, and for few other rows.

    A value in ASCII has the text as it is, but for case, blanks and control characters; any other
    value may have it in another form, and no database folds it as we do. Blanks and control
    characters become wildcards, because some databases refuse the latter. The pattern is cut to
    `_MAX_PATTERN` characters, because some refuse longer ones. `_contains` then decides exactly.
    """
    escaped = "".join(
        f"\\{c}" if c in "\\%_" else c if "!" <= c <= "~" else "%" for c in text[:_MAX_PATTERN]
    )
    found: list[ColumnElement[bool]] = [
        column.ilike(f"%{escaped}%", escape="\\") for column in columns
    ]
    found += [byte_length(column) > func.length(column) for column in columns]
    return or_(*found)


def _folded(text: str) -> str:
    return fold_title(fold(text))


def _contains(row: Row[*tuple[object, ...]], columns: Texts, text: str) -> bool:
    values = (getattr(row, column.key) for column in columns)
    return any(isinstance(value, str) and text in _folded(value) for value in values)


def _order(row: Row[*tuple[object, ...]]) -> tuple[object, ...]:
    number = () if row.issue_number is None else (issue_key(row.issue_number),)
    return (
        text_key(row.series_title or row.comic_title),
        row.volume or 0,
        number,
        row.publication_year or 0,
        row.entity_id,
    )
