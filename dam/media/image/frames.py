"""Counting of the frames or pages of a file by its structure; nothing is decoded.

Pillow can count them too, but its time grows with the square of their number.
"""

import struct
from typing import BinaryIO

from dam.errors import MediaLimitError
from dam.media.image.durations import shown_s
from dam.media.limits import MediaLimits

ANIMATED_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF", "JXL", "FLI"})
"""Pillow's names of the formats whose frames are an animation, not pages."""

_GIF_EXTENSION, _GIF_IMAGE = b"!", b","
_GIF_CONTROL = b"\xf9"
_BIG_TIFF_VERSION = 43


def count_gif_frames(file: BinaryIO, limits: MediaLimits) -> tuple[int, float]:
    """Return the number of frames of a GIF, at least 1, and how long they run, in seconds.

    Of a truncated one, those frames count that begin.

    Raises:
        MediaLimitError: It has more than `limits.max_frames`.
    """
    file.seek(10)
    flags = file.read(3)[:1]
    file.seek(13 + _colour_table_size(flags))
    frames, duration, delay = 0, 0.0, 0.0
    while True:
        block = file.read(1)
        if block == _GIF_IMAGE:
            frames += 1
            duration, delay = duration + shown_s(delay), 0.0
            if frames > limits.max_frames:
                raise MediaLimitError("frames", frames, limits.max_frames)
            descriptor = file.read(9)
            file.seek(_colour_table_size(descriptor[8:]) + 1, 1)
        elif block == _GIF_EXTENSION:
            if file.read(1) == _GIF_CONTROL:
                control = file.read(5)
                delay = int.from_bytes(control[2:4], "little") / 100
                file.seek(-len(control), 1)
        else:
            return max(frames, 1), duration
        while size := file.read(1):
            if size == b"\0":
                break
            file.seek(size[0], 1)


def _colour_table_size(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def count_tiff_pages(file: BinaryIO, limits: MediaLimits) -> int:
    """Return the number of directories in the chain of a TIFF, at least 1; a loop ends the chain.

    Raises:
        MediaLimitError: It has more than `limits.max_frames`.
    """
    file.seek(0)
    header = file.read(16)
    order = "<" if header[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", header, 2)[0] == _BIG_TIFF_VERSION
    count_field, offset_field = (order + "Q", order + "Q") if is_big else (order + "H", order + "L")
    entry_size = 20 if is_big else 12
    offset = struct.unpack_from(offset_field, header, 8 if is_big else 4)[0]
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        if len(seen) > limits.max_frames:
            raise MediaLimitError("pages", len(seen), limits.max_frames)
        file.seek(offset)
        count = file.read(struct.calcsize(count_field))
        if len(count) < struct.calcsize(count_field):
            break
        file.seek(struct.unpack(count_field, count)[0] * entry_size, 1)
        following = file.read(struct.calcsize(offset_field))
        if len(following) < struct.calcsize(offset_field):
            break
        offset = struct.unpack(offset_field, following)[0]
    return max(len(seen), 1)
