"""What a system may ask for becomes its plan; `test_build_faults` has what it may not."""

from dam.core.config import WorldConfig, WorldContext
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, facts_of, system
from dam.core.systems.params import (
    Components,
    MarkedEntityList,
    Param,
    ParamKind,
    Resource,
    WorldReader,
    WorldSession,
)
from dam.core.systems.signatures import read_plan
from dam.models import (
    FileLocationComponent,
    ImageDimensionsComponent,
    NeedsContentAnalysisComponent,
)

STAGE = SystemStage.CONTENT_ANALYSIS


class Store:
    """A resource."""


@system(stage=STAGE)
async def asks_for_much(
    assets: MarkedEntityList[NeedsContentAnalysisComponent],
    reader: WorldReader,
    commands: Commands,
    config: WorldConfig,
    context: WorldContext,
    store: Resource[Store],
    sizes: Components[ImageDimensionsComponent],
    places: Components[FileLocationComponent],
) -> None: ...


def test_a_signature_becomes_a_plan() -> None:
    facts = facts_of(asks_for_much)
    assert facts is not None
    plan, faults = read_plan(asks_for_much, facts)
    assert faults == []
    assert plan.name == "asks_for_much"
    assert plan.marker is NeedsContentAnalysisComponent
    assert plan.params == (
        Param("assets", ParamKind.MARKED, NeedsContentAnalysisComponent),
        Param("reader", ParamKind.READER),
        Param("commands", ParamKind.COMMANDS),
        Param("config", ParamKind.CONFIG),
        Param("context", ParamKind.CONTEXT),
        Param("store", ParamKind.RESOURCE, Store),
        Param("sizes", ParamKind.COMPONENTS, ImageDimensionsComponent),
        Param("places", ParamKind.COMPONENTS, FileLocationComponent),
    )


def test_a_session_is_told_by_its_alias() -> None:
    @system(stage=STAGE)
    async def writes(session: WorldSession) -> None: ...

    facts = facts_of(writes)
    assert facts is not None
    plan, faults = read_plan(writes, facts)
    assert faults == []
    assert plan.asks_for(ParamKind.SESSION)


def test_the_decorator_returns_the_function() -> None:
    async def plain(commands: Commands) -> None: ...

    assert system(stage=STAGE)(plain) is plain
