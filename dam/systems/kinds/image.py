"""Pictures: dimensions, format, frames, how long they run, and what their metadata says."""

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.media.image.kind import IMAGE
from dam.media.image.values import ImageDescription, PictureFacts
from dam.models import (
    DurationComponent,
    FramePropertiesComponent,
    ImageDimensionsComponent,
    ImageFormatComponent,
)
from dam.systems.kinds.camera import CAMERA_COMPONENTS, write_camera


def write_image(commands: Commands, asset: EntityId, facts: PictureFacts) -> None:
    """Give a picture what its header says, its camera, and all of its metadata."""
    if facts.description is not None:
        _write_description(commands, asset, facts.description)
    write_camera(commands, asset, facts.camera)


def _write_description(commands: Commands, asset: EntityId, image: ImageDescription) -> None:
    """Give a picture its dimensions, its format and, if it has several, its frames; a duration."""
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
    if image.duration_s is not None:
        commands.set_values(asset, DurationComponent, duration_s=image.duration_s)


IMAGES = KindBinding(
    kind=IMAGE,
    components=(
        ImageDimensionsComponent,
        ImageFormatComponent,
        FramePropertiesComponent,
        DurationComponent,
        *CAMERA_COMPONENTS,
    ),
    write=write_image,
)
