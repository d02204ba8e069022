"""Metadata in a PNG that are too large, or damaged: they are left out, and the picture stays."""

from PIL import ImageFile, PngImagePlugin

_METADATA = frozenset({b"iCCP", b"tEXt", b"zTXt", b"iTXt"})


class LenientChunks(PngImagePlugin.PngStream):
    """Pillow's reader of chunks; its own one refuses a picture for the size of a text in it."""

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        """Read a chunk and return its bytes, also of a text or profile that is refused."""
        try:
            return super().call(cid, pos, length)
        except (ValueError, SyntaxError, LookupError):
            if cid not in _METADATA or self.fp is None:
                raise
            self.fp.seek(pos)
            return ImageFile._safe_read(self.fp, length)  # noqa: SLF001 - Pillow's limits hold
