"""The tables of a world: made, upgraded, emptied and checked."""

from dam.services.schema_service.setting_up import (
    SetUp,
    check_schema,
    check_tables,
    is_absent,
    migrations_folder,
    refuse_malformed,
    server_version,
    set_up,
    table_names,
)

__all__ = [
    "SetUp",
    "check_schema",
    "check_tables",
    "is_absent",
    "migrations_folder",
    "refuse_malformed",
    "server_version",
    "set_up",
    "table_names",
]
