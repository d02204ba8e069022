"""How much of a file is looked at before it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Bounds that honest files stay under and hostile ones do not pass.

    Attributes:
        max_pixels: Width times height that a header may declare.
        max_decoded_pixels: The same after scaled decoding; three to nine bytes of memory each.
        max_decoded_rows: The same height; eight bytes more each, so they outweigh a narrow picture.
        max_frames: Frames or pages of one file.
        max_metadata_bytes: Profiles, EXIF, XMP and comments together.
        max_archive_members: Entries of one archive, folders included.
        max_member_bytes: One member, unpacked.
        max_archive_bytes: All members of one archive, unpacked.
        max_archive_ratio: The same for each byte of the archive, beyond the first 256 MiB.
        max_document_bytes: One ComicInfo.xml, unpacked.
        max_document_elements: Elements of one XML document.
        max_document_depth: Elements within one another.
    """

    max_pixels: int = 400_000_000
    max_decoded_pixels: int = 105_000_000
    max_decoded_rows: int = 1_000_000
    max_frames: int = 100_000
    max_metadata_bytes: int = 32 << 20
    max_archive_members: int = 100_000
    max_member_bytes: int = 256 << 20
    max_archive_bytes: int = 16 << 30
    max_archive_ratio: int = 200
    max_document_bytes: int = 8 << 20
    max_document_elements: int = 100_000
    max_document_depth: int = 64
