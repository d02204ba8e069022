"""`WorldBuilder`: collects what plugins add to a world, checks all of it, and makes the world."""

import gc
import logging
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any, TypeVar

from dam.core.config import WorldConfig, WorldContext
from dam.core.database.database import Database, Settle
from dam.core.ecs.components import MarkerComponent
from dam.core.events import Event
from dam.core.media_kinds import KindBinding, MediaKinds, Wanted
from dam.core.new_entities import New, NewEntityMarkers
from dam.core.plugin_schemas import DeclaredSchemas, PluginSchemas, reason_of
from dam.core.resources import ResourceManager
from dam.core.scheduling.event_dispatcher import EventDispatcher
from dam.core.scheduling.invoker import Invoker
from dam.core.scheduling.scheduler import WorldScheduler
from dam.core.systems.declaration import (
    ListenerFacts,
    ListenerFunction,
    SystemFacts,
    SystemFunction,
    facts_of,
)
from dam.core.systems.graph import (
    Stages,
    missing_resources,
    order_stages,
    repeated_names,
    shared_markers,
)
from dam.core.systems.params import Plan
from dam.core.systems.signatures import (
    call_fault,
    fault,
    read_plan,
    wrong_described_rule,
    wrong_rule,
)
from dam.core.world import World
from dam.errors import BuildFault, PluginLoadError, WorldBuildError
from dam.media.kind import MediaKind

T = TypeVar("T")

log = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "dam.plugins"


