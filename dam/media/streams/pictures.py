"""The poster of a video and the cover of a song; the part of `streams.entry` in PyAV and Pillow."""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.container
import av.error
from PIL import Image, ImageStat

from dam.errors import (
    ItemError,
    MediaLimitError,
    NoDecoderError,
    NoPictureError,
    UnreadableStreamsError,
    raise_host_limit,
)
from dam.media.image.covers import small_cover
from dam.media.image.entry import small_picture
from dam.media.image.values import LITTLE_CONTRAST
from dam.media.limits import MediaLimits
from dam.media.streams.description import is_cover, moving_pictures, stretch_of
from dam.media.streams.formats import FLIC_TYPES
from dam.media.streams.opening import opened_streams

_LONGEST_SIDE_PX = 512
_PLACES = (0.1, 0.35, 0.6)
_LATEST_S = (30, 120, 300)
_MOST_PACKETS = 500
_MATRIX, _ONE = struct.Struct("=9i"), 0x10000
# Pillow turns counter-clockwise.
_TURNS: dict[tuple[int, ...], Image.Transpose] = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}


def poster(file: BinaryIO, media_type: str, limits: MediaLimits) -> Image.Image:
    """Return a frame of a video, upright and small; see `dam.media.streams.entry`."""
    if media_type in FLIC_TYPES:
        animation: Image.Image = small_picture(file, limits, media_type)
        return animation
    with opened_streams(file, media_type, limits) as container:
        stream = moving_pictures(container)
        if stream is None:
            _refuse_unknown_codecs(container)
            return _marked_as_cover(_cover(container, limits))
        _refuse_large(stream, limits)
        return _poster(container, stream, media_type)


def cover(file: BinaryIO, media_type: str, limits: MediaLimits) -> Image.Image:
    """Return the cover in a song, upright and small; see `dam.media.streams.entry`."""
    with opened_streams(file, media_type, limits) as container:
        return _cover(container, limits)


def _refuse_unknown_codecs(container: av.container.InputContainer) -> None:
    """Raise `NoDecoderError` if there are moving pictures after all, and nothing decodes them."""
    if not all(map(is_cover, container.streams.video)):
        raise NoDecoderError("the codec of this video")


def _refuse_large(stream: av.VideoStream, limits: MediaLimits) -> None:
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > limits.max_frame_pixels:
        raise MediaLimitError("pixels in a frame", pixels, limits.max_frame_pixels)


def _poster(
    container: av.container.InputContainer, stream: av.VideoStream, media_type: str
) -> Image.Image:
    """Return the first frame with structure of a few ones in the first half; else the last.

    Raises:
        NoDecoderError: No frame can be decoded, because they use what FFmpeg does not have.
        UnreadableStreamsError: No frame can be decoded.
    """
    stream.codec_context.thread_count = 1
    picture: Image.Image | None = None
    faults: list[Exception] = []
    for frame in _frames(container, stream, faults):
        picture = _drawn(frame, stream)
        if ImageStat.Stat(picture.convert("L")).stddev[0] >= LITTLE_CONTRAST:
            break
    if picture is None:
        codec = stream.codec_context.codec.canonical_name
        if any(isinstance(fault, av.error.PatchWelcomeError) for fault in faults):
            raise NoDecoderError(f"{codec} videos of this kind")
        raise UnreadableStreamsError(media_type, f"no frame of it can be decoded ({codec})")
    return picture


def _frames(
    container: av.container.InputContainer, stream: av.VideoStream, faults: list[Exception]
) -> Iterator[av.VideoFrame]:
    """Yield a frame at a few places, or, if the file cannot be searched, the first frame.

    What is wrong with frames is added to `faults`.
    """
    is_found = False
    for place, latest_s in zip(_PLACES, _LATEST_S, strict=True):
        if not container.duration:
            break
        at = min(int(container.duration * place), latest_s * av.time_base)
        if frame := _frame_after(container, stream, at + max(0, container.start_time or 0), faults):
            is_found = True
            yield frame
    if not is_found and (frame := _frame_after(container, stream, 0, faults)):
        yield frame


def _frame_after(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    at: int,
    faults: list[Exception],
) -> av.VideoFrame | None:
    """Return the frame at a time in microseconds, or at the key frame before it; None if none."""
    try:
        container.seek(at)
    except (av.error.FFmpegError, OverflowError):
        if at:
            return None
    for count, packet in enumerate(container.demux(stream)):
        try:
            for frame in packet.decode():
                return frame
        except (av.error.FFmpegError, ValueError) as error:
            faults.append(error)  # damaged; a later one may be sound
        if count >= _MOST_PACKETS:
            break
    return None


def _drawn(frame: av.VideoFrame, stream: av.VideoStream) -> Image.Image:
    """Return a frame small, in the shape in which it is shown, and turned upright."""
    shown = (frame.width * stretch_of(stream), float(frame.height))
    scale = min(1.0, _LONGEST_SIDE_PX / max(shown))
    width, height = (max(1, round(side * scale)) for side in shown)
    small: Any = frame.reformat(width=width, height=height, format="rgb24")  # it has few types
    picture: Image.Image = small.to_image()
    turn = _TURNS.get(_directions(frame))
    return picture if turn is None else picture.transpose(turn)


def _directions(frame: av.VideoFrame) -> tuple[int, ...]:
    """Return where the right and the lower side of a frame are shown, as two directions."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # its type hides that it has bytes
    content = b"" if matrix is None else bytes(matrix)
    if len(content) != _MATRIX.size:
        return ()
    right_x, right_y, _, down_x, down_y, *_ = _MATRIX.unpack(content)
    return tuple(round(each / _ONE) for each in (right_x, right_y, down_x, down_y))


def _cover(container: av.container.InputContainer, limits: MediaLimits) -> Image.Image:
    """Return the first cover that can be decoded.

    Raises:
        NoPictureError: There is none.
        ItemError: As of `small_cover`, about the first.
    """
    failures: list[ItemError] = []
    for stream in container.streams:
        if not is_cover(stream):
            continue
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.size > limits.max_metadata_bytes:
                raise MediaLimitError("bytes of a cover", packet.size, limits.max_metadata_bytes)
            try:
                cover: Image.Image = small_cover(bytes(packet), limits)
            except ItemError as error:
                raise_host_limit(error)
                failures.append(error)
                break
            return cover
    raise failures[0] if failures else NoPictureError("there is no cover in this file")


def _marked_as_cover(picture: Image.Image) -> Image.Image:
    picture.info["is_hashed"] = False
    return picture
