"""`EventDispatcher`: runs the listeners of events."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from dam.core.events import Event
from dam.core.scheduling.invoker import Invoker
from dam.core.systems.params import Plan

R = TypeVar("R")
log = logging.getLogger(__name__)


class EventDispatcher:
    """Runs the listeners of one world: now and for their answers, or after a commit.

    A listener's own transaction may emit events; they are announced when it has committed.
    """

    def __init__(
        self, invoker: Invoker, listeners: Mapping[type[Event[Any]], Sequence[Plan]]
    ) -> None:
        self._invoker = invoker
        self._listeners = listeners

    async def dispatch(self, event: Event[R]) -> list[R]:
        """Run the listeners of the event's class in order and return their answers."""
        answers: list[R] = []
        for plan in self._listeners.get(type(event), ()):
            answers.append(cast("R", await self._run(plan, event)))  # noqa: PERF401 - in turn
        return answers

    async def announce(self, events: Iterable[Event[Any]]) -> None:
        """Run the listeners of events whose transaction has committed; log a listener's error."""
        for event in events:
            for plan in self._listeners.get(type(event), ()):
                try:
                    await self._run(plan, event)
                except Exception:  # the boundary: the writes are committed, and other listeners run
                    log.exception(
                        "a listener failed",
                        extra={"event": type(event).__name__, "listener": plan.name},
                    )

    async def _run(self, plan: Plan, event: Event[Any]) -> object:
        answer, emitted = await self._invoker.call(plan, event)
        await self.announce(emitted)
        return answer
