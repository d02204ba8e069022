"""What the plugin adds to a world: a media kind, a system for its marker, a listener."""

from dataclasses import dataclass

from dam.core.prelude import (
    Commands,
    EntityId,
    Event,
    KindBinding,
    MarkedEntityList,
    MediaKind,
    Resource,
    SystemStage,
    WorldBuilder,
    WorldReader,
    listens_for,
    system,
)
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource

from .components import NeedsStlSurfaceComponent, StlModelComponent, StlSurfaceComponent
from .reading import STL_TYPE, ModelFacts, describe, draw, is_closed, recognise

STL = MediaKind(
    name="stl",
    media_types=frozenset({STL_TYPE}),
    describe=describe,
    description_version=1,
    picture=draw,
    is_hashed=False,  # many models look alike from one side
    recognise=recognise,
)


def write_model(commands: Commands, asset: EntityId, facts: ModelFacts) -> None:
    """Give a model its component."""
    (min_x, min_y, min_z), (max_x, max_y, max_z) = facts.lowest, facts.highest
    commands.set_values(
        asset,
        StlModelComponent,
        triangle_count=facts.triangle_count,
        min_x=min_x,
        min_y=min_y,
        min_z=min_z,
        max_x=max_x,
        max_y=max_y,
        max_z=max_z,
    )


STL_MODELS = KindBinding(kind=STL, components=(StlModelComponent,), write=write_model)


@dataclass(frozen=True)
class OpenSurfaceFound(Event[None]):
    """A model has a hole."""

    entity_id: EntityId


class OpenModels(list[EntityId]):
    """The models with a hole that this opening of the world has found."""


@system(stage=SystemStage.POST_PROCESSING)
async def check_surfaces(
    models: MarkedEntityList[NeedsStlSurfaceComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    commands: Commands,
) -> None:
    """Note for each marked model whether its surface is closed."""
    contents = await content_service.locate_marked(reader, models)
    answers = await files.each(is_closed, list(contents.values()))
    for model, answer in zip(contents, answers, strict=True):
        if isinstance(answer, Exception):
            commands.fail(model, answer)
            continue
        commands.set_values(model, StlSurfaceComponent, is_closed=answer)
        if not answer:
            commands.emit(OpenSurfaceFound(model), on_behalf_of=model)


@listens_for(OpenSurfaceFound)
async def remember_model(event: OpenSurfaceFound, models: Resource[OpenModels]) -> None:
    """Keep which models have a hole."""
    models.append(event.entity_id)


def install(builder: WorldBuilder) -> None:
    """Add what this package can do to a world."""
    builder.add_migrations("dam_stl", revision="0001")
    builder.contribute(STL_MODELS)
    builder.mark_described(NeedsStlSurfaceComponent, STL_TYPE)
    builder.add_system(check_surfaces)
    builder.add_resource(OpenModels, lambda _: OpenModels())
    builder.add_listener(remember_model)
