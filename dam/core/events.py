"""Events: collected inside a transaction, handed to listeners once it has committed."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

R = TypeVar("R")

_OUTBOX = "dam.outbox"


@dataclass(frozen=True)
class Event(Generic[R]):
    """Something that happened or is asked for; each listener answers with an `R`."""


def emit(session: AsyncSession, event: Event[Any]) -> None:
    """Send `event` when the transaction of `session` commits; a rollback takes it back."""
    session.info.setdefault(_OUTBOX, []).append(event)


def collected(session: AsyncSession) -> list[Event[Any]]:
    """Return what was emitted in the session so far, in order."""
    return list(session.info.get(_OUTBOX, ()))
