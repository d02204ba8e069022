"""Clips and songs of all containers, made by PyAV; and the parts of hostile ones, made by hand."""

import io
import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from PIL import Image

Target = Path | BinaryIO
_RATE = 48_000


def clip(  # noqa: PLR0913 - each test gives a few
    target: Target,
    container: str,
    *,
    codec: str = "mpeg4",
    sound: str | None = None,
    seconds: float = 2.0,
    size: tuple[int, int] = (96, 64),
    frame_rate: int = 10,
    rotation: int = 0,
    matrix: tuple[int, int, int, int] | None = None,
    stretch: Fraction | None = None,
    tags: Mapping[str, str] | None = None,
    draw: Callable[[float], Image.Image] | None = None,
) -> None:
    """Write a video.

    Args:
        target: A path, or an open file.
        container: FFmpeg's name of it.
        codec: Of the pictures.
        sound: The codec of a tone.
        seconds: Its length.
        size: Of the pictures as they are stored.
        frame_rate: Pictures a second.
        rotation: Degrees counter-clockwise.
        matrix: Where the right and the lower side are shown, instead of a rotation.
        stretch: How much wider than high a pixel is shown.
        tags: Of the file.
        draw: Gives the picture at a time from 0 to 1.
    """
    output: Any = av.open(_name(target), mode="w", format=container)
    output.metadata.update(tags or {})
    stream = output.add_stream(codec, rate=frame_rate)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = frame_rate
    if stretch:
        stream.codec_context.sample_aspect_ratio = stretch
    if matrix:
        a, b, c, d = (each << 16 for each in matrix)
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
    if rotation:
        stream.set_display_rotation(rotation)
    audio = output.add_stream(sound, rate=_RATE) if sound else None
    frames = int(seconds * frame_rate)
    for number in range(frames):
        picture = (draw or _halves)(number / frames).resize(size)
        frame: Any = av.VideoFrame
        for packet in stream.encode(frame.from_image(picture)):
            output.mux(packet)
    output.mux(stream.encode(None))
    if audio:
        _add_sound(output, audio, seconds)
    output.close()


def song(
    target: Target,
    container: str,
    *,
    codec: str,
    seconds: float = 1.0,
    tags: Mapping[str, str] | None = None,
    cover: bytes | None = None,
) -> None:
    """Write a song: a low tone; a cover is a PNG, in the containers that PyAV can write it to."""
    output: Any = av.open(_name(target), mode="w", format=container)
    output.metadata.update(tags or {})
    audio = output.add_stream(codec, rate=_RATE)
    picture = None
    if cover is not None:
        with Image.open(io.BytesIO(cover)) as image:
            size = image.size
        picture = output.add_stream("png", rate=1)
        picture.width, picture.height, picture.pix_fmt = *size, "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
    if picture is not None:
        output.start_encoding()
        packet = av.Packet(cover or b"")
        packet.stream, packet.pts, packet.dts, packet.time_base = picture, 0, 0, Fraction(1, 1)
        output.mux(packet)
    _add_sound(output, audio, seconds)
    output.close()


def _name(target: Target) -> Any:
    return str(target) if isinstance(target, Path) else target


def _halves(at: float) -> Image.Image:
    """Return a picture that is dark at the left and bright at the right, with a moving bar."""
    image = Image.new("RGB", (96, 64), (20, 20, 120))
    image.paste((230, 230, 40), (48, 0, 96, 64))
    image.paste((250, 20, 20), (int(80 * at), 24, int(80 * at) + 12, 40))
    return image


def _add_sound(output: Any, audio: Any, seconds: float) -> None:
    times = np.arange(int(seconds * _RATE)) / _RATE
    wave = (np.sin(times * 880) * 8000).astype(np.int16)
    layout, sample_format = audio.codec_context.layout.name, audio.codec_context.format.name
    resampler = av.AudioResampler(format=sample_format, layout=layout, rate=_RATE)
    frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = _RATE, 0
    for part in resampler.resample(frame):
        output.mux(audio.encode(part))
    output.mux(audio.encode(None))


def png(size: tuple[int, int] = (40, 30), colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """Return a picture of one colour with a stripe."""
    content = io.BytesIO()
    image = Image.new("RGB", size, colour)
    image.paste((0, 0, 0), (0, 0, size[0] // 4, size[1]))
    image.save(content, "PNG")
    return content.getvalue()


def id3(*frames: tuple[bytes, bytes]) -> bytes:
    """Return an ID3v2.3 tag with these frames, each a name and a content."""
    body = b"".join(
        name + struct.pack(">LH", len(content), 0) + content for name, content in frames
    )
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body


def attached(picture: bytes, media_type: bytes = b"image/png") -> tuple[bytes, bytes]:
    """Return the frame of an ID3 tag that holds a cover."""
    return b"APIC", b"\0" + media_type + b"\0\3\0" + picture


def text(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return the frame of an ID3 tag that holds a Latin-1 text."""
    return name, b"\0" + value


def mp3(*frames: tuple[bytes, bytes], seconds: float = 1.0) -> bytes:
    """Return MPEG sound behind an ID3 tag."""
    content = io.BytesIO()
    song(content, "mp3", codec="libmp3lame", seconds=seconds)
    sound = content.getvalue()
    size = 0
    for byte in sound[6:10]:
        size = size << 7 | byte
    return (id3(*frames) if frames else b"") + sound[10 + size :]


def box(name: bytes, *content: bytes) -> bytes:
    """Return a box of MP4 and QuickTime."""
    joined = b"".join(content)
    return struct.pack(">L4s", 8 + len(joined), name) + joined
