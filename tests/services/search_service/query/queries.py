"""Texts for the parser of queries, made by Hypothesis."""

from collections.abc import Mapping
from datetime import datetime

from hypothesis import strategies as st

from dam.errors import QuerySyntaxError
from dam.services.search_service.query.parsing import parse
from dam.services.search_service.query.patterns import escaped

_SIGNS = ["(", ")", '"', "-", "and", "or", "NOT", ":", "..", "<", ">=", "=", "*", "\\", "@", "."]
_VALUES = ["a", "12", "9999", "3d", "16/9", "today", "yes", "1e9", "2024-05", "image", "\0", "İ"]
_FIELDS = {
    "tag": ["cat", "artist:*", "rating>=4", "a\\*b"],
    "name": ["a*b", "=a", "a"],
    "width": ["3k", ">=7", "..5", "1..5", "<1e3"],
    "size": ["2MB", ">1.3GiB", "1..2k"],
    "added": ["2024", "2024-05..2025", "<3d", ">=2024-05-17T12:30", "2d..1w", "..today", ">today"],
    "ratio": ["16/9", ">1.5", "1..2"],
    "rating": ["4", ">=0.1", "..1e-7"],
    "type": ["image", "=Video"],
    "mime": ["image/*", "a"],
    "ext": [".jpg", "=", "*"],
    "has": ["tag", "Trashed"],
    "missing": ["ImageDimensions"],
    "failed": ["", "extract_*"],
    "in": ["trash"],
    "similar": ["12<8", "12", "3<=5"],
    "gps": ["48.85,2.35,10km", "-0.00001,180,0.5m", "1,2"],
    "camera": ["nikon", "=Canon", "n*k"],
    "taken": ["2024", "<3d"],
    "exposure": ["1/250", ">1/3"],
    "comic": ["lake", "=The*", "l*e"],
    "series": ["x"],
    "sha256": ["AB"],
    "id": ["3"],
    "sort": ["-size", "name"],
    "limit": ["9"],
    "TagName.key": ["a", "=b", "a*"],
    "TagName.digest": ["00ff"],
    "TagName.is_alias": ["yes"],
    "TrashedComponent.trashed_at": ["2024", "<3h"],
}

any_text = st.text()
"""Any text."""

_pieces = st.sampled_from([*_SIGNS, *_VALUES, " ", *(f"{name}:" for name in _FIELDS)])
written = st.lists(_pieces | st.text(max_size=2)).map("".join)
"""Text from the pieces of the language, in any order."""

_quoted = st.text().map(lambda text: f'"{escaped(text)}"')
_words = st.sampled_from(["a", "and", "-", "x-y", "c++", "\u202e", "ß"]) | st.text(min_size=1)
_good = [f"{name}:{value}" for name, values in _FIELDS.items() for value in values]
_texts = ["tag", "name", "mime", "ext", "failed", "comic", "series", "TagName.key"]
_own = st.tuples(
    st.sampled_from(_texts), st.sampled_from([":", ":=", ":*", ":a>", ":a<="]), _quoted
).map("".join)
_terms = st.sampled_from(_good) | _own | _quoted | _words


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from([" ", " and ", " or "]), inner).map("".join)
    negated = st.tuples(st.sampled_from(["-", "not "]), inner).map("".join)
    return joined | negated | inner.map(lambda text: f"({text})")


queries = st.recursive(_terms, _larger, max_leaves=8)
"""Text that is a query most of the time."""


def fault_of(
    text: str, now: datetime, saved: Mapping[str, str] | None = None
) -> QuerySyntaxError | None:
    """Return the error of a query, or None if it can be read."""
    try:
        parse(text, now=now, saved=saved)
    except QuerySyntaxError as error:
        return error
    return None
