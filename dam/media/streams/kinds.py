"""The media kinds of videos and of songs: `VIDEO` and `AUDIO`."""

from dam.media.kind import MediaKind
from dam.media.streams.entry import (
    EXTRA,
    cover_of_song,
    describe_streams,
    installed_decoders,
    is_extra_installed,
    poster_of_video,
)
from dam.media.streams.formats import AUDIO_FORMATS, VIDEO_FORMATS

VIDEO = MediaKind(
    name="video",
    media_types=frozenset(VIDEO_FORMATS),
    describe=describe_streams,
    description_version=3,
    picture=poster_of_video,
    picture_version=2,
    requirements={EXTRA: is_extra_installed},
    decoders=installed_decoders,
)

AUDIO = MediaKind(
    name="audio",
    media_types=frozenset(AUDIO_FORMATS),
    describe=describe_streams,
    description_version=2,
    picture=cover_of_song,
    picture_version=2,
    is_hashed=False,
    requirements={EXTRA: is_extra_installed},
    decoders=installed_decoders,
)
