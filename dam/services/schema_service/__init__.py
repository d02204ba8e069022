"""Creates, upgrades, empties and checks the tables of a world."""

from dam.services.schema_service.checks import (
    check_schema,
    check_tables,
    is_absent,
    server_version,
    table_names,
)
from dam.services.schema_service.migrations import migrations_folder
from dam.services.schema_service.setting_up import SetUp, refuse_malformed, set_up

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
