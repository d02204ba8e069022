"""The facts about videos and songs of every container, and how they are read."""

import io
import struct
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import MissingExtraError
from dam.media.camera.values import Position, TakenAt
from dam.media.file_type.recognition import media_type
from dam.media.kind import kind_of
from dam.media.limits import MediaLimits
from dam.media.streams.entry import _extra_video, describe_streams, installed_decoders
from dam.media.streams.kinds import AUDIO, VIDEO
from dam.media.streams.matroska_turns import turns_of_pictures
from dam.media.streams.recording import recorded_at
from dam.media.streams.values import SongTags, StreamFacts
from tests.benchmarks.truth import streams as truth
from tests.media.streams.files import attached, clip, mp3, png, song, text

TAGS = {
    "title": "Tïtle",
    "artist": "Ärtist",
    "album": "The album",
    "track": "3/9",
    "date": "1999-02-03",
    "genre": "Rock",
}
SONG = SongTags(artist="Ärtist", album="The album", track=3, year=1999, genre="Rock")
VIDEOS: list[tuple[str, dict[str, Any], str, tuple[str, str | None]]] = [
    ("mp4", {"sound": "aac"}, "mp4", ("mpeg4", "aac")),
    ("mov", {}, "mov", ("mpeg4", None)),
    ("3gp", {"sound": "aac"}, "3gp", ("mpeg4", "aac")),
    ("matroska", {"codec": "libx264", "sound": "libopus"}, "matroska", ("h264", "opus")),
    ("webm", {"codec": "libvpx-vp9"}, "webm", ("vp9", None)),
    ("avi", {"codec": "mjpeg", "sound": "pcm_s16le"}, "avi", ("mjpeg", "pcm_s16le")),
    ("mpegts", {"codec": "mpeg2video", "sound": "ac3"}, "mpegts", ("mpeg2video", "ac3")),
    ("mpeg", {"codec": "mpeg2video", "sound": "ac3"}, "mpeg", ("mpeg2video", "ac3")),
    ("flv", {"codec": "flv"}, "flv", ("flv1", None)),
    ("asf", {"codec": "wmv2"}, "asf", ("wmv2", None)),
    ("mxf", {"codec": "mpeg2video"}, "mxf", ("mpeg2video", None)),
]
SONGS = [
    ("mp3", "libmp3lame", "mp3", "mp3"),
    ("flac", "flac", "flac", "flac"),
    ("ipod", "aac", "mp4", "aac"),
    ("ogg", "libopus", "ogg", "opus"),
    ("wav", "pcm_s16le", "wav", "pcm_s16le"),
    ("wv", "wavpack", "wv", "wavpack"),
    ("caf", "pcm_s16be", "caf", "pcm_s16be"),
]


def described(content: bytes | Path) -> StreamFacts:
    data = content if isinstance(content, bytes) else content.read_bytes()
    file = io.BytesIO(data)
    found = media_type(file)
    kind = kind_of((VIDEO, AUDIO), found)
    assert kind is not None
    facts: StreamFacts = kind.describe(file, found, MediaLimits())
    return facts


@pytest.mark.parametrize(("container", "options", "name", "codecs"), VIDEOS)
def test_a_video_is_described(
    container: str, options: dict[str, Any], name: str, codecs: tuple[str, str | None]
) -> None:
    file = io.BytesIO()
    clip(file, container, seconds=1.0, frame_rate=25, **options)
    facts = described(file.getvalue())
    assert facts.video is not None
    assert (facts.container, facts.video.codec) == (name, codecs[0])
    assert (facts.audio.codec if facts.audio else None) == codecs[1]
    assert (facts.video.width, facts.video.height, facts.video.rotation) == (96, 64, 0)
    assert facts.video.frame_rate == pytest.approx(25, abs=0.5)
    assert facts.duration_s is not None
    assert facts.duration_s == pytest.approx(1.0, abs=0.06)
    assert len(facts.streams) == (1 if codecs[1] is None else 2)
    assert facts.bit_rate == pytest.approx(len(file.getvalue()) * 8 / facts.duration_s, rel=0.05)


@pytest.mark.parametrize(("container", "codec", "name", "shown"), SONGS)
def test_a_song_is_described_with_its_tags(
    container: str, codec: str, name: str, shown: str
) -> None:
    file = io.BytesIO()
    song(file, container, codec=codec, tags=TAGS)
    facts = described(file.getvalue())
    assert facts.audio is not None
    assert (facts.container, facts.audio.codec, facts.video) == (name, shown, None)
    assert facts.audio.sample_rate_hz == 48_000
    assert facts.duration_s == pytest.approx(1.0, abs=0.05)
    assert (facts.title, facts.song) == ("Tïtle", SONG)