class WorldBuilder:
    """Collects systems, listeners, resources and rules for new entities; `build` makes the world.

    The `add_…` methods and `mark_new` only note what is wrong, so that `build` can report all
    faults at once.
    """

    def __init__(self, config: WorldConfig) -> None:
        self.config = config
        self._plans: list[Plan] = []
        self._listening: list[tuple[ListenerFacts, Plan]] = []
        self._resources: dict[type[Any], Callable[[ResourceManager], object]] = {}
        self._markers = NewEntityMarkers()
        self._schemas = DeclaredSchemas()
        self._kinds = MediaKinds()
        self._settlers: list[Settle] = []
        self._faults: list[BuildFault] = []

    def add_system(self, function: SystemFunction) -> None:
        """Add a system: an async function that is decorated with `@system`."""
        facts = facts_of(function)
        if not isinstance(facts, SystemFacts):
            hint = "decorate it with @system"
            self._faults.append(fault(function, "it is not a system", hint, sys._getframe(1)))  # noqa: SLF001 - the caller
            return
        plan, faults = read_plan(function, facts)
        self._plans.append(plan)
        self._faults += faults

    def add_listener(self, function: ListenerFunction) -> None:
        """Add a listener: an async function that is decorated with `@listens_for`."""
        facts = facts_of(function)
        if not isinstance(facts, ListenerFacts):
            hint = "decorate it with @listens_for"
            self._faults.append(fault(function, "it is not a listener", hint, sys._getframe(1)))  # noqa: SLF001 - the caller
            return
        plan, faults = read_plan(function, facts)
        self._listening.append((facts, plan))
        self._faults += faults

    def add_resource(self, kind: type[T], factory: Callable[[ResourceManager], T]) -> None:
        """Provide `Resource[kind]`; the factory may use the resources that were added before it.

        Example: `builder.add_resource(Index, lambda resources: Index(resources.get(Database)))`.
        """
        self._resources[kind] = factory

    def mark_new(
        self,
        marker: type[MarkerComponent],
        *,
        when: Callable[[New], bool] | None = None,
    ) -> None:
        """Set a marker on every new entity, or only on those for which `when` returns True.

        Args:
            marker: The marker to set, in the transaction that creates the entity.
            when: Is called with the facts that an import has of the new entity, a
                `dam.services.content_service.NewAsset`.

        Example: `builder.mark_new(NeedsPages, when=lambda new: new.name.endswith(".pdf"))`.
        """
        wrong = wrong_rule(marker, when)
        caller = sys._getframe(1)  # noqa: SLF001 - there is no other way to say where it was called
        self._faults += [call_fault(caller, *each) for each in wrong]
        self._markers.add(marker, when)

    def before_commit(self, settle: Settle) -> None:
        """Call an async function of the session at the end of each transaction that writes.

        For rows that must be in step with others at every commit. What it writes is committed with
        the rest; if it raises, all is rolled back.

        Example: `builder.before_commit(count_anew)`.
        """
        self._settlers.append(settle)

    def add_migrations(self, package: str, *, revision: str) -> None:
        """Let `dam-cli setup-db` create and upgrade the tables of a plugin.

        Args:
            package: The top-level import package of the plugin, which is its name from now on. The
                migrations are Alembic's version files in its folder `migrations`.
            revision: The newest revision among them.

        Example: `builder.add_migrations("dam_stl", revision="0001")`.
        """
        self._schemas.add(package, revision, sys._getframe(1))  # noqa: SLF001 - the caller

    def contribute(self, binding: KindBinding[Any]) -> None:
        """Add a media kind: files of its types are described by it, and get its components.

        Example: `builder.contribute(SONGS)`, a `KindBinding`.
        """
        caller = sys._getframe(1)  # noqa: SLF001 - there is no other way to say where it was called
        wrong = self._kinds.wrong_with(binding)
        self._faults += [call_fault(caller, *each) for each in wrong]
        if not wrong:
            self._kinds.add(binding)

    def systems(self) -> Sequence[Plan]:
        """Return the systems that were added so far."""
        return self._plans

    def media_kinds(self) -> Sequence[MediaKind[Any]]:
        """Return the media kinds that were contributed so far."""
        return self._kinds.kinds()

    def mark_described(self, marker: type[MarkerComponent], wanted: Wanted) -> None:
        """Set a marker on assets whose description says that they are of a kind or media type.

        It is set in the transaction that writes the description, unless the same was done after an
        earlier description and the kind's `picture_version` is the same.

        Args:
            marker: The marker to set.
            wanted: A media type, a pattern of media types that ends with `*`, or a function that is
                called with the `MediaKind` and returns a bool.

        Examples: `builder.mark_described(NeedsText, "application/pdf")`,
        `builder.mark_described(NeedsFaces, "image/*")`,
        `builder.mark_described(NeedsColours, has_picture)`.
        """
        caller = sys._getframe(1)  # noqa: SLF001 - there is no other way to say where it was called
        wrong = wrong_described_rule(marker, wanted)
        self._faults += [call_fault(caller, *each) for each in wrong]
        self._kinds.add_rule(marker, wanted)

    def load_plugins(self, skipped: Callable[[PluginLoadError], object] | None = None) -> None:
        """Install every package that offers the entry point `dam.plugins`.

        Args:
            skipped: Is called for a plugin that cannot be loaded, and the others are installed;
                None: the error is raised.

        Raises:
            PluginLoadError: A plugin could not be loaded; the error names it.
        """
        for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP)):
            fault = None
            try:
                entry_point.load()(self)
            except (Exception, SystemExit) as error:  # the boundary to a plugin's code
                fault = PluginLoadError(entry_point.name, reason_of(error))
                if skipped is None:
                    raise fault from error
            if fault is None:
                log.debug("a plugin is loaded", extra={"plugin": entry_point.name})
                self._schemas.add_package(entry_point.module.partition(".")[0])
            elif skipped is not None:
                gc.collect()  # SQLAlchemy's registry fails as long as it has a class half mapped
                skipped(fault)

    def plugin_schemas(self) -> PluginSchemas:
        """Return the schemas of all plugins that have migrations, without building the world.

        Raises:
            WorldBuildError: A table or the declaration of one is wrong; the error lists all faults.
        """
        if faults := self._schemas.faults():
            raise WorldBuildError(faults)
        return self._schemas.schemas(self._plans)

    async def build(self) -> World:
        """Check everything that was added and return the world.

        If a resource cannot be made, the resources that were made before it are closed.

        Raises:
            WorldBuildError: Something that was added is wrong; the error lists every fault.
        """
        stages = self._checked_stages()
        resources = ResourceManager()
        try:
            return self._assemble(stages, resources)
        except BaseException:
            await resources.close()
            raise

    def _assemble(self, stages: Stages, resources: ResourceManager) -> World:
        context = WorldContext(world_name=self.config.name, run_id=uuid.uuid4().hex)
        database = Database(
            self.config.database_url, context, busy_timeout_s=self.config.busy_timeout_s
        )
        for settle in self._settlers:
            database.before_commit(settle)
        resources.add(Database, database)
        resources.add(NewEntityMarkers, self._markers)
        resources.add(PluginSchemas, self._schemas.schemas(self._plans))
        resources.add(MediaKinds, self._kinds)
        for kind, factory in self._resources.items():
            resources.add(kind, factory(resources))
        listeners: dict[type[Event[Any]], list[Plan]] = defaultdict(list)
        for facts, plan in self._listening:
            listeners[facts.event].append(plan)
        invoker = Invoker(
            database=database, resources=resources, config=self.config, context=context
        )
        dispatcher = EventDispatcher(invoker, listeners)
        world = World(
            config=self.config,
            context=context,
            database=database,
            resources=resources,
            scheduler=WorldScheduler(invoker, dispatcher, stages),
            dispatcher=dispatcher,
        )
        resources.add(World, world, is_lent=True)
        return world

    def _checked_stages(self) -> Stages:
        """Return the systems in their order; raise for faults before anything is opened."""
        stages, faults = order_stages(self._plans)
        listening = [plan for _facts, plan in self._listening]
        provided = {Database, MediaKinds, NewEntityMarkers, World, *self._resources}
        faults += missing_resources([*self._plans, *listening], provided)
        faults += repeated_names(self._plans)
        faults += shared_markers(self._plans)
        faults += self._schemas.faults()
        if self._faults or faults:
            raise WorldBuildError([*self._faults, *faults])
        return stages
