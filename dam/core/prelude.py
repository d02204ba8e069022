"""The manual for authors of plugins; everything that they need is imported from here.

A plugin gives a world new components, and systems that fill them. The indented blocks of this page
are one Python module, which `tests/core/test_prelude.py` runs. The README says under "Plugins" how
a package offers its `install` to `dam-cli`. For commands, see `dam.cli.prelude`.

A system, from component to builder
===================================

A component is a row about an entity. A marker is a component that says: this entity has work to do.
A system is an async function that does this work. Its annotations say what it is given. Example:
find the year in each file's name, as in `beach 1998.txt`.

    import re

    from dam.core.prelude import (
        Commands,
        Component,
        Components,
        ItemError,
        Mapped,
        MarkedEntityList,
        MarkerComponent,
        SystemStage,
        WorldBuilder,
        WorldConfig,
        mapped_column,
        system,
    )
    from dam.models import FilePropertiesComponent
    from dam.plugins import builtin
    from dam.services.content_service import NewAsset
    from dam.services.import_service import ImportOptions, add_files


    class YearComponent(Component, kw_only=True):
        __tablename__ = "component_years_year"  # begins with `component_` and the plugin's name

        year: Mapped[int] = mapped_column(index=True)


    class NeedsYearComponent(MarkerComponent, kw_only=True):
        __tablename__ = "component_years_needs_year"


    class NoYearError(ItemError):
        def __init__(self, name: str) -> None:
            super().__init__(f"no year in {name!r}", "set its YearComponent by hand")


    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def read_years(
        assets: MarkedEntityList[NeedsYearComponent],
        files: Components[FilePropertiesComponent],
        commands: Commands,
    ) -> None:
        for asset in assets:
            name = files[asset].name_text
            if found := re.search("(?:19|20)[0-9]{2}", name):
                commands.set(asset, YearComponent(year=int(found[0])))
            else:
                commands.fail(asset, NoYearError(name))


    def is_text(asset: NewAsset) -> bool:
        return asset.name.endswith(".txt")


    def install(builder: WorldBuilder) -> None:
        builder.add_system(read_years)
        builder.mark_new(NeedsYearComponent, when=is_text)


    async def add(config: WorldConfig, paths: list[str]) -> None:
        builder = WorldBuilder(config)
        builtin.install(builder)
        install(builder)
        world = await builder.build()
        try:
            await world.run(add_files, paths, ImportOptions())
        finally:
            await world.close()

`Component` is for what an entity has at most once, `MultiComponent` for what it may have many
times, `IdentityComponent` for a digest that no two entities share, and `RevisionedComponent` for
rows whose readers ask what is new.

What a system may ask for
=========================

Names and order of the parameters are free. The annotations are read when the world is built, so
import their classes for real, not under `TYPE_CHECKING`. What does not fit is reported then, with
its file and line.

    from dataclasses import dataclass

    from sqlalchemy import func, select

    from dam.core.prelude import Event, MultiComponent, Resource, WorldContext, WorldReader
    from dam.core.prelude import WorldSession, context_of, listens_for

- `MarkedEntityList[Marker]`: the ids of the batch, ascending; no other process gets them meanwhile.
  When the system returns, their markers are removed. One marker belongs to one system. A system
  without this parameter is called once in each walk through the stages.

    class NeedsCountComponent(MarkerComponent, kw_only=True):
        __tablename__ = "component_years_needs_count"


    @dataclass
    class Counts:
        assets: int = 0
        last_run: str = ""


    @system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=20)
    async def count_assets(
        assets: MarkedEntityList[NeedsCountComponent], counts: Resource[Counts]
    ) -> None:
        counts.assets += len(assets)

- `Components[Kind]`: a dict with the batch's components of one class, read before the call. An
  entity without the component is left out. With a `MultiComponent`, each value is a list of rows.

    class NeedsWordsComponent(MarkerComponent, kw_only=True):
        __tablename__ = "component_years_needs_words"


    class WordComponent(MultiComponent, kw_only=True):
        __tablename__ = "component_years_word"

        word: Mapped[str]


    @system(stage=SystemStage.METADATA_EXTRACTION)
    async def split_names(
        assets: MarkedEntityList[NeedsWordsComponent],
        files: Components[FilePropertiesComponent],
        words: Components[WordComponent],
        commands: Commands,
    ) -> None:
        for asset in assets:
            missing = set(files[asset].name_text.split()) - {row.word for row in words[asset]}
            for word in sorted(missing):
                commands.add(asset, WordComponent(word=word))

- `Commands`: takes the writes, which are made in one transaction after the call. The right choice
  for slow work, because the database is free meanwhile. Its methods are listed below.

    @system(stage=SystemStage.POST_PROCESSING)
    async def announce_end(commands: Commands) -> None:
        commands.emit(WalkEnded())

- `WorldSession`: instead of `Commands`, a session whose one transaction spans the call; for short
  work in the database. Do not commit. Changes in rows of `Components[Kind]` are written, too. Other
  helpers for a session are `create_entities`, `mark`, `emit` and `context_of`.

    class NeedsCheckComponent(MarkerComponent, kw_only=True):
        __tablename__ = "component_years_needs_check"


    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def check_years(
        assets: MarkedEntityList[NeedsCheckComponent],
        years: Components[YearComponent],
        session: WorldSession,
    ) -> None:
        this_year = context_of(session).now().year
        for row in years.values():
            row.year = min(row.year, this_year)

- `WorldReader`: reads anything else, each time in a short transaction: `rows` all rows of a
  statement, `pages` many rows in portions, `run` a service function that takes a session.

    class YearCounts(dict[int, int]):
        pass


    @system(stage=SystemStage.POST_PROCESSING)
    async def count_years(reader: WorldReader, counts: Resource[YearCounts]) -> None:
        statement = select(YearComponent.year, func.count()).group_by(YearComponent.year)
        counts.update({year: count for year, count in await reader.rows(statement)})

- `Resource[T]`: the world's object of class `T`: one that `add_resource` provides, or `World`
  itself. An async `close` of the object is called when the world closes.

    @system(stage=SystemStage.POST_PROCESSING, after=[count_years])
    async def forget_rare_years(counts: Resource[YearCounts]) -> None:
        for year in [year for year, count in counts.items() if count < 2]:
            del counts[year]

- `WorldConfig`: the world's settings, as `builder.config` has them.
- `WorldContext`: the world's name, its clock `now()`, and `run_id`, the id of this opening.

    @system(stage=SystemStage.POST_PROCESSING, run_if=lambda config: config.lease_s > 1)
    async def note_run(
        config: WorldConfig, context: WorldContext, counts: Resource[Counts]
    ) -> None:
        counts.last_run = f"{context.world_name}, {config.workers} workers, {context.now():%Y}"

- `the event`: only for a listener, see "Events".

What `Commands` can do
======================

Each write is made on behalf of one marked entity: the entity that is written to, or the one that
`on_behalf_of=` names. If another process has taken over that entity, the write is dropped. A system
without marked entities leaves `on_behalf_of` out. The writes are made in this order: new entities,
`remove`, `set`, `add`, `mark`, `update`, `tag`, `execute`.

- `set(asset, YearComponent(year=1998))`: write a component, in place of an old one.
- `set_values(asset, YearComponent, year=1998)`: the same, faster.
- `update(asset, YearComponent, year=1999)`: change only these values of a component that is there.
- `add(asset, WordComponent(word="sea"))`: write one more row of a `MultiComponent`.
- `remove(asset, WordComponent)`: delete all components of that class.
- `tag(asset, "sea", source="file")`: tags, in place of those that this system gave before.
- `mark(asset, NeedsCheckComponent)`: give work to another system.
- `create_entity(on_behalf_of=asset)`: a new entity, for use in other calls; the commit gives an id.
- `entity_for_digest(identity, on_behalf_of=asset)`: the entity with that digest, perhaps a new one.
- `emit(WalkEnded(), on_behalf_of=asset)`: send an event after the commit.
- `fail(asset, error)`: give the entity up, see "Failures".
- `execute(statement, values, on_behalf_of=asset)`: run an `UPDATE` that the others cannot express.

Events
======

An event is a frozen dataclass; `Event[R]` says that each listener answers with an `R`. Listeners
are called when the transaction that emitted the event has committed; a rollback drops the event.
`await world.dispatch_event(event)` calls them at once and returns their answers. A listener may ask
for the event, and for all that a system may ask for but marked entities and their components.

    @dataclass(frozen=True)
    class WalkEnded(Event[None]):
        pass


    class Log(list[str]):
        pass


    @listens_for(WalkEnded)
    async def note_end(event: WalkEnded, log: Resource[Log]) -> None:
        log.append(type(event).__name__)

Stages, `after` and `run_if`
============================

The stages are `ASSET_INGESTION`, `METADATA_EXTRACTION`, `CONTENT_ANALYSIS` and `POST_PROCESSING`.
They are walked in this order until no marked entity is left. An entity gets to a system only when
it has no marker of an earlier stage, nor, in the same stage, of a system that `after=` names.

New assets arrive while systems run. So if a system needs what another one writes, the import does
not set its marker, but the other system, with `commands.mark`.

`run_if` is given the `WorldConfig` whenever the stage is about to run. While it returns False, the
system is skipped, its markers stay, and no other system waits for them.

Failures
========

- `commands.fail(asset, error)` or `assets.fail(asset, error)` gives up one entity. Its marker is
  removed; what was written for it is kept. A `ProcessingErrorComponent` stores the system's name,
  the error's class, message and hint, and the number of attempts. `dam-cli failures` lists these
  rows; `dam-cli retry` tries again. The row goes when the system succeeds with the entity.
- If a system raises, nothing of the batch is written, and it is called again with each entity
  alone. Those with which it raises again fail as above. Errors that you expect go to `fail`.
- An `EnvironmentFaultError` that is raised ends the whole command, and the markers stay. It is for
  what is no entity's fault: a full disk, a server that is down.
- If a system without marked entities raises, the command ends with an error that names the system.
  If a listener raises after a commit, the error is logged and the other listeners are called.
- If the process dies, another one takes over its entities, one at a time. An entity on which three
  processes died alone fails.

Derive errors about one entity from `ItemError`, errors about how something is called from
`UsageError`. The message says what was found, the hint what to do.

The builder
===========

`contribute` adds a media kind, whose chapter of this manual is `help("dam.core.media_kinds")`.
`add_system`, `add_listener`, `add_resource`, `mark_new` and `mark_described` say what else a world
gets. The factory of a resource may use resources that were added before:
`resources.get(Counts)`. `when=` is given a `NewEntity`; that of an import is a `NewAsset`.

`add_migrations("dam_years", revision="0001")` lets `dam-cli setup-db` create the tables. The folder
`migrations` of the package `dam_years` has Alembic's version files, and 0001 is the newest. Every
foreign key of a plugin's table needs `ondelete="CASCADE"`.

    def install_all(builder: WorldBuilder) -> None:
        install(builder)
        builder.add_resource(Counts, lambda resources: Counts())
        builder.add_resource(YearCounts, lambda resources: YearCounts())
        builder.add_resource(Log, lambda resources: Log())
        for each in (count_assets, split_names, check_years, count_years, forget_rare_years):
            builder.add_system(each)
        builder.add_system(announce_end)
        builder.add_system(note_run)
        builder.add_listener(note_end)
        for marker in (NeedsCountComponent, NeedsWordsComponent, NeedsCheckComponent):
            builder.mark_new(marker)

Also here
=========

For annotations: `AnyComponent`, `EntityId`, `EntityRef` (an id, or the `PendingEntity` of
`create_entity`), `ResourceManager` (a factory's argument), `AsyncCloseable` (a resource that is
closed), `DamError`, and `ReadOnly`: a function with `session: ReadOnly[AsyncSession]` only reads.
For tables: `Entity`, `Base` (whose metadata has all tables), `table_of` (a class's table);
`SEARCHED_TEXT` in the `info` of a column lets assets be found by its words; `HidingComponent` is
the base of what hides an entity. For media kinds: `KindBinding`, `MediaKind`, `MediaLimits`.
"""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.builder import WorldBuilder
from dam.core.config import WorldConfig, WorldContext, context_of
from dam.core.ecs.components import (
    AnyComponent,
    Base,
    Component,
    Entity,
    EntityId,
    HidingComponent,
    IdentityComponent,
    MarkerComponent,
    MultiComponent,
    ProcessingErrorComponent,
    RevisionedComponent,
    table_of,
)
from dam.core.ecs.rows import create_entities, mark
from dam.core.ecs.search_fields import SEARCHED_TEXT
from dam.core.events import Event, emit
from dam.core.media_kinds import KindBinding
from dam.core.new_entities import NewEntity
from dam.core.read_only import ReadOnly
from dam.core.resources import AsyncCloseable, ResourceManager
from dam.core.systems.commands import Commands, EntityRef, PendingEntity
from dam.core.systems.declaration import SystemStage, listens_for, system
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    Resource,
    WorldReader,
    WorldSession,
)
from dam.core.world import World
from dam.errors import DamError, EnvironmentFaultError, ItemError, UsageError
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits

__all__ = [
    "SEARCHED_TEXT",
    "AnyComponent",
    "AsyncCloseable",
    "Base",
    "Commands",
    "Component",
    "Components",
    "DamError",
    "Entity",
    "EntityId",
    "EntityRef",
    "EnvironmentFaultError",
    "Event",
    "HidingComponent",
    "IdentityComponent",
    "ItemError",
    "KindBinding",
    "Mapped",
    "MarkedEntityList",
    "MarkerComponent",
    "MediaKind",
    "MediaLimits",
    "MultiComponent",
    "NewEntity",
    "PendingEntity",
    "ProcessingErrorComponent",
    "ReadOnly",
    "Resource",
    "ResourceManager",
    "RevisionedComponent",
    "SystemStage",
    "UsageError",
    "World",
    "WorldBuilder",
    "WorldConfig",
    "WorldContext",
    "WorldReader",
    "WorldSession",
    "context_of",
    "create_entities",
    "emit",
    "listens_for",
    "mapped_column",
    "mark",
    "system",
    "table_of",
]
