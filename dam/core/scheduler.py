"""`WorldScheduler`: runs systems stage by stage over marked entities, and listeners for events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, TypeVar, cast

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core import work
from dam.core.commands import Commands
from dam.core.config import WorldConfig, WorldContext
from dam.core.database import Database, with_retries
from dam.core.ecs import EntityId, MarkerComponent
from dam.core.events import Event, collected
from dam.core.graph import Stages, markers_before
from dam.core.params import MarkedEntityList, ParamKind, Plan, WorldReader
from dam.core.report import Observer, Report
from dam.core.resources import ResourceManager
from dam.core.systems import SystemStage
from dam.errors import EnvironmentFaultError

R = TypeVar("R")
log = logging.getLogger(__name__)

_WAIT_S = 0.5


class WorldScheduler:
    """The systems and listeners of one world, and the way in which they are run.

    Invariant: an entity's marker goes in the same transaction in which the system's writes for it
    come, and only while the lease under which it was claimed still holds.
    """

    def __init__(
        self,
        *,
        database: Database,
        resources: ResourceManager,
        config: WorldConfig,
        context: WorldContext,
        stages: Stages,
        listeners: Mapping[type[Event[Any]], Sequence[Plan]],
    ) -> None:
        self._database = database
        self._resources = resources
        self._config = config
        self._context = context
        self._stages = stages
        self._listeners = listeners
        self._tokens = count(1)

    def systems(self) -> list[Plan]:
        """Return all systems in the order in which they run."""
        return [plan for plans in self._stages.values() for plan in plans]

    def queues(self, stages: Iterable[SystemStage]) -> Mapping[type[MarkerComponent], work.Behind]:
        """Return the markers that these stages work off now, each with those that come first."""
        behind = markers_before(self._stages, self._is_active)
        markers = [plan.marker for plan in self._active(stages) if plan.marker is not None]
        return {marker: behind[marker] for marker in markers}

    async def run_until_idle(
        self,
        stages: Iterable[SystemStage] = tuple(SystemStage),
        observer: Observer | None = None,
    ) -> Report:
        """Walk the stages until nothing of theirs is pending, also what others have on lease.

        Raises:
            NotSettledError: Systems go on marking entities for each other without end.
        """
        chosen = tuple(stages)
        report = Report()
        free, leased = 1, 0
        while free or leased:
            if free:
                for stage in chosen:
                    await self.execute_stage(stage, observer, report)
            else:
                if observer:
                    observer.waiting(leased, self._config.lease_s)
                await asyncio.sleep(_WAIT_S)
            free, leased = await self._pending(chosen)
        return report

    async def execute_stage(
        self,
        stage: SystemStage,
        observer: Observer | None = None,
        report: Report | None = None,
    ) -> Report:
        """Run the systems of one stage until no marker is left that could be claimed."""
        report = report or Report()
        plans = self._active([stage])
        free = 1
        while free:
            for plan in plans:
                if plan.marker is None:
                    await self._call(plan)
                    report.processed[plan.name] += 0
                else:
                    await self._drain(plan, plan.marker, observer, report)
            plans = [plan for plan in plans if plan.marker is not None]
            if len(plans) < 2:  # noqa: PLR2004 - it marks for no other, and is done with its own
                break
            free, _leased = await self._pending([stage])
        return report

    async def dispatch_event(self, event: Event[R]) -> list[R]:
        """Run the listeners of the event's class in their order and return their answers."""
        answers: list[R] = []
        for plan in self._listeners.get(type(event), ()):
            answers.append(cast("R", await self._call(plan, event)))  # noqa: PERF401 - in turn
        return answers

    async def announce(self, events: Iterable[Event[Any]]) -> None:
        """Hand out events whose transaction has committed; a listener's fault harms nobody else."""
        for event in events:
            try:
                await self.dispatch_event(event)
            except Exception:  # the boundary: what is nice to know must not undo what is done
                log.exception("a listener failed", extra={"event": type(event).__name__})

    def _active(self, stages: Iterable[SystemStage]) -> list[Plan]:
        return [plan for stage in stages for plan in self._stages[stage] if self._is_active(plan)]

    def _is_active(self, plan: Plan) -> bool:
        return plan.stage_facts.run_if is None or plan.stage_facts.run_if(self._config)

    async def _pending(self, stages: Iterable[SystemStage]) -> tuple[int, int]:
        return await self._database.read(work.count_pending, self.queues(stages))

    async def _call(self, plan: Plan, event: Event[Any] | None = None) -> object:
        """Run a listener, or a system that has no marked entities."""
        if plan.asks_for(ParamKind.SESSION):

            async def attempt() -> tuple[object, list[Event[Any]]]:
                async with self._database.writer() as session:
                    answer = await self._invoke(plan, session=session, event=event)
                    return answer, collected(session)

            answer, events = await with_retries(attempt)
        else:
            commands = Commands()
            answer = await self._invoke(plan, commands=commands, event=event)
            events = commands.events(())

            async def write() -> None:
                await self._database.write(commands.apply, (), now=self._context.now())

            await with_retries(write)
        await self.announce(events)
        return answer

    async def _invoke(
        self,
        plan: Plan,
        *,
        session: AsyncSession | None = None,
        commands: Commands | None = None,
        entities: MarkedEntityList[Any] | None = None,
        event: Event[Any] | None = None,
    ) -> object:
        given = {
            ParamKind.SESSION: session,
            ParamKind.COMMANDS: commands,
            ParamKind.MARKED: entities,
            ParamKind.EVENT: event,
            ParamKind.READER: WorldReader(self._database),
            ParamKind.CONFIG: self._config,
            ParamKind.CONTEXT: self._context,
        }
        return await plan.function(**plan.arguments(self._resources, given))

    async def _drain(
        self,
        plan: Plan,
        marker: type[MarkerComponent],
        observer: Observer | None,
        report: Report,
    ) -> None:
        after = 0
        behind = markers_before(self._stages, self._is_active)[marker]
        while True:
            token = f"{self._context.run_id}-{next(self._tokens)}"
            async with self._released_on_error(marker, token):
                claimed = await self._claim(plan, marker, token, after, behind)
                if claimed is None and after == 0:
                    return
                if claimed is None:
                    after = 0
                    continue
                is_full = len(claimed.entity_ids) == plan.stage_facts.batch_size
                after = claimed.entity_ids[-1] if is_full and not claimed.attempts else 0
                report.count(plan.name, claimed.entity_ids)
                report.failed += await self._work_off(plan, marker, claimed)
            if observer:
                observer.advanced(plan.name, len(claimed.entity_ids))

    @asynccontextmanager
    async def _released_on_error(
        self, marker: type[MarkerComponent], token: str
    ) -> AsyncIterator[None]:
        """Give back what the block has claimed when it does not come to its end."""
        try:
            yield
        except BaseException:
            with suppress(EnvironmentFaultError):  # what is broken now has been said already
                await self._database.write(work.release, marker, token)
            raise

    async def _claim(
        self,
        plan: Plan,
        marker: type[MarkerComponent],
        token: str,
        after: EntityId,
        behind: work.Behind,
    ) -> work.Claim | None:
        lease_s = self._config.lease_s
        limit = plan.stage_facts.batch_size

        async def attempt(session: AsyncSession) -> work.Claim | None:
            fresh = await work.claim(
                session,
                marker,
                token=token,
                limit=limit,
                lease_s=lease_s,
                after=after,
                behind=behind,
            )
            if fresh is not None or after:
                return fresh
            return await work.claim_alone(
                session, marker, token=token, lease_s=lease_s, behind=behind
            )

        return await with_retries(lambda: self._database.write(attempt))

    async def _work_off(
        self, plan: Plan, marker: type[MarkerComponent], claimed: work.Claim
    ) -> int:
        """Run the system on what was claimed; return how many entities failed."""
        if claimed.is_hopeless:
            gone = {claimed.entity_ids[0]: work.death_of(claimed)}
            return await self._fail(plan, marker, claimed, gone)
        async with self._kept(marker, claimed):
            return await self._try_batch(plan, marker, claimed)

    async def _try_batch(
        self, plan: Plan, marker: type[MarkerComponent], claimed: work.Claim
    ) -> int:
        attempt = self._in_session if plan.asks_for(ParamKind.SESSION) else self._with_commands
        try:
            return await attempt(plan, marker, claimed)
        except EnvironmentFaultError:
            raise
        except Exception as error:  # the boundary between a system and the others' work
            log.debug("a batch failed", extra={"system": plan.name}, exc_info=True)
            if len(claimed.entity_ids) == 1:
                return await self._fail(plan, marker, claimed, {claimed.entity_ids[0]: error})
        failed = 0
        for entity_id in claimed.entity_ids:
            failed += await self._try_batch(plan, marker, work.Claim(claimed.token, [entity_id]))
        return failed

    async def _in_session(
        self, plan: Plan, marker: type[MarkerComponent], claimed: work.Claim
    ) -> int:
        async def attempt() -> tuple[int, list[Event[Any]]]:
            async with self._database.writer() as session:
                # First, so that nobody can take or mark them while the system writes for them.
                held = await work.finish(session, marker, claimed)
                entities = MarkedEntityList[Any](sorted(held))
                if entities:
                    await self._invoke(plan, session=session, entities=entities)
                await self._settle(session, plan, held, entities.failures)
                return len(entities.failures), collected(session)

        failed, events = await with_retries(attempt)
        await self.announce(events)
        return failed

    async def _with_commands(
        self, plan: Plan, marker: type[MarkerComponent], claimed: work.Claim
    ) -> int:
        commands = Commands(claimed.entity_ids)
        entities = MarkedEntityList[Any](claimed.entity_ids)
        await self._invoke(plan, commands=commands, entities=entities)
        failures = entities.failures | commands.failures
        try:
            return await self._commit(plan, marker, claimed, commands, failures)
        except IntegrityError:
            if len(claimed.entity_ids) == 1:
                raise
        failed = 0
        for entity_id in claimed.entity_ids:
            alone = work.Claim(claimed.token, [entity_id])
            try:
                failed += await self._commit(plan, marker, alone, commands, failures)
            except IntegrityError as error:
                failed += await self._fail(plan, marker, alone, {entity_id: error})
        return failed

    async def _commit(
        self,
        plan: Plan,
        marker: type[MarkerComponent],
        claimed: work.Claim,
        commands: Commands,
        failures: Mapping[EntityId, Exception],
    ) -> int:
        async def attempt() -> set[EntityId]:
            async with self._database.writer() as session:
                held = await work.finish(session, marker, claimed)
                await self._settle(session, plan, held, failures)
                await commands.apply(session, held, now=self._context.now())
                return held

        held = await with_retries(attempt)
        await self.announce(commands.events(held))
        return len(held & failures.keys())

    async def _settle(
        self,
        session: AsyncSession,
        plan: Plan,
        held: set[EntityId],
        failures: Mapping[EntityId, Exception],
    ) -> None:
        """Keep the failures of entities that are held, and forget the older ones of the others."""
        failed = {key: error for key, error in failures.items() if key in held}
        await work.record_failures(session, plan.name, failed, now=self._context.now())
        await work.clear_failures(session, plan.name, held - failed.keys())

    async def _fail(
        self,
        plan: Plan,
        marker: type[MarkerComponent],
        claimed: work.Claim,
        failures: Mapping[EntityId, Exception],
    ) -> int:
        return await self._commit(plan, marker, claimed, Commands(claimed.entity_ids), failures)

    @asynccontextmanager
    async def _kept(
        self, marker: type[MarkerComponent], claimed: work.Claim
    ) -> AsyncIterator[None]:
        """Renew a lease as long as the block runs."""
        lease_s = self._config.lease_s

        async def renew() -> None:
            while True:
                await asyncio.sleep(lease_s / 3)
                try:
                    await self._database.write(work.renew, marker, claimed, lease_s=lease_s)
                except Exception:  # the boundary: the work itself goes on, and may end in time
                    log.warning("a lease could not be renewed", exc_info=True)

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])