@pytest.mark.parametrize(
    ("container", "turn", "rotation"),
    [
        *(("mp4", -90, 90), ("mov", 90, 270), ("mp4", 180, 180), ("mov", 0, 0)),
        *(("matroska", -90, 90), ("webm", 90, 270), ("matroska", 180, 180)),
    ],
)
def test_the_size_is_that_of_the_frames_as_they_are_shown(
    container: str, turn: int, rotation: int
) -> None:
    file = io.BytesIO()
    codec = "libvpx-vp9" if container == "webm" else "mpeg4"
    clip(file, container, codec=codec, rotation=turn, seconds=0.3)
    video = described(file.getvalue()).video
    assert video is not None
    size = (96, 64) if turn % 180 == 0 else (64, 96)
    assert (video.width, video.height, video.rotation) == (*size, rotation)


MIRRORED = [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]


@pytest.mark.parametrize("matrix", MIRRORED)
def test_the_size_of_mirrored_pictures_is_that_in_which_they_are_shown(
    matrix: tuple[int, int, int, int],
) -> None:
    file = io.BytesIO()
    clip(file, "mp4", matrix=matrix, seconds=0.3)
    video = described(file.getvalue()).video
    assert video is not None
    assert (video.width, video.height) == ((96, 64) if matrix[0] else (64, 96))


@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize("turn", [0, 90])
def test_the_size_of_stretched_pictures_is_that_in_which_they_are_shown(
    container: str, turn: int
) -> None:
    file = io.BytesIO()
    clip(file, container, stretch=Fraction(4, 3), rotation=turn, seconds=0.3)
    video = described(file.getvalue()).video
    assert video is not None
    assert (video.width, video.height) == ((64, 128) if turn else (128, 64))


def test_a_hostile_matroska_file_says_no_turn() -> None:
    deep = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
    for content in (
        deep * 50,
        deep + b"\x16\x54\xae\x6b\xff" + b"\xae\x80" * 100_000,
        deep + b"\xec\x80" * 1_000_000,
        deep + bytes(1_000),
    ):
        turns = turns_of_pictures(io.BytesIO(content))
        assert {*turns} <= {0}
        assert len(turns) <= 10_000


@given(st.binary(max_size=200), st.integers(0, 400))
def test_the_turns_of_damaged_matroska_files_are_quarters(noise: bytes, at: int) -> None:
    content = _turned_matroska()
    damaged = content[:at] + noise + content[at + len(noise) :]
    assert {*turns_of_pictures(io.BytesIO(damaged))} <= {0, 90, 180, 270}


@cache
def _turned_matroska() -> bytes:
    file = io.BytesIO()
    clip(file, "matroska", rotation=90, seconds=0.1)
    return file.getvalue()


def test_a_camera_says_when_and_where_it_recorded(tmp_path: Path) -> None:
    facts = described(_phone_video(tmp_path))
    assert facts.recorded_at == TakenAt(
        local_time="2023-09-22T18:34:05.000000",
        utc_offset_minutes=120,
        source="com.apple.quicktime.creationdate",
    )
    assert facts.position == Position(latitude=48.1234, longitude=-11.5, altitude_m=519.5)
    assert (facts.make, facts.model) == ("Apple", "iPhone 12")


_AT = {"creation_time": "2023-09-22T16:34:05Z"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (_AT, ("2023-09-22T16:34:05", 0)),
        ({**_AT, "encoder": "HandBrake 1.8.0 2024062000"}, None),
        ({**_AT, "encoder": "HandBrake 1.9.0", "make": "Canon"}, None),
        ({**_AT, "encoder": "Lavf61.1.100"}, None),
        ({**_AT, "encoder": "Lavf61.1.100", "make": "Canon"}, ("2023", 0)),
        ({**_AT, "encoder": "an unknown program"}, None),
        ({**_AT, "encoder": "DJI Mini 3"}, ("2023", 0)),
        ({**_AT, "software": "9.3.5", "make": "Apple", "model": "iPhone 5"}, ("2023", 0)),
        ({"creation_time": "2003-03-10 15:04:43", "software": "CanonMVI01"}, ("2003", None)),
        ({"date": "2024-01-01 10:00:00+02:00", "encoder": "HandBrake"}, None),
        ({"date": "2024-01-01 10:00:00+02:00"}, None),
        ({**_AT, "make": "Canon"}, ("2023-09-22T16:34:05", 0)),
        ({**_AT, "com.android.version": "14"}, ("2023", 0)),
        (
            {**_AT, "com.apple.quicktime.creationdate": "2023-09-20T08:00:00+0200", "encoder": "x"},
            ("2023-09-20T08:00:00", 120),
        ),
        ({"date": "2024-01-01 10:00:00+99:00", "location": "+48.1+011.5/"}, ("2024", None)),
        ({"date": "2024-01-01 10:00:00+02", "location": "+48.1+011.5/"}, ("2024", 120)),
        ({"date": "2024-01-01 10:00:00-0530", "model": "x"}, ("2024-01-01T10:00:00", -330)),
        ({"creation_time": "1904-01-01T00:00:00Z", "make": "x"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "2101-01-01T00:00:00Z", "make": "x"}, None),
    ],
)
def test_a_time_is_that_of_a_recording_unless_a_program_has_signed(
    tags: dict[str, str], expected: tuple[str, int | None] | None
) -> None:
    found = recorded_at(tags, "mp4")
    if found is None:
        assert expected is None
        return
    assert expected is not None
    assert found.local_time.startswith(expected[0])
    assert found.utc_offset_minutes == expected[1]


