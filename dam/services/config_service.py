"""The user's settings: what is set, where each setting was read, and the file `config.toml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dam.errors import OutputFolderError, place_without_password, url_without_password
from dam.settings import Settings, WorldSettings
from dam.settings.files import config_file
from dam.storage.privacy import make_private_folder

__all__ = [
    "ConfigFile",
    "ShownSetting",
    "config_path",
    "list_settings",
    "make_config",
    "settings_of",
]

_TEMPLATE = """\
# Settings of dam for this user. A `.env` file and variables DAM_… of the environment win over it.
# Relative paths count from the folder of this file.

# The world that commands use without --world.
#default = "photos"

# How many processes decode; "thread:4" is the same as 4.
#workers = 4

# Digests to compute besides SHA-256.
#extra_digests = ["md5", "sha1"]

# The largest picture that is decoded: its width times its height.
#max_pixels = 400000000

# Variables of the environment that workers see, too.
#worker_environment = ["CUDA_VISIBLE_DEVICES"]

# The lowest level that is logged to stderr.
#log_level = "WARNING"

# One table for each world. To create a database that you name here, run
# `dam-cli -w photos setup-db`.
#[worlds.photos]
#database_url = "sqlite:////data/photos/photos.db"
#asset_storage_path = "/data/photos/store"

#[worlds.scans]
#database_url = "postgresql://user:password@host:5432/scans"
"""


@dataclass(frozen=True, kw_only=True)
class ShownSetting:
    """A setting without any password.

    Args:
        name: Its name in `config.toml`; with dots if it is in a table.
        value: None if it has none.
        origin: The path of the file that sets it, `environment`, or `default`.
    """

    name: str
    value: str | int | Sequence[str] | None
    origin: str


@dataclass(frozen=True, kw_only=True)
class ConfigFile:
    """Where the user's `config.toml` is, or would be."""

    path: Path
    exists: bool


def config_path() -> ConfigFile:
    """Return where the user's `config.toml` is; it is not read."""
    path = config_file()
    return ConfigFile(path=path, exists=path.is_file())


def make_config() -> ConfigFile:
    """Make a `config.toml` that explains all settings and sets none, unless there is one.

    Only the user may read it, because the address of a database may have a password.

    Raises:
        OutputFolderError: It cannot be made.
    """
    path = config_file()
    try:
        make_private_folder(path.parent)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(_TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise OutputFolderError(path.parent, error) from error
    return config_path()


def list_settings(settings: Settings) -> list[ShownSetting]:
    """Return all settings: those of the program, and then those of each world.

    Example: `list_settings(load_settings())`.
    """
    worlds = settings.worlds.values()
    return [*_of_program(settings), *(one for world in worlds for one in _of_world(world))]


def settings_of(settings: Settings, world: str | None = None) -> list[ShownSetting]:
    """Return the settings that hold in one world.

    Example: `settings_of(load_settings(), "photos")`.

    Args:
        settings: All settings.
        world: A world's name; the default world without.

    Raises:
        UnknownNameError: No world has that name.
    """
    return [*_of_program(settings), *_of_world(settings.world(world))]


def _of_program(settings: Settings) -> list[ShownSetting]:
    is_process = settings.worker_kind == "process"
    values: dict[str, object] = {
        "default": settings.default_world,
        "workers": settings.workers if is_process else f"thread:{settings.workers}",
    }
    values |= {name: getattr(settings, name) for name in settings.origins if name not in values}
    return [
        ShownSetting(name=name, value=_plain(values[name]), origin=origin)
        for name, origin in settings.origins.items()
    ]


def _plain(value: object) -> str | int | list[str] | None:
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value if value is None or isinstance(value, int) else str(value)


def _of_world(world: WorldSettings) -> list[ShownSetting]:
    return [
        ShownSetting(
            name=f"worlds.{world.name}.database_url",
            value=url_without_password(world.database_url),
            origin=world.database_origin,
        ),
        ShownSetting(
            name=f"worlds.{world.name}.asset_storage_path",
            value=place_without_password(world.storage_url),
            origin=world.storage_origin,
        ),
    ]
