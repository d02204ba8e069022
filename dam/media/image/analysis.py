"""Hashes and thumbnail of a picture from one scaled decode; the part of `image.entry` in Pillow."""

from PIL import Image

from dam.errors import TornPictureError, UnreadablePictureError
from dam.media.image.bitmap import grey_of, shrink, small_upright_bitmap
from dam.media.image.colour_profile import to_srgb
from dam.media.image.deep_colours import (
    are_dark,
    combined,
    has_deep_colours,
    read_low_bytes,
)
from dam.media.image.perceptual_hash import hash_bitmap
from dam.media.image.reading import open_picture, orientation_of, turns_itself
from dam.media.image.thumbnail import encode_thumbnail
from dam.media.image.torn import decoded_part
from dam.media.image.turning import turned
from dam.media.image.values import (
    BITMAP_RECIPE,
    ImageAnalysis,
    PerceptualHashes,
    QueryHashes,
    Thumbnail,
    Transform,
)
from dam.media.limits import MediaLimits
from dam.media.open_file import AnyFile

# Pillow turns counter-clockwise.
_TRANSFORMS: dict[Transform, Image.Transpose | None] = {
    "none": None,
    "rotate90": Image.Transpose.ROTATE_270,
    "rotate180": Image.Transpose.ROTATE_180,
    "rotate270": Image.Transpose.ROTATE_90,
    "flip-horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip-vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}


def small_picture(
    source: AnyFile, limits: MediaLimits, media_type: str | None = None
) -> Image.Image:
    """Return a picture upright and small; see `dam.media.image.entry.small_picture`."""
    try:
        with open_picture(source, limits, media_type) as picture:
            image = picture.image
            is_deep = has_deep_colours(image)
            bitmap = small_upright_bitmap(image, limits)
            icc_profile = image.info.get("icc_profile")
            missing = picture.missing
            if is_deep and are_dark(image):
                bitmap = _small_of_few_bits(image, source, limits, media_type)
            fault = TornPictureError(image.format or "", missing) if missing else None
    except UnreadablePictureError as error:
        bitmap, icc_profile, fault, _ = decoded_part(source, limits, media_type, error)
    bitmap = to_srgb(bitmap, icc_profile)
    bitmap.info = {"fault": fault} if fault else {}
    return bitmap


def _small_of_few_bits(
    high: Image.Image,
    source: AnyFile,
    limits: MediaLimits,
    media_type: str | None,
) -> Image.Image:
    """Return a small picture whose colours use few of their sixteen bits, given the high bytes."""
    with open_picture(source, limits, media_type) as picture:
        low = picture.image
        orientation = 1 if turns_itself(low) else orientation_of(low)
        read_low_bytes(low)
        low.load()
        return turned(shrink(combined(high, low)), orientation)


def analyse(picture: Image.Image) -> ImageAnalysis:
    """Return the hashes and the thumbnail; see `dam.media.image.entry.analyse_picture`."""
    bitmap = to_srgb(shrink(picture), picture.info.get("icc_profile"))
    hashes, has_structure = hash_bitmap(grey_of(bitmap))
    return ImageAnalysis(
        recipe_version=BITMAP_RECIPE,
        hashes=hashes,
        has_structure=has_structure,
        thumbnail=encode_thumbnail(bitmap),
        fault=picture.info.get("fault"),
    )


def thumbnail_of(picture: Image.Image) -> Thumbnail:
    """Return the thumbnail alone; see `dam.media.image.entry.thumbnail_of`."""
    return encode_thumbnail(to_srgb(shrink(picture), picture.info.get("icc_profile")))


def hash_query(source: AnyFile, limits: MediaLimits) -> QueryHashes:
    """Return the hashes for all eight transforms; see `dam.media.image.entry.hash_query_image`."""
    grey = grey_of(small_picture(source, limits))
    _, has_structure = hash_bitmap(grey)
    return QueryHashes(
        recipe_version=BITMAP_RECIPE,
        by_transform=dihedral_hashes(grey),
        has_structure=has_structure,
    )


def dihedral_hashes(grey: Image.Image) -> dict[Transform, PerceptualHashes]:
    """Return the hashes of a bitmap for all eight ways to turn and mirror it, including `none`."""
    return {
        name: hash_bitmap(grey if turn is None else grey.transpose(turn))[0]
        for name, turn in _TRANSFORMS.items()
    }
