"""Computes perceptual hashes and thumbnails of pictures; each picture is decoded once."""

from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import Components, MarkedEntityList, Resource, WorldReader
from dam.models import (
    ImageDimensionsComponent,
    ImageFormatComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.services import content_service
from dam.services.file_operations import FileOperationsResource
from dam.services.world_service import WorldCache

_LARGE_PIXELS = 40_000_000
_SCALED_BY_DECODER = ("JPEG", "MPO")


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=512)
async def analyse_images(
    pictures: MarkedEntityList[NeedsContentAnalysisComponent],
    sizes: Components[ImageDimensionsComponent],
    formats: Components[ImageFormatComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    cache: Resource[WorldCache],
    commands: Commands,
) -> None:
    """Give each marked picture its perceptual hashes and its thumbnail, from one decode."""
    contents = await content_service.locate_marked(reader, pictures)
    thumbnails = await cache.thumbnails()
    large = [key for key in contents if _is_large(sizes.get(key), formats.get(key))]
    at_once = [picture for picture in contents if picture not in large]
    answers = await files.analyse([contents[picture] for picture in at_once], thumbnails)
    for picture in large:
        answers += await files.analyse([contents[picture]], thumbnails)
    for picture, answer in zip([*at_once, *large], answers, strict=True):
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
            commands.set_values(picture, kind, recipe=answer.recipe_version, value=packed)


def _is_large(size: ImageDimensionsComponent | None, form: ImageFormatComponent | None) -> bool:
    """Tell whether a picture needs so much memory that it must be decoded alone."""
    if size is None or form is None or form.format in _SCALED_BY_DECODER:
        return False
    return size.width * size.height > _LARGE_PIXELS
