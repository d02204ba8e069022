"""Creates, upgrades, empties and checks the tables of a world."""

from dam.services.schema_service.checks import (
    check_schema,
    server_version,
    table_names,
)
from dam.services.schema_service.migrations import migrations_folder
from dam.services.schema_service.readiness import make_ready
from dam.services.schema_service.setting_up import SetUp, refuse_malformed, set_up

__all__ = [
    "SetUp",
    "check_schema",
    "make_ready",
    "migrations_folder",
    "refuse_malformed",
    "server_version",
    "set_up",
    "table_names",
]
