"""Limits for files: a file that exceeds one is refused before it costs much time or memory."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Limits that honest files stay below and that hostile files exceed.

    Attributes:
        max_pixels: Width times height that a header may declare.
        max_decoded_pixels: Width times height after scaled decoding; None: as many as
            `max_decoded_bytes` allow in a picture's format and mode, 1 to 30 bytes each.
        max_decoded_bytes: Memory that decoding one picture may take.
        max_decoded_rows: Height after scaled decoding; a row takes eight bytes more, which is more
            than the pixels of a very narrow picture take.
        max_frames: Frames or pages of one file.
        max_metadata_bytes: Profiles, EXIF, XMP and comments together.
        max_archive_members: Entries of one archive, folders included.
        max_member_bytes: Size of one member, unpacked.
        max_archive_bytes: Size of all members of one archive, unpacked.
        max_archive_ratio: Unpacked bytes for each byte of the archive; the first 256 MiB are
            allowed in any case.
        max_dictionary_bytes: How far back the unpacking of a 7z or RAR file may refer: it takes
            that much memory, also for a small file.
        max_document_bytes: Size of one ComicInfo.xml, unpacked.
        max_document_elements: Elements of one XML document.
        max_document_depth: Levels of elements nested in one another.
        max_streams: Streams of one video or song: pictures, sound, subtitles.
        max_frame_pixels: Width times height of a frame of a video; a decoder holds several frames.
        max_stream_bytes: How much of a video or a song is read to describe it, or for its picture:
            the index of a long one takes most of it.
    """

    max_pixels: int = 400_000_000
    max_decoded_pixels: int | None = None
    max_decoded_bytes: int = 740 << 20
    max_decoded_rows: int = 1_000_000
    max_frames: int = 100_000
    max_metadata_bytes: int = 32 << 20
    max_archive_members: int = 100_000
    max_member_bytes: int = 256 << 20
    max_archive_bytes: int = 16 << 30
    max_archive_ratio: int = 200
    max_dictionary_bytes: int = 512 << 20
    max_document_bytes: int = 8 << 20
    max_document_elements: int = 100_000
    max_document_depth: int = 64
    max_streams: int = 256
    max_frame_pixels: int = 50_000_000
    max_stream_bytes: int = 128 << 20

    @classmethod
    def for_pixels(cls, max_pixels: int | None) -> Self:
        """Return the limits with this many pixels of a picture, also to decode; None: as they are.

        Example: `MediaLimits.for_pixels(600_000_000)`.
        """
        if max_pixels is None:
            return cls()
        return cls(max_pixels=max_pixels, max_decoded_pixels=max_pixels)
