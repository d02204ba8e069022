"""The description of a video or a song from its headers; the part of `streams.entry` in PyAV."""

import math
from fractions import Fraction
from typing import BinaryIO

import av
import av.container
import av.stream

from dam.media.limits import MediaLimits
from dam.media.streams.formats import VIDEO_FORMATS, container_of
from dam.media.streams.matroska_turns import turns_of_pictures
from dam.media.streams.mpeg_duration import stated_duration_s
from dam.media.streams.opening import opened_streams
from dam.media.streams.recording import camera, position, recorded_at
from dam.media.streams.tags import cleaned_tags, song_tags
from dam.media.streams.upright import turns_of_tracks
from dam.media.streams.values import AudioFacts, StreamFacts, VideoFacts

_LONGEST_S = 366 * 86_400
_HIGHEST_RATE = 100_000
_MOST_BIT_RATE = 1 << 50
_LEAST_MPEG_BYTES_PER_S = 1000
_LONGEST_ADDED_SILENCE_S = 1.0
_LISTED_STREAMS = 100
_SIDEWAYS = (90, 270)
_MOST_STRETCH = 10


def describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> StreamFacts:
    """Return the facts about a video or a song; see `dam.media.streams.entry.describe_streams`."""
    with opened_streams(file, media_type, limits) as container:
        moving, sound = moving_pictures(container), _sound(container)
        name = container_of(media_type, container.format.name)
        tags = _tags(container, sound)
        duration_s = _duration(container.duration, file, name)
        streams = tuple(f"{each.type} {_codec(each) or 'unknown'}" for each in container.streams)
        is_recorded = media_type in VIDEO_FORMATS and moving is not None
        make, model = camera(tags) if is_recorded else (None, None)
        return StreamFacts(
            container=name,
            duration_s=duration_s,
            bit_rate=_bit_rate(container.bit_rate, duration_s, file),
            video=None if moving is None else _video(moving, file, name),
            audio=None if sound is None else _audio(sound),
            title=tags.get("title"),
            description=tags.get("comment") or tags.get("description"),
            song=song_tags(tags),
            recorded_at=recorded_at(tags, name, _handlers(container)) if is_recorded else None,
            position=position(tags) if is_recorded else None,
            make=make,
            model=model,
            streams=streams[:_LISTED_STREAMS],
            tags=tags,
        )


def moving_pictures(container: av.container.InputContainer) -> av.VideoStream | None:
    """Return the first stream of moving pictures that has a known codec; a cover is none."""
    return next(
        (
            stream
            for stream in container.streams.video
            if stream.codec_context is not None and not is_cover(stream)
        ),
        None,
    )


def is_cover(stream: av.stream.Stream) -> bool:
    """Tell whether a stream of pictures is the cover of a song."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _sound(container: av.container.InputContainer) -> av.AudioStream | None:
    return next((each for each in container.streams.audio if each.codec_context is not None), None)


def _codec(stream: av.stream.Stream) -> str | None:
    context = stream.codec_context
    return None if context is None else context.codec.canonical_name


def _video(stream: av.VideoStream, file: BinaryIO, container: str) -> VideoFacts:
    width, height = stream.codec_context.width, stream.codec_context.height
    width = round(width * stretch_of(stream))
    turn = _turn(stream, file, container)
    if turn in _SIDEWAYS:
        width, height = height, width
    return VideoFacts(
        codec=_codec(stream),
        width=width,
        height=height,
        frame_rate=_rate(stream.average_rate or stream.base_rate),
        rotation=turn,
    )


def stretch_of(stream: av.VideoStream) -> float:
    """Return how much wider than high a pixel of a video is shown; 1 if that would be absurd."""
    stretch = float(stream.sample_aspect_ratio or 1)
    return stretch if 1 / _MOST_STRETCH < stretch < _MOST_STRETCH else 1.0


def _turn(stream: av.VideoStream, file: BinaryIO, container: str) -> int:
    if container in ("mov", "mp4", "3gp", "3g2", "mj2"):
        return turns_of_tracks(file).get(stream.id, 0)
    if container in ("matroska", "webm"):
        position = stream.container.streams.video.index(stream)
        return next(iter(turns_of_pictures(file)[position:]), 0)
    return 0


def _rate(rate: Fraction | None) -> float | None:
    return float(rate) if rate is not None and 0 < rate <= _HIGHEST_RATE else None


def _audio(stream: av.AudioStream) -> AudioFacts:
    context = stream.codec_context
    return AudioFacts(
        codec=_codec(stream),
        sample_rate_hz=context.sample_rate or None,
        channels=context.channels or None,
    )


def _tags(container: av.container.InputContainer, sound: av.AudioStream | None) -> dict[str, str]:
    """Return the tags of the file; in Ogg they are those of the stream of sound."""
    is_in_stream = sound is not None and container.format.name == "ogg"
    return cleaned_tags(container.metadata, sound.metadata if is_in_stream and sound else {})


def _handlers(container: av.container.InputContainer) -> list[str]:
    """Return what the streams name as their handlers and encoders, which programs sign."""
    pairs = (pair for stream in container.streams for pair in stream.metadata.items())
    return [value for key, value in pairs if key.lower() in ("handler_name", "encoder")]


def _duration(microseconds: int | None, file: BinaryIO, container: str) -> float | None:
    found = None if microseconds is None else microseconds / av.time_base
    if container == "mp3" and (stated := stated_duration_s(file)):
        possible = file.seek(0, 2) / _LEAST_MPEG_BYTES_PER_S
        if stated <= max(possible, (found or 0.0) + _LONGEST_ADDED_SILENCE_S):
            found = max(found or 0.0, stated)
    is_sound = found is not None and math.isfinite(found) and 0 < found <= _LONGEST_S
    return found if is_sound else None


def _bit_rate(stated: int, duration_s: float | None, file: BinaryIO) -> int | None:
    found = stated or (int(file.seek(0, 2) * 8 / duration_s) if duration_s else 0)
    return found if 0 < found < _MOST_BIT_RATE else None
