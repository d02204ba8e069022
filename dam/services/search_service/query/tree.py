"""The tree that a query is parsed into, which the compiler turns into SQL.

Each condition has the `Span` of the text that it was read from. Names of fields are whole and
right: the parser has replaced short names, and refused unknown ones.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Operator = Literal["=", ">", ">=", "<", "<="]
Value = str | int | float | bool | bytes | datetime

Place = Literal["managed", "referenced", "archive", "trash"]


@dataclass(frozen=True)
class Span:
    """A part of the text of a query: the characters from `start` up to `end`, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True)
class Word:
    """Finds the texts with a word that begins so; as a phrase, those with exactly these words.

    `text` is as it was written, not folded.
    """

    text: str
    span: Span = dataclasses.field(compare=False)
    is_phrase: bool = False


@dataclass(frozen=True)
class Comparison:
    """A field compared with a value, which has the type and unit of the field.

    An equation with a text compares folded texts.
    """

    field: str
    operator: Operator
    value: Value
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Interval:
    """A field between two values; None is open. `is_half_open`: the value `high` is outside.

    A time that was written with less than its full precision is an interval: `added:2024-05` is
    half open, from the first of May to the first of June.
    """

    field: str
    low: Value | None
    high: Value | None
    span: Span = dataclasses.field(compare=False)
    is_half_open: bool = False


@dataclass(frozen=True)
class Glob:
    r"""A text field that matches a pattern as a whole: `*` is any text, `?` is one character.

    Where the query has no wildcard, the parser writes `*text*`. A backslash makes the next
    character a plain one: `\*`, `\?`, `\\`.
    """

    field: str
    pattern: str
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Presence:
    """A field that has a value, or an entity that has a component, named by its class."""

    name: str
    span: Span = dataclasses.field(compare=False)
    is_component: bool = False


@dataclass(frozen=True)
class ComponentCondition:
    """A column of a component, by class and attribute, that meets a condition.

    The condition is that of a field with this name: a `Comparison`, an `Interval` or a `Glob`.
    """

    component: str
    condition: "Comparison | Interval | Glob"
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Tagged:
    """Has the tag of this name or alias, or one below it; maybe with a value.

    `name` is as it was written; with `is_glob` it is a pattern of names. `value` is as it was
    written; the type of the tag says how to compare.
    """

    name: str
    span: Span = dataclasses.field(compare=False)
    is_glob: bool = False
    operator: Operator | None = None
    value: str | None = None


@dataclass(frozen=True)
class Similar:
    """Pictures that look like an asset: at most, or with `is_strict` less than, `distance` bits."""

    entity_id: int
    distance: int | None
    span: Span = dataclasses.field(compare=False)
    is_strict: bool = False


@dataclass(frozen=True)
class Near:
    """Taken at most this many metres from a place on the earth, which is in degrees."""

    latitude: float
    longitude: float
    distance_m: float
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class InPlace:
    """An asset whose bytes are in one of the `Place`s."""

    place: Place
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class DigestStart:
    """The SHA-256 begins with these hex digits, in lower case."""

    hex_digits: str
    span: Span = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Failed:
    """Has an open failure; of a system whose name matches the pattern, if one is given."""

    span: Span = dataclasses.field(compare=False)
    pattern: str | None = None


@dataclass(frozen=True)
class OfComic:
    """A variant, or a page, of a comic whose title, or with `is_series` series title, matches."""

    pattern: str
    span: Span = dataclasses.field(compare=False)
    is_series: bool = False


@dataclass(frozen=True)
class Not:
    """What the condition does not find."""

    condition: "Condition"


@dataclass(frozen=True)
class And:
    """What all of the conditions find; there are two or more."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class Or:
    """What any of the conditions finds; there are two or more."""

    conditions: tuple["Condition", ...]


Condition = (
    Word
    | Comparison
    | Interval
    | Glob
    | Presence
    | ComponentCondition
    | Tagged
    | Similar
    | Near
    | InPlace
    | DigestStart
    | Failed
    | OfComic
    | Not
    | And
    | Or
)


@dataclass(frozen=True)
class Sort:
    """An order of results by a field; assets without a value come last either way."""

    field: str
    is_descending: bool = False


@dataclass(frozen=True)
class Query:
    """A parsed query; without a condition it finds everything.

    `sorts` is empty for the default order: newest first.
    """

    text: str
    condition: Condition | None = None
    sorts: tuple[Sort, ...] = ()
    limit: int | None = None
