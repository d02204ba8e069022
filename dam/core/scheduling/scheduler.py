"""`WorldScheduler`: runs systems stage by stage on marked entities."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from itertools import count

from dam.core.ecs.components import MarkerComponent
from dam.core.scheduling import leases
from dam.core.scheduling.batch_runner import BatchRunner
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.invoker import Invoker
from dam.core.scheduling.observer import Observer
from dam.core.scheduling.report import RunReport
from dam.core.scheduling.settling import SettlingGuard
from dam.core.systems.declaration import SystemStage, raise_named
from dam.core.systems.graph import Stages, markers_before
from dam.core.systems.params import EarlierMarkers, Plan

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 2.0


class WorldScheduler:
    """Runs the systems of one world in their order."""

    def __init__(self, invoker: Invoker, dispatcher: EventDispatcher, stages: Stages) -> None:
        self._invoker = invoker
        self._dispatcher = dispatcher
        self._stages = stages
        self._tokens = count(1)

    def systems(self, stages: Collection[SystemStage] = tuple(SystemStage)) -> list[Plan]:
        """Return the systems of these stages, of all by default, in the order in which they run."""
        return [plan for stage in self._stages if stage in stages for plan in self._stages[stage]]

    def markers(
        self, stages: Collection[SystemStage] = tuple(SystemStage)
    ) -> dict[str, type[MarkerComponent]]:
        """Return the marker that each of these systems processes, by the system's name.

        They are in the order in which the systems run; systems without marked entities are left
        out. Example: `{"extract_metadata": NeedsMetadataExtractionComponent, …}`.
        """
        plans = self.systems(stages)
        return {plan.name: plan.marker for plan in plans if plan.marker is not None}

    def queues(
        self, stages: Iterable[SystemStage]
    ) -> Mapping[type[MarkerComponent], EarlierMarkers]:
        """Return the markers of the active systems of these stages, each with its earlier markers.

        An entity is ready for a system once it carries none of the earlier markers.
        """
        earlier = markers_before(self._stages, self._is_active)
        markers = [plan.marker for plan in self._active(stages) if plan.marker is not None]
        return {marker: earlier[marker] for marker in markers}

    async def run_until_idle(
        self,
        stages: Iterable[SystemStage] = tuple(SystemStage),
        observer: Observer | None = None,
    ) -> RunReport:
        """Walk the stages until they have no pending entity left.

        In each walk, each system has a turn: it processes the marked entities that it finds, or is
        called once if it asks for none. Entities that another process holds, by a lease or (on
        PostgreSQL) by a transaction that has locked their rows, are waited for.

        Args:
            stages: The stages to run; all of them by default.
            observer: Is told of the progress.

        Raises:
            NotSettledError: Systems go on marking entities, or creating marked ones, without end.
            PluginFunctionError: A plugin's system without marked entities, or its `run_if`, raised.
        """
        chosen = tuple(stages)
        report, guard = RunReport(), SettlingGuard()
        free, leased, wait_s = 1, 0, _FIRST_WAIT_S
        were_free = 0  # before the walk; entities that were marked during it have had no turn
        while free or leased:
            done = report.processed.total()
            if free:
                for stage in chosen:
                    await self._walk(stage, observer, report, guard)
            free, leased = await self._pending(chosen)
            is_stuck = were_free if free else leased  # free, yet not claimed in a walk: locked
            if report.processed.total() > done:
                wait_s = _FIRST_WAIT_S
            elif is_stuck:
                log.debug("waiting for other processes", extra={"entities": free + leased})
                if observer:
                    observer.waiting(free + leased, None if free else self._invoker.config.lease_s)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                free, leased = await self._pending(chosen)
            were_free = free
        return report

    async def execute_stage(
        self, stage: SystemStage, observer: Observer | None = None
    ) -> RunReport:
        """Run the systems of one stage until no marker is left that can be claimed.

        Does not wait for entities that another process holds.
        """
        report, guard = RunReport(), SettlingGuard()
        free, done = 1, -1
        while free and report.processed.total() > done:
            is_first, done = done < 0, report.processed.total()
            await self._walk(stage, observer, report, guard, calls_unmarked=is_first)
            free, _leased = await self._pending([stage])
        return report

    def _active(self, stages: Iterable[SystemStage]) -> list[Plan]:
        return [plan for stage in stages for plan in self._stages[stage] if self._is_active(plan)]

    def _is_active(self, plan: Plan) -> bool:
        condition = plan.stage_facts.run_if
        try:
            return condition is None or condition(self._invoker.config)
        except Exception as error:  # noqa: BLE001 - a plugin's code
            raise_named(f"run_if= of system {plan.name!r}", plan.function, error)

    async def _walk(
        self,
        stage: SystemStage,
        observer: Observer | None,
        report: RunReport,
        guard: SettlingGuard,
        *,
        calls_unmarked: bool = True,
    ) -> None:
        """Give each active system of a stage one turn.

        Systems without marked entities have a turn only with `calls_unmarked`.
        """
        started_s, before = time.monotonic(), report.processed.total()
        plans = self._active([stage])
        earlier = markers_before(self._stages, self._is_active)
        for plan in plans:
            if plan.marker is not None:
                first = earlier[plan.marker]
                runner = BatchRunner(
                    self._invoker,
                    self._dispatcher,
                    plan,
                    plan.marker,
                    earlier=first,
                    tokens=self._tokens,
                    report=report,
                    guard=guard,
                )
                await self._run(runner, plan, observer, report)
            elif calls_unmarked:
                await self._call(plan)
                report.processed[plan.name] += 0
        if entities := report.processed.total() - before:
            seconds = round(time.monotonic() - started_s, 3)
            facts = {"stage": stage.value, "entities": entities, "seconds": seconds}
            log.debug("a stage was walked", extra=facts)

    async def _run(
        self, runner: BatchRunner, plan: Plan, observer: Observer | None, report: RunReport
    ) -> None:
        """Give a system its turn, and log what it did."""
        started_s = time.monotonic()
        entities, failed = report.processed[plan.name], report.failed
        await runner.run(observer)
        if entities := report.processed[plan.name] - entities:
            facts = {
                "system": plan.name,
                "entities": entities,
                "failed": report.failed - failed,
                "seconds": round(time.monotonic() - started_s, 3),
            }
            log.debug("a system had its turn", extra=facts)

    async def _pending(self, stages: Iterable[SystemStage]) -> tuple[int, int]:
        return await self._invoker.database.read(leases.count_pending, self.queues(stages))

    async def _call(self, plan: Plan) -> None:
        try:
            _answer, events = await self._invoker.call(plan)
            await self._dispatcher.announce(events)
        except Exception as error:  # noqa: BLE001 - a plugin's code
            raise_named(f"system {plan.name!r}", plan.function, error)
