"""Creates, upgrades, empties and checks the tables of a world and of its plugins."""

from dam.services.schema_service.checks import (
    check_schema,
    server_version,
    table_names,
)
from dam.services.schema_service.dropping import DroppedPlugin, drop_plugin
from dam.services.schema_service.migrations import migrations_folder
from dam.services.schema_service.plugin_tables import (
    RecordedPlugin,
    check_plugins,
    recorded_plugins,
)
from dam.services.schema_service.readiness import make_ready
from dam.services.schema_service.reset import Forgotten
from dam.services.schema_service.setting_up import PluginSetUp, SetUp, refuse_malformed, set_up

__all__ = [
    "DroppedPlugin",
    "Forgotten",
    "PluginSetUp",
    "RecordedPlugin",
    "SetUp",
    "check_plugins",
    "check_schema",
    "drop_plugin",
    "make_ready",
    "migrations_folder",
    "recorded_plugins",
    "refuse_malformed",
    "server_version",
    "set_up",
    "table_names",
]
