"""`SyncWorld`: a world for ordinary code, for scripts, notebooks and Qt, without async or await."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import Settings, World, open_world

P = ParamSpec("P")
T = TypeVar("T")


class SyncWorld:
    """An open world whose event loop runs in a thread of its own.

    Invariant: everything of the world happens in that thread; any thread may call the methods, each
    of which waits for its answer. Use it as a context manager, or call `close`.

        with SyncWorld() as world:
            world.call(import_files, ["/pictures"], ImportOptions(is_recursive=True))
    """

    def __init__(
        self, name: str | None = None, *, settings: Settings | None = None, plugins: bool = True
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="dam-world", daemon=True
        )
        self._thread.start()
        self._opened: AbstractAsyncContextManager[World] = open_world(
            name, settings=settings, plugins=plugins
        )
        try:
            self._world = self._wait(self._opened.__aenter__())
        except BaseException:
            self._stop()
            raise

    def run(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function that takes a session, in one transaction, as `World.run` does."""
        return self._wait(self._world.run(fn, *args, **kwargs))

    def read(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function that only reads, as `World.read` does."""
        return self._wait(self._world.read(fn, *args, **kwargs))

    def call(
        self,
        fn: Callable[Concatenate[World, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function that takes the world and owns its transactions."""
        return self._wait(fn(self._world, *args, **kwargs))

    def close(self) -> None:
        """Close the world and end its thread; a second time does nothing."""
        if self._loop.is_closed():
            return
        try:
            self._wait(self._opened.__aexit__(None, None, None))
        finally:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C here stops the work there
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
