"""Events: collected inside a transaction, handed to listeners once it has committed."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

R = TypeVar("R")

_OUTBOX = "dam.outbox"


@dataclass(frozen=True)
class Event(Generic[R]):
    """Something that happened or is requested; each listener answers with an `R`.

    Example: `class AssetTagged(Event[None])`, a frozen dataclass with the fields `asset` and `tag`.
    """


def emit(session: AsyncSession, event: Event[Any]) -> None:
    """Send `event` once the transaction of `session` has committed; a rollback drops it."""
    session.info.setdefault(_OUTBOX, []).append(event)


def collected(session: AsyncSession) -> list[Event[Any]]:
    """Return the events that were emitted in the session so far, in order."""
    return list(session.info.get(_OUTBOX, ()))
