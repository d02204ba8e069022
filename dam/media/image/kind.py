"""The media kind of pictures: `IMAGE`."""

from typing import Any, BinaryIO

from dam.media.image.decoders import PICTURE_TYPES, REQUIREMENTS, installed_decoders
from dam.media.image.entry import describe_image, small_picture
from dam.media.image.values import ImageDescription
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits


def _describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> ImageDescription:
    return describe_image(file, limits, media_type)


def _picture(file: BinaryIO, media_type: str, limits: MediaLimits) -> Any:  # noqa: ANN401 - Pillow's image
    return small_picture(file, limits, media_type)


IMAGE = MediaKind(
    name="image",
    media_types=frozenset(each for each in PICTURE_TYPES if each.startswith("image/")),
    describe=_describe,
    description_version=2,
    picture=_picture,
    picture_version=3,
    scaled=frozenset({"image/jpeg"}),
    # The last ones are what Pillow and numpy import for the first picture. A confined worker can
    # keep no compiled module, so each would compile them anew where no installer has done so.
    preloads=(
        "dam.media.image.analysis",
        "dam.media.image.description",
        "PIL.BmpImagePlugin",
        "PIL.GifImagePlugin",
        "PIL.JpegImagePlugin",
        "PIL.PngImagePlugin",
        "PIL.PpmImagePlugin",
        "numpy.ma",
    ),
    requirements=REQUIREMENTS,
    decoders=installed_decoders,
)
