"""Opening of pictures within limits; the only place that translates Pillow's errors into ours."""

import errno
import io
import logging
import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from PIL import ExifTags, Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from dam.errors import FileAccessError, MediaLimitError, NoDecoderError, UnreadablePictureError
from dam.media.file_type.recognition import media_type
from dam.media.image.declared_size import declared_bytes
from dam.media.image.decoders import pillow_format, reader_of
from dam.media.image.jxl_size import declared_pixels
from dam.media.image.memory import refuse_large_jxl
from dam.media.image.no_decoder import lacking_decoder
from dam.media.image.outline import outline
from dam.media.image.png_chunks import LenientChunks
from dam.media.limits import MediaLimits
from dam.media.open_file import AnyFile, opened, path_of

# Formats whose decoders return the picture upright.
_UPRIGHT_FORMATS = frozenset({"TIFF", "HEIF", "JXL"})
_UNPACKED_FORMATS = frozenset({"DDS", "FTEX", "BMP", "PPM", "SUN", "PIXAR", "TGA", "FITS"})
_MOST_PIXELS_A_BYTE = 8
_MOST_PIXELS_A_PACKED_BYTE = 10_000  # of one colour: 8,000 in a PNG, 2,700 in a GIF
_MOST_PIXELS_WANTED = 4_000_000_000
_MOST_TIMES_TORN = 100  # a header that declares more than this is damaged
_ENDS = {"JPEG2000": b"\xff\xd9"}
_ORIENTATIONS = range(1, 9)

DECODER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow and its plugins were seen to raise on damaged files."""

JPEG_FORMATS = frozenset({"JPEG", "MPO"})
"""Pillow's names of a JPEG, with one picture or with several."""


class OpenPicture(NamedTuple):
    """A picture that is open but not yet decoded.

    Attributes:
        image: The picture.
        file: Its bytes, those included that were put after its end.
        missing: The share of the file's bytes that are known to be missing.
    """

    image: ImageFile.ImageFile
    file: BinaryIO
    missing: float = 0.0


# Raised by decoders that trusted damaged data; their messages mean nothing to users.
_SAYS_TOO_SHORT = re.compile(
    "truncated|not enough image data|unexpected end|requires a buffer of|only got", re.IGNORECASE
)
_SAYS_NOTHING = re.compile(
    r"(\d*|invalid literal.*|not enough values.*|generic error)$", re.IGNORECASE
)
_ACCIDENTS = (AssertionError, AttributeError, LookupError, TypeError)

# A damaged offset makes a seek fail with one of these; every other number is the disk's fault.
_FAULTS_OF_OFFSETS = (None, errno.EINVAL)


@contextmanager
def open_picture(
    source: AnyFile,
    limits: MediaLimits,
    known_type: str | None = None,
    *,
    jpeg_end: bytes = b"",
    lost_bytes: int = 0,
    without_pixels: bool = False,
) -> Iterator[OpenPicture]:
    """Open a picture for calls of Pillow; its media type is recognised unless it is known.

    The body of the `with` must do nothing else: every error in it is blamed on the file.

    Args:
        source: Its path, or the open file, which stays open.
        limits: What a file may demand at most.
        known_type: Its media type.
        jpeg_end: Bytes to put after the end of a JPEG.
        lost_bytes: How many of the last bytes of a file that ends too early not to use.
        without_pixels: It is only described: its pixels need not be read.

    Raises:
        ItemError: The file cannot be read or decoded, or exceeds a limit.
    """
    _silence_pillow(limits)
    picture_format, size_bytes = "image", 0
    try:
        with opened(source) as file:
            size_bytes = file.seek(0, os.SEEK_END)
            found_type = known_type or media_type(file)
            picture_format = pillow_format(found_type)
            whole, missing = _whole(file, picture_format, jpeg_end, lost_bytes)
            if without_pixels and not missing:
                whole = outline(whole, picture_format)
            try:
                with _opened(whole, picture_format, found_type, limits) as image:
                    _check(image, limits)
                    _refuse_empty(image, whole)
                    yield OpenPicture(image, whole, missing)
            except DECODER_FAULTS as error:
                if what := lacking_decoder(whole, picture_format, error):
                    raise NoDecoderError(what) from error
                raise
    except UnidentifiedImageError as error:
        raise UnreadablePictureError(picture_format, "the header is not valid") from error
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+", str(error))
        pixels = int(found[0]) if found else None
        raise _plausible(
            MediaLimitError("pixels", pixels, limits.max_pixels), size_bytes
        ) from error
    except MediaLimitError as error:
        raise _plausible(error, size_bytes) from error.__cause__
    except DECODER_FAULTS as error:
        if isinstance(error, OSError) and error.errno not in _FAULTS_OF_OFFSETS:
            raise FileAccessError(path_of(source), "read", error) from error
        raise UnreadablePictureError(picture_format, _reason(error)) from error


