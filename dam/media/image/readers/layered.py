"""Files of paint programs: OpenRaster and Krita, which hold the merged picture, and GIMP's XCF."""

import io

from PIL import Image

from dam.errors import (
    MediaLimitError,
    MemberUnreadableError,
    NoDecoderError,
    UnreadableArchiveError,
)
from dam.media.archive.zip_reader import ZipReader
from dam.media.image.readers.drawn import DrawnFile

_MERGED = b"mergedimage.png"
_XCF_SIZE_AT = 14
_XCF_MODES = {0: "RGB", 1: "L", 2: "P"}
_LONGEST_SIDE = 262_144


class ZippedFile(DrawnFile):
    """An OpenRaster or Krita file: a ZIP with the merged picture, if its program wrote one."""

    def _open(self) -> None:
        self.format = "KRA" if "krita" in self.media_type else "ORA"
        try:
            content = self._merged_png(ZipReader(self.file, self.limits))
        except (UnreadableArchiveError, MemberUnreadableError) as error:
            raise SyntaxError("its archive is damaged") from error
        self._merged = Image.open(io.BytesIO(content), formats=["PNG"])
        self._size, self._mode = self._merged.size, self._merged.mode
        self.info = dict(self._merged.info)

    def _merged_png(self, archive: ZipReader) -> bytes:
        for position, entry in enumerate(archive.entries):
            if entry.raw_name == _MERGED:
                if entry.size_bytes > self.limits.max_member_bytes:
                    most = self.limits.max_member_bytes
                    raise MediaLimitError("bytes of a member", entry.size_bytes, most)
                return archive.read(position, _MERGED.decode())
        raise NoDecoderError(f"{self.format} pictures without a merged one")

    def draw(self) -> Image.Image:
        """Return the merged picture."""
        self._merged.load()
        return self._merged if self._merged.mode != "P" else self._merged.convert("RGBA")


class XcfFile(DrawnFile):
    """GIMP's own format: its size is known; it holds layers only, which nothing here merges."""

    format = "XCF"

    def _open(self) -> None:
        head = self.file.read(_XCF_SIZE_AT + 12)
        fields = [int.from_bytes(head[at : at + 4], "big") for at in range(_XCF_SIZE_AT, 26, 4)]
        if (
            len(head) < _XCF_SIZE_AT + 12
            or not 0 < min(fields[:2]) <= max(fields[:2]) <= _LONGEST_SIDE
        ):
            raise SyntaxError("the header is not valid")
        self._size = fields[0], fields[1]
        self._mode = _XCF_MODES.get(fields[2], "RGB")

    def draw(self) -> Image.Image:
        """Raise `NoDecoderError`."""
        raise NoDecoderError("XCF pictures")
