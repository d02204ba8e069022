"""Videos and songs beside ffprobe: `av_docs`, every file that ffprobe opened."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from dam.errors import ItemError
from dam.media.file_type.recognition import media_type
from dam.media.kind import kind_of
from dam.media.limits import MediaLimits
from dam.media.streams.kinds import AUDIO, VIDEO
from dam.media.streams.values import StreamFacts
from tests.benchmarks.truth.table import Row

TITLE = "videos and songs (av_docs, beside ffprobe)"
_CORPUS = Path(os.environ.get("DAM_TEST_CORPUS", "../shared/data"))
_NEAR_S = 0.05
_BARS = {
    "duration": 0.99,
    "codecs": 0.99,
    "channels": 0.99,
    "all tags": 0.98,
}
_TAGS = ("title", "artist", "album", "album_artist", "track", "year", "genre", "comment")
_SEPARATORS = re.compile(r"\s*[;,/]\s*")
_QUARTER = 90
_PICTURE_CODECS = ("png", "mjpeg", "bmp", "gif")

Compared = tuple[str, object, object]


def table(corpus: Path = _CORPUS) -> list[Row]:
    """Return the share of equal values for each fact."""
    found: dict[str, list[tuple[str, Compared]]] = defaultdict(list)
    for path, truth in _truths(corpus / "av_docs"):
        described = _described(path)
        for compared in _compared(described, truth):
            found[compared[0]].append((path.name, compared))
            if compared[0] in _TAGS:
                found["all tags"].append((path.name, compared))
    return [_row(what, values) for what, values in sorted(found.items())]


def _truths(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for listed in sorted(folder.glob("*/ffprobe.json")):
        for name, truth in json.loads(listed.read_bytes()).items():
            yield listed.parent / name, truth


def _row(what: str, values: list[tuple[str, Compared]]) -> Row:
    wrong = [
        f"{name}: {what} is {own!r}, and should be {true!r}"
        for name, (what, own, true) in values
        if own != true
    ]
    equal, total = len(values) - len(wrong), len(values)
    return Row(what=what, equal=equal, total=total, least=_BARS.get(what), wrong=wrong)


def _described(path: Path) -> StreamFacts | None:
    with path.open("rb", buffering=0) as file:
        found = media_type(file)
        kind = kind_of((VIDEO, AUDIO), found)
        file.seek(0)
        try:
            return None if kind is None else kind.describe(file, found, MediaLimits())
        except ItemError:
            return None


def _compared(facts: StreamFacts | None, truth: Mapping[str, Any]) -> Iterator[Compared]:
    container, streams = truth["format"], truth["streams"]
    yield "streams", facts and len(facts.streams), len(streams)
    if "duration" in container:
        true = float(container["duration"])
        own = facts and facts.duration_s
        yield "duration", true if own and abs(own - true) <= _NEAR_S else own, true
    sounds = [each for each in streams if _is(each, "audio")]
    pictures = [each for each in streams if _is(each, "video") and not _is_cover(each, sounds)]
    if pictures:
        yield from _of_video(facts, pictures[0])
    if sounds:
        audio = facts and facts.audio
        yield "codecs", audio and audio.codec, sounds[0].get("codec_name")
        yield "channels", audio and audio.channels, sounds[0]["channels"]
        yield "sample rate", audio and audio.sample_rate_hz, int(sounds[0]["sample_rate"])
    yield from _of_tags(facts, container, sounds)


def _is(stream: Mapping[str, Any], kind: str) -> bool:
    return bool(stream.get("codec_type") == kind)


def _is_cover(stream: Mapping[str, Any], sounds: list[Mapping[str, Any]]) -> bool:
    return bool(sounds) and stream.get("codec_name") in _PICTURE_CODECS


def _of_video(facts: StreamFacts | None, true: Mapping[str, Any]) -> Iterator[Compared]:
    video = facts and facts.video
    turn = next(
        (each["rotation"] for each in true.get("side_data_list", []) if "rotation" in each), 0
    )
    across, _, down = true.get("sample_aspect_ratio", "1:1").partition(":")
    stretch = int(across) / int(down) if int(across) else 1
    size = (round(true["width"] * stretch), true["height"])
    yield "codecs", video and video.codec, true.get("codec_name")
    yield "rotation", video and video.rotation, -turn % 360
    displayed = size[::-1] if turn % (2 * _QUARTER) else size
    yield "size as displayed", video and (video.width, video.height), displayed
    top, _, bottom = true.get("avg_frame_rate", "0/0").partition("/")
    if int(bottom) and int(top):
        rate = round(float(Fraction(int(top), int(bottom))), 2)
        yield "frame rate", video and video.frame_rate and round(video.frame_rate, 2), rate


def _of_tags(
    facts: StreamFacts | None, container: Mapping[str, Any], sounds: list[Mapping[str, Any]]
) -> Iterator[Compared]:
    stated = {**(sounds[0].get("tags", {}) if sounds else {}), **container.get("tags", {})}
    if container["format_name"] != "ogg":
        stated = container.get("tags", {})
    true = {key.lower(): value for key, value in stated.items()}
    year = re.search(r"\d{4}", true.pop("date", None) or true.pop("year", ""))
    if year and int(year[0]):
        true["year"] = int(year[0])
    if number := re.match(r"\d+", true.pop("track", "")):
        true["track"] = int(number[0])
    song = facts and facts.song
    own = {key: getattr(song, key, None) for key in _TAGS}
    own |= {"title": facts and facts.title, "comment": facts and facts.description}
    for key in _TAGS:
        if key in true:
            yield key, _plain(own[key]), _plain(true[key])


def _plain(value: object) -> object:
    """Return a text as it is compared: several artists are separated in several ways."""
    return _SEPARATORS.split(value.strip()) if isinstance(value, str) else value
