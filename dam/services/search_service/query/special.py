"""Conditions that are more than a field and a value: tags, places, likeness, sorting and so on."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dam.errors import MalformedTagError
from dam.media.tag_name import parse_name
from dam.services.search_service.query.fields import Field
from dam.services.search_service.query.names import WHERE_FIELDS_ARE, Names, nearest
from dam.services.search_service.query.patterns import (
    containing,
    exact_pattern,
    has_wildcard,
    pattern_of,
    unescaped,
)
from dam.services.search_service.query.tree import (
    Comparison,
    Condition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Near,
    Not,
    OfComic,
    Or,
    Place,
    Presence,
    Similar,
    Sort,
    Tagged,
)

PLACES: tuple[Place, ...] = ("managed", "referenced", "archive", "trash")
"""What `in:` takes."""

_SIMILAR = re.compile(r"([0-9]+)(?:(<=?)([0-9]+))?")
_NEAR = re.compile(
    r"(-?[0-9]{1,3}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)"
    r"(?:,([0-9]{1,8}(?:\.[0-9]{1,6})?)(km|m))?",
    re.IGNORECASE,
)
_A_PLACE = "latitude, longitude and a distance, as in 48.85,2.35,10km"
_NEAR_BY_M = 1000.0
_A_TAG = "a tag, as in cat, artist:moebius or rating>=4"
_MOST_DIGITS = 18
_MOST_BITS = 64


@dataclass(frozen=True)
class Limit:
    """At most this many results."""

    count: int


def _tag(field: Field, _: Names) -> Condition:
    name, operator, value = field.around_operator()
    if not name or value == "":
        raise field.fault(_A_TAG)
    pattern = pattern_of(name)
    is_glob = has_wildcard(pattern)
    shown = pattern if is_glob else unescaped(name)
    try:
        if not is_glob:
            parse_name(shown)
    except MalformedTagError as error:
        raise field.fault(_A_TAG, hint=f"no tag is called so: {error.reason}") from error
    return Tagged(shown, field.span, is_glob, operator, None if value is None else unescaped(value))


def _has(field: Field, names: Names) -> Condition:
    if whole := names.whole(field.text):
        return Presence(whole, field.span)
    if component := names.component(field.text):
        return Presence(component.__name__, field.span, is_component=True)
    near = names.nearest_of_all(field.text)
    raise field.fault("a field", "a component", suggestion=near, hint=WHERE_FIELDS_ARE)


def _missing(field: Field, names: Names) -> Condition:
    return Not(_has(field, names))


def _sha256(field: Field, _: Names) -> Condition:
    if not re.fullmatch(r"[0-9a-fA-F]{1,64}", field.text):
        raise field.fault("1 to 64 hex digits")
    return DigestStart(field.text.lower(), field.span)


def _comic(field: Field, _: Names) -> Condition:
    is_series = field.name.lower() == "series"
    operator, value = field.without_operator()
    if operator == "=":
        return OfComic(exact_pattern(unescaped(value.text)), field.span, is_series)
    return OfComic(containing(pattern_of(field.text)), field.span, is_series)


def _similar(field: Field, _: Names) -> Condition:
    match = _SIMILAR.fullmatch(field.text)
    if match is None:
        raise field.fault("an id, maybe with a distance, as in 12 or 12<8")
    if len(match[1]) > _MOST_DIGITS:
        raise field.fault(f"an id of at most {_MOST_DIGITS} digits")
    if match[3] and (len(match[3]) > _MOST_DIGITS or int(match[3]) > _MOST_BITS):
        raise field.fault(f"a distance of at most {_MOST_BITS} bits")
    distance = int(match[3]) if match[3] else None
    return Similar(int(match[1]), distance, field.span, match[2] == "<")


def _gps(field: Field, _: Names) -> Near:
    match = _NEAR.fullmatch(field.text)
    if match is None:
        raise field.fault(_A_PLACE)
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90:  # noqa: PLR2004 - a pole
        raise field.fault("a latitude from -90 to 90, before the first comma")
    if abs(longitude) > 180:  # noqa: PLR2004 - half around the earth
        raise field.fault("a longitude from -180 to 180, behind the first comma")
    metres = {"km": 1000.0, "m": 1.0}
    distance = float(match[3]) * metres[match[4].lower()] if match[3] else _NEAR_BY_M
    return Near(latitude, longitude, distance, field.span)


def _camera(field: Field, _: Names) -> Condition:
    """Return the condition that maker or model of the camera match."""
    operator, value = field.without_operator()
    if operator not in {None, "="}:
        raise field.fault("a text", "= and a text")
    of_camera = "camera_make", "camera_model"
    if operator == "=":
        text = unescaped(value.text)
        return Or(tuple(Comparison(name, "=", text, field.span) for name in of_camera))
    pattern = containing(pattern_of(field.text))
    return Or(tuple(Glob(name, pattern, field.span) for name in of_camera))


def _failed(field: Field, _: Names) -> Condition:
    return Failed(field.span, pattern_of(field.text) if field.text else None)


def _in(field: Field, _: Names) -> Condition:
    name = field.one_of(PLACES)
    return InPlace(next(place for place in PLACES if place == name), field.span)


def _sort(field: Field, names: Names) -> Sort:
    is_descending = field.text.startswith("-")
    name = field.part(int(is_descending))
    if whole := names.whole(name.text):
        return Sort(whole, is_descending)
    near = nearest(name.text, names.everything())
    raise name.fault("a field to sort by", suggestion=near, hint=WHERE_FIELDS_ARE)


def _limit(field: Field, _: Names) -> Limit:
    if not re.fullmatch(r"0*[1-9][0-9]*", field.text):
        raise field.fault("a whole number above 0")
    if len(field.text) > _MOST_DIGITS:
        raise field.fault(f"a number of at most {_MOST_DIGITS} digits")
    return Limit(int(field.text))


SPECIAL: dict[str, Callable[[Field, Names], Condition | Sort | Limit]] = {
    "tag": _tag,
    "tags": _tag,
    "has": _has,
    "missing": _missing,
    "sha256": _sha256,
    "comic": _comic,
    "series": _comic,
    "similar": _similar,
    "gps": _gps,
    "camera": _camera,
    "failed": _failed,
    "in": _in,
    "sort": _sort,
    "limit": _limit,
}
"""What reads the value of each of these fields."""
