"""TGA with fewer than eight bits of transparency in a pixel of 32 bits."""

from typing import BinaryIO

from PIL import Image

from dam.media.image.readers.drawn import DrawnFile

_HEADER_BYTES = 18
_TRUE_COLOUR = (2, 10)
_ALL_BITS = 8


def _alpha_bits(file: BinaryIO) -> int:
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    is_deep = len(head) == _HEADER_BYTES and head[2] in _TRUE_COLOUR and head[16] == 32  # noqa: PLR2004 - bits
    return head[17] & 15 if is_deep else 0


class TargaFile(DrawnFile):
    """A TGA of which Pillow takes the transparency for one of eight bits; see `DrawnFile`."""

    format = "TGA"

    @staticmethod
    def is_for_pillow(file: BinaryIO) -> bool:
        """Tell whether Pillow's own plugin reads this file right."""
        return not 0 < _alpha_bits(file) < _ALL_BITS

    def _open(self) -> None:
        self._bits = _alpha_bits(self.file)
        self.file.seek(0)
        self._whole = Image.open(self.file, formats=["TGA"])
        self._size, self._mode = self._whole.size, "RGBA"

    def draw(self) -> Image.Image:
        """Return the picture, with its transparency stretched to eight bits."""
        picture = self._whole.convert("RGBA")
        low, shift = (1 << self._bits) - 1, _ALL_BITS - self._bits
        alpha = picture.getchannel("A").point([(value & low) << shift for value in range(256)])
        picture.putalpha(alpha)
        return picture
