"""What a world is told when it opens: its settings, its name, its clock."""

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
        lease_s: At most `LONGEST_LEASE_S`: what others hold longer than that has run out.
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


def utc_now() -> datetime:
    """Return the system's clock as an aware UTC datetime."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class WorldContext:
    """Who is at work: the world's name, its clock, and an id of this opening of it."""

    world_name: str
    run_id: str
    now: Callable[[], datetime] = utc_now


_CONTEXT = "dam.context"


def session_info(context: WorldContext) -> dict[str, object]:
    """Return what `Database` puts into the `info` of each of its sessions."""
    return {_CONTEXT: context}


def context_of(session: AsyncSession) -> WorldContext:
    """Return the context of the world that opened `session`."""
    context = session.info[_CONTEXT]
    assert isinstance(context, WorldContext)
    return context
