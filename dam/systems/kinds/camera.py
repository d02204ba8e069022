"""Camera, time, place and words that the metadata of a file states; for all kinds of files."""

import json
from datetime import datetime

from dam.core.ecs.components import AnyComponent, EntityId
from dam.core.systems.commands import Commands
from dam.media.camera.values import CameraFacts, Position, TakenAt
from dam.media.keywords import tags_of
from dam.models import (
    CameraPropertiesComponent,
    FileMetadataComponent,
    GeoPositionComponent,
    StatedTextComponent,
    TakenAtComponent,
)

CAMERA_COMPONENTS: tuple[type[AnyComponent], ...] = (
    CameraPropertiesComponent,
    FileMetadataComponent,
    GeoPositionComponent,
    StatedTextComponent,
    TakenAtComponent,
)
"""What `write_camera` may give to an asset."""


def write_camera(commands: Commands, asset: EntityId, camera: CameraFacts) -> None:
    """Give an asset what its metadata says; keywords and rating become tags of source `file`."""
    if not camera.metadata:
        return
    _write_camera(commands, asset, camera)
    words = {
        "title": camera.title,
        "description": camera.description,
        "author": camera.author,
    }
    if any(words.values()):
        commands.set_values(asset, StatedTextComponent, **words)
    write_time_and_place(commands, asset, camera.taken_at, camera.position)
    commands.set_values(asset, FileMetadataComponent, values=json.loads(camera.metadata))
    if tags := tags_of(camera.keywords, camera.rating):
        commands.tag(asset, *tags, source="file")


def _write_camera(commands: Commands, asset: EntityId, camera: CameraFacts) -> None:
    named = camera.make, camera.model, camera.lens
    set_to = camera.exposure_time_s, camera.f_number, camera.iso, camera.focal_length_mm
    if any(value is not None for value in (*named, *set_to)):
        commands.set_values(
            asset,
            CameraPropertiesComponent,
            make=camera.make,
            model=camera.model,
            lens=camera.lens,
            exposure_time_s=camera.exposure_time_s,
            f_number=camera.f_number,
            iso=camera.iso,
            focal_length_mm=camera.focal_length_mm,
        )


def write_time_and_place(
    commands: Commands, asset: EntityId, taken: TakenAt | None, place: Position | None
) -> None:
    """Give an asset the time and the place at which it was recorded, if they are known."""
    if taken is not None:
        commands.set_values(
            asset,
            TakenAtComponent,
            taken_at=datetime.fromisoformat(taken.local_time),
            utc_offset_minutes=taken.utc_offset_minutes,
            source=taken.source,
        )
    if place is not None:
        commands.set_values(
            asset,
            GeoPositionComponent,
            latitude=place.latitude,
            longitude=place.longitude,
            altitude_m=place.altitude_m,
        )
