"""Saves queries under names, which stand for them in other queries: `@NAME`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import context_of
from dam.core.database.bulk import Conflict, insert_rows
from dam.core.ecs.components import table_of
from dam.core.read_only import ReadOnly
from dam.errors import MalformedQueryNameError, QuerySyntaxError, UnknownNameError
from dam.models import SavedQuery
from dam.services.search_service.query.names import LONGEST_SAVED_NAME, saved_key
from dam.services.search_service.query.parsing import parse

_LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True)
class SavedQueryFacts:
    """A saved query: its name without the `@`, and its text as it was written."""

    name: str
    query: str
    saved_at: datetime


@dataclass(frozen=True, kw_only=True)
class Saving:
    """A query that was saved, and the one that had its name until then."""

    saved: SavedQueryFacts
    replaced: SavedQueryFacts | None


async def save_query(session: AsyncSession, name: str, query: str) -> Saving:
    """Save a query under a name, in the place of one that has the name already.

    Other saved queries that it names must be there; they are read anew whenever it runs. The caller
    commits.

    Example: `await save_query(session, "big", "type:image width:>3000")`.

    Args:
        session: A session that may write.
        name: At most 100 printable characters; case does not matter, nor does an `@` before it.
        query: A query with a condition, an order or a limit.

    Raises:
        MalformedQueryNameError: The name is empty, too long, or not printable.
        QuerySyntaxError: The query cannot be read, or would name itself.
    """
    name, key = _checked(name)
    now = context_of(session).now()
    before = await _find(session)
    texts = {each: facts.query for each, facts in before.items()}
    tree = parse(query, now=now, saved=texts | {key: query}, key=key)
    if tree.condition is None and not tree.sorts and tree.limit is None:
        raise QuerySyntaxError(query, len(query), "", ("a query to save",))
    row = {"key": key, "name": name, "query": query, "saved_at": now}
    conflict = Conflict(("key",), ("name", "query", "saved_at"))
    await insert_rows(session, table_of(SavedQuery), [row], conflict)
    saved = SavedQueryFacts(name=name, query=query, saved_at=now)
    return Saving(saved=saved, replaced=before.get(key))


async def forget_saved_query(session: AsyncSession, name: str) -> SavedQueryFacts:
    """Remove a saved query, and return it; queries that name it can no longer be read.

    The caller commits.

    Raises:
        UnknownNameError: There is no such saved query.
    """
    known = await _find(session)
    key = saved_key(name.removeprefix("@"))
    if key not in known:
        raise UnknownNameError("saved query", name, [facts.name for facts in known.values()])
    await session.execute(delete(SavedQuery).where(SavedQuery.key == key))
    return known[key]


async def list_saved_queries(session: ReadOnly[AsyncSession]) -> list[SavedQueryFacts]:
    """Return all saved queries, by name."""
    known = await _find(session)
    return [known[key] for key in sorted(known)]


async def saved_texts(session: ReadOnly[AsyncSession], query: str) -> dict[str, str]:
    """Return the texts of saved queries by key, if the query may name one."""
    if "@" not in query:
        return {}
    return {key: facts.query for key, facts in (await _find(session)).items()}


async def _find(session: AsyncSession) -> dict[str, SavedQueryFacts]:
    each = SavedQuery
    rows = await session.execute(select(each.key, each.name, each.query, each.saved_at))
    return {
        key: SavedQueryFacts(name=name, query=query, saved_at=saved_at)
        for key, name, query, saved_at in rows
    }


def _checked(name: str) -> tuple[str, str]:
    """Return a name without white space around it, and its key."""
    clean = " ".join(name.split()).removeprefix("@")
    if not clean:
        raise MalformedQueryNameError(name, "it is empty")
    if not clean.isprintable():
        raise MalformedQueryNameError(name, "it has a character that is not printable")
    key = saved_key(clean)
    if len(clean) > LONGEST_SAVED_NAME or len(key) > _LONGEST_KEY:
        raise MalformedQueryNameError(name, f"it is longer than {LONGEST_SAVED_NAME} characters")
    return clean, key
