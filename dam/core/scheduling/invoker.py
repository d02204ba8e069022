"""`Invoker`: calls the systems and listeners of a world with the arguments that they ask for."""

import asyncio
from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database
from dam.core.ecs.components import AnyComponent, EntityId
from dam.core.events import Event, collected
from dam.core.resources import ResourceManager
from dam.core.systems.commands import Commands
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    ParamKind,
    Plan,
    WorldReader,
    read_components,
)
from dam.core.systems.tag_writer import Refused, TagsByEntity, TagWriter
from dam.errors import SystemAbortedError, TransactionEndedError


class Invoker:
    """Calls the systems and listeners of one world, each with the arguments that it asks for."""

    def __init__(
        self,
        *,
        database: Database,
        resources: ResourceManager,
        config: WorldConfig,
        context: WorldContext,
    ) -> None:
        self.database = database
        self.config = config
        self.context = context
        self._resources = resources

    async def call(
        self, plan: Plan, event: Event[Any] | None = None
    ) -> tuple[object, list[Event[Any]]]:
        """Run a listener, or a system without marked entities, and commit its writes.

        Returns:
            What the function returned, and the events that it emitted; the caller sends them.
        """
        if plan.asks_for(ParamKind.SESSION):

            async def attempt() -> tuple[object, list[Event[Any]]]:
                async with self.database.writer() as session:
                    answer = await self.invoke(plan, session=session, event=event)
                    return answer, collected(session)

            return await self.database.retried(attempt)
        commands = Commands()
        answer = await self.invoke(plan, commands=commands, event=event)
        if plan.asks_for(ParamKind.COMMANDS):  # a function that only reads need not wait to write
            await self.database.write(self.apply, plan, commands, ())
        return answer, commands.events(())

    async def apply(
        self, session: AsyncSession, plan: Plan, commands: Commands, held: Collection[EntityId]
    ) -> dict[EntityId, Exception]:
        """Make the writes of a system on behalf of these entities; see `Commands.apply`."""

        async def give_tags(session: AsyncSession, tags: TagsByEntity, source: str) -> Refused:
            writer = self._resources.get(TagWriter)
            return await writer.write(session, tags, source=source, system=plan.name)

        return await commands.apply(session, held, give_tags, now=self.context.now())

    async def invoke(
        self,
        plan: Plan,
        *,
        session: AsyncSession | None = None,
        commands: Commands | None = None,
        entities: MarkedEntityList[Any] | None = None,
        event: Event[Any] | None = None,
    ) -> object:
        """Call the function of a plan, in the caller's transaction, and return its answer.

        Args:
            plan: The system or listener.
            session: For a parameter `WorldSession`.
            commands: For a parameter `Commands`.
            entities: For a parameter `MarkedEntityList`, and those of which `Components` are read.
            event: For the parameter of a listener's event.

        Raises:
            SystemAbortedError: The function raised something that would end more than itself: by
                `sys.exit`, a cancellation although this task was not cancelled, or another
                `BaseException`.
            TransactionEndedError: The function has committed or rolled back `session`.
        """
        given = {
            ParamKind.SESSION: session,
            ParamKind.COMMANDS: commands,
            ParamKind.MARKED: entities,
            ParamKind.EVENT: event,
            ParamKind.READER: WorldReader(self.database),
            ParamKind.CONFIG: self.config,
            ParamKind.CONTEXT: self.context,
        }
        components = await self._components(plan, session, entities or ())
        try:
            answer = await plan.function(**plan.arguments(self._resources, components, given))
        except (Exception, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            raise SystemAbortedError(error) from error
        if session is not None and not session.in_transaction():
            raise TransactionEndedError
        return answer

    async def _components(
        self, plan: Plan, session: AsyncSession | None, entities: Collection[EntityId]
    ) -> dict[type[AnyComponent], Components[Any]]:
        """Read the components that a system asks for, in its own session if it has one."""

        async def read(session: AsyncSession) -> dict[type[AnyComponent], Components[Any]]:
            kinds = plan.components
            return {kind: await read_components(session, kind, entities) for kind in kinds}

        if not plan.components:
            return {}
        return await (read(session) if session else self.database.read(read))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
