"""Makes the list of worlds from the settings: where each has its database, store and cache."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
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
from dam.settings.locations import (
    absolute_database_url,
    absolute_storage_url,
    is_address,
    location_of,
    quoted_path,
    shown_value,
    storage_beside,
)
from dam.settings.variables import PREFIX, Variables

DEFAULT_NAME = "default"
_WORLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEYS = ("database_url", "asset_storage_path")
_WORLDS_FORM = '{"name": {"database_url": "…", "asset_storage_path": "…"}}'


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """Where one world has its database, store and cache.

    Args:
        name: The world's name.
        database_url: `sqlite:///` with an absolute path, or `postgresql`; with its password.
        storage_url: An absolute folder, or the URL of a store.
        cache_path: The folder of caches.
        is_configured: The database is set; a database that is not set is created on first use.
        is_named_alone: Only a name is set for it, which may be misspelt.
    """

    name: str
    database_url: str
    storage_url: str
    cache_path: Path
    is_configured: bool
    is_named_alone: bool


@dataclass(frozen=True)
class _Entry:
    """The settings of one world; `label` names one of them in an error."""

    database_url: str | None
    asset_storage_path: str | None
    folder: Path = Path()
    place: str | None = None

    def label(self, key: str) -> str:
        return f"{key} of {self.place}" if self.place else PREFIX + key.upper()


def worlds_of(variables: Variables) -> dict[str, WorldSettings]:
    """Return all worlds by name: those of DAM_WORLDS_CONFIG, and the one of the single variables.

    Raises:
        SettingError, MisspeltSettingError: A setting of a world cannot be used, or is unknown.
        WorldSetTwiceError: Both ways set a world of the same name.
        SharedLocationError: Two worlds have the same database or store.
    """
    entries = _entries_in(variables.worlds_config) if variables.worlds_config else {}
    database, storage = variables.database_url, variables.asset_storage_path
    if database or storage or not entries:
        name = variables.default_world_name or DEFAULT_NAME
        if name in entries:
            raise WorldSetTwiceError(name)
        _check_name(name, "DAM_DEFAULT_WORLD_NAME")
        entries[name] = _Entry(database, storage)
    worlds = {name: _world(name, entry) for name, entry in entries.items()}
    _refuse_sharing(worlds.values())
    return worlds


def _refuse_sharing(worlds: Iterable[WorldSettings]) -> None:
    """Refuse worlds with the same database or store: `gc` of one would remove the other's files."""
    world_at: dict[str, str] = {}
    for world in worlds:
        for url in (world.database_url, world.storage_url):
            location = location_of(url)
            if first := world_at.get(location):
                raise SharedLocationError(place_without_password(url), first, world.name)
            world_at[location] = world.name


def _entries_in(text: str) -> dict[str, _Entry]:
    """Read DAM_WORLDS_CONFIG: JSON text, or the path of a file that holds it."""
    setting, folder = "DAM_WORLDS_CONFIG", Path()
    if not text.lstrip().startswith(("{", "[")):
        path = Path(os.path.expanduser(text))  # noqa: PTH111  (`~x` may not exist)
        shown = url_without_password(text) if is_address(text) else display_path(path)
        setting, folder = f"{setting} ({shown})", path.parent
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            found = words_for(error).removeprefix("is ")
            # Not `from error`: that shows the path, which may be an address.
            raise SettingError(setting, found, "JSON text or a JSON file") from None
        except UnicodeDecodeError as error:
            raise SettingError(setting, "not UTF-8 text", "JSON") from error
    try:
        worlds = json.loads(text, object_pairs_hook=partial(_object_of, setting))
    except ValueError as error:
        # The text is not shown: it may hold passwords.
        raise SettingError(setting, f"not JSON: {error}", _WORLDS_FORM) from error
    if not isinstance(worlds, dict) or not worlds:
        raise SettingError(setting, _json_kind(worlds), _WORLDS_FORM)
    return {name: _entry(name, entry, setting, folder) for name, entry in worlds.items()}


def _object_of(setting: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object; refuse a name that it has twice, of which `json` drops the first."""
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise SettingError(setting, f"JSON with {shown_value(twice[0])} twice", "each name once")
    return dict(pairs)


def _entry(name: str, entry: object, setting: str, folder: Path) -> _Entry:
    _check_name(name, f"a world's name in {setting}")
    place = f"world {name!r} in {setting}"
    if not isinstance(entry, dict):
        raise SettingError(place, _json_kind(entry), _WORLDS_FORM)
    for key, value in entry.items():
        if key not in _KEYS:
            raise MisspeltSettingError(key, place, _KEYS)
        if not isinstance(value, str) or not value:
            raise SettingError(f"{key} of {place}", _json_kind(value), "text")
    return _Entry(entry.get("database_url"), entry.get("asset_storage_path"), folder, place)


def _world(name: str, entry: _Entry) -> WorldSettings:
    data = platformdirs.user_data_path("dam")
    database_url = f"sqlite:///{quoted_path(str(data / name))}.db"
    if entry.database_url:
        label = entry.label("database_url")
        database_url = absolute_database_url(entry.database_url, entry.folder, label)
    storage_url = storage_beside(database_url, data)
    if entry.asset_storage_path:
        label = entry.label("asset_storage_path")
        storage_url = absolute_storage_url(entry.asset_storage_path, entry.folder, label)
    return WorldSettings(
        name=name,
        database_url=database_url,
        storage_url=storage_url,
        cache_path=platformdirs.user_cache_path("dam"),
        is_configured=entry.database_url is not None,
        is_named_alone=name != DEFAULT_NAME and not entry.database_url and entry.place is None,
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
