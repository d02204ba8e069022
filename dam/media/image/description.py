"""Description of a picture by its header; the part of `image.entry` that needs Pillow."""

from PIL.TiffImagePlugin import TiffImageFile

from dam.media.image.durations import duration_s
from dam.media.image.frames import ANIMATED_FORMATS, count_gif_frames, count_tiff_pages
from dam.media.image.reading import OpenPicture, open_picture, orientation_of, turns_itself
from dam.media.image.values import ImageDescription
from dam.media.limits import MediaLimits
from dam.media.open_file import AnyFile
from dam.media.structure.source import ByteSource

_MANY_FRAMED = ANIMATED_FORMATS | {"MPO", "HEIF", "DCX", "TIFF"}
_TURNED_SIDEWAYS = range(5, 9)
_BITS_PER_SAMPLE = 258
_MODE_BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}


def describe(source: AnyFile, limits: MediaLimits, media_type: str | None) -> ImageDescription:
    """Return the facts in the header; see `dam.media.image.entry.describe_image`."""
    with open_picture(source, limits, media_type, without_pixels=True) as picture:
        image = picture.image
        orientation = orientation_of(image)
        width, height = image.size
        if orientation in _TURNED_SIDEWAYS and not turns_itself(image):
            width, height = height, width
        frames, duration = _frames(picture, limits)
        is_animated = frames > 1 and image.format in ANIMATED_FORMATS
        return ImageDescription(
            format=image.format or "",
            width_px=width,
            height_px=height,
            orientation=orientation,
            mode=image.mode,
            bit_depth=_bit_depth(picture),
            has_alpha=image.has_transparency_data,
            frame_count=frames,
            is_animated=is_animated,
            duration_s=duration if is_animated else None,
        )


def _frames(picture: OpenPicture, limits: MediaLimits) -> tuple[int, float | None]:
    """Return the number of frames, and how long they run, in seconds, if the file says it."""
    image = picture.image
    if image.format not in _MANY_FRAMED:
        return 1, None
    source = ByteSource(picture.file, limits.max_metadata_bytes)
    if image.format == "GIF":
        return count_gif_frames(source, limits)
    if image.format == "TIFF":
        return count_tiff_pages(source, limits), None
    frames = int(getattr(image, "n_frames", 1))
    return frames, duration_s(source, image.format) if frames > 1 else None


def _bit_depth(picture: OpenPicture) -> int:
    image = picture.image
    if image.format == "PNG":
        # Pillow converts 16-bit colour to 8-bit; the first chunk has the stored depth.
        picture.file.seek(24)
        return picture.file.read(1)[0]
    if isinstance(image, TiffImageFile):
        return int(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))[0])
    return int(image.info.get("bit_depth") or _MODE_BITS.get(image.mode, 8))
