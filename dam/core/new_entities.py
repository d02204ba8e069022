"""Rules that say which markers a new entity gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from dam.core.ecs.components import EntityId, MarkerComponent
from dam.core.systems.declaration import raise_rule_fault


@dataclass(frozen=True, kw_only=True)
class NewEntity:
    """Facts about an entity that is about to be created; a subclass holds more of them."""

    entity_id: EntityId


New = TypeVar("New", bound=NewEntity)
_Rule = Callable[[Any], bool]


class NewEntityMarkers:
    """The markers that every new entity gets in the transaction that creates it."""

    def __init__(self) -> None:
        self._rules: list[tuple[type[MarkerComponent], _Rule | None]] = []

    def add(self, marker: type[MarkerComponent], when: Callable[[New], bool] | None) -> None:
        """Add a rule: `marker` for all new entities, or for those for which `when` returns True."""
        self._rules.append((marker, when))

    def markers(self) -> set[type[MarkerComponent]]:
        """Return every marker that has a rule."""
        return {marker for marker, _ in self._rules}

    def markers_for(self, entity: NewEntity) -> list[type[MarkerComponent]]:
        """Return the markers that a new entity gets.

        Raises:
            PluginFunctionError: A plugin's rule raised.
        """
        return [marker for marker, when in self._rules if _says_yes(marker, when, entity)]

    def wants(self, marker: type[MarkerComponent], entity: NewEntity) -> bool:
        """Tell whether an entity may get a marker: one of its rules says yes, or it has no rule.

        Raises:
            PluginFunctionError: A plugin's rule for this marker raised.
        """
        rules = [when for kind, when in self._rules if kind is marker]
        return not rules or any(_says_yes(marker, when, entity) for when in rules)


def _says_yes(marker: type[MarkerComponent], when: _Rule | None, entity: NewEntity) -> bool:
    try:
        return when is None or when(entity)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code
        raise_rule_fault(marker, when, error)
