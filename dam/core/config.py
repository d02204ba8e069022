"""Settings and context of an open world: `WorldConfig` and `WorldContext`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

LONGEST_LEASE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """The settings of one world; `dam.app` makes it from `dam.settings`.

    Args:
        worker_kind: Decoding in threads, which are not confined, is for tests alone.
        max_pixels: Of the largest file that is decoded; None for the limits of its media kind.
        lease_s: How long a lease on marked entities lasts. At most `LONGEST_LEASE_S`: a lease that
            ends further ahead than that counts as run out, because the clock was set back.
    """

    name: str
    database_url: str
    storage_url: str
    cache_path: Path
    workers: int
    worker_kind: Literal["process", "thread"] = "process"
    worker_environment: frozenset[str] = frozenset()
    task_timeout_s: float = 60.0
    lease_s: float = LONGEST_LEASE_S
    busy_timeout_s: float = 30.0
    extra_digests: frozenset[str] = frozenset()
    max_pixels: int | None = None


def utc_now() -> datetime:
    """Return the system's clock as an aware UTC datetime."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class WorldContext:
    """The world's name, its clock, and `run_id`, a random id of this opening of the world."""

    world_name: str
    run_id: str
    now: Callable[[], datetime] = utc_now


_CONTEXT = "dam.context"


def session_info(context: WorldContext) -> dict[str, object]:
    """Return the `info` that `Database` gives to each session, for `context_of` to read."""
    return {_CONTEXT: context}


def context_of(session: AsyncSession) -> WorldContext:
    """Return the context of the world that opened `session`."""
    context = session.info[_CONTEXT]
    assert isinstance(context, WorldContext)
    return context
