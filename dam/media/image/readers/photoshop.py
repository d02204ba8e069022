"""PSD and PSB: the merged picture of a layered file, in the depths and modes that Pillow lacks.

Programs write the merged picture beside the layers, so that readers need not draw these.
"""

import io
import struct
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dam.errors import NoDecoderError
from dam.media.image.colour_profile import in_srgb
from dam.media.image.readers.drawn import DrawnFile
from dam.media.structure.photoshop import image_resources
from dam.media.structure.source import ByteSource

_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_COLOURS = {
    _BITMAP: 1,
    _GREY: 1,
    _DUOTONE: 1,
    _INDEXED: 1,
    _RGB: 3,
    _LAB: 3,
    _CMYK: 4,
}
_MODES = {
    _BITMAP: "L",
    _GREY: "L",
    _DUOTONE: "L",
    _INDEXED: "RGB",
    _RGB: "RGB",
    _LAB: "RGB",
    _CMYK: "CMYK",
}
_DEPTHS = (1, 8, 16, 32)
_MOST_CHANNELS, _LONGEST_SIDE = 99, 300_000
_PSB = 2
_RAW, _PACKED = 0, 1
_ICC_PROFILE, _TRANSPARENT_INDEX = 1039, 1047
_MOST_RESOURCE_BYTES = 64 << 20
_PALETTE_BYTES = 768
_DIM = 0.0031308  # up to here, sRGB is linear
_PLAIN = {  # what Pillow's own plugin reads as it is meant
    (8, _INDEXED): (1,),
    (8, _RGB): (3,),
    (8, _CMYK): (4,),
    (8, _LAB): (3,),
}
_Plane = NDArray[np.uint8]


class _Header(NamedTuple):
    version: int
    channels: int
    height: int
    width: int
    depth: int
    mode: int


