"""The media types of videos and songs, and the formats that FFmpeg may read them as.

A format that names further files or addresses, as playlists do, is in no list here, so FFmpeg never
opens such a file.
"""

from collections.abc import Mapping

_ISO = ("mov", "mp4", "m4a", "3gp", "3g2", "mj2")

VIDEO_FORMATS: Mapping[str, str] = {
    "application/mxf": "mxf",
    "application/vnd.rn-realmedia": "rm",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/mj2": "mj2",
    "video/mp2t": "mpegts",
    "video/mp4": "mp4",
    "video/mpeg": "mpeg",
    "video/ogg": "ogg",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-flc": "flic",
    "video/x-fli": "flic",
    "video/x-flv": "flv",
    "video/x-m4v": "mp4",
    "video/x-matroska": "matroska",
    "video/x-ms-asf": "asf",
    "video/x-ms-wtv": "wtv",
    "video/x-msvideo": "avi",
}
"""The media types of videos, each with our name of the container."""

AUDIO_FORMATS: Mapping[str, str] = {
    "application/ogg": "ogg",
    "audio/AMR": "amr",
    "audio/basic": "au",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/vnd.audible.aax": "mp4",
    "audio/vnd.dolby.dd-raw": "ac3",
    "audio/x-8svx": "iff",
    "audio/x-aiff": "aiff",
    "audio/x-ape": "ape",
    "audio/x-caf": "caf",
    "audio/x-dff": "dff",
    "audio/x-dsf": "dsf",
    "audio/x-hx-aac-adts": "aac",
    "audio/x-m4a": "mp4",
    "audio/x-ms-wma": "asf",
    "audio/x-musepack": "mpc",
    "audio/x-pn-realaudio": "rm",
    "audio/x-tak": "tak",
    "audio/x-tta": "tta",
    "audio/x-wav": "wav",
    "audio/x-wavpack": "wv",
}
"""The media types of songs and other sound, likewise."""

FLIC_TYPES = frozenset({"video/x-fli", "video/x-flc"})
"""Old animations, whose frames Pillow decodes more often than FFmpeg."""

READ_FORMATS: tuple[str, ...] = (
    *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "dv", "eac3"),
    *("flac", "flic", "flv", "iff", "ivf", "matroska", "mp3", "mpc", "mpc8", "mpeg", "mpegts"),
    *("mpegvideo", "mxf", "nut", "ogg", "rm", "tak", "truehd", "tta", "voc", "w64", "wav", "webm"),
    *("wtv", "wv", *_ISO),
)
"""FFmpeg's names of the formats that a file may be taken for; all read its own bytes alone."""


def container_of(media_type: str, format_name: str) -> str:
    """Return our name of the container.

    Args:
        media_type: Of the file.
        format_name: FFmpeg's name of the format; several formats may share one.

    >>> container_of("video/quicktime", "mov,mp4,m4a,3gp,3g2,mj2")
    'mov'
    >>> container_of("audio/vnd.dolby.dd-raw", "eac3")
    'eac3'
    """
    names = format_name.split(",")
    own = VIDEO_FORMATS.get(media_type) or AUDIO_FORMATS.get(media_type)
    return own if own is not None and (own in names or len(names) > 1) else names[0]
