"""Files that name others, are damaged, or ask for too much: facts or one of our errors."""

import ctypes
import io
import os
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dam.errors import DamError, MediaLimitError, UnreadableStreamsError
from dam.media.limits import MediaLimits
from dam.media.streams.formats import AUDIO_FORMATS, READ_FORMATS, VIDEO_FORMATS
from dam.media.streams.kinds import AUDIO, VIDEO
from dam.media.streams.values import StreamFacts
from tests.media.streams.files import attached, box, clip, id3, mp3, png, song, text

TYPES = sorted({*VIDEO_FORMATS, *AUDIO_FORMATS})
IN_OPEN, IN_NONBLOCK = 0x20, os.O_NONBLOCK


def tried(content: bytes | BinaryIO, media_type: str) -> StreamFacts | DamError:
    """Return the facts or the error of a file; its picture is made, too."""
    kind = VIDEO if media_type in VIDEO.media_types else AUDIO
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        facts: StreamFacts = kind.describe(file, media_type, MediaLimits())
    except DamError as error:
        return error
    assert kind.picture is not None
    try:
        file.seek(0)
        kind.picture(file, media_type, MediaLimits())
    except DamError:
        pass
    return facts


@contextmanager
def unopened(path: Path) -> Iterator[None]:
    """Fail if any code of this process, C as well, opens a file."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(IN_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN) >= 0
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(watch, 4096)
    finally:
        os.close(watch)


@contextmanager
def without_visitors() -> Iterator[int]:
    """Fail if anything connects to the port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)  # noqa: FBT003 - as it is
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


def _naming(path: str, url: str) -> dict[str, bytes]:
    """Return files that name another file, or an address, by what they are."""
    name = os.fsencode(path)
    alias = bytes(10) + b"\x01V" + bytes(26) + bytes(12) + b"\x0asecret.mp3" + bytes(53 + 36)
    alias += struct.pack(">hH", 2, len(name)) + name + struct.pack(">h", -1)
    sdp = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"
    return {
        "a list of pieces on the disk": hls.format(f"file://{path}").encode(),
        "a list of pieces by a bare path": hls.format(path).encode(),
        "a list of pieces on the net": hls.format(url).encode(),
        "a list to join": f"ffconcat version 1.0\nfile '{path}'\n".encode(),
        "a session": sdp,
        "a DASH list": f"<MPD type='static'><BaseURL>{url}</BaseURL></MPD>".encode(),
        "an ASX list": f"<asx><entry><ref href='{url}'/></entry></asx>".encode(),
        "a RAM list": f"{url}\n".encode(),
        "a drawing": f"<svg xmlns='a' width='9' height='9'><image href='{url}'/></svg>".encode(),
        "a movie with its data elsewhere": _movie(box(b"url ", bytes(4) + name + b"\0")),
        "a movie with an alias": _movie(box(b"alis", bytes(4) + alias)),
        "a movie on the net": _movie(box(b"url ", bytes(4) + url.encode() + b"\0")),
        "a movie that stands for another": box(b"ftyp", b"qt  \0\0\2\0qt  ")
        + box(
            b"moov",
            box(
                b"rmra",
                box(b"rmda", box(b"rdrf", struct.pack(">L4sL", 0, b"url ", len(name)) + name)),
            ),
        ),
    }


def _movie(reference: bytes) -> bytes:
    """Return a movie of one track of sound, whose data are where the reference says."""
    table = box(
        b"stbl",
        box(
            b"stsd",
            struct.pack(">LL", 0, 1),
            box(
                b"mp3 ", bytes(6) + struct.pack(">HHHLHHHHL", 1, 0, 0, 0, 1, 16, 0, 0, 44100 << 16)
            ),
        ),
        box(b"stts", struct.pack(">LLLL", 0, 1, 1, 1152)),
        box(b"stsc", struct.pack(">LLLLL", 0, 1, 1, 1, 1)),
        box(b"stsz", struct.pack(">LLL", 0, 400, 1)),
        box(b"stco", struct.pack(">LLL", 0, 1, 1000)),
    )
    elsewhere = box(b"dinf", box(b"dref", struct.pack(">LL", 0, 1), reference))
    track = box(
        b"trak",
        box(b"tkhd", b"\0\0\0\7" + bytes(80)),
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">LLLLLHH", 0, 0, 0, 44100, 44100, 0, 0)),
            box(b"hdlr", bytes(8) + b"soun" + bytes(13)),
            box(b"minf", box(b"smhd", bytes(8)), elsewhere, table),
        ),
    )
    head = box(b"mvhd", struct.pack(">LLLLL", 0, 0, 0, 1000, 1000) + bytes(80))
    return box(b"ftyp", b"qt  \0\0\2\0qt  ") + box(b"moov", head, track)


