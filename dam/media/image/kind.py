"""The media kind of pictures: `IMAGE`."""

from typing import Any, BinaryIO

from dam.errors import ItemError, raise_host_limit
from dam.media.camera.values import CameraFacts
from dam.media.image.decoders import (
    PICTURE_TYPES,
    RAW_TYPES,
    REQUIREMENTS,
    installed_decoders,
)
from dam.media.image.entry import describe_image, small_picture
from dam.media.image.values import PictureFacts
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits


def _describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> PictureFacts:
    from dam.media.camera.reading import read_camera_facts  # noqa: PLC0415 - for workers alone

    try:
        camera = read_camera_facts(file, limits)
    except Exception as error:  # noqa: BLE001 - no mistake in metadata costs the picture
        raise_host_limit(error)
        camera = CameraFacts()  # if the file is at fault, what follows tells what is wrong
    try:
        return PictureFacts(description=describe_image(file, limits, media_type), camera=camera)
    except ItemError as error:
        raise_host_limit(error)
        return PictureFacts(description=None, camera=camera, failure=error)


def _picture(file: BinaryIO, media_type: str, limits: MediaLimits) -> Any:  # noqa: ANN401 - Pillow's image
    return small_picture(file, limits, media_type)


IMAGE = MediaKind(
    name="image",
    media_types=frozenset(each for each in PICTURE_TYPES if not each.startswith("video/")),
    describe=_describe,
    description_version=4,
    picture=_picture,
    picture_version=3,
    newer_pictures={"image/vnd.adobe.photoshop": 4, "image/x-tga": 4},
    scaled=frozenset({"image/jpeg", "image/svg+xml", *RAW_TYPES}),
    # The last ones are what Pillow imports for the first picture. A confined worker can keep no
    # compiled module, so each would compile them anew where no installer has done so.
    preloads=(
        "dam.media.camera.reading",
        "dam.media.image.analysis",
        "dam.media.image.description",
        "PIL.BmpImagePlugin",
        "PIL.GifImagePlugin",
        "PIL.JpegImagePlugin",
        "PIL.PngImagePlugin",
        "PIL.PpmImagePlugin",
    ),
    requirements=REQUIREMENTS,
    decoders=installed_decoders,
)
