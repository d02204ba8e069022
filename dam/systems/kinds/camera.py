"""Cameras, and all metadata of a file; for all kinds of files."""

import json

from dam.core.ecs.components import AnyComponent, EntityId
from dam.core.systems.commands import Commands
from dam.media.camera.values import CameraFacts
from dam.models import CameraPropertiesComponent, FileMetadataComponent

CAMERA_COMPONENTS: tuple[type[AnyComponent], ...] = (
    CameraPropertiesComponent,
    FileMetadataComponent,
)
"""What `write_camera` may give to an asset."""


def write_camera(commands: Commands, asset: EntityId, camera: CameraFacts) -> None:
    """Give an asset the camera that its metadata names, and all of its metadata."""
    if not camera.metadata:
        return
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
    commands.set_values(asset, FileMetadataComponent, values=json.loads(camera.metadata))
