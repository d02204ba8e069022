"""Triggers that note in `search_changes` which entries of the index of search are out of date.

They see every change, whether an import, the ORM, a cascade or another program makes it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from sqlalchemy import Connection, inspect, text

from dam.core.ecs.components import Base, table_of
from dam.core.ecs.search_fields import SEARCHED_TEXT
from dam.models.conceptual.comic_book_variant_component import ComicBookVariantComponent
from dam.models.core.file_location_component import FileLocationComponent
from dam.models.hashes.content_hash_sha256_component import ContentHashSHA256Component
from dam.models.processing.needs_search_entry_component import NeedsSearchEntryComponent
from dam.models.search.search_change import search_changes

_EVENTS = ("insert", "update", "delete")
# What entries are made of besides texts.
_FACTS: Mapping[str, Collection[str]] = {
    table_of(ContentHashSHA256Component).name: ["entity_id"],
    table_of(FileLocationComponent).name: ["storage"],
    table_of(ComicBookVariantComponent).name: ["conceptual_entity_id"],
}
_WATCHED_ON_SQLITE = """
    SELECT tbl_name, sql FROM sqlite_master
    WHERE type = 'trigger' AND name = 'search_change_update_' || tbl_name
"""
_WATCHED_ON_POSTGRESQL = """
    SELECT relname, pg_get_triggerdef(pg_trigger.oid)
    FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE tgname = 'search_change_update' AND relnamespace = current_schema()::regnamespace
"""
_UPDATE_OF = re.compile(r'UPDATE OF ((?:"(?:[^"]|"")+"|\w+)(?:, (?:"(?:[^"]|"")+"|\w+))*) ON ')
_NAME = re.compile(r'"((?:[^"]|"")+)"|(\w+)')
# A statement that inserts many rows calls the first function once. The second is called for each
# row: a cascade makes a statement for each entity and table, mostly without any row.
_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION search_note_new_rows() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
    BEGIN
        INSERT INTO search_changes SELECT entity_id FROM new_rows;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION search_note_row() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
    BEGIN
        INSERT INTO search_changes VALUES (OLD.entity_id);
        IF TG_OP = 'UPDATE' AND OLD.entity_id <> NEW.entity_id THEN
            INSERT INTO search_changes VALUES (NEW.entity_id);
        END IF;
        RETURN NULL;
    END $$
    """,
)


def watched_tables(connection: Connection) -> set[str]:
    """Return the tables whose changes are noted, by the triggers that they have."""
    return set(_watched(connection))