@pytest.mark.slow
def test_no_file_opens_another_one_or_an_address(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(mp3(text(b"TIT2", b"secret")))
    named = tmp_path / "%03d.mp3"
    with unopened(secret), without_visitors() as port:
        files = _naming(str(secret), f"http://127.0.0.1:{port}/a.mp3")
        for what, content in files.items():
            named.write_bytes(content)
            for media_type in ("video/mp4", "video/quicktime", "audio/mpeg", "video/x-ms-asf"):
                with named.open("rb") as file:
                    found = tried(cast("BinaryIO", file), media_type)
                assert "secret" not in str(found), (what, media_type)
                is_movie = what.startswith("a movie")
                assert is_movie or isinstance(found, UnreadableStreamsError), (what, media_type)


def test_the_watch_sees_what_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(pytest.fail.Exception), unopened(tmp_path / "a"):
        (tmp_path / "a").read_bytes()


def test_no_format_that_names_files_is_read() -> None:
    naming = {"hls", "concat", "dash", "imf", "sdp", "rtsp", "image2", "lavfi", "tty", "ffmetadata"}
    assert naming.isdisjoint(READ_FORMATS)


def _files() -> dict[str, tuple[str, bytes]]:
    clips = {
        "mp4": ("video/mp4", {"sound": "aac"}),
        "matroska": ("video/x-matroska", {"codec": "libx264", "sound": "libopus"}),
        "avi": ("video/x-msvideo", {"codec": "mjpeg", "sound": "pcm_s16le"}),
        "mpegts": ("video/mp2t", {"codec": "mpeg2video", "frame_rate": 25}),
        "mpeg": ("video/mpeg", {"codec": "mpeg2video", "frame_rate": 25}),
        "flv": ("video/x-flv", {"codec": "flv"}),
        "asf": ("video/x-ms-asf", {"codec": "wmv2"}),
        "mxf": ("application/mxf", {"codec": "mpeg2video", "frame_rate": 25}),
    }
    songs = {
        "flac": ("audio/flac", "flac"),
        "ogg": ("audio/ogg", "libopus"),
        "wav": ("audio/x-wav", "pcm_s16le"),
        "ipod": ("audio/x-m4a", "aac"),
        "wv": ("audio/x-wavpack", "wavpack"),
        "ac3": ("audio/vnd.dolby.dd-raw", "ac3"),
        "adts": ("audio/x-hx-aac-adts", "aac"),
        "aiff": ("audio/x-aiff", "pcm_s16be"),
    }
    made: dict[str, tuple[str, bytes]] = {"mp3": ("audio/mpeg", mp3(attached(png()), seconds=0.5))}
    for container, (media_type, options) in clips.items():
        file = io.BytesIO()
        clip(file, container, seconds=0.5, **options)  # type: ignore[arg-type]  # of each its own
        made[container] = (media_type, file.getvalue())
    for container, (media_type, codec) in songs.items():
        file = io.BytesIO()
        song(file, container, codec=codec, seconds=0.5)
        made[container] = (media_type, file.getvalue())
    return made


@pytest.fixture(scope="module")
def files() -> dict[str, tuple[str, bytes]]:
    return _files()


@pytest.mark.slow
def test_a_file_that_is_cut_off_gives_facts_or_an_error(
    files: dict[str, tuple[str, bytes]],
) -> None:
    for media_type, content in files.values():
        for tenth in range(10):
            found = tried(content[: len(content) * tenth // 10], media_type)
            assert isinstance(found, StreamFacts | UnreadableStreamsError)
            if tenth == 0:
                assert isinstance(found, UnreadableStreamsError)


@pytest.mark.slow
def test_a_file_with_damage_gives_facts_or_an_error(files: dict[str, tuple[str, bytes]]) -> None:
    chance = random.Random(5)  # noqa: S311 - no secret
    for media_type, content in files.values():
        for _ in range(8):
            damaged = bytearray(content)
            for _ in range(1 + len(content) // 500):
                damaged[chance.randrange(len(content))] = chance.randrange(256)
            assert isinstance(tried(bytes(damaged), media_type), StreamFacts | DamError)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_bytes_behind_a_magic_number_give_facts_or_an_error(data: st.DataObject) -> None:
    media_type, content = data.draw(st.sampled_from(sorted(_heads().items())))
    rest = data.draw(st.binary(max_size=3000))
    assert isinstance(tried(content + rest, media_type), StreamFacts | DamError)


_HEADS: dict[str, bytes] = {}


def _heads() -> dict[str, bytes]:
    if not _HEADS:
        _HEADS.update({media_type: content[:24] for media_type, content in _files().values()})
    return _HEADS


@pytest.mark.parametrize("media_type", TYPES)
def test_an_empty_file_and_zeros_are_unreadable(media_type: str) -> None:
    for content in (b"", bytes(10_000)):
        found = tried(content, media_type)
        assert isinstance(found, UnreadableStreamsError)
        assert found.message.startswith(f"unreadable {media_type} file: ")


@pytest.mark.parametrize("length", [0, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_an_absurd_length_is_none(length: int) -> None:
    file = io.BytesIO()
    clip(file, "mp4", seconds=0.3)
    content = file.getvalue()
    for name, at in ((b"mvhd", 4), (b"tkhd", 4), (b"mdhd", 4)):
        start = content.index(name) + at
        old = content[start : start + 100]
        assert old[0] == 0  # a length of 32 bits
        where = start + (20 if name == b"tkhd" else 16)
        content = content[:where] + struct.pack(">L", length & 0xFFFFFFFF) + content[where + 4 :]
    at = content.index(b"mvhd") + 16
    content = content[:at] + struct.pack(">L", 1) + content[at + 4 :]
    found = tried(content, "video/mp4")
    assert isinstance(found, StreamFacts)
    assert found.duration_s is None or found.duration_s <= 366 * 86_400


def test_a_length_that_is_no_number_is_none() -> None:
    # FLV: `duration` is a float of 64 bits.
    file = io.BytesIO()
    clip(file, "flv", codec="flv", seconds=0.3)
    content = file.getvalue()
    at = content.index(b"duration") + 9
    for length in (float("nan"), float("inf"), 1e12, -1e300):
        changed = content[:at] + struct.pack(">d", length) + content[at + 8 :]
        found = tried(changed, "video/x-flv")
        assert isinstance(found, StreamFacts)
        assert found.duration_s is None or 0 < found.duration_s < 1


def test_megabytes_of_tags_are_cut() -> None:
    many = [text(b"TXXX", f"key {number}".encode() + b"\0" + b"x" * 9000) for number in range(900)]
    found = tried(mp3(text(b"TIT2", b"t" * 2_000_000), *many), "audio/mpeg")
    assert isinstance(found, StreamFacts)
    assert found.title is not None
    assert len(found.title) == 10_000
    assert sum(map(len, found.tags.values())) <= 100_000
    assert len(found.tags) <= 500


def test_tags_hold_no_control_characters_and_no_halves_of_letters() -> None:
    wide = b"\1\xff\xfe" + "a\0b\ud83dc\x07".encode("utf-16-le", "surrogatepass")
    found = tried(mp3((b"TIT2", wide), text(b"TPE1", b"\x80\xff \x1b[31m")), "audio/mpeg")
    assert isinstance(found, StreamFacts)
    for tag in found.tags.values():
        tag.encode()  # no halves of surrogate pairs
        assert not set(tag) & set(map(chr, range(32)))


def test_a_tag_larger_than_its_file_is_no_harm() -> None:
    large = id3(text(b"TIT2", b"x"))
    for size in (b"\x7f\x7f\x7f\x7f", b"\0\0\0\0"):
        found = tried(large[:6] + size + large[10:] + mp3(), "audio/mpeg")
        assert isinstance(found, StreamFacts | UnreadableStreamsError)


def test_many_streams_are_refused() -> None:
    limits = MediaLimits(max_streams=3)
    for count in (4, 15):
        file = io.BytesIO()
        _with_streams(file, count)
        with pytest.raises(MediaLimitError) as caught:
            VIDEO.describe(file, "video/x-matroska", limits)
        assert caught.value.message == "too many streams; at most 3 are accepted"
    assert len(VIDEO.describe(file, "video/x-matroska", MediaLimits()).streams) == 15


def _with_streams(file: BinaryIO, count: int) -> None:
    import av  # noqa: PLC0415 - as dam does
    import numpy as np  # noqa: PLC0415 - likewise

    with av.open(file, mode="w", format="matroska") as output:
        streams = [output.add_stream("pcm_s16le", rate=8000) for _ in range(count)]
        for stream in streams:
            stream.layout = "mono"
        for stream in streams:
            samples = np.zeros((1, 800), dtype=np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, 0
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
