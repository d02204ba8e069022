"""`BatchRunner`: one turn of a system, which processes its marked entities batch by batch."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, MarkerComponent
from dam.core.ecs.rows import created_in
from dam.core.events import Event, collected
from dam.core.scheduling import leases
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.failures import clear_failures, record_failures
from dam.core.scheduling.invoker import Invoker
from dam.core.scheduling.observer import Observer
from dam.core.scheduling.report import RunReport
from dam.core.scheduling.settling import SettlingGuard
from dam.core.systems.commands import Commands
from dam.core.systems.params import EarlierMarkers, MarkedEntityList, ParamKind, Plan
from dam.errors import (
    DatabaseError,
    EnvironmentFaultError,
    WorldResetError,
    raise_host_limit,
)

log = logging.getLogger(__name__)


class BatchRunner:
    """Runs one system on the entities that carry its marker, and counts them in a report.

    Invariant: an entity's marker is removed in the transaction that makes the system's writes for
    that entity, and only if the lease under which the entity was claimed still holds.
    """

    def __init__(
        self,
        invoker: Invoker,
        dispatcher: EventDispatcher,
        plan: Plan,
        marker: type[MarkerComponent],
        *,
        earlier: EarlierMarkers,
        tokens: Iterator[int],
        report: RunReport,
        guard: SettlingGuard,
    ) -> None:
        self._invoker = invoker
        self._dispatcher = dispatcher
        self._database = invoker.database
        self._lease_s = invoker.config.lease_s
        self._plan = plan
        self._marker = marker
        self._earlier = earlier
        self._tokens = tokens
        self._report = report
        self._guard = guard

    async def run(self, observer: Observer | None) -> None:
        """Run the system on its marked entities, batch after batch.

        Ends when no marker is free, or after the first batch that goes beyond the highest entity
        that was marked when this call began, so that a long import cannot keep later systems from
        their turn. Entities that the systems themselves create do not end the turn.
        """
        newest = await self._database.read(leases.newest, self._marker)
        after, is_over = 0, not newest
        while not is_over:
            token = f"{self._invoker.context.run_id}-{next(self._tokens)}"
            async with self._released_on_error(token):
                claimed = await self._claim(token, after)
                if claimed is None and after == 0:
                    return
                if claimed is None:
                    after = 0
                    continue
                is_full = len(claimed.entity_ids) == self._plan.stage_facts.batch_size
                last = claimed.entity_ids[-1]
                is_over = last > newest and not self._guard.has_created(last)
                after = last if is_full and not claimed.attempts else 0
                self._guard.admit(self._plan.name, claimed.entity_ids)
                self._log(claimed)
                self._report.processed[self._plan.name] += len(claimed.entity_ids)
                self._report.failed += await self.work_off(claimed)
            if observer:
                observer.advanced(self._plan.name, len(claimed.entity_ids))

    def _log(self, claimed: leases.Claim) -> None:
        ids = claimed.entity_ids
        facts = {"system": self._plan.name, "entities": len(ids), "first": ids[0], "last": ids[-1]}
        log.debug("a batch begins", extra=facts)

    @asynccontextmanager
    async def _released_on_error(self, token: str) -> AsyncIterator[None]:
        """Release the claim if the block raises."""
        try:
            yield
        except DatabaseError:  # a release would fail, too; the lease runs out by itself
            raise
        except BaseException:
            with suppress(EnvironmentFaultError):  # the error that is raised here says it already
                await self._database.write(leases.release, self._marker, token)
            raise

    async def _claim(self, token: str, after: EntityId) -> leases.Claim | None:
        lease_s, earlier = self._lease_s, self._earlier

        async def attempt(session: AsyncSession) -> leases.Claim | None:
            fresh = await leases.claim(
                session,
                self._marker,
                token=token,
                limit=self._plan.stage_facts.batch_size,
                lease_s=lease_s,
                after=after,
                earlier=earlier,
            )
            if fresh is not None or after:
                return fresh
            return await leases.claim_orphan(
                session, self._marker, token=token, lease_s=lease_s, earlier=earlier
            )

        return await self._database.write(attempt)

    async def work_off(self, claimed: leases.Claim) -> int:
        """Run the system on the claimed entities; return how many of them failed."""
        if claimed.is_hopeless:
            return await self._fail(claimed, {claimed.entity_ids[0]: leases.death_of(claimed)})
        async with self._kept(claimed):
            return await self._try_batch(claimed)

    async def _try_batch(self, claimed: leases.Claim) -> int:
        in_session = self._plan.asks_for(ParamKind.SESSION)
        attempt = self._in_session if in_session else self._with_commands
        try:
            return await attempt(claimed)
        except EnvironmentFaultError:
            raise
        except Exception as error:  # the boundary: a system's fault must not stop other systems
            log.debug("a batch failed", extra={"system": self._plan.name}, exc_info=True)
            raise_host_limit(error)
            if len(claimed.entity_ids) == 1:
                return await self._fail(claimed, {claimed.entity_ids[0]: error})
        failed = 0
        for entity_id in claimed.entity_ids:
            failed += await self._try_batch(leases.Claim(claimed.token, [entity_id]))
        return failed

    async def _in_session(self, claimed: leases.Claim) -> int:
        async def attempt() -> tuple[int, list[Event[Any]], list[EntityId]]:
            async with self._database.writer() as session:
                # First, so that no other process can claim or mark them while the system writes.
                held = await leases.finish(session, self._marker, claimed)
                entities = MarkedEntityList[Any](sorted(held))
                if entities:
                    await self._invoker.invoke(self._plan, session=session, entities=entities)
                await self._settle(session, held, entities.failures)
                return len(entities.failures), collected(session), created_in(session)

        failed, events, created = await self._database.retried(attempt)
        self._guard.descended(claimed.entity_ids, created)
        await self._dispatcher.announce(events)
        return failed

    async def _with_commands(self, claimed: leases.Claim) -> int:
        commands = Commands(claimed.entity_ids)
        entities, failures = commands.entities, commands.entities.failures
        await self._invoker.invoke(self._plan, commands=commands, entities=entities)
        try:
            return await self._commit(claimed, commands, failures)
        except IntegrityError:
            if len(claimed.entity_ids) == 1:
                raise
        failed = 0
        for entity_id in claimed.entity_ids:
            alone = leases.Claim(claimed.token, [entity_id])
            try:
                failed += await self._commit(alone, commands, failures)
            except IntegrityError as error:
                failed += await self._fail(alone, {entity_id: error})
        return failed

    async def _commit(
        self, claimed: leases.Claim, commands: Commands, failures: Mapping[EntityId, Exception]
    ) -> int:
        async def attempt() -> tuple[set[EntityId], int, list[EntityId]]:
            async with self._database.writer() as session:
                held = await leases.finish(session, self._marker, claimed)
                absent = await self._invoker.apply(session, self._plan, commands, held)
                every = {**absent, **failures}
                await self._settle(session, held, every)
                return held, len(held & every.keys()), created_in(session)

        held, failed, created = await self._database.retried(attempt)
        self._guard.descended(claimed.entity_ids, created)
        await self._dispatcher.announce(commands.events(held))
        return failed

    async def _settle(
        self, session: AsyncSession, held: set[EntityId], failures: Mapping[EntityId, Exception]
    ) -> None:
        """Store the failures of entities whose lease holds; delete old failures of all others."""
        failed = {key: error for key, error in failures.items() if key in held}
        now = self._invoker.context.now()
        await record_failures(session, self._plan.name, failed, now=now)
        await clear_failures(session, self._plan.name, held - failed.keys())

    async def _fail(self, claimed: leases.Claim, failures: Mapping[EntityId, Exception]) -> int:
        return await self._commit(claimed, Commands(claimed.entity_ids), failures)

    @asynccontextmanager
    async def _kept(self, claimed: leases.Claim) -> AsyncIterator[None]:
        """Keep a lease: renew it every third of its length until the block ends."""
        lease_s = self._lease_s

        async def renew() -> None:
            while True:
                await asyncio.sleep(lease_s / 3)
                try:
                    await self._database.write(leases.renew, self._marker, claimed, lease_s=lease_s)
                except WorldResetError:  # the system's own writes will raise it, too
                    return
                except Exception:  # the boundary: the system goes on, and may end in time
                    log.warning("a lease could not be renewed", exc_info=True)

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])
