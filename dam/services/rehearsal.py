"""Runs a change without keeping it: the plan of a change is what the change itself would answer."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World

P = ParamSpec("P")
T = TypeVar("T")


class _NotKeptError(Exception):
    """Ends the transaction of a rehearsal."""


async def rehearse(
    world: World,
    fn: Callable[Concatenate[AsyncSession, P], Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return what `world.run` would, and leave the database as it is; no event is sent.

    On PostgreSQL the ids that a new entity would have had are not given again.
    """
    answers: list[T] = []

    async def attempt(session: AsyncSession) -> None:
        answers.append(await fn(session, *args, **kwargs))
        raise _NotKeptError

    with suppress(_NotKeptError):
        await world.run(attempt)
    return answers[-1]
