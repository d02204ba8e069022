"""Reads the settings from `config.toml`, from `.env` and from the environment; the later wins."""

import errno
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, TomlConfigSettingsSource

from dam.errors import words_for
from dam.settings.errors import MisspeltSettingError, SettingError, did_you_mean
from dam.settings.files import ENV_NAME, config_file, nearest_env_file, shown_path
from dam.settings.locations import shown_value
from dam.settings.variables import CHOICES, ENV_ENCODING, PREFIX, Variables

# In `config.toml` these are written as the table `worlds` and as `default`.
WORLD_VARIABLES = ("database_url", "asset_storage_path", "worlds_config", "default_world_name")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a setting was read.

    Args:
        place: The path of a file, `environment`, or `default` if it is not set.
        folder: Where a relative path in it starts.
        path: The file.
        is_of_variables: It is `.env` or the environment, where variables are set.
    """

    place: str
    folder: Path = Path()
    path: Path | None = None
    is_of_variables: bool = False

    def label(self, field: str) -> str:
        """Return how an error names a setting that was read there."""
        if self.is_of_variables or self.path is None:
            return PREFIX + field.upper()
        name = "default" if field == "default_world_name" else field
        return f"{name} in {shown_path(self.path)}"


UNSET = Origin(place="default")


@dataclass(frozen=True, kw_only=True)
class FoundSettings:
    """All that was read.

    Args:
        variables: The values.
        origins: Where each variable was read, by field; those that are not set are left out.
        config: The user's `config.toml`.
        worlds: Its table `worlds`, unchecked; None without one.
    """

    variables: Variables
    origins: Mapping[str, Origin]
    config: Origin
    worlds: object = None

    def origin(self, field: str) -> Origin:
        """Return where a variable was read; `UNSET` if it is not set."""
        return self.origins.get(field, UNSET)


def read_settings() -> FoundSettings:
    """Return the current settings, each from the last of the three places that has it.

    Raises:
        SettingError: A value cannot be used, or a file cannot be read.
        MisspeltSettingError: A name is almost that of one of our variables.
    """
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    config, in_config = _from_config()
    worlds = in_config.pop("worlds", None)
    for origin, found in ((config, in_config), _from_env_file(), _from_environment()):
        values |= found
        origins |= dict.fromkeys(found, origin)
    try:
        variables = Variables(**values)
    except ValidationError as error:
        fault = error.errors()[0]
        field, value = str(fault["loc"][0]), fault["input"]
        expected = Variables.model_fields[field].description or "text"
        hint, word = None, str(value).partition(":")[0]
        if word not in CHOICES:
            hint = did_you_mean(word.upper(), CHOICES) or did_you_mean(word.lower(), CHOICES)
        label = origins[field].label(field)
        # Not `from error`: pydantic's text shows the value, which may be an address.
        raise SettingError(label, shown_value(value), expected, hint) from None
    return FoundSettings(variables=variables, origins=origins, config=config, worlds=worlds)


def _from_environment() -> tuple[Origin, dict[str, Any]]:
    source = EnvSettingsSource(Variables)
    _refuse_misspelt_names(source, "the environment")
    return Origin(place="environment", is_of_variables=True), source()


def _from_env_file() -> tuple[Origin, dict[str, Any]]:
    path = Path(ENV_NAME)
    try:
        nearest = nearest_env_file()
        if nearest is None:
            return UNSET, {}
        path = nearest
        _refuse_unreadable_lines(path)
        # It warns of lines that it cannot read; those that are left belong to other programs.
        logging.getLogger("dotenv.main").setLevel(logging.ERROR)
        source = DotEnvSettingsSource(Variables, env_file=path)
    except UnicodeDecodeError as error:
        raise SettingError(shown_path(path), "not UTF-8 text", "lines of NAME=value") from error
    except OSError as error:
        found = f"unreadable: {words_for(error)}"
        raise SettingError(shown_path(path), found, "a readable file") from error
    _refuse_misspelt_names(source, shown_path(path))
    known = {name: value for name, value in source().items() if name in Variables.model_fields}
    return Origin(place=str(path), folder=path.parent, path=path, is_of_variables=True), known


def _from_config() -> tuple[Origin, dict[str, Any]]:
    path, form = config_file(), "TOML, such as workers = 4"
    hint = "`dam-cli config edit` opens it"
    try:
        if path.is_symlink():
            path.stat()  # else a link to nothing would count as no file, and hide all worlds
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        found = dict(TomlConfigSettingsSource(Variables, path).toml_data)
    except TOMLDecodeError as error:
        raise SettingError(shown_path(path), f"not TOML: {error}", form, hint) from error
    except UnicodeDecodeError as error:
        raise SettingError(shown_path(path), "not UTF-8 text", form, hint) from error
    except OSError as error:
        reason = f"unreadable: {words_for(error)}"
        raise SettingError(shown_path(path), reason, "a readable file") from error
    others = (name for name in Variables.model_fields if name not in WORLD_VARIABLES)
    known = ("worlds", "default", *others)
    for name in found:
        if name not in known:
            advice = "write it below [worlds.default]" if name in WORLD_VARIABLES[:2] else None
            raise MisspeltSettingError(name, shown_path(path), known, advice)
    if "default" in found:
        found["default_world_name"] = found.pop("default")
    found = {name: value for name, value in found.items() if value != ""}
    return Origin(place=str(path), folder=path.parent, path=path), found


def _refuse_misspelt_names(source: EnvSettingsSource, place: str) -> None:
    fields = tuple(Variables.model_fields)
    for variable in source.env_vars:
        prefix, bare = variable[: len(PREFIX)].upper(), variable[len(PREFIX) :].lower()
        if prefix != PREFIX or bare in fields or bare.startswith("test_"):
            continue
        # Other programs may use the prefix, too: only a name like one of ours is refused.
        if get_close_matches(bare, fields, cutoff=0.6):
            known = tuple(PREFIX + field.upper() for field in fields)
            raise MisspeltSettingError(variable.upper(), place, known)


def _refuse_unreadable_lines(path: Path) -> None:
    """Refuse bad lines about our variables, which the reader of `.env` would skip with a warning.

    Lines of other programs are ignored. The error shows no line: it may hold a password.
    """
    with path.open(encoding=ENV_ENCODING) as file:
        for binding in parse_stream(file):
            text = binding.original.string
            is_bare = binding.value is None and (binding.key or "").upper().startswith(PREFIX)
            if is_bare or (binding.error and PREFIX in text.upper()):
                blank_lines = text[: len(text) - len(text.lstrip())].count("\n")
                raise SettingError(
                    f"line {binding.original.line + blank_lines} of {shown_path(path)}",
                    "not understood",
                    "NAME=value",
                    "check that each quote is closed; # begins a comment",
                )