class PhotoshopFile(DrawnFile):
    """A PSD or PSB; see `DrawnFile`."""

    format = "PSD"

    @staticmethod
    def is_for_pillow(file: BinaryIO) -> bool:
        """Tell whether Pillow's plugin reads this file right; a damaged one is left to it."""
        try:
            header = _header(file)
        except SyntaxError:
            return True
        return header.version != _PSB and header.channels in _PLAIN.get(
            (header.depth, header.mode), ()
        )

    def _open(self) -> None:
        self._header = _header(self.file)
        self._size = self._header.width, self._header.height
        self.format = "PSB" if self._header.version == _PSB else "PSD"
        self._palette = self._section(">L")
        resources = self._resources()
        self._transparent = resources.get(_TRANSPARENT_INDEX)
        if _ICC_PROFILE in resources and self._has_own_colours():
            self.info["icc_profile"] = resources[_ICC_PROFILE]
        layers_at = self.file.tell()
        self._has_alpha = self._first_extra_is_alpha()
        self.file.seek(layers_at)
        self._skip_section(self._length_field)
        self._data_at = self.file.tell()
        self.info["bit_depth"] = self._header.depth
        self.bytes_a_pixel = 30.0 if self._header.depth == 32 else 14.0  # noqa: PLR2004 - bits
        self._mode = self._final_mode()

    def _has_own_colours(self) -> bool:
        """Tell whether a colour profile applies to what is drawn.

        Photoshop itself exports grey pictures as they are. Amounts of light are made sRGB here.
        """
        return self._header.mode not in (_GREY, _DUOTONE) and self._header.depth != 32  # noqa: PLR2004 - bits

    @property
    def _length_field(self) -> str:
        return ">Q" if self._header.version == _PSB else ">L"

    def _section(self, field: str) -> bytes:
        length = struct.unpack(field, self.file.read(struct.calcsize(field)))[0]
        if length > _MOST_RESOURCE_BYTES:
            self.file.seek(length, 1)
            return b""
        return bytes(self.file.read(length))

    def _skip_section(self, field: str) -> None:
        length = struct.unpack(field, self.file.read(struct.calcsize(field)))[0]
        self.file.seek(length, 1)

    def _resources(self) -> dict[int, bytes]:
        """Return the image resources that are of use, by their numbers, and go behind them all."""
        (length,) = struct.unpack(">L", self.file.read(4))
        at = self.file.tell()
        source = ByteSource(self.file, _MOST_RESOURCE_BYTES).part(at, length)
        found = {
            number: source.read(start, size)
            for number, start, size in image_resources(source)
            if number in (_ICC_PROFILE, _TRANSPARENT_INDEX)
        }
        self.file.seek(at + length)
        return found

    def _first_extra_is_alpha(self) -> bool:
        """Tell whether the first channel beside the colours is the transparency of the whole.

        A negative number of layers says so. In deep files, the layers are in a block of their own.
        """
        field = self._length_field
        head = self.file.read(2 * struct.calcsize(field) + 2)
        section, info = struct.unpack_from(field + field[1:], head)
        if not section:
            return False
        if info:
            return bool(struct.unpack_from(">h", head, 2 * struct.calcsize(field))[0] < 0)
        tail = self.file.read(min(section, 4096))
        for name in (b"Lr16", b"Lr32", b"Layr"):
            at = tail.find(name)
            if at >= 0 and len(tail) >= (start := at + 4 + struct.calcsize(field)) + 2:
                return bool(struct.unpack_from(">h", tail, start)[0] < 0)
        return any(name in tail for name in (b"Mt16", b"Mt32", b"Mtrn"))

    def _colours(self) -> int:
        if self._header.mode == _MULTICHANNEL:
            return min(self._header.channels, 4)
        return _COLOURS.get(self._header.mode, 0)

    def _final_mode(self) -> str:
        header = self._header
        if not self._colours():
            raise NoDecoderError(f"{self.format} pictures of mode {header.mode}")
        if header.channels < self._colours():
            raise SyntaxError("the header is not valid")
        mode = "RGB" if header.mode == _MULTICHANNEL else _MODES[header.mode]
        is_clear = self._has_alpha and header.channels > self._colours()
        return ("LA" if mode == "L" else "RGBA") if is_clear else mode

    def draw(self) -> Image.Image:
        """Return the merged picture in eight bits a channel."""
        colours, header = self._colours(), self._header
        with_alpha = self.mode in ("LA", "RGBA")
        planes = self._planes(colours + with_alpha)
        picture = self._picture(planes[:colours])
        if with_alpha:
            picture = picture.convert("L" if self.mode == "LA" else "RGB")
            picture.putalpha(Image.fromarray(planes[colours]))
            if header.mode == _CMYK:
                self.info.pop("icc_profile", None)
        return picture

    def _picture(self, planes: list[_Plane]) -> Image.Image:
        mode = self._header.mode
        bands = [Image.fromarray(plane) for plane in planes]
        if mode == _INDEXED:
            return self._coloured(bands[0])
        if mode in (_CMYK, _MULTICHANNEL):
            return _inked(planes, is_process=mode == _CMYK)
        if mode == _LAB:
            return in_srgb(Image.merge("LAB", bands))
        return bands[0] if len(bands) == 1 else Image.merge("RGB", bands)

    def _coloured(self, indices: Image.Image) -> Image.Image:
        """Return the colours of a picture with a palette, which is stored colour by colour."""
        table = self._palette.ljust(_PALETTE_BYTES, b"\0")
        picture = indices.copy()
        picture.putpalette(bytes(table[band * 256 + at] for at in range(256) for band in range(3)))
        if self._transparent is not None and self._transparent[:1] == b"\0":
            picture.info["transparency"] = int.from_bytes(self._transparent, "big")
            return picture.convert("RGBA")
        return picture.convert("RGB")

    def _planes(self, count: int) -> list[_Plane]:
        """Return the first channels, each with shape (height, width)."""
        self.file.seek(self._data_at)
        compression = int.from_bytes(self.file.read(2), "big")
        if compression == _RAW:
            size = self._row_bytes * self._header.height
            return [self._plane(self._read(size), "raw") for _ in range(count)]
        if compression != _PACKED:
            raise NoDecoderError(f"{self.format} pictures with compression {compression}")
        rows = self._header.height
        kind = ">u4" if self._header.version == _PSB else ">u2"
        table = self._read(rows * self._header.channels * np.dtype(kind).itemsize)
        sizes = np.frombuffer(table, kind).reshape(self._header.channels, rows)
        lengths = sizes.sum(axis=1, dtype=np.int64)
        return [self._plane(self._read(int(length)), "packbits") for length in lengths[:count]]

    def _read(self, count: int) -> bytes:
        """Return the next bytes of the file; make no room for more than it has."""
        at = self.file.tell()
        if at + count > self.file.seek(0, io.SEEK_END):
            raise SyntaxError("its data ends too early")
        self.file.seek(at)
        return self.file.read(count)

    @property
    def _row_bytes(self) -> int:
        return (self._header.width * self._header.depth + 7) // 8

    def _plane(self, stored: bytes, decoder: str) -> _Plane:
        """Return one channel in eight bits."""
        shape = self._row_bytes, self._header.height
        values = np.asarray(Image.frombytes("L", shape, stored, decoder, "L"))
        depth = self._header.depth
        if depth == 1:  # a bit that is set is black
            return np.where(np.unpackbits(values, axis=1)[:, : self._header.width], 0, 255).astype(
                np.uint8
            )
        if depth == 16:  # noqa: PLR2004 - bits
            return np.ascontiguousarray(values[:, ::2])
        return _of_light(values.view(">f4")) if depth == 32 else values  # noqa: PLR2004 - bits


def _header(file: BinaryIO) -> _Header:
    file.seek(0)
    magic, fields = file.read(4), file.read(22)
    if magic != b"8BPS" or len(fields) != 22:  # noqa: PLR2004 - the size of the fields
        raise SyntaxError("the header is not valid")
    header = _Header(*struct.unpack(">H6xHLLHH", fields))
    is_sound = (
        header.version in (1, _PSB)
        and 0 < header.channels <= _MOST_CHANNELS
        and min(header.width, header.height) > 0
        and max(header.width, header.height) <= _LONGEST_SIDE
        and header.depth in _DEPTHS
        and header.mode in range(10)
    )
    if not is_sound:
        raise SyntaxError("the header is not valid")
    return header


def _of_light(values: NDArray[np.float32]) -> _Plane:
    """Return amounts of light, of which 1 is white, as the levels of sRGB."""
    light = np.nan_to_num(values.astype(np.float32), nan=0.0).clip(0.0, 1.0)
    bright = 1.055 * np.power(light, 1 / 2.4, dtype=np.float32) - 0.055
    levels = np.where(light <= _DIM, 12.92 * light, bright)
    return (levels * 255 + 0.5).astype(np.uint8)


def _inked(planes: list[_Plane], *, is_process: bool) -> Image.Image:
    """Return a picture of up to four inks, which are stored as what they leave white.

    Args:
        planes: Cyan, magenta, yellow and black; fewer in files whose inks are their own.
        is_process: The inks are those of printing, so a colour profile applies.
    """
    inks = [Image.fromarray(255 - plane) for plane in planes]
    if not is_process and len(inks) == 1:
        return Image.fromarray(planes[0])
    none = Image.new("L", inks[0].size)
    return Image.merge("CMYK", [*inks, none, none][:4])
