"""Files of paint programs: OpenRaster and Krita, which hold the merged picture, and GIMP's XCF."""

import io
import zipfile

from PIL import Image

from dam.errors import MediaLimitError, NoDecoderError
from dam.media.image.readers.drawn import DrawnFile

_MERGED = "mergedimage.png"
_XCF_SIZE_AT = 14
_XCF_MODES = {0: "RGB", 1: "L", 2: "P"}
_LONGEST_SIDE = 262_144


class ZippedFile(DrawnFile):
    """An OpenRaster or Krita file: a ZIP with the merged picture, if its program wrote one."""

    def _open(self) -> None:
        self.format = "KRA" if "krita" in self.media_type else "ORA"
        try:
            with zipfile.ZipFile(self.file) as archive:
                content = self._member(archive)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError) as error:
            raise SyntaxError("its archive is damaged") from error
        self._merged = Image.open(io.BytesIO(content), formats=["PNG"])
        self._size, self._mode = self._merged.size, self._merged.mode
        self.info = dict(self._merged.info)

    def _member(self, archive: zipfile.ZipFile) -> bytes:
        try:
            member = archive.getinfo(_MERGED)
        except KeyError as error:
            raise NoDecoderError(f"{self.format} pictures without a merged one") from error
        most = self.limits.max_member_bytes
        if member.file_size > most:
            raise MediaLimitError("bytes of a member", member.file_size, most)
        with archive.open(member) as file:
            return file.read(most)

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
