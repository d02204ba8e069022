"""Empties a database for `setup-db --reset`; keeps the facts that the new world needs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, text, update

from dam.core.ecs.components import Base, Entity, EntityCounter, entity_ids
from dam.models import ComicBookConceptComponent, ContentHashSHA256Component, WorldIdentity
from dam.services.schema_service.plugin_tables import read_recorded


@dataclass(frozen=True, kw_only=True)
class FormerWorld:
    """The facts that are kept of a world that was emptied.

    Args:
        uuid: Its UUID; None if the database had no identity.
        last_ids: The last id given, by the name of the table or sequence that counts the ids.
    """

    uuid: str | None
    last_ids: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How much a world holds that is to be emptied. The stored files stay."""

    assets: int
    comics: int


def count_forgotten(connection: Connection) -> Forgotten:
    """Return how many assets and comics are in a database, of any schema or none."""
    there = set(inspect(connection).get_table_names())

    def rows(table: str) -> int:
        quoted = connection.dialect.identifier_preparer.quote(table)
        count = text(f"SELECT count(*) FROM {quoted}")  # noqa: S608 - a name from the program
        return int(connection.scalar(count) or 0) if table in there else 0

    return Forgotten(
        assets=rows(ContentHashSHA256Component.__tablename__),
        comics=rows(ComicBookConceptComponent.__tablename__),
    )


def drop_everything(connection: Connection) -> FormerWorld:
    """Drop dam's tables, those of plugins and all that refer to them; return what is kept.

    A newer program may have made tables that this one does not know. The caller commits; no other
    process may write in this transaction.
    """
    of_plugins = {name for one in read_recorded(connection).values() for name in one.systems}
    inspector = inspect(connection)
    parents = {
        table: {key["referred_table"] for key in keys}
        for (_schema, table), keys in inspector.get_multi_foreign_keys().items()
    }
    former = FormerWorld(
        uuid=found_uuid(connection) if WorldIdentity.__tablename__ in parents else None,
        last_ids=_last_ids(connection, parents.keys()),
    )
    ours = {*Base.metadata.tables, *of_plugins, "alembic_version"} & parents.keys()
    while more := {table for table in parents if parents[table] & ours} - ours:
        ours |= more
    if connection.dialect.name == "sqlite":
        # The tables that FTS5 keeps for this one go with it.
        connection.execute(text("DROP TABLE IF EXISTS search_words"))
    else:
        functions = "search_note_new_rows, search_note_row"
        connection.execute(text(f"DROP FUNCTION IF EXISTS {functions} CASCADE"))
    drop_tables(connection, ours)
    entity_ids.drop(connection, checkfirst=True)
    return former


def drop_tables(connection: Connection, names: Iterable[str]) -> None:
    """Drop these tables; on PostgreSQL also the foreign keys of other tables to them."""
    # On SQLite any order will do, because foreign keys are off.
    cascade = "" if connection.dialect.name == "sqlite" else "CASCADE"
    quoted = connection.dialect.identifier_preparer.quote
    for name in sorted(names):
        connection.execute(text(f"DROP TABLE {quoted(name)} {cascade}"))


def carry_ids_on(connection: Connection, former: FormerWorld) -> None:
    """Let the new tables continue the ids of the old ones.

    People, scripts and processes may still have ids of the old world. None of these ids may become
    the id of something else. Example: after entity 41, the first new entity is 42.
    """
    if connection.dialect.name == "sqlite":
        last_id = former.last_ids[EntityCounter.__tablename__]
        connection.execute(update(EntityCounter).values(last_id=last_id))
        return
    there = set(inspect(connection).get_sequence_names())
    quoted = connection.dialect.identifier_preparer.quote
    for name in sorted(there & former.last_ids.keys()):
        raised = func.setval(quoted(name), former.last_ids[name])
        connection.execute(select(raised))


def found_uuid(connection: Connection) -> str | None:
    """Return the UUID of the world in a database, or None if it has none."""
    uuid: str | None = connection.scalar(select(WorldIdentity.uuid))
    return uuid


def _last_ids(connection: Connection, tables: Collection[str]) -> dict[str, int]:
    counter = EntityCounter.__tablename__
    if connection.dialect.name == "sqlite":
        counts = {counter: EntityCounter.last_id, Entity.__tablename__: Entity.id}
        found = [
            connection.scalar(select(func.max(column)))
            for table, column in counts.items()
            if table in tables
        ]
        return {counter: max((last_id for last_id in found if last_id is not None), default=0)}
    given = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"
    rows = connection.execute(text(f"{given} AND last_value IS NOT NULL"))
    return {str(row[0]): int(row[1]) for row in rows}
