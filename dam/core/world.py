"""`World`: an open world, with its database, resources (the store is one) and scheduler."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database
from dam.core.events import Event, collected
from dam.core.resources import ResourceManager
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.scheduler import WorldScheduler

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class _NotKeptError(Exception):
    """Rolls back the transaction of a rehearsal."""


class World:
    """An open world; `WorldBuilder.build` makes it, `close` is called once.

    Invariant: `database`, `resources` and `scheduler` belong to this world alone and live as long
    as it does.
    """

    def __init__(
        self,
        *,
        config: WorldConfig,
        context: WorldContext,
        database: Database,
        resources: ResourceManager,
        scheduler: WorldScheduler,
        dispatcher: EventDispatcher,
    ) -> None:
        self.config = config
        self.context = context
        self.database = database
        self.resources = resources
        self.scheduler = scheduler
        self._dispatcher = dispatcher

    async def run(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function in one transaction; send its events after the commit.

        On PostgreSQL the function may be called up to five times: when other transactions were in
        its way, or when a row refers to an entity that does not exist, because another process may
        just have deleted it. If the entity never existed, the fifth call fails.

        Raises:
            NestedWriterError: Called inside another transaction that writes.
            DatabaseContendedError: Other transactions were in its way each time.
            WorldResetError: The world was reset after it was opened.

        Example: `await world.run(delete_entity, 12)` calls `delete_entity(session, 12)`.
        """
        return await self._run(lambda session: fn(session, *args, **kwargs), durable=False)

    async def run_durably(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run like `run`, with a commit that survives a power cut on SQLite, too."""
        return await self._run(lambda session: fn(session, *args, **kwargs), durable=True)

    async def rehearse(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what `run` would return, then roll everything back; no event is sent.

        On PostgreSQL the ids of entities that were created meanwhile are never used again.
        """
        answers: list[T] = []

        async def attempt(session: AsyncSession) -> None:
            answers.append(await fn(session, *args, **kwargs))
            raise _NotKeptError

        with suppress(_NotKeptError):
            await self.run(attempt)
        return answers[-1]

    async def _run(self, fn: Callable[[AsyncSession], Awaitable[T]], *, durable: bool) -> T:
        async def transaction() -> tuple[T, list[Event[Any]]]:
            async with self.database.writer(durable=durable) as session:
                return await fn(session), collected(session)

        answer, events = await self.database.retried(transaction)
        await self._dispatcher.announce(events)
        return answer

    async def read(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function in one read-only transaction."""
        return await self.database.read(fn, *args, **kwargs)

    async def dispatch_event(self, event: Event[R]) -> list[R]:
        """Run the listeners of an event now and return their answers."""
        return await self._dispatcher.dispatch(event)

    async def close(self) -> None:
        """Close the resources in reverse order, the database last."""
        await self.resources.close()
