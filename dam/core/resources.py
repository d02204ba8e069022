"""Resources: shared services of a world, found by their type, closed in reverse order."""

from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from dam.errors import MissingResourceError

T = TypeVar("T")


@runtime_checkable
class AsyncCloseable(Protocol):
    """A resource that must be closed when its world closes."""

    async def close(self) -> None:
        """Release what the resource holds: files, threads, connections."""


class ResourceManager:
    """The resources of one world.

    Invariant: a resource is made once, when the world is built, after the resources it is made
    from. Resources with an async `close` are closed in the reverse order, even if one of them fails
    to close.
    """

    def __init__(self) -> None:
        self._by_type: dict[type[Any], object] = {}
        self._closing = AsyncExitStack()

    def add(self, kind: type[T], resource: T, *, is_lent: bool = False) -> None:
        """Add a resource, in place of an earlier one of that type.

        Args:
            kind: The type under which `get` finds it.
            resource: The resource.
            is_lent: `close` leaves it open, because its lender closes it.
        """
        self._by_type[kind] = resource
        if not is_lent and isinstance(resource, AsyncCloseable):
            self._closing.push_async_callback(resource.close)

    def get(self, kind: type[T]) -> T:
        """Return the resource of that type.

        Raises:
            MissingResourceError: There is none; the error lists the types that have one.
        """
        try:
            return cast("T", self._by_type[kind])
        except KeyError:
            known = sorted(known.__name__ for known in self._by_type)
            raise MissingResourceError(kind.__name__, known) from None

    async def close(self) -> None:
        """Close all resources, the last one added first."""
        await self._closing.aclose()
