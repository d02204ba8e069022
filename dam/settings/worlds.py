"""Makes the list of worlds from the settings: where each has its database, store and cache."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import platformdirs

from dam.errors import display_path, place_without_password, url_without_password, words_for
from dam.settings.errors import (
    MisspeltSettingError,
    SettingError,
    SharedLocationError,
    WorldSetTwiceError,
)
from dam.settings.files import shown_path
from dam.settings.locations import (
    absolute_database_url,
    absolute_storage_url,
    is_address,
    location_of,
    quoted_path,
    shown_value,
    storage_beside,
)
from dam.settings.reading import UNSET, FoundSettings, Origin
from dam.settings.variables import PREFIX

DEFAULT_NAME = "default"
_WORLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEYS = ("database_url", "asset_storage_path")
_JSON_FORM = '{"name": {"database_url": "…", "asset_storage_path": "…"}}'
_TOML_FORM = '[worlds.name] and below it database_url = "…", asset_storage_path = "…"'


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """Where one world has its database, store and cache.

    Args:
        name: The world's name.
        database_url: `sqlite:///` with an absolute path, or `postgresql`; with its password.
        storage_url: An absolute folder, or the URL of a store.
        cache_path: The folder of caches.
        is_configured: `setup-db` must create the database; otherwise that is done on first use.
        is_named_alone: Only a name is set for it, which may be misspelt.
        is_implied: Nothing is set for it: it is the default world beside worlds that are set.
        is_unused: It is implied, and its database was never made.
        database_origin: Where the database was set: the path of a file, `environment` or `default`.
        storage_origin: Likewise for the store.
    """

    name: str
    database_url: str
    storage_url: str
    cache_path: Path
    is_configured: bool
    is_named_alone: bool
    is_implied: bool = False
    is_unused: bool = False
    database_origin: str = field(default=UNSET.place, compare=False)
    storage_origin: str = field(default=UNSET.place, compare=False)


@dataclass(frozen=True)
class _Value:
    """A setting of a world; `label` names it in an error."""

    text: str
    label: str
    origin: Origin


@dataclass(frozen=True)
class _Entry:
    """The settings of one world; `is_alone` if it has nothing but a name."""

    database: _Value | None = None
    storage: _Value | None = None
    is_alone: bool = False
    is_implied: bool = False


def worlds_of(found: FoundSettings) -> dict[str, WorldSettings]:
    """Return all worlds by name.

    Those are the worlds of `config.toml`, those of DAM_WORLDS_CONFIG, and the one of the single
    variables; of two with one name the later wins. A world whose database is set again gets its
    store from there, too, so that no database is joined to the store of another one. The default
    world in the user's data folder is always one of them, unless another world has its database.

    Raises:
        SettingError, MisspeltSettingError: A setting of a world cannot be used, or is unknown.
        WorldSetTwiceError: DAM_WORLDS_CONFIG and the single variables set the same world.
        SharedLocationError: Two worlds have the same database or store.
    """
    entries = _entries_of_config(found) | (listed := _entries_of_variable(found))
    if (name := name_of_single(found)) or not entries:
        name = name or found.variables.default_world_name or DEFAULT_NAME
        if name in listed:
            raise WorldSetTwiceError(name)
        _check_name(name, found.origin("default_world_name").label("default_world_name"))
        entries[name] = _single(found, entries.get(name, _Entry()))
    worlds = {name: _world(name, entry) for name, entry in entries.items()}
    _refuse_sharing(worlds.values())
    implied = _world(DEFAULT_NAME, _Entry(is_implied=True))
    if DEFAULT_NAME not in worlds and not _shares(implied, worlds.values()):
        worlds[DEFAULT_NAME] = implied
    return worlds


def name_of_single(found: FoundSettings) -> str | None:
    """Return the name of the world that the single variables set; None if they set none.

    Its name is `default`, unless a variable says otherwise: a database that is set in one folder
    does not become that of the user's default world.
    """
    variables = found.variables
    if not (variables.database_url or variables.asset_storage_path):
        return None
    is_variable = found.origin("default_world_name").is_of_variables
    return (is_variable and variables.default_world_name) or DEFAULT_NAME


def _single(found: FoundSettings, below: _Entry) -> _Entry:
    """Return the world of the single variables; `below` is what `config.toml` says of it."""
    database, storage = (_single_value(found, name) for name in _KEYS)
    if database is None:
        database, storage = below.database, storage or below.storage
    return _Entry(database, storage, is_alone=database is None)


def _single_value(found: FoundSettings, field: str) -> _Value | None:
    text = getattr(found.variables, field)
    return _Value(text, PREFIX + field.upper(), found.origin(field)) if text else None


def _shares(world: WorldSettings, others: Iterable[WorldSettings]) -> bool:
    taken = {location_of(url) for one in others for url in (one.database_url, one.storage_url)}
    return not taken.isdisjoint({location_of(world.database_url), location_of(world.storage_url)})


def _refuse_sharing(worlds: Iterable[WorldSettings]) -> None:
    """Refuse worlds with the same database or store: `gc` of one would remove the other's files."""
    world_at: dict[str, str] = {}
    for world in worlds:
        for url in (world.database_url, world.storage_url):
            location = location_of(url)
            if first := world_at.get(location):
                raise SharedLocationError(place_without_password(url), first, world.name)
            world_at[location] = world.name


