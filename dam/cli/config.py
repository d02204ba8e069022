"""`dam-cli config show`, `path` and `edit`: the settings, and the user's file of them."""

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from dam.cli.toolkit.command import Group, State, command
from dam.cli.toolkit.output import (
    is_read_at_a_terminal,
    results_fileno,
    sentence,
    show,
    table,
)
from dam.errors import EnvironmentFaultError, words_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dam.services.config_service import ConfigFile, ShownSetting


class EditorError(EnvironmentFaultError):
    """The user's editor could not be run, or failed."""

    def __init__(self, editor: str, reason: str) -> None:
        self.editor = editor
        self.reason = reason
        super().__init__(
            f"the editor {editor!r} failed: {reason}",
            "set EDITOR to the command of an editor; `dam-cli config path` names the file",
        )


@command(
    "show",
    examples=(
        "dam-cli config show",
        "dam-cli config show --json",
    ),
)
def show_config(state: State) -> None:
    """Show every setting, and where it was read.

    Settings are read from the user's `config.toml`, then from the nearest `.env`, then from the
    environment; the later one wins. Passwords are not shown.
    """
    from dam.app import load_settings
    from dam.services.config_service import list_settings

    def people(settings: "Sequence[ShownSetting]") -> None:
        rows = [(one.name, setting_text(one), one.origin) for one in settings]
        table(rows, ("setting", "value", "read from"))

    show(state, list_settings(load_settings()), people)


@command("path", examples=("dam-cli config path",))
def config_path(state: State) -> None:
    """Print the path of the user's `config.toml`. It need not exist."""
    from dam.services import config_service

    show(state, config_service.config_path(), lambda found: sentence(str(found.path)))


@command(
    "edit",
    changes=True,
    examples=(
        "dam-cli config edit",
        "EDITOR=nano dam-cli config edit",
    ),
)
def edit_config(state: State) -> None:
    """Open the user's `config.toml` in an editor, and check it afterwards.

    The editor is the one in the variable VISUAL or EDITOR, or else vi. A file that does not exist
    yet is made; it explains all settings.
    """
    from dam.services import config_service

    def people(found: "ConfigFile") -> None:
        if state.is_dry_run:
            sentence(f"would {'open' if found.exists else 'make and open'} {found.path}")
        else:
            sentence(f"settings are read from {found.path}")

    if state.is_dry_run:
        show(state, config_service.config_path(), people)
        return
    from dam.app import load_settings

    made = config_service.make_config()
    _edit(str(made.path))
    load_settings()  # an error tells what is wrong in the file, which stays as it was saved
    show(state, made, people)


CONFIG = Group(
    name="config",
    doc="Show and change the settings of dam.",
    commands=[show_config, config_path, edit_config],
    examples=("dam-cli config show", "dam-cli config edit"),
)


def setting_text(setting: "ShownSetting") -> str | None:
    """Return the value of a setting in words; None if it has none."""
    value = setting.value
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else ", ".join(value)


def _edit(path: str) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # An editor draws on stdout, which is kept for results; but JSON goes into a pipe or a file.
    stdout = results_fileno() if is_read_at_a_terminal() else None
    try:
        done = subprocess.run([*shlex.split(editor), path], stdout=stdout, check=False)  # noqa: S603 - the user's own choice
    except OSError as error:
        raise EditorError(editor, words_for(error)) from error
    except ValueError as error:  # a quote that is not closed
        raise EditorError(editor, str(error)) from error
    if done.returncode:
        raise EditorError(editor, f"it ended with code {done.returncode}")
