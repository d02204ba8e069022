"""`DrawnFile`: a picture that a reader of ours opens, in the shape that Pillow gives its own."""

from typing import Any, BinaryIO

from PIL import Image, ImageFile

from dam.media.limits import MediaLimits


class DrawnFile(ImageFile.ImageFile):
    """A picture whose size is known when it is open, and which is drawn when it is loaded.

    A reader sets `_size`, `_mode` and `info` in `_open`, as Pillow's plugins do. Pixels are upright
    unless `is_upright` is False; then `info["exif"]` has the orientation.

    Args:
        file: The open file.
        limits: What a file may demand at most.
        media_type: Of the file.
    """

    is_upright = True
    is_drawn = False
    bytes_a_pixel: float = 9.0
    """Memory that drawing and shrinking it takes; 0 if `draw` keeps the limits itself."""
    wanted: tuple[int, int] | None = None

    def __init__(self, file: BinaryIO, limits: MediaLimits, media_type: str) -> None:
        self.file = file
        self.limits = limits
        self.media_type = media_type
        super().__init__(file)

    @staticmethod
    def is_for_pillow(file: BinaryIO) -> bool:
        """Tell whether Pillow's own plugin reads this file as it is meant."""
        del file
        return False

    def draw(self) -> Image.Image:
        """Return the pixels, in a mode without palette; of any size with the same proportions.

        Readers that can draw a smaller picture at less cost look at `wanted`, a width and height
        that it must reach, if it is set.
        """
        raise NotImplementedError  # each reader draws in its own way; this class is none

    def draft(
        self, mode: str | None, size: tuple[int, int] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Remember the size that is wanted, as Pillow's decoder of JPEG does; `mode` is ignored."""
        del mode
        self.wanted = size
        return None

    def load(self) -> Any:  # noqa: ANN401 - Pillow's access to pixels
        """Draw the picture unless that is done."""
        if not self.is_drawn:
            picture = self.draw()
            picture.load()
            self.im = picture.im
            self._mode, self._size = picture.mode, picture.size
            self.is_drawn = True
        return Image.Image.load(self)
