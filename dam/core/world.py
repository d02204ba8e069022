"""`World`: an open world, with its database, resources (the store is one) and scheduler."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database
from dam.core.events import Event, collected
from dam.core.first_parameter import FirstParameters, unfit, unfit_type
from dam.core.resources import ResourceManager
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.scheduler import WorldScheduler
from dam.errors import UnfitFunctionError

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
First = TypeVar("First", "World", AsyncSession)


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
        self._first_parameters = FirstParameters()

    async def run(
        self,
        fn: Callable[Concatenate[First, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function; the type of its first parameter says what it is given.

        A function that takes a `World` makes its own transactions and is called once, as it is. One
        that takes an `AsyncSession` runs in one transaction; its events are sent after the commit.
        On PostgreSQL it may be called up to five times: when other transactions were in its way, or
        when a row refers to an entity that does not exist, because another process may just have
        deleted it. If the entity never existed, the fifth call fails.

        A function that takes a `ReadOnly[AsyncSession]` runs as in `read`. One that takes a
        `ReadOnly[World]` gets a world that refuses to write as long as the call runs.

        Examples:
            await world.run(delete_entity, 12)  # delete_entity(session, 12), then a commit
            await world.run(count_entities)  # count_entities(session), read-only
            await world.run(export_assets, [12], Path("out"))  # export_assets(world, [12], …)

        Args:
            fn: An async function whose first parameter is annotated with one of these types.
            args: What it is given after the first.
            kwargs: What it is given by name.

        Raises:
            UnfitFunctionError: The first parameter has no annotation, or one of another type.
            NestedWriterError: Called inside another transaction that writes.
            ReaderWritesError: The function writes although it is marked as `ReadOnly`.
            DatabaseContendedError: Other transactions were in its way each time.
            WorldResetError: The world was reset after it was opened.
        """
        call: Callable[..., Awaitable[T]] = fn
        first = self._first_parameters.of("run", fn)
        if first.type is World:
            with self.database.refusing_writers() if first.is_read_only else nullcontext():
                return await call(self, *args, **kwargs)
        if first.type is not AsyncSession:
            raise unfit_type("run", fn, first.type)
        if first.is_read_only:
            return await self.database.read(call, *args, **kwargs)
        return await self._run(lambda session: call(session, *args, **kwargs), durable=False)

    async def run_durably(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one transaction as `run` does; its commit survives a power cut on SQLite, too."""
        self._refuse_world("run_durably", fn)
        return await self._run(lambda session: fn(session, *args, **kwargs), durable=True)

    async def rehearse(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what `run` would return for a transaction, then roll back; no event is sent.

        On PostgreSQL the ids of entities that were created meanwhile are never used again.
        """
        self._refuse_world("rehearse", fn)
        answers: list[T] = []

        async def attempt(session: AsyncSession) -> None:
            answers.append(await fn(session, *args, **kwargs))
            raise _NotKeptError

        with suppress(_NotKeptError):
            await self._run(attempt, durable=False)
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
        """Run a function of a session in one read-only transaction.

        Raises:
            UnfitFunctionError: The function takes a `World`: it makes its own transactions.
            ReaderWritesError: The function writes.
        """
        self._refuse_world("read", fn)
        return await self.database.read(fn, *args, **kwargs)

    async def dispatch_event(self, event: Event[R]) -> list[R]:
        """Run the listeners of an event now and return their answers."""
        return await self._dispatcher.dispatch(event)

    async def close(self) -> None:
        """Close the resources in reverse order, the database last."""
        await self.resources.close()

    def _refuse_world(self, verb: str, fn: Callable[..., Awaitable[Any]]) -> None:
        """Refuse a function that takes a world where all functions are given a session."""
        try:
            first = self._first_parameters.of(verb, fn)
        except UnfitFunctionError:
            return  # a function that does not say what it takes is given a session
        if first.type is World:
            found = "it takes a World and makes its own transactions"
            raise unfit(verb, fn, found, "call it with `run`")
