"""Computes perceptual hashes and thumbnails of pictures; each picture is decoded once."""

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import MediaKinds
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import Components, MarkedEntityList, Resource, WorldReader
from dam.errors import NoDecoderError, NoPictureError
from dam.media.kind import kind_of
from dam.models import (
    FilePropertiesComponent,
    ImageDimensionsComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
    ImagePerceptualPHashComponent,
    NeedsContentAnalysisComponent,
)
from dam.services import content_service
from dam.services.content_service import is_about_bytes
from dam.services.file_operations import FileOperationsResource
from dam.services.world_service import WorldCache
from dam.tasks.files import AnalysedPicture

HASHES = (
    ImagePerceptualPHashComponent,
    ImagePerceptualAHashComponent,
    ImagePerceptualDHashComponent,
)

_LARGE_PIXELS = 40_000_000


@system(stage=SystemStage.CONTENT_ANALYSIS, batch_size=512)
async def analyse_images(
    pictures: MarkedEntityList[NeedsContentAnalysisComponent],
    properties: Components[FilePropertiesComponent],
    sizes: Components[ImageDimensionsComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    kinds: Resource[MediaKinds],
    cache: Resource[WorldCache],
    commands: Commands,
) -> None:
    """Give each marked picture its perceptual hashes and its thumbnail, from one decode."""
    contents = await content_service.locate_marked(reader, pictures)
    thumbnails = await cache.thumbnails()

    def type_of(picture: EntityId) -> str | None:
        return properties[picture].media_type if picture in properties else None

    def is_large(picture: EntityId) -> bool:
        """Tell whether a picture needs so much memory that it must be decoded alone."""
        size, media_type = sizes.get(picture), type_of(picture)
        if size is None or size.width * size.height <= _LARGE_PIXELS:
            return False
        kind = kind_of(kinds.kinds(), media_type)
        return kind is None or media_type not in kind.scaled

    large = dict.fromkeys(filter(is_large, contents))
    at_once = [picture for picture in contents if picture not in large]
    items = {picture: (content, type_of(picture)) for picture, content in contents.items()}
    answers = await files.analyse([items[picture] for picture in at_once], thumbnails)
    for picture in large:
        answers += await files.analyse([items[picture]], thumbnails)
    for picture, answer in zip([*at_once, *large], answers, strict=True):
        if isinstance(answer, NoDecoderError):
            files.undecodable[answer.message] += 1  # no failure, as no retry would help
        elif isinstance(answer, Exception) and not isinstance(answer, NoPictureError):
            commands.fail(picture, answer)
        if not isinstance(answer, Exception):
            _write(commands, picture, answer)
        elif is_about_bytes(answer):
            _forget(commands, picture)


def _forget(commands: Commands, picture: EntityId) -> None:
    """Remove the hashes that an earlier version computed; else they would be outdated for ever."""
    for kind in HASHES:
        commands.remove(picture, kind)


def _write(commands: Commands, picture: EntityId, answer: AnalysedPicture) -> None:
    """Write the hashes of a picture; it fails if it is torn, and they are those of the rest."""
    if answer.fault is not None:
        commands.fail(picture, answer.fault)
    hashes = answer.hashes
    if hashes is None:
        _forget(commands, picture)
        return
    for kind, value in zip(HASHES, (hashes.phash, hashes.ahash, hashes.dhash), strict=True):
        packed = value.to_bytes(8, "big") if answer.has_structure else None
        commands.set_values(picture, kind, recipe=answer.recipe_version, value=packed)
