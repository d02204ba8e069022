"""`SettlingGuard`: stops a run of systems that would never end."""

from collections import defaultdict
from collections.abc import Sequence

from dam.core.ecs.components import EntityId
from dam.errors import NotSettledError

_MAX_ROUNDS = 20
_MAX_GENERATIONS = 100


class SettlingGuard:
    """Notices systems that mark entities, or create marked ones, without end.

    Knows, for one run, how often each system had each entity, and which entities the run created
    out of which others.
    """

    def __init__(self) -> None:
        self._rounds: dict[str, bytearray] = defaultdict(bytearray)
        self._generations = bytearray()
        self._newest: EntityId = 0

    def admit(self, system: str, entity_ids: Sequence[EntityId]) -> None:
        """Note the entities of a batch, ascending, that a system is about to process.

        Raises:
            NotSettledError: The system had an entity more than 20 times, without a new entity from
                outside meanwhile; or an entity has more than 100 ancestors that the run created out
                of each other.
        """
        last = entity_ids[-1]
        if last > self._newest and not self.has_created(last):
            self._rounds.clear()  # the outside world goes on, and may mark old entities again
        self._newest = max(self._newest, last)
        rounds = _reaching(self._rounds[system], last)
        generations = _reaching(self._generations, last)
        for entity_id in entity_ids:
            rounds[entity_id] += 1
            if rounds[entity_id] > _MAX_ROUNDS or generations[entity_id] > _MAX_GENERATIONS:
                raise NotSettledError([system])

    def has_created(self, entity_id: EntityId) -> bool:
        """Tell whether the systems of this run have created an entity."""
        return any(self._generations[entity_id : entity_id + 1])

    def descended(self, parents: Sequence[EntityId], children: Sequence[EntityId]) -> None:
        """Note that a system created `children` while it processed `parents`, admitted before.

        How many they are does not matter, only how many generations this run has created. Which
        parent has which child is not known, so all children get the generation after the lowest one
        of the parents. Example: parents of generations 0 and 3 have children of generation 1.
        """
        if not children:
            return
        generations = _reaching(self._generations, max(children))
        generation = 1 + min(generations[parent] for parent in parents)
        for child in children:
            generations[child] = generation


def _reaching(numbers: bytearray, entity_id: EntityId) -> bytearray:
    """Extend the numbers up to an entity's; one byte per id, because there may be millions."""
    numbers.extend(bytes(max(0, entity_id + 1 - len(numbers))))
    return numbers
