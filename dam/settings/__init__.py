"""Settings of the user, from the environment, `.env` in the current folder, and the file of worlds.

They are read when a world opens, never at import. A relative path in the file of worlds starts from
that file's folder, any other relative path from the current folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dam.errors import UnknownNameError
from dam.settings.errors import SettingError, did_you_mean
from dam.settings.locations import shown_value
from dam.settings.variables import Digest, LogLevel, WorkerKind, read_variables
from dam.settings.worlds import DEFAULT_NAME, WorldSettings, worlds_in_use, worlds_of

__all__ = ["Settings", "WorldSettings", "load_settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `default_world` is one of `worlds`, which are in the order of their file."""

    worlds: Mapping[str, WorldSettings]
    default_world: str
    workers: int
    worker_kind: WorkerKind
    worker_environment: frozenset[str]
    extra_digests: frozenset[Digest]
    max_pixels: int | None
    log_level: LogLevel

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
        known = tuple(dict.fromkeys([*self.worlds, *worlds_in_use()]))
        others = tuple(other for other in known if other != world.name)
        if world.is_named_alone and others:
            raise _unknown_default(world.name, others, "`dam-cli setup-db` makes a new world")


def load_settings() -> Settings:
    """Return the current settings; without any, they have one world in the user's data folder.

    Raises:
        SettingError, MisspeltSettingError: A setting cannot be used, or has an unknown name.
        WorldSetTwiceError, SharedLocationError: The settings of worlds contradict each other.
    """
    variables = read_variables()
    worlds = worlds_of(variables)
    first = DEFAULT_NAME if DEFAULT_NAME in worlds else next(iter(worlds))
    default = variables.default_world_name or first
    if default not in worlds:
        raise _unknown_default(default, tuple(worlds))
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
    )


def _unknown_default(name: str, known: tuple[str, ...], way_out: str | None = None) -> SettingError:
    hints = [hint for hint in (did_you_mean(name, known), way_out) if hint]
    expected = f"one of {', '.join(known)}"
    return SettingError(
        "DAM_DEFAULT_WORLD_NAME",
        shown_value(name),
        expected,
        "; ".join(hints) or None,
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
