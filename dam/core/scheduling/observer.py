"""What is told of work while it goes on."""

from typing import Protocol


class Observer(Protocol):
    """Who wants to hear how the work goes on."""

    def advanced(self, system: str, entities: int) -> None:
        """`system` is done with so many more entities."""

    def waiting(self, entities: int, seconds: float | None) -> None:
        """Others hold so many entities; their leases end in `seconds` at the latest.

        None where a transaction of theirs has the rows locked: that ends when it ends.
        """
