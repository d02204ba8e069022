"""Counting of the frames or pages of a file by its structure; nothing is decoded.

Pillow can count them too, but its time grows with the square of their number.
"""

from itertools import islice

from dam.errors import MediaLimitError
from dam.media.image.durations import shown_s
from dam.media.limits import MediaLimits
from dam.media.structure.gif import CONTROL, FRAME, gif_parts
from dam.media.structure.source import ByteSource
from dam.media.structure.tiff import Tiff

ANIMATED_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF", "JXL", "FLI"})
"""Pillow's names of the formats whose frames are an animation, not pages."""


def count_gif_frames(source: ByteSource, limits: MediaLimits) -> tuple[int, float]:
    """Return the number of frames of a GIF, at least 1, and how long they run, in seconds.

    Of a truncated one, those frames count that begin.

    Raises:
        MediaLimitError: It has more than `limits.max_frames`.
    """
    frames, duration, delay = 0, 0.0, 0.0
    for kind, start, _ in gif_parts(source):
        if kind == FRAME:
            frames += 1
            duration, delay = duration + shown_s(delay), 0.0
            _check("frames", frames, limits)
        elif kind == CONTROL:
            delay = int.from_bytes(source.read(start + 2, 2), "little") / 100
    return max(frames, 1), duration


def has_many_gif_frames(source: ByteSource) -> bool:
    """Tell whether a GIF has more than one frame; no more of it is read than tells that."""
    frames = (part for part in gif_parts(source) if part.kind == FRAME)
    return len(list(islice(frames, 2))) > 1


def count_tiff_pages(source: ByteSource, limits: MediaLimits) -> int:
    """Return the number of directories in the chain of a TIFF, at least 1; a loop ends the chain.

    Raises:
        MediaLimitError: It has more than `limits.max_frames`.
    """
    tiff, pages = Tiff.open(source), 0
    for _ in tiff.chain() if tiff is not None else ():
        pages += 1
        _check("pages", pages, limits)
    return max(pages, 1)


def _check(what: str, count: int, limits: MediaLimits) -> None:
    if count > limits.max_frames:
        raise MediaLimitError(what, count, limits.max_frames)
