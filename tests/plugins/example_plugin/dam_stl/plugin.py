"""What the plugin adds to a world: a system for its marker, a listener and resources."""

import asyncio
from dataclasses import dataclass

from dam.core.prelude import (
    Commands,
    EntityId,
    Event,
    ItemError,
    MarkedEntityList,
    Resource,
    SystemStage,
    WorldBuilder,
    WorldReader,
    listens_for,
    system,
)
from dam.services import content_service
from dam.services.content_service import NewAsset
from dam.services.file_operations import FileOperationsResource
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, local_file

from .components import NeedsStlReadingComponent, StlModelComponent
from .reading import ModelFacts, read_facts


@dataclass(frozen=True)
class ModelRead(Event[None]):
    """A model was read."""

    entity_id: EntityId


class ModelReader:
    """Reads models from where their bytes are."""

    def facts_of(self, store: ContentStore, model: LocatedContent) -> ModelFacts:
        """Return the facts about a model; raise an `ItemError` if it cannot be read."""
        with local_file(store, model) as path:
            return read_facts(path)


class ReadModels(list[EntityId]):
    """The models that this opening of the world has read."""


@system(stage=SystemStage.METADATA_EXTRACTION)
async def read_models(
    models: MarkedEntityList[NeedsStlReadingComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    model_reader: Resource[ModelReader],
    commands: Commands,
) -> None:
    """Give each marked model its component."""
    contents = await content_service.locate_marked(reader, models)
    for model, content in contents.items():
        try:
            facts = await asyncio.to_thread(model_reader.facts_of, files.store, content)
        except ItemError as error:
            commands.fail(model, error)
            continue
        commands.set(model, component_of(facts))
        commands.emit(ModelRead(model), on_behalf_of=model)


def component_of(facts: ModelFacts) -> StlModelComponent:
    """Return the component for the facts about a model."""
    (min_x, min_y, min_z), (max_x, max_y, max_z) = facts.lowest, facts.highest
    return StlModelComponent(
        triangle_count=facts.triangle_count,
        min_x=min_x,
        min_y=min_y,
        min_z=min_z,
        max_x=max_x,
        max_y=max_y,
        max_z=max_z,
    )


@listens_for(ModelRead)
async def remember_model(event: ModelRead, models: Resource[ReadModels]) -> None:
    """Keep which models were read."""
    models.append(event.entity_id)


def is_model(asset: NewAsset) -> bool:
    """Tell whether a new asset is to be read."""
    return asset.name.lower().endswith(".stl")


def install(builder: WorldBuilder) -> None:
    """Add what this package can do to a world."""
    builder.add_migrations("dam_stl", revision="0001")
    builder.add_resource(ModelReader, lambda _: ModelReader())
    builder.add_resource(ReadModels, lambda _: ReadModels())
    builder.add_system(read_models)
    builder.add_listener(remember_model)
    builder.mark_new(NeedsStlReadingComponent, when=is_model)
