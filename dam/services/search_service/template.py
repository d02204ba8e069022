"""Templates such as `{id} {name:>20}`: text with fields of assets in it.

Only names of fields can stand between braces. Nothing of a value can be reached, called or indexed,
unlike with `str.format`, and widths are bounded.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dam.errors import TemplateSyntaxError, TextPlace, UnknownFieldError

FieldValue = str | int | float | bool | bytes | datetime | Sequence[str] | None
"""The value of a field of one asset; None: it has none."""

MAX_WIDTH = 1000
MAX_LENGTH = 10_000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORM = re.compile(
    r"(?:(?P<fill>[^{}])?(?P<align>[<>^]))?(?P<zero>0)?(?P<width>[0-9]*)(?:\.(?P<precision>[0-9]+))?",
    re.ASCII,
)


@dataclass(frozen=True)
class _Placeholder:
    name: str
    fill: str = " "
    align: str | None = None
    width: int = 0
    precision: int | None = None

    def text_of(self, value: FieldValue) -> str:
        """Return a value as text, cut and padded as the template says."""
        text = _text_of(value, self.precision)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        align = self.align or (">" if is_number else "<")
        padding = max(0, self.width - len(text))
        left = {"<": 0, ">": padding, "^": padding // 2}[align]
        if is_number and self.fill == "0" and self.align is None and text.startswith("-"):
            return f"-{self.fill * left}{text[1:]}"
        return f"{self.fill * left}{text}{self.fill * (padding - left)}"


@dataclass(frozen=True)
class Template:
    """A template that was read; `render` fills it in.

    Example: `parse_template("{id} {name}", ["id", "name"]).render({"id": 3, "name": "a.jpg"})`
    returns `3 a.jpg`.
    """

    parts: tuple[str | _Placeholder, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields in it, each once, in order."""
        names = (part.name for part in self.parts if isinstance(part, _Placeholder))
        return tuple(dict.fromkeys(names))

    def render(self, values: Mapping[str, FieldValue]) -> str:
        """Return the text with these values in the place of the fields; a missing one is empty."""
        return "".join(
            part if isinstance(part, str) else part.text_of(values.get(part.name))
            for part in self.parts
        )


def parse_template(text: str, known: Collection[str]) -> Template:
    """Read a template.

    Between braces stands the name of a field, and maybe a form: `{name:*<20.10}` is filled with `*`
    to 20 characters, on the left, and cut to 10. `<`, `>` and `^` put the value to the left, to the
    right or in the middle; `{id:06}` pads with zeros; `{ratio:.2}` rounds a number to two places.
    `{{` and `}}` are braces.

    Example: `parse_template("{id:>8} {name}", known=["id", "name"])`.

    Args:
        text: The template, at most 10,000 characters.
        known: The names of all fields.

    Raises:
        TemplateSyntaxError: It cannot be read; the error says where.
        UnknownFieldError: It names a field that is not known.
    """
    if len(text) > MAX_LENGTH:
        found = f"{len(text):,} characters"
        raise TemplateSyntaxError(text, MAX_LENGTH, found, [f"at most {MAX_LENGTH:,}"])
    parts: list[str | _Placeholder] = []
    at = 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            parts.append(text[at])
            at += 2
        elif text[at] == "{":
            placeholder, at = _placeholder(text, at + 1, known)
            parts.append(placeholder)
        elif text[at] == "}":
            raise TemplateSyntaxError(text, at, "'}'", ["'}}' for a brace"])
        else:
            end = next((i for i in range(at, len(text)) if text[i] in "{}"), len(text))
            parts.append(text[at:end])
            at = end
    return Template(tuple(parts))


def _placeholder(text: str, start: int, known: Collection[str]) -> tuple[_Placeholder, int]:
    """Read what is behind an opening brace; return it and where the closing one ends."""
    named = _NAME.match(text, start)
    if named is None:
        raise TemplateSyntaxError(text, start, _found(text, start), ["the name of a field"])
    name, at = named[0], named.end()
    form = _FORM.match(text, at + 1) if text[at : at + 1] == ":" else None
    if form is not None:
        at = form.end()
    if text[at : at + 1] != "}":
        expected = ["'}'"] if form else ["'}'", "':' and a width"]
        raise TemplateSyntaxError(text, at, _found(text, at), expected)
    if name not in known:
        raise UnknownFieldError(name, known, TextPlace(text, start))
    if form is None:
        return _Placeholder(name), at + 1
    placeholder = _Placeholder(
        name=name,
        fill=form["fill"] or form["zero"] or " ",
        align=form["align"],
        width=_bounded(text, form.start("width"), form["width"]) or 0,
        precision=_bounded(text, form.start("precision"), form["precision"]),
    )
    return placeholder, at + 1


def _bounded(text: str, at: int, digits: str | None) -> int | None:
    if not digits:
        return None
    if len(digits) > len(str(MAX_WIDTH)) or int(digits) > MAX_WIDTH:
        shown = digits if len(digits) <= _MOST_SHOWN else f"a number of {len(digits)} digits"
        raise TemplateSyntaxError(text, at, shown, [f"at most {MAX_WIDTH}"])
    return int(digits)


_MOST_SHOWN = 20


def _found(text: str, at: int) -> str:
    return repr(text[at]) if at < len(text) else "the end"


def _text_of(value: FieldValue, precision: int | None) -> str:
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case float() if precision is not None:
            return f"{value:.{min(precision, _MOST_PLACES)}f}"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case int():
            return str(value)
        case datetime():
            text = _time_text(value)
        case bytes():
            text = value.hex()
        case str():
            text = value
        case _:
            text = ", ".join(value)
    return text if precision is None else text[:precision]


_MOST_PLACES = 20


def _time_text(time: datetime) -> str:
    """Return a time with its distance from UTC, if that is known: `2024-05-17T12:30:00+02:00`."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
