"""`Observer`: is told of the progress of a run."""

from typing import Protocol


class Observer(Protocol):
    """Is called while systems run, for a progress bar say."""

    def advanced(self, system: str, entities: int) -> None:
        """`system` has processed this many more entities."""

    def waiting(self, entities: int, seconds: float | None) -> None:
        """The run waits for entities that other processes hold.

        Args:
            entities: How many they are.
            seconds: When their leases end, at the latest; None if a transaction of another process
                has locked the rows, which may last any time.
        """
