"""Describes assets by their content: media type, and for pictures size, format and frames."""

from dam.core.ecs.components import EntityId
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import Components, MarkedEntityList, Resource, WorldReader
from dam.media.image.values import DESCRIPTION_RECIPE, ImageDescription
from dam.models import (
    FilePropertiesComponent,
    FramePropertiesComponent,
    ImageDimensionsComponent,
    ImageFormatComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
)
from dam.services import content_service
from dam.services.content_service import statement_for
from dam.services.file_operations import FileOperationsResource
from dam.tasks.files import FileDescription

_OF_PICTURES = (
    ImageDimensionsComponent,
    ImageFormatComponent,
    FramePropertiesComponent,
    ImagePerceptualPHashComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    NeedsContentAnalysisComponent,
)


@system(stage=SystemStage.METADATA_EXTRACTION, batch_size=512)
async def extract_metadata(
    assets: MarkedEntityList[NeedsMetadataExtractionComponent],
    known: Components[FilePropertiesComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    commands: Commands,
) -> None:
    """Describe each marked asset by its content; mark pictures for `analyse_images`."""
    contents = await content_service.locate_marked(reader, assets)
    answers = await files.describe(list(contents.values()))
    for asset, answer in zip(contents, answers, strict=True):
        if isinstance(answer, Exception):
            commands.fail(asset, answer)
            continue
        commands.update(
            asset,
            FilePropertiesComponent,
            media_type=answer.media_type,
            description_recipe=DESCRIPTION_RECIPE,
        )
        content = contents[asset]
        noted = statement_for(asset, answer.state, is_stored=content.is_stored)
        if noted and answer.state not in content.recorded:
            commands.execute(*noted, on_behalf_of=asset)
        if asset in known and known[asset].media_type is not None:
            _forget(commands, asset, answer)
        if answer.image is not None:
            _set_image(commands, asset, answer.image)
            commands.mark(asset, NeedsContentAnalysisComponent)
        if answer.failure is not None:
            commands.fail(asset, answer.failure)


def _forget(commands: Commands, asset: EntityId, answer: FileDescription) -> None:
    """Remove components of an earlier description that this description does not have."""
    if answer.image is not None:
        if answer.image.frame_count == 1:
            commands.remove(asset, FramePropertiesComponent)
    elif answer.failure is None:
        for kind in _OF_PICTURES:
            commands.remove(asset, kind)


def _set_image(commands: Commands, asset: EntityId, image: ImageDescription) -> None:
    width, height = image.width_px, image.height_px
    commands.set_values(asset, ImageDimensionsComponent, width=width, height=height)
    commands.set_values(
        asset,
        ImageFormatComponent,
        format=image.format,
        mode=image.mode,
        bit_depth=image.bit_depth,
        has_alpha=image.has_alpha,
        orientation=image.orientation,
    )
    if image.frame_count > 1:
        count, is_animated = image.frame_count, image.is_animated
        commands.set_values(
            asset, FramePropertiesComponent, frame_count=count, is_animated=is_animated
        )