@pytest.mark.parametrize(
    ("container", "handlers", "is_believed"),
    [
        ("mp4", ["GoPro AVC", "GoPro AAC"], True),
        ("mov", ["DJI.AVC"], True),
        ("mp4", ["VideoHandle", "SoundHandle"], True),
        ("mp4", ["\x1fMainconcept Video Media Handler"], False),
        ("mp4", ["ISO Media file produced by Google Inc."], False),
        ("mp4", ["VideoHandler", "Lavc60.3.100 libx264"], False),
        ("mov", ["Core Media Video"], False),
        ("matroska", [], False),
        ("asf", [], False),
    ],
)
def test_a_program_may_sign_as_the_handler_of_a_stream(
    container: str, handlers: list[str], *, is_believed: bool
) -> None:
    assert (recorded_at(_AT, container, handlers) is not None) is is_believed


def test_a_song_has_no_camera_and_no_place() -> None:
    file = io.BytesIO()
    tags = {"make": "Fender", "model": "Jaguar", "location": "+48.1+011.5/", **TAGS}
    song(file, "flac", codec="flac", tags=tags)
    facts = described(file.getvalue())
    assert facts.tags["make"] == "Fender"
    assert (facts.make, facts.model, facts.position, facts.recorded_at) == (None,) * 4


def _phone_video(folder: Path) -> Path:
    path = folder / "a.mov"
    tags = {
        "creation_time": "2023-09-22T16:34:05.000000Z",
        "com.apple.quicktime.creationdate": "2023-09-22T18:34:05+0200",
        "com.apple.quicktime.location.ISO6709": "+48.1234-011.5000+519.500/",
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 12",
    }
    clip(path, "matroska", tags=tags, seconds=0.3)
    return path


def test_the_length_of_mpeg_sound_is_that_of_its_header() -> None:
    sound = mp3(text(b"TIT2", b"T"), attached(png()), seconds=2.0)
    found = described(sound).duration_s
    at = sound.index(b"Info" if b"Info" in sound else b"Xing")
    frames = struct.unpack_from(">L", sound, at + 8)[0]
    assert found == pytest.approx(frames * 1152 / 48_000, abs=0.001)


def test_bytes_that_are_not_utf_8_are_read_as_windows_reads_them() -> None:
    old = b"TAG" + "Björk \u2013 Ü".encode("cp1252").ljust(30, b"\0") + bytes(95)
    facts = described(mp3() + old)
    assert facts.title == "Björk \u2013 Ü"


def test_a_title_that_is_cut_inside_a_letter_is_shown_up_to_it() -> None:
    old = b"TAG" + "Ágætis byrjun, Sigur Rós 東京".encode()[:30] + bytes(95)
    assert described(mp3() + old).title == "Ágætis byrjun, Sigur Rós \ufffd"


def test_ffmpeg_and_pyav_are_named() -> None:
    decoders = installed_decoders()
    assert decoders["av"].available
    assert decoders["ffmpeg"].version


@pytest.mark.parametrize(
    ("module", "extra"), [("av", "video"), ("PIL.Image", "video"), ("numpy.linalg", "image")]
)
def test_a_missing_package_names_the_extra_that_has_it(module: str, extra: str) -> None:
    with pytest.raises(MissingExtraError) as caught, _extra_video():
        raise ModuleNotFoundError(name=module)
    assert caught.value.hint == f'pip install "ecs-dam[{extra}]"'


@pytest.mark.corpus
def test_ffprobe_says_the_same(corpus: Path) -> None:
    rows = truth.table(corpus)
    assert {row.what for row in rows} >= {"duration", "codecs", "channels", "all tags"}
    assert [row for row in rows if not row.is_met] == []


def test_the_kinds_have_what_the_recogniser_finds() -> None:
    with pytest.raises(Exception, match="unreadable audio/mpeg file"):
        describe_streams(io.BytesIO(b"ID3 and so on"), "audio/mpeg", MediaLimits())
