"""Camera RAW: the camera's own preview, which is a JPEG; without one, what LibRaw develops."""

import importlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from PIL import ExifTags, Image

from dam.errors import MediaLimitError, MissingDecoderError, NoDecoderError, raise_host_limit
from dam.media.image.decoders import RAW_TYPES
from dam.media.image.readers.drawn import DrawnFile
from dam.media.image.readers.raw_parts import parts_of
from dam.media.image.turning import turned
from dam.media.structure.part import part_of

PACKAGE, MODULE = "rawpy", "rawpy"
_MOST_PREVIEW_BYTES, _MOST_RAW_BYTES = 64 << 20, 300 << 20
_MOST_DEVELOPED_PIXELS = 100_000_000
_STDERR = 2
_ENOUGH_TIMES = 2
_ALIKE = 0.03
_SIDEWAYS = range(5, 9)
_BACK = {5: 5, 6: 8, 7: 7, 8: 6}
_OF_FLIP = {3: 3, 5: 8, 6: 6}
_FAULTS = (OSError, SyntaxError, ValueError, LookupError, TypeError, Image.DecompressionBombError)


class RawFile(DrawnFile):
    """A RAW file; see `DrawnFile`."""

    is_upright = False
    bytes_a_pixel = 0.0

    def _open(self) -> None:
        self.format = RAW_TYPES[self.media_type]
        parts = parts_of(self.file, self.media_type)
        self._previews = list(self._opened_previews(parts.previews))
        self._orientation = parts.orientation or self._orientation_of_preview()
        if parts.size is None or not min(parts.size):
            parts.size = self._size_by_libraw()
        self._size, self._mode = parts.size, "RGB"
        self.info["bit_depth"] = parts.bits
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = self._orientation
        self.info["exif"] = exif.tobytes()

    def _opened_previews(self, spans: list[Any]) -> Iterator[Image.Image]:
        for start, length in spans:
            part = part_of(self.file, start, min(length, _MOST_PREVIEW_BYTES))
            try:
                yield Image.open(part, formats=["JPEG"])
            except _FAULTS:
                continue  # pixels of the sensor, mostly, which are compressed alike

    def _orientation_of_preview(self) -> int:
        for preview in self._previews:
            found = preview.getexif().get(ExifTags.Base.Orientation)
            if found is not None and found in range(1, 9):
                return int(found)
        return 1

    def draw(self) -> Image.Image:
        """Return the preview that is large enough, or else the largest, or a developed picture."""
        for preview in self._by_use():
            if self.wanted is not None:
                preview.draft("RGB", self.wanted)
            try:
                preview.load()
            except _FAULTS:
                continue
            if profile := preview.info.get("icc_profile"):
                self.info["icc_profile"] = profile
            return self._as_it_lies(preview)
        return self._developed()

    def _by_use(self) -> list[Image.Image]:
        """Return the previews: first the smallest that will do, then from large to small."""
        by_size = sorted(self._previews, key=lambda each: -each.width * each.height)
        longest = _ENOUGH_TIMES * max(self.wanted or self.size)
        enough = [each for each in by_size if max(each.size) >= longest and self._is_alike(each)]
        return [*enough[-1:], *by_size]

    def _is_alike(self, preview: Image.Image) -> bool:
        """Tell whether a preview has the proportions of the picture, and so no black borders."""
        width, height = self.size
        own, found = max(width, height) / min(width, height), max(preview.size) / min(preview.size)
        return abs(own / found - 1) <= _ALIKE

    def _as_it_lies(self, preview: Image.Image) -> Image.Image:
        """Turn a preview back that the camera has turned already, as Pillow's callers turn it."""
        width, height = self.size
        is_turned = (width > height) != (preview.width > preview.height)
        if self._orientation in _SIDEWAYS and is_turned and width != height:
            return turned(preview, _BACK[self._orientation])
        return preview

    def _size_by_libraw(self) -> tuple[int, int]:
        rawpy = self._libraw()
        with _silence(), self._opened_by(rawpy) as raw:
            self._orientation = _OF_FLIP.get(raw.sizes.flip, 1)
            return raw.sizes.width, raw.sizes.height

    def _developed(self) -> Image.Image:
        rawpy = self._libraw()
        with _silence(), self._opened_by(rawpy) as raw:
            try:
                thumb = raw.extract_thumb()
                if thumb.format == rawpy.ThumbFormat.JPEG:
                    jpeg = Image.open(io.BytesIO(thumb.data), formats=["JPEG"])
                    jpeg.draft("RGB", self.wanted)
                    jpeg.load()
                    return self._as_it_lies(jpeg)
                return self._as_it_lies(Image.fromarray(thumb.data))
            except (rawpy.LibRawError, *_FAULTS):
                pass  # there is none, or it is damaged
            if self.width * self.height > _MOST_DEVELOPED_PIXELS:
                pixels = self.width * self.height
                raise MediaLimitError("pixels to decode", pixels, _MOST_DEVELOPED_PIXELS)
            try:
                pixels_of = raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
            except rawpy.LibRawError as error:
                raise SyntaxError(_words(error)) from error
        return Image.fromarray(pixels_of)

    def _opened_by(self, rawpy: ModuleType) -> Any:  # noqa: ANN401 - LibRaw's own object
        size = self.file.seek(0, io.SEEK_END)
        if size > _MOST_RAW_BYTES:
            raise MediaLimitError("bytes of a RAW file", size, _MOST_RAW_BYTES)
        self.file.seek(0)
        try:
            return rawpy.imread(self.file)
        except rawpy.LibRawFileUnsupportedError as error:
            raise NoDecoderError(f"{self.format} pictures of this camera") from error
        except rawpy.LibRawError as error:
            raise SyntaxError(_words(error)) from error

    def _libraw(self) -> ModuleType:
        try:
            return importlib.import_module(MODULE)
        except ImportError as error:
            raise_host_limit(error)
            raise MissingDecoderError(self.media_type, PACKAGE) from error


@contextmanager
def _silence() -> Iterator[None]:
    """Keep LibRaw, which writes about each damage to the terminal, from doing so.

    The null device is opened for reading, because a confined worker may write to no file; what
    LibRaw then writes fails, which it does not look at.
    """
    kept = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)


def _words(error: Exception) -> str:
    detail = error.args[0] if error.args else ""
    text = detail.decode("ascii", "replace") if isinstance(detail, bytes) else str(detail)
    return f"LibRaw says {text!r}"
