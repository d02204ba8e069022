"""Runs queries: a page of results, all of them, their number, and how the database finds them."""

from array import array
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.values import at_least
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.errors import UnknownTagError
from dam.services.search_service.compiler import compile_condition, named_in
from dam.services.search_service.compiler.vocabulary import parsed_key, read_vocabulary
from dam.services.search_service.cursor import Cursor
from dam.services.search_service.orders import Order, order_of
from dam.services.search_service.query.parsing import parse
from dam.services.search_service.query.tree import Query, Tagged
from dam.services.search_service.saved_queries import saved_texts
from dam.services.search_service.sql import Explained
from dam.services.tag_service import require_tag

_PAGE, _MOST_UNKNOWN = 100, 20
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True)
class SearchPage:
    """Some results in their order, and the cursor for the next page; None on the last page."""

    entity_ids: tuple[EntityId, ...]
    next: Cursor | None


@dataclass(frozen=True)
class Explanation:
    """How the database finds the first page of results.

    Args:
        sql: The statement.
        plan: The lines of the database's plan.
        index: The condition whose index the search begins with; None if it looks at all assets in
            their order.
    """

    sql: str
    plan: tuple[str, ...]
    index: str | None


async def parse_query(session: ReadOnly[AsyncSession], query: str | Query) -> Query:
    """Return the tree of a query, with saved ones in it; dates are those of the world's clock.

    Raises:
        QuerySyntaxError: The query cannot be read.
    """
    if isinstance(query, Query):
        return query
    saved = await saved_texts(session, query)
    return parse(query, now=context_of(session).now(), saved=saved)


async def search_page(
    session: ReadOnly[AsyncSession],
    query: str | Query,
    *,
    after: Cursor | None = None,
    limit: int = 100,
) -> SearchPage:
    """Return a page of the results of a query, newest first unless the query sorts.

    Example: all results, page by page:

        page = await search_page(session, "type:image holiday")
        while page.next:
            page = await search_page(session, "type:image holiday", after=page.next)

    Args:
        session: Only read.
        query: A query, or the tree of one.
        after: Where the page begins: `next` of the page before.
        limit: The greatest number of results.

    Raises:
        QuerySyntaxError: The query cannot be read.
        QueryTooLargeError: It has more conditions than a statement can hold.
        CursorError: The cursor is one of a query with another order.
        EntityNotFoundError: `similar:` names an asset that does not exist.
        TagValueError: A tag is compared with what its type cannot be.
        ValueError: The limit is less than one.
    """
    at_least(1, limit=limit)
    tree = await parse_query(session, query)
    seen = after.seen if after else 0
    most = min(limit, _LARGEST - 1, _LARGEST if tree.limit is None else tree.limit - seen)
    if most <= 0:
        return SearchPage((), None)
    order = order_of(tree.sorts)
    page = None if tree.sorts else most
    compiled = await compile_condition(session, tree, page=page)
    rows = await order.rows(session, compiled, after, most + 1)
    ids = tuple(row.entity_id for row in rows[:most])
    is_last = len(rows) <= most or (tree.limit is not None and seen + most >= tree.limit)
    if is_last:
        return SearchPage(ids, None)
    last = rows[most - 1]
    return SearchPage(ids, Cursor(last.keys, last.entity_id, seen + most, order.text))


def is_sorted_at_once(query: Query) -> bool:
    """Tell whether Python must sort the results of a query, for each page all of them.

    To have all pages, call `search_ids`, which sorts once.
    """
    return not order_of(query.sorts).is_in_database


async def search_ids(session: ReadOnly[AsyncSession], query: str | Query) -> "array[int]":
    """Return the ids of all results in their order, in an array of the type `q`.

    Raises:
        QuerySyntaxError, QueryTooLargeError, EntityNotFoundError, TagValueError: As in
            `search_page`.
    """
    tree = await parse_query(session, query)
    compiled = await compile_condition(session, tree)
    limit = None if tree.limit is None else min(tree.limit, _LARGEST)
    return await order_of(tree.sorts).ids(session, compiled, limit)


async def count(session: ReadOnly[AsyncSession], query: str | Query) -> int:
    """Return the number of results; a limit in the query bounds it.

    Raises:
        QuerySyntaxError, QueryTooLargeError, EntityNotFoundError, TagValueError: As in
            `search_page`.
    """
    tree = await parse_query(session, query)
    compiled = await compile_condition(session, tree)
    found = compiled.select()
    if tree.limit is not None:
        found = found.limit(min(tree.limit, _LARGEST))
    counted = select(func.count()).select_from(found.subquery())
    return (await session.scalars(counted)).one()


async def explain(session: ReadOnly[AsyncSession], query: str | Query) -> Explanation:
    """Return how the database finds the first page of results.

    Raises:
        QuerySyntaxError, QueryTooLargeError, EntityNotFoundError, TagValueError: As in
            `search_page`.
    """
    tree = await parse_query(session, query)
    page = None if tree.sorts else _PAGE
    compiled = await compile_condition(session, tree, page=page)
    order: Order = order_of(tree.sorts)
    statement = order.statement(compiled, None).limit(_PAGE)
    rows = (await session.execute(Explained(statement))).all()
    dialect = session.get_bind().dialect
    what = compiled.driver.what if compiled.driver else None
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    return Explanation(sql, tuple(str(row[-1]) for row in rows), what)


async def unknown_tags(
    session: ReadOnly[AsyncSession], query: str | Query
) -> list[UnknownTagError]:
    """Return an error for each tag of a query that there is not, which finds nothing; at most 20.

    Patterns of names are left out.

    Raises:
        QuerySyntaxError: The query cannot be read.
        MalformedTagError: A name in a tree that was made by hand can be none.
    """
    tree = await parse_query(session, query)
    named = named_in(() if tree.condition is None else (tree.condition,))
    tags = [each for each in named if isinstance(each, Tagged) and not each.is_glob]
    known = (await read_vocabulary(session, tags, [])).by_key
    missing = (tag.name for tag in tags if parsed_key(tag.name) not in known)
    unknown: list[UnknownTagError] = []
    for name in islice(dict.fromkeys(missing), _MOST_UNKNOWN):
        try:
            await require_tag(session, name)
        except UnknownTagError as error:
            unknown.append(error)
    return unknown


async def ids_statement(session: AsyncSession, query: str | Query) -> Select[Any]:
    """Return the statement that selects the ids of all results as `entity_id`, in any order."""
    tree = await parse_query(session, query)
    return (await compile_condition(session, tree)).select()
