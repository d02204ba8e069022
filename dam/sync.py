"""`SyncWorld`: a world for code without async and await: scripts, notebooks, Qt."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import Settings, World, open_world

P = ParamSpec("P")
T = TypeVar("T")
First = TypeVar("First", World, AsyncSession)


class SyncWorld:
    """An open world whose event loop runs in a thread of its own.

    Invariant: the world is used in that thread only. Any other thread may call the methods; each
    waits for its answer. Use it as a context manager, or call `close`.

        with SyncWorld() as world:
            world.run(add_files, ["/pictures"], ImportOptions(is_recursive=True))
    """

    def __init__(
        self, name: str | None = None, *, settings: Settings | None = None, plugins: bool = True
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()  # a call that was accepted enters the loop before its end
        self._is_closed = False
        self._closing = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        opened: Future[World] = Future()
        self._ended: Future[None] = Future()
        opening = open_world(name, settings=settings, plugins=plugins)
        self._thread = threading.Thread(
            target=self._serve, args=(opening, opened), name="dam-world", daemon=True
        )
        self._thread.start()
        try:
            self._world = opened.result()
        except BaseException:
            self.close()
            raise

    def run(
        self,
        fn: Callable[Concatenate[First, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a service function that takes a `World` or an `AsyncSession`, as `World.run` does."""
        return self._wait(lambda: self._world.run(fn, *args, **kwargs))

    def read(
        self,
        fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function of a session in one read-only transaction, as `World.read` does."""
        return self._wait(lambda: self._world.read(fn, *args, **kwargs))

    def pages(
        self,
        find: Callable[Concatenate[AsyncSession, P], Awaitable[list[int]]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Iterator[list[int]]:
        """Yield all that a function finds that returns ids page by page, such as `find_entities`.

        Each page is read in a transaction of its own, so that the world may be changed in between.

        Example: `for page in world.pages(find_entities, with_=[FilePropertiesComponent]): …`.

        Args:
            find: Returns ids in ascending order, only ones greater than its argument `after`.
            args: What it is given after the session.
            kwargs: What it is given by name; `after` says where to begin.
        """
        find_page: Callable[..., Awaitable[list[int]]] = find
        given: dict[str, Any] = dict(kwargs)
        while page := self.read(find_page, *args, **given):
            yield page
            given["after"] = page[-1]

    def close(self) -> None:
        """Cancel running calls, close the world and end its thread; a second call does nothing."""
        self._refuse_own_thread()
        with self._lock:
            is_first, self._is_closed = not self._is_closed, True
            if is_first and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        if is_first:
            self._ended.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait(self, job: Callable[[], Awaitable[T]]) -> T:
        self._refuse_own_thread()
        # Not `run_coroutine_threadsafe`: Ctrl-C inside it would lose the future and leave the job.
        answer: Future[T] = Future()
        try:
            self._submit(job, answer)
            return answer.result()
        except BaseException:
            answer.cancel()  # also cancels the job; `close` waits for its end
            raise

    def _submit(self, job: Callable[[], Awaitable[T]], answer: "Future[T]") -> None:
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the world is closed")
            self._loop.call_soon_threadsafe(self._start, job, answer)

    def _refuse_own_thread(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError("called from the world's own thread: await the world's methods")

    def _start(self, job: Callable[[], Awaitable[T]], answer: "Future[T]") -> None:
        async def work() -> T:
            return await job()

        def settle(task: asyncio.Task[T]) -> None:
            self._running.discard(task)
            if task.cancelled():
                answer.cancel()
            elif not answer.set_running_or_notify_cancel():
                task.exception()  # retrieved, or asyncio logs that it never was
            elif error := task.exception():
                answer.set_exception(error)
            else:
                answer.set_result(task.result())

        task = self._loop.create_task(work())
        self._running.add(task)
        task.add_done_callback(settle)
        answer.add_done_callback(lambda _: self._loop.call_soon_threadsafe(task.cancel))

    def _serve(self, opening: AbstractAsyncContextManager[World], opened: "Future[World]") -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live(opening, opened))
        except BaseException as error:  # noqa: BLE001 - the boundary: another thread waits for this
            (self._ended if opened.done() else opened).set_exception(error)
        if not self._ended.done():
            self._ended.set_result(None)

    async def _live(
        self, opening: AbstractAsyncContextManager[World], opened: "Future[World]"
    ) -> None:
        async with opening as world:
            opened.set_result(world)
            await self._closing.wait()
            running = list(self._running)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