def _entries_of_config(found: FoundSettings) -> dict[str, _Entry]:
    """Return the worlds of `config.toml`."""
    if found.worlds is None:
        return {}
    assert found.config.path is not None
    setting = shown_path(found.config.path)
    if not isinstance(found.worlds, dict):
        raise SettingError(f"worlds in {setting}", _kind(found.worlds), _TOML_FORM)
    return {
        name: _entry(name, entry, setting, found.config, _TOML_FORM)
        for name, entry in found.worlds.items()
    }


def _entries_of_variable(found: FoundSettings) -> dict[str, _Entry]:
    """Return the worlds of DAM_WORLDS_CONFIG: JSON text, or the path of a file that holds it."""
    text, setting = found.variables.worlds_config, "DAM_WORLDS_CONFIG"
    origin = found.origin("worlds_config")
    if not text:
        return {}
    if not text.lstrip().startswith(("{", "[")):
        path = origin.folder / os.path.expanduser(text)  # noqa: PTH111  (`~x` may not exist)
        shown = url_without_password(text) if is_address(text) else display_path(Path(text))
        setting = f"{setting} ({shown})"
        origin = Origin(place=os.path.abspath(path), folder=path.parent)  # noqa: PTH100 - as below
        text = _text_in(path, setting)
    try:
        worlds = json.loads(text, object_pairs_hook=partial(_object_of, setting))
    except ValueError as error:
        # The text is not shown: it may hold passwords.
        raise SettingError(setting, f"not JSON: {error}", _JSON_FORM) from error
    if not isinstance(worlds, dict) or not worlds:
        raise SettingError(setting, _json_kind(worlds), _JSON_FORM)
    return {
        name: _entry(name, entry, setting, origin, _JSON_FORM) for name, entry in worlds.items()
    }


def _text_in(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        found = words_for(error).removeprefix("is ")
        # Not `from error`: that shows the path, which may be an address.
        raise SettingError(setting, found, "JSON text or a JSON file") from None
    except UnicodeDecodeError as error:
        raise SettingError(setting, "not UTF-8 text", "JSON") from error


def _object_of(setting: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object; refuse a name that it has twice, of which `json` drops the first."""
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise SettingError(setting, f"JSON with {shown_value(twice[0])} twice", "each name once")
    return dict(pairs)


def _entry(name: str, entry: object, setting: str, origin: Origin, form: str) -> _Entry:
    _check_name(name, f"a world's name in {setting}")
    place = f"world {name!r} in {setting}"
    kind_of = _json_kind if form == _JSON_FORM else _kind
    if not isinstance(entry, dict):
        raise SettingError(place, kind_of(entry), form)
    for key, value in entry.items():
        if key not in _KEYS:
            raise MisspeltSettingError(key, place, _KEYS)
        if not isinstance(value, str) or not value:
            raise SettingError(f"{key} of {place}", kind_of(value), "text")
    database, storage = (
        _Value(entry[key], f"{key} of {place}", origin) if key in entry else None for key in _KEYS
    )
    return _Entry(database, storage)


def _world(name: str, entry: _Entry) -> WorldSettings:
    data = platformdirs.user_data_path("dam")
    is_unused = entry.is_implied and not (data / f"{name}.db").exists()
    database_url = f"sqlite:///{quoted_path(str(data / name))}.db"
    database, storage = entry.database, entry.storage
    if database:
        folder = database.origin.folder
        database_url = absolute_database_url(database.text, folder, database.label)
    storage_url = storage_beside(database_url, data)
    if storage:
        storage_url = absolute_storage_url(storage.text, storage.origin.folder, storage.label)
    return WorldSettings(
        name=name,
        database_url=database_url,
        storage_url=storage_url,
        cache_path=platformdirs.user_cache_path("dam"),
        is_configured=database is not None or is_unused,
        is_named_alone=name != DEFAULT_NAME and entry.is_alone,
        is_implied=entry.is_implied,
        is_unused=is_unused,
        database_origin=(database.origin if database else UNSET).place,
        storage_origin=(storage.origin if storage else UNSET).place,
    )


def worlds_in_use() -> list[str]:
    """Return the names of worlds that have a database in the user's data folder."""
    return sorted(path.stem for path in platformdirs.user_data_path("dam").glob("*.db"))


def _check_name(name: str, setting: str) -> None:
    if not _WORLD_NAME.fullmatch(name):
        form = "up to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"
        raise SettingError(setting, shown_value(name), form)


def _json_kind(value: object) -> str:
    if value in ({}, ""):
        return "empty"
    names = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}
    return f"a JSON {names.get(type(value), 'number')}"


def _kind(value: object) -> str:
    """Return what a value of a TOML file is: `a list`."""
    names: dict[type, str] = {dict: "a table", list: "a list", str: "text", bool: "a boolean"}
    return "empty" if value == "" else names.get(type(value), "a number or a date")