def _plausible(error: MediaLimitError, size_bytes: int) -> MediaLimitError:
    """Return an error without its hint if no file of this size has so many pixels.

    With the hint, people would let a damaged or hostile file take all memory.
    """
    most = min(_MOST_PIXELS_WANTED, size_bytes * _MOST_PIXELS_A_PACKED_BYTE)
    if error.found is not None and error.found > most:
        error.hint = None
    return error


def _opened(
    file: BinaryIO, picture_format: str, media_type: str, limits: MediaLimits
) -> ImageFile.ImageFile:
    """Return an open picture: by a reader of ours, or by the plugin of Pillow."""
    reader = reader_of(media_type)
    if reader is not None and not reader.is_for_pillow(file):
        file.seek(0)
        image: ImageFile.ImageFile = reader(file, limits, media_type)
        return image
    if picture_format == "JXL":
        refuse_large_jxl(declared_pixels(file) or 0, limits)
    file.seek(0)
    return Image.open(file, formats=[picture_format])


def _refuse_empty(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """Raise unless a file has a share of the bytes that its header promises.

    The decoders of these formats make room for the whole picture before they look for its data.
    """
    if image.format in _UNPACKED_FORMATS:
        most = file.seek(0, os.SEEK_END) * _MOST_PIXELS_A_BYTE * _MOST_TIMES_TORN
        file.seek(0)
        if image.width * image.height > most:
            raise SyntaxError("it has next to none of the data that its header promises")


def _whole(
    file: BinaryIO, picture_format: str, jpeg_end: bytes, lost_bytes: int
) -> tuple[BinaryIO, float]:
    """Return the file with the end that it lacks, and the share of its bytes that are missing."""
    file.seek(0)
    if jpeg_end and picture_format == "JPEG":
        return io.BytesIO(file.read().removesuffix(b"\xff") + jpeg_end), 0.0
    if declared := declared_bytes(file, picture_format):
        found = file.seek(0, os.SEEK_END)
        file.seek(0)
        if found < declared <= found * _MOST_TIMES_TORN:
            end = _ENDS.get(picture_format, b"")
            there = file.read(max(0, found - lost_bytes))
            filled = there.ljust(declared - len(end), b"\0") + end
            return io.BytesIO(filled[:declared]), 1 - found / declared
    file.seek(0)
    return file, 0.0


def orientation_of(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8, without decoding pixels."""
    # PngImageFile.getexif would decode the picture to look for metadata after the pixels.
    exif = Image.Image.getexif(image)
    found = exif.get(ExifTags.Base.Orientation, 1)
    return int(found) if found in _ORIENTATIONS else 1


def turns_itself(image: Image.Image) -> bool:
    """Tell whether the decoder itself applies the orientation."""
    return image.format in _UPRIGHT_FORMATS or bool(getattr(image, "is_upright", False))


def _check(image: Image.Image, limits: MediaLimits) -> None:
    pixels = image.width * image.height
    if pixels > limits.max_pixels:
        raise MediaLimitError("pixels", pixels, limits.max_pixels)
    _drop_metadata(image, limits.max_metadata_bytes)


def _drop_metadata(image: Image.Image, most_bytes: int) -> None:
    """Leave out the largest texts and profiles until the others are within the limit."""
    texts = {key: each for key, each in image.info.items() if isinstance(each, bytes | str)}
    left = sum(map(len, texts.values()))
    for key in sorted(texts, key=lambda key: len(texts[key]), reverse=True):
        if left <= most_bytes:
            return
        left -= len(image.info.pop(key))


def _silence_pillow(limits: MediaLimits) -> None:
    """Stop Pillow from warning and logging; give it limits, and our reader of a PNG's chunks.

    This sets a filter instead of using `catch_warnings`, which threads would undo for each other.
    """
    warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif|pillow_jxl)\b")
    logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)
    # Pillow raises above twice this number, also for pictures inside pictures (icons).
    Image.MAX_IMAGE_PIXELS = limits.max_pixels // 2
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = limits.max_metadata_bytes
    PngImagePlugin.PngStream = LenientChunks  # type: ignore[misc]  # no file can bring its own


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    detail = error.args[0] if error.args else ""
    text = detail.decode("ascii", "backslashreplace") if isinstance(detail, bytes) else str(detail)
    if _SAYS_TOO_SHORT.search(text):
        return "it ends too early"
    # Only the first sentence, as one line: the rest is advice for programmers.
    sentence = " ".join(text.split()).split(". ")[0].removesuffix(" when reading image file")
    if isinstance(error, _ACCIDENTS) or _SAYS_NOTHING.match(sentence):
        return "its data is inconsistent"
    return sentence
