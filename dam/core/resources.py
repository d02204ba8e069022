"""Resources: shared services of a world, found by their type, closed in reverse order."""

from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from dam.errors import MissingResourceError

T = TypeVar("T")


@runtime_checkable
class AsyncCloseable(Protocol):
    """A resource with something to give back when its world closes."""

    async def close(self) -> None:
        """Give back what the resource holds."""


class ResourceManager:
    """The resources of one world.

    Invariant: a resource is made once, when the world is built, after those it was made from;
    whatever has an async `close` is closed in the reverse order, also when another's close fails.
    """

    def __init__(self) -> None:
        self._by_type: dict[type[Any], object] = {}
        self._closing = AsyncExitStack()

    def add(self, kind: type[T], resource: T, *, is_lent: bool = False) -> None:
        """Keep `resource` in the place of an earlier one; a lent one is closed by its lender."""
        self._by_type[kind] = resource
        if not is_lent and isinstance(resource, AsyncCloseable):
            self._closing.push_async_callback(resource.close)

    def get(self, kind: type[T]) -> T:
        """Return the resource of that type.

        Raises:
            MissingResourceError: There is none; the error lists those that exist.
        """
        try:
            return cast("T", self._by_type[kind])
        except KeyError:
            known = sorted(known.__name__ for known in self._by_type)
            raise MissingResourceError(kind.__name__, known) from None

    async def close(self) -> None:
        """Close all resources, the newest first."""
        await self._closing.aclose()
