"""Looks at the pixels of pictures, once."""

from dam.core.commands import Commands
from dam.core.params import MarkedEntityList, Resource, WorldReader
from dam.core.systems import SystemStage, system
from dam.errors import NoContentError
from dam.models import (
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource
from dam.services.world_cache import WorldCache


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=128)
async def analyse_images(
    pictures: MarkedEntityList[NeedsContentAnalysisComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    cache: Resource[WorldCache],
    commands: Commands,
) -> None:
    """Give each marked picture its perceptual hashes and its thumbnail, from one decode."""
    contents = await reader.run(content_service.locate, pictures)
    for picture in pictures:
        if picture not in contents:
            commands.fail(picture, NoContentError(picture))
    answers = await files.analyse(list(contents.values()), await cache.thumbnails())
    for picture, answer in zip(contents, answers, strict=True):
        if isinstance(answer, Exception):
            commands.fail(picture, answer)
            continue
        hashes = answer.hashes
        for kind, value in (
            (ImagePerceptualPHashComponent, hashes.phash),
            (ImagePerceptualAHashComponent, hashes.ahash),
            (ImagePerceptualDHashComponent, hashes.dhash),
        ):
            packed = value.to_bytes(8, "big") if answer.has_structure else None
            commands.set(picture, kind(recipe=answer.recipe_version, value=packed))
