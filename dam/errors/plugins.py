"""Errors about packages that are plugins, about their tables and their commands."""

from collections.abc import Sequence

from dam.errors.base import EnvironmentFaultError

_LEAVE_OUT = "run without plugins (--no-plugins)"


class PluginLoadError(EnvironmentFaultError):
    """A plugin is installed but cannot be loaded."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"plugin {name!r} cannot be loaded: {reason}", f"uninstall or fix it, or {_LEAVE_OUT}"
        )


class PluginCommandError(EnvironmentFaultError):
    """A command of a plugin cannot be loaded; all other commands can.

    Args:
        name: The name of the command.
        reason: What is wrong with it.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = " ".join(reason.split())
        super().__init__(
            f"the command {name!r} of a plugin cannot be loaded: {self.reason}",
            "uninstall or fix the plugin; the other commands work",
        )


class PluginTablesMissingError(EnvironmentFaultError):
    """The database lacks tables of a plugin.

    Args:
        url: The database.
        plugin: The import package of the plugin.
        tables: The missing tables.
        is_set_up: The tables were there once. False: `setup-db` has not made them yet. None: the
            plugin has no migrations.
    """

    def __init__(
        self, url: str, plugin: str, tables: Sequence[str], *, is_set_up: bool | None
    ) -> None:
        self.url, self.plugin, self.tables = url, plugin, tuple(tables)
        self.is_set_up = is_set_up
        hints = {
            True: "restore the database from a backup, or let `dam-cli setup-db --drop-plugin "
            f"{plugin}` drop the other tables of the plugin, and `dam-cli setup-db` make all anew",
            False: f"run `dam-cli setup-db`, or {_LEAVE_OUT}",
            None: f"create the tables as the plugin describes, or {_LEAVE_OUT}",
        }
        super().__init__(
            f"the database {url} lacks tables of plugin {plugin!r}: {', '.join(tables)}",
            hints[is_set_up],
        )


class PluginOutdatedError(EnvironmentFaultError):
    """The tables of a plugin are older than the installed plugin."""

    def __init__(self, url: str, plugin: str, found: str, expected: str) -> None:
        self.url, self.plugin, self.found, self.expected = url, plugin, found, expected
        super().__init__(
            f"the database {url} has revision {found} of plugin {plugin!r}; "
            f"the installed plugin needs {expected}",
            f"run `dam-cli setup-db`, or {_LEAVE_OUT}",
        )


class PluginTooNewError(EnvironmentFaultError):
    """The tables of a plugin are newer than the installed plugin."""

    def __init__(self, url: str, plugin: str, found: str, expected: str) -> None:
        self.url, self.plugin, self.found, self.expected = url, plugin, found, expected
        super().__init__(
            f"the database {url} has revision {found} of plugin {plugin!r}; "
            f"the installed plugin knows up to {expected}",
            f"a newer version made it: upgrade the plugin, or {_LEAVE_OUT}",
        )


class PluginMigrationError(EnvironmentFaultError):
    """The migrations of a plugin are at fault; the database was not changed.

    Args:
        plugin: The import package of the plugin.
        revision: The revision to which the plugin was to be brought.
        reason: The fault.
    """

    def __init__(self, plugin: str, revision: str, reason: str) -> None:
        self.plugin, self.revision, self.reason = plugin, revision, " ".join(reason.split())
        super().__init__(
            f"plugin {plugin!r} cannot be set up, the database is as it was: "
            f"revision {revision}: {self.reason}",
            "fix or uninstall it, or leave it out: `dam-cli --no-plugins setup-db`",
        )
