"""Answers queries by looking at each asset in plain Python: slow, and easy to believe."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, cmp_to_key, lru_cache
from typing import Any

from dam.core.ecs.search_fields import ValueKind
from dam.media.folding import fold, wanted_words, words_of
from dam.media.tag_name import tag_key
from dam.services.search_service.media_groups import group_of
from dam.services.search_service.query.tree import (
    And,
    Comparison,
    ComponentCondition,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Near,
    Not,
    OfComic,
    Or,
    Presence,
    Query,
    Similar,
    Sort,
    Tagged,
    Word,
)
from tests.services.search_service.search_world import (
    TAGS,
    Asset,
    MadeUp,
    entry_of,
    number_of,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS: dict[str, ValueKind] = {"name": "text", "path": "text", "comic": "text", "series": "text"}
KINDS |= dict.fromkeys(
    ("title", "description", "author", "keywords", "camera_make", "camera_model", "lens"), "text"
)
KINDS |= {"issue": "text", "FilePropertiesComponent.name_text": "text"}
KINDS |= {"FileLocationComponent.storage": "text"}
CAMERA = ("lens", "exposure_time_s", "f_number", "iso", "focal_length_mm")
STREAMS = (
    *("duration_s", "container", "bit_rate", "video_codec", "frame_rate"),
    *("audio_codec", "sample_rate_hz", "channels"),
)
SONG = ("artist", "album", "album_artist", "track", "year", "genre")
KINDS |= dict.fromkeys(("artist", "album", "album_artist", "genre"), "text")
PLACES = {"managed": "store", "referenced": "reference", "archive": "archive"}
SYMBOLS = {"=": 0, ">": 1, "<": -1}


def answer(world: MadeUp, query: Query) -> list[int]:
    """Return the ids of all results, in their order."""
    lifted = _lifted(query.condition) if query.condition else set[str]()
    found = [
        asset
        for asset in world.assets
        if ("unlisted" in lifted or entry_of(world, asset)["is_listed"])
        and ("hidden" in lifted or not asset.is_trashed)
        and (query.condition is None or finds(world, asset, query.condition))
    ]
    found.sort(key=lambda asset: -asset.id)
    for sort in reversed(query.sorts):
        found = _sorted(world, found, sort)
    return [asset.id for asset in found[: query.limit]]


def _lifted(condition: Condition) -> set[str]:
    if isinstance(condition, And):
        return set().union(*map(_lifted, condition.conditions))
    if isinstance(condition, Or):
        return set.intersection(*map(_lifted, condition.conditions))
    if isinstance(condition, InPlace) and condition.place == "trash":
        return {"hidden", "unlisted"}
    if isinstance(condition, Comparison) and (condition.field, condition.operator) == ("id", "="):
        return {"hidden", "unlisted"}
    if isinstance(condition, Presence) and condition.name == "TrashedComponent":
        return {"hidden", "unlisted"}
    is_archive = isinstance(condition, InPlace) and condition.place == "archive"
    inner = condition.condition if isinstance(condition, ComponentCondition) else condition
    if isinstance(inner, Comparison) and inner.field == "storage":
        is_archive = inner.value == "archive"
    return {"unlisted"} if is_archive or isinstance(condition, Similar) else set()


def _sorted(world: MadeUp, assets: list[Asset], sort: Sort) -> list[Asset]:
    keyed = [(_sort_key(world, asset, sort.field), asset) for asset in assets]

    def compare(one: tuple[Any, Asset], other: tuple[Any, Asset]) -> int:
        if one[0] is None or other[0] is None:
            return (one[0] is None) - (other[0] is None)
        way = int(one[0] > other[0]) - int(one[0] < other[0])
        return -way if sort.is_descending else way

    return [asset for _, asset in sorted(keyed, key=cmp_to_key(compare))]


def _sort_key(world: MadeUp, asset: Asset, name: str) -> Any:
    if name == "path":
        paths = [path for path, _ in asset.sources]
        return fold(min(paths)) if paths else None
    if name == "tags":
        return _tags_key(asset) or None
    values = values_of(world, asset, name)
    if name == "keywords":
        return "\n".join(fold(name) for name in sorted(_keywords(asset))) or None
    if name in {"codec", "storage", "failed"}:
        return "\n".join(values if name == "codec" else sorted(set(values))) or None
    if name in {"rating", "modified_at"}:
        return max(values, default=None)
    return next((fold(v) if KINDS.get(name) == "text" else v for v in values), None)


def _keywords(asset: Asset) -> set[str]:
    return {tag for tag, source, value in asset.tags if (source, value) == ("file", None)}


def _tags_key(asset: Asset) -> str:
    return "\n".join(fold(name) for name in sorted({tag for tag, _, _ in asset.tags}))


def values_of(world: MadeUp, asset: Asset, name: str) -> list[Any]:
    """Return all values of a field of an asset."""
    if not asset.values:
        asset.values = _values_of(world, asset)
    return asset.values[name]


def _values_of(world: MadeUp, asset: Asset) -> dict[str, list[Any]]:
    comic = world.comics.get(asset.comic or 0)
    width, height = asset.shape or (None, None)
    ending = fold(asset.name)[1:].rpartition(".")[2] if asset.name else None
    has_ending = asset.name is not None and "." in fold(asset.name)[1:] and ending
    types = [group_of(asset.media_type)] if asset.name is not None else []
    shape = None if not asset.shape else "landscape" if asset.shape[0] > asset.shape[1] else None
    if asset.shape and shape is None:
        shape = "square" if width == height else "portrait"
    number = {name: TAGS[name][0] for name in TAGS}
    camera, stated, place = asset.camera or {}, asset.stated or (None,) * 3, asset.place or ()
    values: dict[str, list[Any]] = {
        "id": [asset.id],
        "name": [asset.name or (comic and comic.title)],
        "ext": [ending] if has_ending else [],
        "type": ["comic"] if asset.is_variant else types,
        "added_at": [asset.added],
        "size_bytes": [asset.size],
        "media_type": [asset.media_type],
        "width": [width],
        "height": [height],
        "pixels": [asset.shape[0] * asset.shape[1]] if asset.shape else [],
        "ratio": [width / height] if width is not None and height else [],
        "frame_count": [asset.frames],
        **{name: [asset.streams.get(name)] for name in STREAMS},
        "codec": [asset.streams.get(name) for name in ("video_codec", "audio_codec")],
        **{name: [asset.song.get(name)] for name in SONG},
        "encrypted": [asset.document[1]] if asset.document else [],
        "orientation": [shape],
        "sha256": [asset.digest and asset.digest.hex()],
        "path": [*(path for path, _ in asset.sources), *(path for _, path in asset.places)],
        "modified_at": [EPOCH + timedelta(microseconds=ns // 1000) for _, ns in asset.sources],
        "storage": [key for place, _ in asset.places for key in PLACES if PLACES[key] == place],
        "failed": [system for system, is_dismissed in asset.failures if not is_dismissed],
        "rating": [
            number_of(value, number[tag]) for tag, _, value in asset.tags if tag == "rating"
        ],
        "tags": [tag for tag, _, _ in asset.tags],
        "comic": [comic and comic.title],
        "series": [comic and comic.series],
        "issue": [comic and comic.issue],
        "language": [asset.language] if asset.is_variant else [],
        "page_count": [asset.pages or (asset.document and asset.document[0])],
        **dict(zip(("title", "description", "author"), ([each] for each in stated), strict=True)),
        "camera_make": [camera.get("make")],
        "camera_model": [camera.get("model")],
        **{name: [camera.get(name)] for name in CAMERA},
        "taken_at": [asset.taken[0].replace(tzinfo=UTC)] if asset.taken else [],
        "latitude": [*place[:1]],
        "longitude": [*place[1:2]],
        "altitude_m": [*place[2:]],
        "keywords": [
            tag_key(tag) for tag, source, value in asset.tags if (source, value) == ("file", None)
        ],
        "FilePropertiesComponent.name_text": [asset.name],
        "FilePropertiesComponent.size_bytes": [asset.size],
        "FileLocationComponent.storage": [place for place, _ in asset.places],
        "ImageDimensionsComponent.width": [width],
        "SearchEntryComponent.is_listed": [entry_of(world, asset)["is_listed"]],
    }
    return {name: [v for v in some if v is not None] for name, some in values.items()}


def finds(world: MadeUp, asset: Asset, condition: Condition) -> bool:  # noqa: C901, PLR0911, PLR0912
    """Tell whether a condition finds an asset."""
    match condition:
        case And():
            asking = [
                each
                for each in condition.conditions
                if not (isinstance(each, Word) and not _wanted(each)[0])
            ]
            return all(finds(world, asset, one) for one in asking or condition.conditions)
        case Or():
            return any(finds(world, asset, each) for each in condition.conditions)
        case Not():
            return not finds(world, asset, condition.condition)
        case Word():
            return _has_word(world, asset, condition)
        case Tagged():
            return _is_tagged(asset, condition)
        case Comparison() | Interval() | Glob():
            return _meets(world, asset, condition.field, condition)
        case ComponentCondition():
            inner = condition.condition
            return _meets(world, asset, f"{condition.component}.{inner.field}", inner)
        case Presence(name="type"):
            return asset.name is not None or asset.is_variant
        case Presence(is_component=True):
            return {
                "FilePropertiesComponent": asset.name is not None,
                "ComicBookVariantComponent": asset.is_variant,
                "TrashedComponent": asset.is_trashed,
                "EntityTagLinkComponent": bool(asset.tags),
            }[condition.name]
        case Presence():
            return bool(values_of(world, asset, condition.name))
        case InPlace(place="trash"):
            return asset.is_trashed
        case InPlace():
            return condition.place in values_of(world, asset, "storage")
        case DigestStart():
            return any(
                v.startswith(condition.hex_digits) for v in values_of(world, asset, "sha256")
            )
        case Failed():
            pattern = condition.pattern
            failed = values_of(world, asset, "failed")
            return bool(failed) if pattern is None else any(_like(pattern, s) for s in failed)
        case OfComic():
            return _is_of_comic(world, asset, condition)
        case Near():
            return asset.place is not None and _is_near(asset.place, condition)
        case Similar():
            return _is_similar(world, asset, condition)


def _is_near(place: tuple[float, float, float | None], condition: Near) -> bool:
    """Compare the distance by the angle between two arrows from the centre of the earth."""
    arrows = []
    for north, east in (place[:2], (condition.latitude, condition.longitude)):
        up, around = math.radians(north), math.radians(east)
        flat = math.cos(up)
        arrows.append((flat * math.cos(around), flat * math.sin(around), math.sin(up)))
    half = math.dist(*arrows) / 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, half)) <= condition.distance_m


@lru_cache(10_000)
def _expression(pattern: str, *, folds: bool) -> re.Pattern[str]:
    parts = []
    for piece in re.findall(r"\\.|[*?]|[^*?\\]+|\\", pattern, re.DOTALL):
        plain = piece[1:] if piece.startswith("\\") and len(piece) > 1 else piece
        parts.append({"*": ".*", "?": "."}.get(piece) or re.escape(fold(plain) if folds else plain))
    return re.compile("".join(parts), re.DOTALL)


def _like(pattern: str, text: str, *, folds: bool = False) -> bool:
    return bool(_expression(pattern, folds=folds).fullmatch(_folded(text) if folds else text))


@cache
def _folded(text: str) -> str:
    return fold(text)


def _meets(world: MadeUp, asset: Asset, name: str, condition: Comparison | Interval | Glob) -> bool:
    folds = KINDS.get(name) == "text" or name == "ext"
    for value in values_of(world, asset, name):
        if isinstance(condition, Glob):
            is_met = _like(condition.pattern, value, folds=folds)
        elif isinstance(condition, Comparison):
            wanted = condition.value
            if folds:
                is_met = fold(value) == fold(str(wanted))
            else:
                is_met = _compares(value, condition.operator, wanted)
        else:
            low, high = condition.low, condition.high
            end = "<" if condition.is_half_open else "<="
            is_met = (low is None or _compares(value, ">=", low)) and (
                high is None or _compares(value, end, high)
            )
        if is_met:
            return True
    return False


def _compares(value: Any, sign: str, other: Any) -> bool:
    return bool(
        {
            "=": value == other,
            ">": sign == ">" and value > other,
            ">=": sign == ">=" and value >= other,
            "<": sign == "<" and value < other,
            "<=": sign == "<=" and value <= other,
        }[sign]
    )


def _below(name: str) -> Iterator[str]:
    yield name
    for child, (_, _, parents) in TAGS.items():
        if name in parents:
            yield from _below(child)


def _names(tag: str) -> list[str]:
    return [tag, *TAGS[tag][1]]


def _has_word(world: MadeUp, asset: Asset, condition: Word) -> bool:
    run, tags = _wanted(condition)
    if not run:
        return False
    return run in entry_of(world, asset)["words"] or any(tag in tags for tag, _, _ in asset.tags)


@lru_cache(10_000)
def _wanted(condition: Word) -> tuple[str, set[str]]:
    wanted = wanted_words(condition.text, is_phrase=condition.is_phrase)
    if not wanted.words:
        return "", set()
    named = [
        tag
        for tag in TAGS
        if any(wanted.run in f" {' '.join(words_of(tag_key(n)))} " for n in _names(tag))
    ]
    return wanted.run, {child for tag in named for child in _below(tag)}


def _is_named(condition: Tagged, name: str) -> bool:
    if not condition.is_glob:
        return tag_key(name) == tag_key(condition.name)
    pieces = re.findall(r"\\.|[*?]|[^*?\\]+", condition.name)
    keyed = (p if p in "*?" or p.startswith("\\") else tag_key(p) for p in pieces)
    return _like("".join(keyed), tag_key(name))


def _is_tagged(asset: Asset, condition: Tagged) -> bool:
    below = {tag for tag, _, _ in asset.tags} & _asked(condition)
    if condition.operator is None:
        return bool(below)
    return any(
        _has_value(TAGS[tag][0], value, condition) for tag, _, value in asset.tags if tag in below
    )


@lru_cache(10_000)
def _asked(condition: Tagged) -> set[str]:
    named = [tag for tag in TAGS if any(_is_named(condition, name) for name in _names(tag))]
    return {child for tag in named for child in _below(tag)}


def _has_value(kind: str | None, value: str | None, condition: Tagged) -> bool:
    wanted = condition.value or ""
    if kind is None or value is None or condition.operator is None:
        return False
    if kind == "text":
        return _compares(value, condition.operator, wanted)
    if kind == "integer" and "." in wanted:
        return False
    try:
        return _compares(number_of(value, kind), condition.operator, number_of(wanted, kind))
    except ValueError:
        return False


def _is_of_comic(world: MadeUp, asset: Asset, condition: OfComic) -> bool:
    def of_work(variant: Asset) -> bool:
        comic = world.comics.get(variant.comic or 0)
        title = comic and (comic.series if condition.is_series else comic.title)
        return bool(title) and _like(condition.pattern, title or "", folds=True)

    owners = [each for owner in asset.page_of if (each := world.asset(owner))]
    return any(of_work(each) for each in (asset, *owners))


def _is_similar(world: MadeUp, asset: Asset, condition: Similar) -> bool:
    wanted = world.asset(condition.entity_id)
    own = wanted.phash if wanted else None
    if own is None or asset.phash is None or asset.id == condition.entity_id:
        return False
    most = 10 if condition.distance is None else condition.distance
    return (own ^ asset.phash).bit_count() <= most - condition.is_strict
