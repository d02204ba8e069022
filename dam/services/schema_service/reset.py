"""What `setup-db --reset` takes out of a database, and what stays of the world that was there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, text, update

from dam.core.ecs.components import Base, Entity, EntityCounter, entity_ids
from dam.models import WorldIdentity


@dataclass(frozen=True, kw_only=True)
class FormerWorld:
    """What is known of a world that was emptied.

    `last_ids` are the ids that were given last, by the table or sequence that counts them.
    """

    uuid: str | None
    last_ids: Mapping[str, int]


def drop_everything(connection: Connection) -> FormerWorld:
    """Drop our tables and all that refer to them, which a newer program may have made.

    The caller commits, in the transaction in which nobody else writes.
    """
    inspector = inspect(connection)
    parents = {
        table: {key["referred_table"] for key in keys}
        for (_schema, table), keys in inspector.get_multi_foreign_keys().items()
    }
    former = FormerWorld(
        uuid=found_uuid(connection) if WorldIdentity.__tablename__ in parents else None,
        last_ids=_last_ids(connection, parents.keys()),
    )
    ours = {*Base.metadata.tables, "alembic_version"} & parents.keys()
    while more := {table for table in parents if parents[table] & ours} - ours:
        ours |= more
    # SQLite asks no order of us, because foreign keys are off.
    cascade = "" if connection.dialect.name == "sqlite" else "CASCADE"
    quoted = connection.dialect.identifier_preparer.quote
    for table in sorted(ours):
        connection.execute(text(f"DROP TABLE {quoted(table)} {cascade}"))
    entity_ids.drop(connection, checkfirst=True)
    return former


def carry_ids_on(connection: Connection, former: FormerWorld) -> None:
    """Have the new tables count on from where the old ones ended.

    People, scripts and processes may hold ids of the world that was; none of these becomes the id
    of something else.
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
    """Return the UUID of the world, None where the database is none's."""
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
