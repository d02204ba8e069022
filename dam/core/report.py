"""What a scheduler says of its work: while it goes on, and at the end."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dam.core.ecs import EntityId
from dam.errors import NotSettledError

_MAX_ROUNDS = 20


class Observer(Protocol):
    """Who wants to hear how the work goes on."""

    def advanced(self, system: str, entities: int) -> None:
        """`system` is done with so many more entities."""

    def waiting(self, entities: int, seconds: float) -> None:
        """Others hold so many entities; their leases end in `seconds` at the latest."""


@dataclass
class Report:
    """What was done: entities by system, and how many of them failed."""

    processed: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    _rounds: dict[str, bytearray] = field(
        default_factory=lambda: defaultdict(bytearray), repr=False, compare=False
    )

    def count(self, system: str, entity_ids: Sequence[EntityId]) -> None:
        """Count a system's work on entities, ascending.

        Raises:
            NotSettledError: It has come back to one of them without end.
        """
        rounds = self._rounds[system]  # one byte an id: there may be millions
        rounds.extend(bytes(max(0, entity_ids[-1] + 1 - len(rounds))))
        for entity_id in entity_ids:
            rounds[entity_id] += 1
            if rounds[entity_id] > _MAX_ROUNDS:
                raise NotSettledError([system])
        self.processed[system] += len(entity_ids)
