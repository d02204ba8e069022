"""Texts that are folded and compared in Python, because no database folds as this program does."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.media.folding import fold
from dam.services.search_service.compiler.parts import Context
from dam.services.search_service.fields import Rows
from dam.services.search_service.patterns import Pattern
from dam.services.search_service.sql import ascii_lower, is_plain


async def distinct_values(session: AsyncSession, column: ColumnElement[Any]) -> list[str]:
    """Return the different values of an indexed column that has few of them, without NULL."""
    return [value for value in await session.scalars(_each_value(column)) if value is not None]


@lru_cache(maxsize=8)
def _each_value(column: ColumnElement[Any]) -> Select[Any]:
    """Return the statement, which is made once: to make it takes longer than to run it."""
    least = select(column.label("value")).where(column.is_not(None)).order_by(column).limit(1)
    known = select(least.subquery().c.value).cte("known", recursive=True)
    following = select(column).where(column > known.c.value).order_by(column).limit(1)
    step = select(following.scalar_subquery()).where(known.c.value.is_not(None))
    return select(known.union_all(step).c.value)


async def matching_owners(context: Context, rows: Rows, pattern: Pattern) -> list[int]:
    """Return the entities that have a row whose text matches a folded pattern."""
    value = rows.value
    likely = or_(not_(is_plain(value)), ascii_lower(value).like(pattern.like, escape="\\"))
    chosen = select(rows.entity_id, value).select_from(rows.source)
    read = await context.session.execute(chosen.where(and_(likely, *rows.conditions)))
    return [entity_id for entity_id, text in read.all() if pattern.matches(fold(text))]
