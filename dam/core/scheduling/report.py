"""What a scheduler says of its work: while it goes on, and at the end."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dam.core.ecs.components import EntityId
from dam.errors import NotSettledError

_MAX_ROUNDS = 20
_MAX_GENERATIONS = 100


@dataclass
class Report:
    """What was done: entities by system, and how many of them failed."""

    processed: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    _rounds: dict[str, bytearray] = field(
        default_factory=lambda: defaultdict(bytearray), repr=False, compare=False
    )
    _generations: bytearray = field(default_factory=bytearray, repr=False, compare=False)
    _newest: EntityId = field(default=0, repr=False, compare=False)

    def count(self, system: str, entity_ids: Sequence[EntityId]) -> None:
        """Count a system's work on entities, ascending.

        Raises:
            NotSettledError: It has come back to one of them without end, or one of them is the last
                of a line of entities that the work has created out of each other without end.
        """
        last = entity_ids[-1]
        if last > self._newest and not self.has_created(last):
            self._rounds.clear()  # whom those from outside mark again does not come without end
        self._newest = max(self._newest, last)
        rounds = _reaching(self._rounds[system], last)
        generations = _reaching(self._generations, last)
        for entity_id in entity_ids:
            rounds[entity_id] += 1
            if rounds[entity_id] > _MAX_ROUNDS or generations[entity_id] > _MAX_GENERATIONS:
                raise NotSettledError([system])
        self.processed[system] += len(entity_ids)

    def has_created(self, entity_id: EntityId) -> bool:
        """Return whether the work itself has created an entity, and nobody from outside."""
        return any(self._generations[entity_id : entity_id + 1])

    def descended(self, parents: Sequence[EntityId], children: Sequence[EntityId]) -> None:
        """Note that entities were created while a system worked on others, which `count` has seen.

        However many there are: what counts is how long the line of ancestors is that this run has
        seen. The children of a batch count as those of its eldest, so nobody's is overrated.
        """
        if not children:
            return
        generations = _reaching(self._generations, max(children))
        generation = 1 + min(generations[parent] for parent in parents)
        for child in children:
            generations[child] = generation


def _reaching(numbers: bytearray, entity_id: EntityId) -> bytearray:
    """Extend numbers up to an entity's: one byte an id, for there may be millions."""
    numbers.extend(bytes(max(0, entity_id + 1 - len(numbers))))
    return numbers
