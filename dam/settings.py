"""What the user has set: the environment, `.env` in the current folder, the file of worlds.

Read when a world opens, never at import. A relative path counts from the folder of what names it:
the file of worlds, or the current folder.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args

import platformdirs
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dam.errors import EnvironmentFaultError, UsageError, display_path, words_for

Digest = Literal["md5", "sha1"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
WorkerKind = Literal["process", "thread"]

_PREFIX = "DAM_"
_WORLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEYS = ("database_url", "asset_storage_path")
_CHOICES = (*get_args(LogLevel), *get_args(Digest), *get_args(WorkerKind))
_WORLDS_FORM = '{"name": {"database_url": "…", "asset_storage_path": "…"}}'
_DATABASE_FORM = "sqlite:///folder/file.db or postgresql://user:password@host/database"


class SettingError(EnvironmentFaultError):
    """A setting's value cannot be used; `found` shows it without any password."""

    def __init__(self, setting: str, found: str, expected: str, hint: str | None = None) -> None:
        self.setting = setting
        self.found = found
        self.expected = expected
        super().__init__(f"{setting} is {found}; expected {expected}", hint)


class MisspeltSettingError(EnvironmentFaultError):
    """A name is no setting but looks like one, so what it says would be lost."""

    def __init__(self, name: str, place: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.place = place
        self.known = known
        hint = _did_you_mean(name, known) or f"known: {', '.join(known)}"
        super().__init__(f"unknown setting {name} in {place}", hint)


class UnknownWorldError(UsageError):
    """No world of that name is set."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(
            f"no world named {name!r}; known: {', '.join(known)}", _did_you_mean(name, known)
        )


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """Where one world is kept.

    Args:
        database_url: `sqlite:///` with an absolute path, or `postgresql`; with its password.
        storage_url: An absolute folder, or the URL of a store.
        is_configured: Somebody named the database; one that nobody named is made on first use.
    """

    name: str
    database_url: str
    storage_url: str
    cache_path: Path
    is_configured: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; `default_world` is one of `worlds`, which keep their order."""

    worlds: Mapping[str, WorldSettings]
    default_world: str
    workers: int
    worker_kind: WorkerKind
    extra_digests: frozenset[Digest]
    log_level: LogLevel

    def world(self, name: str | None = None) -> WorldSettings:
        """Return the world of that name, or the default one."""
        chosen = self.default_world if name is None else name
        if chosen not in self.worlds:
            raise UnknownWorldError(chosen, tuple(self.worlds))
        return self.worlds[chosen]


def load_settings() -> Settings:
    """Return what is set now; without any setting, one world in the user's data folder."""
    variables = _read_variables()
    worlds = _worlds_of(variables)
    first = "default" if "default" in worlds else next(iter(worlds))
    default = variables.default_world_name or first
    if default not in worlds:
        raise SettingError(
            "DAM_DEFAULT_WORLD_NAME",
            repr(default),
            f"one of {', '.join(worlds)}",
            _did_you_mean(default, tuple(worlds)),
        )
    kind, count = variables.workers or ("process", _usable_cores())
    return Settings(
        worlds=MappingProxyType(worlds),
        default_world=default,
        workers=count,
        worker_kind=kind,
        extra_digests=variables.extra_digests,
        log_level=variables.log_level,
    )


def url_without_password(url: str) -> str:
    """Return a database URL, even a malformed one, with any password replaced by `***`."""
    # Greedy on purpose: an unescaped @ or / in a password must not let the rest of it through.
    shown = re.sub(r"^((?:[\w+.-]+://)?+[^:/@]*):(.*)@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", shown, flags=re.IGNORECASE)


def _split_digests(value: object) -> object:
    if isinstance(value, str):
        return [name.strip().lower() for name in value.split(",") if name.strip()]
    return value


def _split_workers(value: object) -> object:
    if isinstance(value, str):
        kind, colon, count = value.rpartition(":")
        return (kind if colon else "process", count)
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class _Variables(BaseSettings):
    """The variables as they are written; a field's description is the form expected of it."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
    )

    database_url: str | None = None
    asset_storage_path: str | None = None
    worlds_config: str | None = None
    default_world_name: str | None = None
    workers: Annotated[
        tuple[WorkerKind, Annotated[int, Field(ge=1, le=256)]] | None,
        NoDecode,
        BeforeValidator(_split_workers),
        Field(description="a number from 1 to 256, or thread: and such a number"),
    ] = None
    extra_digests: Annotated[
        frozenset[Digest],
        NoDecode,
        BeforeValidator(_split_digests),
        Field(description="a list of md5 and sha1 with commas between"),
    ] = frozenset()
    log_level: Annotated[
        LogLevel, BeforeValidator(_upper), Field(description=", ".join(get_args(LogLevel)))
    ] = "WARNING"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `.env`; refuse names that are nearly ours in either."""
        del settings_cls, init_settings, file_secret_settings
        for source in (env_settings, dotenv_settings):
            _refuse_misspelt_names(source, tuple(cls.model_fields))
        return env_settings, dotenv_settings


def _refuse_misspelt_names(source: PydanticBaseSettingsSource, fields: tuple[str, ...]) -> None:
    assert isinstance(source, EnvSettingsSource)
    place = ".env" if isinstance(source, DotEnvSettingsSource) else "the environment"
    for variable in source.env_vars:
        prefix, bare = variable[: len(_PREFIX)].upper(), variable[len(_PREFIX) :].lower()
        if prefix != _PREFIX or bare in fields or bare.startswith("test_"):
            continue
        # Other programs may use the prefix too: only what resembles one of our names is refused.
        if get_close_matches(bare, fields, cutoff=0.6):
            known = tuple(_PREFIX + field.upper() for field in fields)
            raise MisspeltSettingError(variable.upper(), place, known)


def _read_variables() -> _Variables:
    try:
        return _Variables()
    except ValidationError as error:
        fault = error.errors()[0]
        field, found = str(fault["loc"][0]), fault["input"]
        expected = _Variables.model_fields[field].description or "text"
        hint = _did_you_mean(found, _CHOICES) if isinstance(found, str) else None
        raise SettingError(_PREFIX + field.upper(), repr(found), expected, hint) from error
    except UnicodeDecodeError as error:
        raise SettingError(".env", "not UTF-8 text", "lines of NAME=value") from error
    except OSError as error:
        raise SettingError(".env", f"unreadable: {words_for(error)}", "a readable file") from error


@dataclass(frozen=True)
class _Entry:
    """What is said about one world, and in which words to name each part of it."""

    database_url: str | None
    asset_storage_path: str | None
    folder: Path = Path()
    place: str | None = None

    def label(self, key: str) -> str:
        return f"{key} of {self.place}" if self.place else _PREFIX + key.upper()


def _worlds_of(variables: _Variables) -> dict[str, WorldSettings]:
    entries = _entries_in(variables.worlds_config) if variables.worlds_config else {}
    database, storage = variables.database_url, variables.asset_storage_path
    if database or storage or not entries:
        name = variables.default_world_name or "default"
        if name in entries:
            raise SettingError(
                "DAM_WORLDS_CONFIG",
                f"about the world {name!r} as DAM_DATABASE_URL or DAM_ASSET_STORAGE_PATH are",
                "one description of each world",
                "unset one, or set DAM_DEFAULT_WORLD_NAME to another name",
            )
        _check_name(name, "DAM_DEFAULT_WORLD_NAME")
        entries[name] = _Entry(database, storage)
    return {name: _world(name, entry) for name, entry in entries.items()}


def _entries_in(text: str) -> dict[str, _Entry]:
    """Read DAM_WORLDS_CONFIG: JSON text, or the path of a file that holds it."""
    setting, folder = "DAM_WORLDS_CONFIG", Path()
    if not text.lstrip().startswith(("{", "[")):
        path = Path(text).expanduser()
        setting, folder = f"{setting} ({display_path(path)})", path.parent
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise SettingError(setting, words_for(error), "JSON text, or its file") from error
        except UnicodeDecodeError as error:
            raise SettingError(setting, "not UTF-8 text", "JSON") from error
    try:
        worlds = json.loads(text)
    except ValueError as error:
        # The text is not shown: it may hold passwords.
        raise SettingError(setting, f"not JSON: {error}", _WORLDS_FORM) from error
    if not isinstance(worlds, dict) or not worlds:
        raise SettingError(setting, f"a JSON {_json_kind(worlds)}", _WORLDS_FORM)
    return {name: _entry(name, entry, setting, folder) for name, entry in worlds.items()}


def _entry(name: str, entry: object, setting: str, folder: Path) -> _Entry:
    _check_name(name, f"a world's name in {setting}")
    place = f"world {name!r} in {setting}"
    if not isinstance(entry, dict):
        raise SettingError(place, f"a JSON {_json_kind(entry)}", _WORLDS_FORM)
    for key, value in entry.items():
        if key not in _KEYS:
            raise MisspeltSettingError(key, place, _KEYS)
        if not isinstance(value, str) or not value:
            raise SettingError(f"{key} of {place}", f"a JSON {_json_kind(value)}", "text")
    return _Entry(entry.get("database_url"), entry.get("asset_storage_path"), folder, place)


def _world(name: str, entry: _Entry) -> WorldSettings:
    data = platformdirs.user_data_path("dam")
    database_url = f"sqlite:///{data / name}.db"
    if entry.database_url:
        label = entry.label("database_url")
        database_url = _database(entry.database_url, entry.folder, label)
    storage_url = _storage_beside(database_url, data)
    if entry.asset_storage_path:
        storage_url = _storage(entry.asset_storage_path, entry.folder)
    return WorldSettings(
        name=name,
        database_url=database_url,
        storage_url=storage_url,
        cache_path=platformdirs.user_cache_path("dam"),
        is_configured=entry.database_url is not None,
    )


def _database(url: str, folder: Path, setting: str) -> str:
    scheme, _, rest = url.partition("://")
    database = scheme.lower().partition("+")[0]
    if database == "sqlite" and rest.startswith("/"):
        path, mark, query = rest[1:].partition("?")
        if path not in ("", ":memory:"):
            return f"{scheme}:///{_absolute(path, folder)}{mark}{query}"
    if database in ("postgresql", "postgres") and rest:
        return f"postgresql{url[len(database) :]}"
    hint = f"did you mean sqlite:///{url}?" if "://" not in url and "@" not in url else None
    raise SettingError(setting, repr(url_without_password(url)), _DATABASE_FORM, hint)


def _storage_beside(database_url: str, data: Path) -> str:
    """Return the folder for the files of a database for which none is set.

    Each database has one of its own: the `gc` of one would remove the files of another.
    """
    scheme, _, rest = database_url.partition("://")
    if scheme.startswith("sqlite"):
        path = Path(rest[1:].partition("?")[0])
        return str(path.with_name(f"{path.stem}-storage"))
    server = re.sub(r"[^A-Za-z0-9.]+", "-", rest.rpartition("@")[2])
    return str(data / f"postgresql-{server}-storage")


def _storage(text: str, folder: Path) -> str:
    return text if "://" in text else _absolute(text, folder)


def _absolute(path: str, folder: Path) -> str:
    return os.path.abspath(folder / Path(path).expanduser())  # noqa: PTH100  (keeps symlinks)


def _check_name(name: str, setting: str) -> None:
    if not _WORLD_NAME.fullmatch(name):
        form = "up to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"
        raise SettingError(setting, repr(name), form)


def _json_kind(value: object) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}
    return ("empty " if value in ({}, "") else "") + names.get(type(value), "number")


def _did_you_mean(name: str, known: tuple[str, ...]) -> str | None:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
