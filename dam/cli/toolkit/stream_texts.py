"""Texts for people about videos and songs: lengths, codecs and albums."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dam.services.summary_service import SongSummary, StreamsSummary

_MINUTE, _HOUR = 60, 3600


def length_text(seconds: float) -> str:
    """Return a length as players show it: `0.9 s`, `3:37`, `1:02:03`."""
    if seconds < _MINUTE:
        return f"{round(seconds, 1):g} s"
    whole = round(seconds)
    minutes, rest = whole // _MINUTE % _MINUTE, whole % _MINUTE
    hours = whole // _HOUR
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def streams_text(streams: "StreamsSummary") -> str:
    """Return container and streams: `mp4, h264 29.97 fps, aac 48 kHz 2 channels, 1635 kbit/s`."""
    rate, sampling, channels = streams.frame_rate, streams.sample_rate_hz, streams.channels
    video = [streams.video_codec, None if rate is None else f"{round(rate, 2):g} fps"]
    audio = [
        streams.audio_codec,
        None if sampling is None else f"{sampling / 1000:g} kHz",
        None if channels is None else f"{channels} channel{'' if channels == 1 else 's'}",
    ]
    bit_rate = None if streams.bit_rate is None else f"{round(streams.bit_rate / 1000)} kbit/s"
    parts = [streams.container, _joined(video, " "), _joined(audio, " "), bit_rate]
    return _joined(parts, ", ")


def album_text(song: "SongSummary") -> str:
    """Return where a song is from: `The album, track 3, 1999`."""
    track = None if song.track is None else f"track {song.track}"
    return _joined([song.album, track, None if song.year is None else str(song.year)], ", ")


def _joined(parts: list[str | None], separator: str) -> str:
    return separator.join(part for part in parts if part)
