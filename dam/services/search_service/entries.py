"""Keeps the entries of the index of search in step with what they are made from."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Dialect,
    FromClause,
    Select,
    String,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    null,
    select,
    union,
    union_all,
)
from sqlalchemy import column as column_named
from sqlalchemy import table as table_named
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.bulk import Conflict, insert_rows
from dam.core.database.portions import portions
from dam.core.ecs.components import Base, Entity, EntityId, component_classes, table_of
from dam.core.ecs.search_fields import SEARCHED_TEXT
from dam.core.plugin_schemas import package_of
from dam.core.read_only import ReadOnly
from dam.media.folding import MAX_CHARACTERS, MAX_WORDS, fold, words_of
from dam.models import (
    IN_ARCHIVE,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    NeedsSearchEntryComponent,
    SearchEntryComponent,
    search_changes,
    watched_columns,
)

__all__ = ["bring_entries_up_to_date", "count_unindexed", "note_search_changes"]

_TAKE_CHANGES = delete(search_changes).returning(search_changes.c.entity_id)
_IS_ASSET, _STORAGE, _CONCEPT = -1, -2, -3
_NAME_KEY_LENGTH = 255
# How bytes of names that are not UTF-8, and control characters, are written; no part of a word.
_ESCAPED = re.compile(r"\\x[0-9a-f]{2}")
_AT_ONCE = 1_000
# One statement for all rows: FTS5 writes what it has to its tables at the end of each statement,
# which took four times as long as all else.
_WRITE_ON_SQLITE = """
    INSERT INTO component_search_entry (entity_id, words, name_key, is_listed)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
        json_extract(value, '$[2]'), json_extract(value, '$[3]')
    FROM json_each(?) WHERE true
    ON CONFLICT (entity_id) DO UPDATE
    SET words = excluded.words, name_key = excluded.name_key, is_listed = excluded.is_listed
