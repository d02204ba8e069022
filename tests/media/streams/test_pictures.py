"""The posters of videos and the covers of songs."""

import io
from typing import Any

import pytest
from PIL import Image

from dam.errors import (
    ItemError,
    MediaLimitError,
    NoDecoderError,
    NoPictureError,
    UnreadableStreamsError,
)
from dam.media.file_type.recognition import media_type
from dam.media.kind import kind_of
from dam.media.limits import MediaLimits
from dam.media.streams.kinds import AUDIO, VIDEO
from tests.media.streams.files import attached, clip, mp3, png, song

WMF = b"\xd7\xcd\xc6\x9a" + bytes(60)
DARK, BRIGHT = (20, 20, 120), (230, 230, 40)


def picture_of(content: bytes, limits: MediaLimits | None = None) -> Image.Image:
    file = io.BytesIO(content)
    found = media_type(file)
    kind = kind_of((VIDEO, AUDIO), found)
    assert kind is not None
    assert kind.picture is not None
    picture: Image.Image = kind.picture(file, found, limits or MediaLimits())
    return picture


def made(container: str, **options: Any) -> bytes:
    file = io.BytesIO()
    clip(file, container, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("turn", "size", "top_left"),
    [(0, (96, 64), DARK), (-90, (64, 96), DARK), (90, (64, 96), BRIGHT), (180, (96, 64), BRIGHT)],
)
def test_a_poster_is_upright(
    turn: int, size: tuple[int, int], top_left: tuple[int, int, int]
) -> None:
    poster = picture_of(made("mp4", rotation=turn))
    assert poster.size == size
    assert poster.getpixel((5, 5)) == pytest.approx(top_left, abs=12)


@pytest.mark.parametrize(
    ("matrix", "size", "top_left", "bottom_left"),
    [
        ((-1, 0, 0, 1), (96, 64), BRIGHT, BRIGHT),
        ((1, 0, 0, -1), (96, 64), DARK, DARK),
        ((0, 1, 1, 0), (64, 96), DARK, BRIGHT),
        ((0, -1, -1, 0), (64, 96), BRIGHT, DARK),
    ],
)
def test_a_poster_is_mirrored_as_its_video_is(
    matrix: tuple[int, int, int, int],
    size: tuple[int, int],
    top_left: tuple[int, int, int],
    bottom_left: tuple[int, int, int],
) -> None:
    poster = picture_of(made("mp4", matrix=matrix))
    assert poster.size == size
    assert poster.getpixel((5, 5)) == pytest.approx(top_left, abs=12)
    assert poster.getpixel((5, size[1] - 6)) == pytest.approx(bottom_left, abs=12)


def test_a_poster_is_small_and_in_the_shape_in_which_it_is_shown() -> None:
    assert picture_of(made("matroska", size=(1280, 320), seconds=0.2)).size == (512, 128)


def test_the_poster_of_a_video_that_begins_black_shows_something() -> None:
    def late(at: float) -> Image.Image:
        image = Image.new("RGB", (96, 64))
        if at > 0.3:
            image.paste((255, 255, 255), (0, 0, 48, 64))
        return image

    poster = picture_of(made("mp4", seconds=6.0, draw=late))
    assert poster.getpixel((5, 5)) == pytest.approx((255, 255, 255), abs=12)
    black = picture_of(made("mp4", draw=lambda _: Image.new("RGB", (96, 64))))
    assert black.getpixel((5, 5)) == pytest.approx((0, 0, 0), abs=12)


def test_a_cover_is_the_picture_of_a_song() -> None:
    for content in (mp3(attached(png())), _flac(png())):
        cover = picture_of(content)
        assert (cover.size, cover.getpixel((30, 20))) == ((40, 30), (200, 30, 30))
        assert "is_hashed" not in cover.info  # the kind says it


def _flac(cover: bytes) -> bytes:
    file = io.BytesIO()
    song(file, "flac", codec="flac", cover=cover)
    return file.getvalue()


def test_the_cover_of_a_song_that_poses_as_a_video_is_not_compared() -> None:
    song_in_matroska, file = io.BytesIO(), io.BytesIO()
    song(song_in_matroska, "matroska", codec="libopus")
    with pytest.raises(NoPictureError):
        picture_of(song_in_matroska.getvalue())
    song(file, "mp4", codec="aac", cover=png())
    cover = picture_of(file.getvalue())
    assert (cover.size, cover.info["is_hashed"]) == ((40, 30), False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (mp3(), "no picture: there is no cover in this file"),
        (
            mp3(attached(b"no picture at all, but a text")),
            "unreadable cover picture: its bytes are of type text/plain",
        ),
        (
            mp3(attached(png()[:40])),
            "unreadable PNG cover picture: the header is not valid",
        ),
        (mp3(attached(WMF)), "no decoder for covers of type image/wmf"),
        (mp3(attached(WMF), attached(b"a text")), "no decoder for covers of type image/wmf"),
    ],
)
def test_a_cover_that_cannot_be_shown_is_told_apart_from_none(content: bytes, message: str) -> None:
    with pytest.raises(ItemError) as caught:
        picture_of(content)
    assert (caught.value.message, caught.value.hint) == (message, None)


def test_one_cover_that_can_be_shown_is_enough() -> None:
    assert picture_of(mp3(attached(WMF), attached(png()))).size == (40, 30)


def test_a_video_of_which_no_frame_can_be_decoded_is_unreadable() -> None:
    content = made("mp4")
    at = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    with pytest.raises(UnreadableStreamsError) as caught:
        picture_of(content[:at] + bytes(end - at) + content[end:])
    expected = "unreadable video/mp4 file: no frame of it can be decoded (mpeg4)"
    assert caught.value.message == expected


def test_a_video_with_an_unknown_codec_has_no_decoder() -> None:
    with pytest.raises(NoDecoderError) as caught:
        picture_of(made("avi").replace(b"FMP4", b"zzzz"))
    assert caught.value.message == "no decoder for the codec of this video"


def test_large_frames_and_covers_are_refused() -> None:
    limits = MediaLimits(max_frame_pixels=1000, max_metadata_bytes=50)
    with pytest.raises(MediaLimitError, match=r"6,144 pixels in a frame; at most 1,000"):
        picture_of(made("mp4", seconds=0.2), limits)
    with pytest.raises(MediaLimitError, match=r"bytes of a cover; at most 50"):
        picture_of(mp3(attached(png())), limits)
