"""What the user has set: the environment, `.env` in the current folder, the file of worlds.

Read when a world opens, never at import. A relative path counts from the folder of what names it:
the file of worlds, or the current folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dam.settings.errors import SettingError, UnknownWorldError, did_you_mean
from dam.settings.locations import url_without_password
from dam.settings.variables import Digest, LogLevel, WorkerKind, read_variables
from dam.settings.worlds import WorldSettings, worlds_of

__all__ = ["Settings", "WorldSettings", "load_settings", "url_without_password"]


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
    variables = read_variables()
    worlds = worlds_of(variables)
    first = "default" if "default" in worlds else next(iter(worlds))
    default = variables.default_world_name or first
    if default not in worlds:
        raise SettingError(
            "DAM_DEFAULT_WORLD_NAME",
            repr(default),
            f"one of {', '.join(worlds)}",
            did_you_mean(default, tuple(worlds)),
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


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
