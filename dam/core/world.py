"""`World`: one database, its store, resources and scheduler, open for use."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database
from dam.core.events import Event, collected
from dam.core.resources import ResourceManager
from dam.core.scheduling.scheduler import WorldScheduler

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class _NotKeptError(Exception):
    """Ends the transaction of a rehearsal."""


class World:
    """An open world; made by `WorldBuilder.build`, closed once.

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
    ) -> None:
        self.config = config
        self.context = context
        self.database = database
        self.resources = resources
        self.scheduler = scheduler

    async def run(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function in one transaction; send its events once that has committed.

        On PostgreSQL it is called again, up to five times in all, when other transactions were in
        its way, or a row refers to an entity that is not there: somebody may have deleted that a
        moment ago. A function that always refers to nothing fails after the fifth.

        Raises:
            NestedWriterError: Called inside another transaction that writes.
            DatabaseContendedError: Other transactions were in its way each time.
            WorldResetError: The world was emptied since it was opened.
        """
        return await self._run(lambda session: fn(session, *args, **kwargs), durable=False)

    async def run_durably(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do as `run` does; on SQLite, the commit also survives a power cut."""
        return await self._run(lambda session: fn(session, *args, **kwargs), durable=True)

    async def rehearse(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what `run` would, and leave the database as it is; no event is sent.

        On PostgreSQL the ids that a new entity would have had are not given again.
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
        await self.scheduler.announce(events)
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
        return await self.scheduler.dispatch_event(event)

    async def close(self) -> None:
        """Close the resources in reverse order, the database at the end."""
        await self.resources.close()
