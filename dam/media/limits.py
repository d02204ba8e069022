"""How much of a file is looked at before it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Bounds that honest files stay under and hostile ones do not pass.

    Attributes:
        max_pixels: Width times height that a header may declare.
        max_decoded_pixels: The same after scaled decoding; three to nine bytes of memory each.
        max_frames: Frames or pages of one file.
        max_metadata_bytes: Profiles, EXIF, XMP and comments together.
    """

    max_pixels: int = 400_000_000
    max_decoded_pixels: int = 105_000_000
    max_frames: int = 100_000
    max_metadata_bytes: int = 32 << 20