def watched_columns(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the watched tables, each with the columns that its trigger watches, sorted.

    So the database itself says what is searched: also in tables of plugins that are not loaded.
    """
    return {table: _columns_of(trigger) for table, trigger in _watched(connection).items()}


@lru_cache(maxsize=256)
def _columns_of(trigger: str) -> tuple[str, ...]:
    """Return the columns that a trigger names; both databases write its definition alike."""
    found = _UPDATE_OF.search(trigger)
    names = _NAME.findall(found[1]) if found else ()
    return tuple(sorted(quoted.replace('""', '"') or plain for quoted, plain in names))


def _watched(connection: Connection) -> dict[str, str]:
    """Return the watched tables, each with the trigger that names its watched columns."""
    is_sqlite = connection.dialect.name == "sqlite"
    watched = _WATCHED_ON_SQLITE if is_sqlite else _WATCHED_ON_POSTGRESQL
    return {row[0]: row[1] for row in connection.execute(text(watched))}


def unwatch_tables(connection: Connection) -> dict[str, str]:
    """Drop the triggers of the tables of all loaded classes, so that migrations can change these.

    Returns:
        The tables that had triggers, with these, for `watch_tables`.
    """
    watched = _watched(connection)
    quote = connection.dialect.identifier_preparer.quote
    for table in watched.keys() & Base.metadata.tables.keys():
        for event in _EVENTS:
            trigger = (
                f"search_change_{event} ON {quote(table)}"
                if connection.dialect.name == "postgresql"
                else _name(quote, event, table)
            )
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
    return watched


def watch_tables(connection: Connection, before: Mapping[str, str]) -> None:
    """Make the triggers of the tables of all loaded classes, after migrations.

    The entities of tables of which other columns are watched from now on are marked. A migration
    that itself changes values in watched columns calls `mark_for_search`.

    Args:
        connection: The connection of the migrations. A schema without `search_changes` is left.
        before: What was watched before, from `unwatch_tables`.
    """
    inspector = inspect(connection)
    if not inspector.has_table(search_changes.name):
        return
    there = set(inspector.get_table_names())
    if connection.dialect.name == "postgresql":
        for function in _FUNCTIONS:
            connection.exec_driver_sql(function)
    for table, columns in _searched_columns().items():
        # A class may be newer than its table.
        known = (
            {column["name"] for column in inspector.get_columns(table)} if table in there else ()
        )
        if found := sorted(columns.intersection(known)):
            _watch(connection, table, found)
    for table, trigger in _watched(connection).items():
        if before.get(table) != trigger:
            mark_for_search(connection, table)


def mark_for_search(connection: Connection, table: str) -> None:
    """Mark the assets and variants to which the rows of a table belong, to be indexed anew."""
    marker, variant = table_of(NeedsSearchEntryComponent), table_of(ComicBookVariantComponent)
    quoted = connection.dialect.identifier_preparer.quote(table)
    owner = f"SELECT entity_id FROM {quoted}"  # noqa: S608 - a name from the program, as below
    connection.execute(
        text(f"""
            INSERT INTO {marker.name} (entity_id, attempts)
            SELECT entity_id, 0 FROM component_search_entry
            WHERE entity_id IN ({owner}) OR entity_id IN (
                SELECT entity_id FROM {variant.name} WHERE conceptual_entity_id IN ({owner})
            )
            ON CONFLICT (entity_id) DO NOTHING
        """)  # noqa: S608
    )


def _searched_columns() -> dict[str, set[str]]:
    """Return the columns of each table of which entries are made."""
    found = {
        name: {column.name for column in table.columns if SEARCHED_TEXT in column.info}
        for name, table in Base.metadata.tables.items()
    }
    return {
        name: {"entity_id", *columns, *_FACTS.get(name, ())}
        for name, columns in found.items()
        if columns or name in _FACTS
    }


def _watch(connection: Connection, table: str, columns: list[str]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    on, names = quote(table), [quote(name) for name in columns]
    of = f"AFTER UPDATE OF {', '.join(names)} ON {on}"
    if connection.dialect.name == "postgresql":
        differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in names)
        for_all = "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"
        triggers = (
            f"search_change_insert AFTER INSERT ON {on} {for_all}"
            " EXECUTE FUNCTION search_note_new_rows()",
            f"search_change_update {of} FOR EACH ROW WHEN ({differs})"
            " EXECUTE FUNCTION search_note_row()",
            f"search_change_delete AFTER DELETE ON {on} FOR EACH ROW"
            " EXECUTE FUNCTION search_note_row()",
        )
    else:
        differs = " OR ".join(f"old.{name} IS NOT new.{name}" for name in names)
        note = "BEGIN INSERT INTO search_changes"
        triggers = (  # names from the program
            f"{_name(quote, 'insert', table)} AFTER INSERT ON {on}"  # noqa: S608
            f" {note} VALUES (new.entity_id); END",
            f"{_name(quote, 'update', table)} {of} WHEN {differs}"
            f" {note} SELECT old.entity_id UNION SELECT new.entity_id; END",
            f"{_name(quote, 'delete', table)} AFTER DELETE ON {on}"
            f" {note} VALUES (old.entity_id); END",
        )
    for trigger in triggers:
        connection.exec_driver_sql(f"CREATE TRIGGER {trigger}")


def _name(quote: Callable[[str], str], event: str, table: str) -> str:
    """Return the name of a trigger on SQLite, where no two tables have triggers of one name."""
    return quote(f"search_change_{event}_{table}")
