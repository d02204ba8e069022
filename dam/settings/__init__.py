"""Settings of the user: from `config.toml`, from the nearest `.env`, and from the environment.

The later one wins. They are read when a world opens, never at import. A relative path starts from
the folder of the file that names it; in a variable of the environment, from the current folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dam.errors import UnknownNameError
from dam.settings.errors import SettingError, did_you_mean
from dam.settings.locations import shown_value
from dam.settings.reading import UNSET, WORLD_VARIABLES, FoundSettings, read_settings
from dam.settings.variables import Digest, LogLevel, Variables, WorkerKind
from dam.settings.worlds import (
    DEFAULT_NAME,
    WorldSettings,
    name_of_single,
    worlds_in_use,
    worlds_of,
)

__all__ = ["Settings", "WorldSettings", "load_settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `default_world` is one of `worlds`, which are in the order of their files.

    `origins` says where each setting was read, by its name in `config.toml`: the path of a file,
    `environment`, or `default` if it is not set. What concerns a world is in its `WorldSettings`.
    """

    worlds: Mapping[str, WorldSettings]
    default_world: str
    workers: int
    worker_kind: WorkerKind
    worker_environment: frozenset[str]
    extra_digests: frozenset[Digest]
    max_pixels: int | None
    log_level: LogLevel
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def world(self, name: str | None = None) -> WorldSettings:
        """Return the world of that name, or the default world.

        Raises:
            UnknownNameError: No world has that name.
        """
        chosen = self.default_world if name is None else name
        if chosen not in self.worlds:
            raise UnknownNameError("world", chosen, tuple(self.worlds))
        return self.worlds[chosen]

    def refuse_misspelt_world(self, name: str | None = None) -> None:
        """Refuse to create a world whose name may be the misspelt name of another world.

        Raises:
            SettingError: Only a name is set for the new world, and other worlds exist.
        """
        world = self.world(name)
        listed = [one.name for one in self.worlds.values() if not one.is_implied]
        known = tuple(dict.fromkeys([*listed, *worlds_in_use()]))
        others = tuple(other for other in known if other != world.name)
        if world.is_named_alone and others:
            raise _unknown_default(world.name, others, "`dam-cli setup-db` makes a new world")


def load_settings() -> Settings:
    """Return the current settings; without any, they have one world in the user's data folder.

    Raises:
        SettingError, MisspeltSettingError: A setting cannot be used, or has an unknown name.
        WorldSetTwiceError, SharedLocationError: The settings of worlds contradict each other.
    """
    found = read_settings()
    variables = found.variables
    worlds = worlds_of(found)
    default = _default_world(found, worlds)
    kind, count = variables.workers or ("process", _usable_cores())
    return Settings(
        worlds=MappingProxyType(worlds),
        default_world=default,
        workers=count,
        worker_kind=kind,
        worker_environment=variables.worker_environment,
        extra_digests=variables.extra_digests,
        max_pixels=variables.max_pixels,
        log_level=variables.log_level,
        origins=_origins(found),
    )


def _default_world(found: FoundSettings, worlds: Mapping[str, WorldSettings]) -> str:
    """Return the world of commands without `--world`; without a name for it, `default`.

    A world `default` that was never used does not come before those that are set.
    """
    usual = worlds.get(DEFAULT_NAME)
    first = next(iter(worlds)) if usual is None or usual.is_unused else DEFAULT_NAME
    default = name_of_single(found) or found.variables.default_world_name or first
    if default not in worlds:
        setting = found.origin("default_world_name").label("default_world_name")
        raise _unknown_default(default, tuple(worlds), setting=setting)
    return default


def _origins(found: FoundSettings) -> dict[str, str]:
    single = next((name for name in WORLD_VARIABLES[:2] if found.origin(name) != UNSET), None)
    names = [name for name in Variables.model_fields if name not in WORLD_VARIABLES]
    default = found.origin(single or "default_world_name").place
    return {"default": default, **{name: found.origin(name).place for name in names}}


def _unknown_default(
    name: str,
    known: tuple[str, ...],
    way_out: str | None = None,
    setting: str = "DAM_DEFAULT_WORLD_NAME",
) -> SettingError:
    hints = [hint for hint in (did_you_mean(name, known), way_out) if hint]
    expected = f"one of {', '.join(known)}"
    return SettingError(
        setting,
        shown_value(name),
        expected,
        "; ".join(hints) or None,
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