"""

_Texts = tuple[tuple[str, str, str], ...]
"""Searched columns: table, column, and `text` or `path`."""
_Watched = tuple[tuple[str, tuple[str, ...]], ...]
"""Tables, each with the columns that its triggers watch."""


class _Entry(NamedTuple):
    """The values of a `SearchEntryComponent`."""

    entity_id: EntityId
    words: str
    name_key: str | None
    is_listed: bool


async def bring_entries_up_to_date(session: AsyncSession) -> None:
    """Write the entries of the entities that changed, as far as this transaction can see.

    It runs at the end of each transaction that writes; a search in such a transaction calls it
    first, so that it finds what the transaction has made. If nothing changed, it is one statement.

    On PostgreSQL the entities, and the concepts of variants among them, stay locked until the
    transaction ends. So of two transactions that change an entity, the second sees what the first
    wrote.

    Example: `await bring_entries_up_to_date(session)`.

    Args:
        session: An open write transaction; the caller commits.
    """
    await session.flush()
    changed = set(await session.scalars(_TAKE_CHANGES))
    for ids in portions(sorted(changed), size=_AT_ONCE):
        await _renew(session, ids)


async def note_search_changes(session: AsyncSession, entity_ids: Collection[EntityId]) -> None:
    """Let the entries of these entities be made anew at the end of the transaction.

    Example: `await world.run(note_search_changes, [3, 5])`.

    Args:
        session: An open write transaction; the caller commits.
        entity_ids: Assets, variants, or concepts, whose variants are meant.
    """
    await insert_rows(session, search_changes, [{"entity_id": each} for each in entity_ids])


async def count_unindexed(session: ReadOnly[AsyncSession]) -> int:
    """Count the assets and variants whose words are not in the index yet; `process` adds them."""
    waiting = select(func.count()).select_from(NeedsSearchEntryComponent)
    return await session.scalar(waiting) or 0


async def _renew(session: AsyncSession, changed: Sequence[EntityId]) -> None:
    """Write the entries of changed entities, and of the variants of changed concepts.

    A concept may have many variants, so these are read and written in portions, too.
    """
    if session.get_bind().dialect.name == "postgresql":
        for locking in _locks():
            await session.execute(locking, {"ids": changed})
    read = await _read_facts(session, changed, with_variants=True)
    variants = sorted(read.concepts.keys() - set(changed))
    await _write_entries(session, changed, read)
    for some in portions(variants, size=_AT_ONCE):
        await _write_entries(session, some, await _read_facts(session, some))


async def _write_entries(
    session: AsyncSession, entity_ids: Sequence[EntityId], read: "_Read"
) -> None:
    concepts = {key: read.concepts[key] for key in entity_ids if key in read.concepts}
    if unread := {key for key in concepts.values() if key is not None}.difference(entity_ids):
        read.of.update((await _read_facts(session, sorted(unread))).of)
    entries = [
        _entry(read.of, entity_id, concepts)
        for entity_id in entity_ids
        if entity_id in concepts or read.of[entity_id].is_asset
    ]
    await _write(session, entries)
    if gone := set(entity_ids).difference(entry.entity_id for entry in entries):
        table = table_of(SearchEntryComponent)
        await session.execute(delete(table).where(table.c.entity_id.in_(gone)))


async def _write(session: AsyncSession, entries: Sequence[_Entry]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        rows = [entry._asdict() for entry in entries]
        conflict = Conflict(("entity_id",), _Entry._fields[1:])
        await insert_rows(session, table_of(SearchEntryComponent), rows, conflict)
    elif entries:
        connection = await session.connection()
        await connection.exec_driver_sql(_WRITE_ON_SQLITE, (json.dumps(entries),))


@cache
def _locks() -> tuple[Select[Any], Select[Any]]:
    """Return statements that lock the concepts concerned, then the changed entities and variants.

    All lock in the same order. Rows that are read later are those of the transactions before.
    """
    from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - imports all its drivers

    changed = select(func.unnest(bindparam("ids", type_=ARRAY(BigInteger))))
    variant, concept = ComicBookVariantComponent, ComicBookConceptComponent
    its_concept = select(variant.conceptual_entity_id).where(variant.entity_id.in_(changed))
    concepts: CompoundSelect[Any] = union(
        select(concept.entity_id).where(concept.entity_id.in_(changed)), its_concept
    )
    variants = select(variant.entity_id).where(variant.conceptual_entity_id.in_(changed))
    locking = select(Entity.id).order_by(Entity.id).with_for_update(key_share=True)
    return (
        locking.where(Entity.id.in_(concepts)),
        locking.where(Entity.id.in_(union(changed, variants))),
    )


@dataclass
class _Facts:
    """What the database says of an entity, as far as its entry needs it."""

    is_asset: bool = False
    name: str | None = None
    title: str | None = None
    storages: set[str] = field(default_factory=set)
    texts: list[tuple[int, str]] = field(default_factory=list)


class _Read(NamedTuple):
    """Facts of entities, and the concept of each variant that is one of them or belongs to one."""

    of: defaultdict[EntityId, _Facts]
    concepts: dict[EntityId, EntityId | None]


def _entry(
    facts: Mapping[EntityId, _Facts],
    entity_id: EntityId,
    concepts: Mapping[EntityId, EntityId | None],
) -> _Entry:
    own = facts[entity_id]
    texts, name = sorted(own.texts), own.name
    if concept_id := concepts.get(entity_id):
        concept = facts[concept_id]
        texts += sorted(concept.texts)
        name = concept.title if name is None else name
    return _Entry(
        entity_id,
        words=_joined(dict.fromkeys(text for _, text in texts)),
        name_key=None if name is None else fold(name)[:_NAME_KEY_LENGTH],
        is_listed=entity_id in concepts or own.storages != {IN_ARCHIVE},
    )


def _joined(texts: Iterable[str]) -> str:
    """Return the words of texts as an entry has them, up to the longest that an entry may be."""
    found: dict[str, None] = {}
    words_left, bytes_left = MAX_WORDS, MAX_CHARACTERS
    for text in texts:
        if words_left <= 0 or bytes_left <= 0:
            break
        words = words_of(_ESCAPED.sub(" ", text))[:words_left]
        joined = " ".join(words)
        if len(joined) > bytes_left // 4:  # else it cannot have too many bytes
            joined = joined.encode()[: max(0, bytes_left)].decode(errors="ignore").strip()
        if joined and joined not in found:
            found[joined] = None
            words_left -= len(words)
            bytes_left -= len(joined.encode()) + 3
    return f" {' | '.join(found)} " if found else ""


async def _read_facts(
    session: AsyncSession, entity_ids: Sequence[EntityId], *, with_variants: bool = False
) -> _Read:
    """Read the facts of entities, and if asked, which variants the concepts among them have."""
    connection = await session.connection()
    columns = await connection.run_sync(_texts_of)
    given = entity_ids if connection.dialect.name == "postgresql" else json.dumps(entity_ids)
    # Not as a construct: to look it up among what is compiled would take as long as to run it.
    statement = _facts_sql(connection.dialect, columns, with_variants=with_variants)
    ids = {"ids": given} if connection.dialect.name == "postgresql" else (given,)
    read = _Read(defaultdict(_Facts), {})
    found: Sequence[tuple[EntityId, int, Any]] = (
        await connection.exec_driver_sql(statement, ids)
    ).all()  # type: ignore[assignment]  # rows of a plain SQL text have no types
    for entity_id, number, text in found:
        if number == _CONCEPT:
            read.concepts[entity_id] = None if text is None else int(text)
        elif number == _IS_ASSET:
            read.of[entity_id].is_asset = True
        elif number == _STORAGE:
            read.of[entity_id].storages.add(text)
        elif text is not None:
            _add_text(read.of[entity_id], number, columns[number], text)
    return read


@lru_cache(maxsize=16)
def _facts_sql(dialect: Dialect, columns: _Texts, *, with_variants: bool) -> str:
    """Return the statement that reads entity, number of the fact, text; `ids` are the entities."""
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - imports all its drivers

        ids = select(func.unnest(bindparam("ids", type_=ARRAY(BigInteger))).label("id"))
    else:
        each = func.json_each(bindparam("ids", type_=String())).table_valued("value")
        ids = select(each.c.value.label("id"))
    changed = select(ids.cte("changed").c.id)

    def facts(number: int, value: Any, table: FromClause, key: str = "entity_id") -> Select[Any]:  # noqa: ANN401 - any column
        fact = select(table.c.entity_id, literal_column(str(number)), value)
        return fact.where(table.c[key].in_(changed))

    variant, place = table_of(ComicBookVariantComponent), table_of(FileLocationComponent)
    concept_id = cast(variant.c.conceptual_entity_id, String)
    selects = [
        facts(_IS_ASSET, null(), table_of(ContentHashSHA256Component)),
        facts(_STORAGE, place.c.storage, place),
        facts(_CONCEPT, concept_id, variant),
    ]
    if with_variants:
        selects.append(facts(_CONCEPT, concept_id, variant, "conceptual_entity_id"))
    for number, (table_name, name, _kind) in enumerate(columns):
        table = table_named(table_name, column_named("entity_id"), column_named(name))
        selects.append(facts(number, table.c[name], table))
    return str(union_all(*selects).compile(dialect=dialect))


def _add_text(of: _Facts, number: int, where: tuple[str, str, str], text: str) -> None:
    table, name, kind = where
    of.texts.append((number, text.rpartition("/")[2] if kind == "path" else text))
    if table == FilePropertiesComponent.__tablename__:
        of.name = text
    elif (table, name) == (ComicBookConceptComponent.__tablename__, "comic_title"):
        of.title = text


def _texts_of(connection: Connection) -> _Texts:
    """Return the searched columns of a database, as its triggers say.

    It is asked each time, as another process may drop the tables of a plugin. Words of a plugin
    that is not loaded stay in the entries: its tables are read like those of others.
    """
    watched = tuple(sorted(watched_columns(connection).items()))
    return _texts(watched, frozenset(Base.metadata.tables))


@lru_cache(maxsize=16)
def _texts(watched: _Watched, loaded: frozenset[str]) -> _Texts:
    """Return the searched columns out of watched ones: those of dam, then those of plugins by name.

    Columns of a table that is not loaded are all searched, but for the entity's id; their texts
    count as plain ones.
    """
    of_dam = {
        table_of(kind).name for kind in component_classes().values() if package_of(kind) == "dam"
    }
    own = [table.name for table in Base.metadata.sorted_tables if table.name in of_dam]
    columns = dict(watched)
    found: list[tuple[str, str, str]] = []
    for name in [*own, *sorted(columns.keys() - of_dam)]:
        if name in loaded:
            listed = [
                (each.name, each.info.get(SEARCHED_TEXT)) for each in Base.metadata.tables[name].c
            ]
        else:
            listed = [(column, "text") for column in columns[name] if column != "entity_id"]
        found += [(name, c, kind) for c, kind in listed if kind and c in columns.get(name, ())]
    return tuple(found)
