"""Finds what the part of a query that is being written may become; knows no database."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from dam.services.search_service.query.names import (
    CHOICES,
    Names,
    column_kind,
    columns_of,
    known_names,
    saved_key,
)
from dam.services.search_service.query.patterns import escaped, literal, quoted, tag_value
from dam.services.search_service.query.special import PLACES, SPECIAL
from dam.services.search_service.query.tokens import MOST_CHARACTERS, REFUSED

LookUp = Literal["tag", "ext", "media_type", "system", "saved"]
"""What only the database knows: names of tags, extensions, media types, systems, saved queries."""

CompletionKind = Literal["field", "component", "value", "tag", "saved"]

_TERM = re.compile(r'(?:[^\s()"]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))++', re.DOTALL)
_PLAIN = re.compile(r'\\[*?\\"]|[^"]', re.DOTALL)
_MOST = 100
_LONGEST = 1000
_LONGEST_EXTENSION = 12
_LOOK_UPS: dict[str, LookUp] = {
    "tag": "tag",
    "tags": "tag",
    "ext": "ext",
    "media_type": "media_type",
    "failed": "system",
}


@dataclass(frozen=True)
class Completion:
    """A text that can stand in a query in the place of the characters from `start` to `end`."""

    text: str
    start: int
    end: int
    kind: CompletionKind


@dataclass(frozen=True)
class QueryPart:
    """The part of a query that is being written: a name, or a value.

    Args:
        start: Where it begins, after `-` and after the colon of a field.
        end: Where it ends, which may be behind the place where it is being written.
        prefix: What is written of it, without quotes and backslashes.
        field: The field whose value it is, as written; None for a word or a name.
        look_up: What the database can add; None if it cannot.
    """

    start: int
    end: int
    prefix: str
    field: str | None = None
    look_up: LookUp | None = None

    def completion(self, text: str, kind: CompletionKind) -> Completion:
        """Return the completion that puts a text, ready for a query, in the place of this part."""
        return Completion(text, self.start, self.end, kind)


def query_part(text: str, position: int) -> QueryPart | None:
    """Return the part of a query at a position, or None if nothing can be offered for it.

    Example: `query_part("cat type:im", 11)` has the prefix `im` and the field `type`.

    Args:
        text: The query; what stands behind the position may be anything.
        position: Where the next character would be written, counted from 0.
    """
    names = known_names()
    position = min(max(position, 0), len(text))
    if len(text) > MOST_CHARACTERS:
        return None
    terms = (match.span() for match in _TERM.finditer(text))
    start, end = next((span for span in terms if span[0] <= position <= span[1]), (position,) * 2)
    while start < position and text[start] == "-":
        start += 1
    head = text[start:position]
    if head.startswith('"') or len(head) > _LONGEST or REFUSED.search(head):
        return None
    if head.startswith("@"):
        return QueryPart(start, end, saved_key(_plain(head[1:])), None, "saved")
    name, colon, value = head.partition(":")
    if not colon:
        to_colon = text.find(":", position, end) + 1
        return QueryPart(start, to_colon or end, head, None, "tag" if head else None)
    look_up = _LOOK_UPS.get(names.whole(name) or name.lower())
    if look_up == "tag" and re.search("[<>=]", value):
        return None
    return QueryPart(start + len(name) + 1, end, _plain(value), name, look_up)


def complete_part(part: QueryPart, found: Iterable[str]) -> list[Completion]:
    """Return what a part of a query may become, at most 100 completions.

    Example: `complete_part(part, ["cat", "artist:moebius"])`.

    Args:
        part: Of the function `query_part`.
        found: What the database has for its `look_up`: names of saved queries, systems, media
            types, or for extensions names of files, in any order; for tags those with the prefix.
    """
    names = known_names()
    return [*_known(part, names), *_looked_up(part, found)][:_MOST]


def _known(part: QueryPart, names: Names) -> list[Completion]:
    if part.look_up == "saved":
        return []
    if part.field is None:
        return _completed_names(part, names)
    sign = "-" if part.field.lower() == "sort" and part.prefix.startswith("-") else ""
    low = part.prefix[len(sign) :].lower()
    return [
        part.completion(f"{sign}{value}", "value")
        for value in _values(part.field, names)
        if value.lower().startswith(low)
    ]


def _looked_up(part: QueryPart, found: Iterable[str]) -> list[Completion]:
    match part.look_up:
        case None:
            return []
        case "tag":
            before = "" if part.field else "tag:"
            return [part.completion(before + tag_value(name), "tag") for name in found]
        case "saved":
            keys = sorted((saved_key(name), name) for name in found)
            names = [name for key, name in keys if key.startswith(part.prefix)]
            return [part.completion(f"@{quoted(escaped(name))}", "saved") for name in names]
        case "ext":
            values, low = _extensions_of(found), part.prefix.lower().lstrip(".")
        case _:
            values, low = set(found), part.prefix
    chosen = sorted(value for value in values if value.startswith(low))
    return [part.completion(literal(value), "value") for value in chosen]


def _extensions_of(names: Iterable[str]) -> set[str]:
    """Return the extensions of names of files in lower case, without odd and long ones."""
    found = {name.rpartition(".")[2].lower() for name in names if "." in name}
    return {each for each in found if each.isalnum() and len(each) <= _LONGEST_EXTENSION}


def _completed_names(part: QueryPart, names: Names) -> list[Completion]:
    low = part.prefix.lower()
    component = names.component(low.partition(".")[0]) if "." in low else None
    if component:
        class_name, column = component.__name__, low.partition(".")[2]
        columns = sorted(name for name in columns_of(component) if name.startswith(column))
        return [part.completion(f"{class_name}.{name}:", "field") for name in columns]
    fields = sorted(name for name in {*names.everything(), *SPECIAL} if name.startswith(low))
    classes = [each.__name__ for each in names.components.values()] if low else []
    return [part.completion(f"{name}:", "field") for name in fields] + [
        part.completion(f"{name}.", "component")
        for name in sorted(classes)
        if name.lower().startswith(low)
    ]


def _values(field: str, names: Names) -> Iterable[str]:
    known: dict[str, Callable[[], Iterable[str]]] = {
        "in": lambda: sorted(PLACES),
        "has": lambda: [*names.everything(), *_classes(names)],
        "missing": lambda: [*names.everything(), *_classes(names)],
        "sort": names.everything,
    }
    whole = names.whole(field) or field.lower()
    if whole in known:
        return known[whole]()
    if whole in CHOICES:
        return sorted(CHOICES[whole])
    class_name, _, column = whole.partition(".")
    component = names.component(class_name)
    kind = column_kind(component, column) if component else names.fields.get(whole)
    return {"flag": ("no", "yes"), "time": ("today", "yesterday")}.get(kind or "", ())


def _classes(names: Names) -> list[str]:
    return sorted(component.__name__ for component in names.components.values())


def _plain(text: str) -> str:
    return "".join(piece[-1] for piece in _PLAIN.findall(text))
