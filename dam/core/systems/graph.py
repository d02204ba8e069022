"""Orders systems within their stages and for each entity, and checks the set of them for faults."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dam.core.ecs.components import MarkerComponent
from dam.core.systems.declaration import SystemFunction, SystemStage, system_name
from dam.core.systems.params import EarlierMarkers, ParamKind, Plan
from dam.core.systems.signatures import fault
from dam.errors import BuildFault

Stages = Mapping[SystemStage, tuple[Plan, ...]]


def order_stages(plans: Sequence[Plan]) -> tuple[Stages, list[BuildFault]]:
    """Return the systems of each stage in the order of `after=`, and the faults in it.

    Systems between which `after=` says nothing stay in the order in which they were registered.
    """
    stages: dict[SystemStage, tuple[Plan, ...]] = {}
    faults: list[BuildFault] = []
    for stage in SystemStage:
        members = [plan for plan in plans if plan.stage_facts.stage is stage]
        stages[stage], found = _order(members)
        faults += found
    return stages, faults


def _order(members: Sequence[Plan]) -> tuple[tuple[Plan, ...], list[BuildFault]]:
    # By identity: `after=` may hold anything, also objects that cannot be hashed.
    place = {id(plan.function): number for number, plan in enumerate(members)}
    faults = []
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for number, plan in enumerate(members):
        known = []
        for earlier in plan.stage_facts.after:
            if id(earlier) in place:
                known.append(place[id(earlier)])
                continue
            stage = plan.stage_facts.stage.name
            found = f"after= names {system_name(earlier)}, which is not a system of stage {stage}"
            hint = "add it to that stage with builder.add_system, or remove it from after="
            faults.append(fault(plan.function, found, hint))
        sorter.add(number, *known)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = [members[number] for number in error.args[1]]
        found = f"after= goes in a circle: {' -> '.join(plan.name for plan in reversed(circle))}"
        hint = "each of these waits for the next one; remove one of them from an after="
        return (), [*faults, fault(circle[0].function, found, hint)]
    ordered: list[Plan] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [members[number] for number in ready]
        sorter.done(*ready)
    return tuple(ordered), faults


def markers_before(
    stages: Stages, is_active: Callable[[Plan], bool]
) -> dict[type[MarkerComponent], EarlierMarkers]:
    """Return for each marker the earlier markers: an entity with one of them is not ready yet.

    They are the markers of the earlier stages and, in the same stage, of the systems that are named
    in `after=`, directly or through others. Markers of systems that are switched off do not count.

    Args:
        stages: The systems in their order.
        is_active: Tells whether a system is switched on.
    """
    before: dict[type[MarkerComponent], EarlierMarkers] = {}
    earlier: dict[type[MarkerComponent], None] = {}
    for plans in stages.values():
        upstream: dict[SystemFunction, dict[type[MarkerComponent], None]] = {}
        of_stage: dict[type[MarkerComponent], None] = {}
        for plan in plans:  # in the order of `after=`
            first = {marker: None for f in plan.stage_facts.after for marker in upstream[f]}
            own = {plan.marker: None} if plan.marker and is_active(plan) else {}
            upstream[plan.function] = first | own
            of_stage |= own
            if plan.marker is not None:
                before[plan.marker] = (*earlier, *first)
        earlier |= of_stage
    return before


def missing_resources(plans: Iterable[Plan], provided: Container[type[Any]]) -> list[BuildFault]:
    """Return a fault for each resource that a function asks for and no plugin provides."""
    return [
        fault(
            plan.function,
            f"parameter {param.name!r} asks for {param.target.__name__}, which no plugin provides",
            f"add it: builder.add_resource({param.target.__name__}, …)",
        )
        for plan in plans
        for param in plan.params
        if param.kind is ParamKind.RESOURCE and param.target not in provided
    ]


def repeated_names(plans: Iterable[Plan]) -> list[BuildFault]:
    """Return a fault for each system that has the name of another one before it."""
    hint = "rename one of them: failures and reports identify systems by their names"
    seen: set[str] = set()
    faults = []
    for plan in plans:
        if plan.name in seen:
            faults.append(fault(plan.function, f"another system is called {plan.name} too", hint))
        seen.add(plan.name)
    return faults


def shared_markers(plans: Iterable[Plan]) -> list[BuildFault]:
    """Return a fault for each system that consumes a marker of another system before it."""
    consumers: dict[type[MarkerComponent], list[Plan]] = defaultdict(list)
    for plan in plans:
        if plan.marker is not None:
            consumers[plan.marker].append(plan)
    return [
        fault(
            second.function,
            f"it works on {marker.__name__}, and so does {first.name}",
            "give each system a marker of its own",
        )
        for marker, (first, *others) in consumers.items()
        for second in others
    ]
