"""Errors of what people write to find and show assets: queries and templates."""

from collections.abc import Collection, Sequence
from unicodedata import combining, east_asian_width

from dam.errors.base import UsageError

_LONGEST = 60
_BEFORE, _AFTER = 40, 30


class QuerySyntaxError(UsageError):
    """A query cannot be read.

    Its details are the query, or the part of it around the fault, and a caret below the fault.

    Args:
        query: The whole text.
        position: The character at which the fault is, counted from 0.
        found: The text that stands there; empty at the end of the query.
        expected: What could stand there.
        suggestion: What was probably meant.
    """

    json_fields = ("query", "position", "found", "expected")

    def __init__(
        self,
        query: str,
        position: int,
        found: str,
        expected: Sequence[str],
        suggestion: str | None = None,
    ) -> None:
        self.query = query
        self.position = position
        self.found = found
        self.expected = tuple(expected)
        self.suggestion = suggestion
        short = found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"
        shown = ascii(short) if not short.isprintable() else repr(short)
        super().__init__(
            f"query, position {position}: found {shown if found else 'its end'}, "
            f"expected {' or '.join(self.expected)}",
            f"did you mean {suggestion}?" if suggestion else None,
        )
        self.details = _pointed(query, position) if query else ()


class MalformedQueryNameError(UsageError):
    """A text cannot be the name of a saved query, for this reason."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        shown = f"{name[:_LONGEST]}…" if len(name) > _LONGEST else name
        super().__init__(
            f"not a valid name of a saved query: {shown!a}: {reason}",
            "write a short name, such as holiday",
        )


def _pointed(text: str, position: int) -> tuple[str, str]:
    """Return a line with a part of the text, and one with a caret below the character there."""
    start, end = max(0, position - _BEFORE), position + _AFTER
    before = ("…" if start else "") + _line(text[start:position])
    after = _line(text[position:end]) + ("…" if end < len(text) else "")
    columns = sum(_columns(character) for character in before)
    return before + after, f"{' ' * columns}^"


def _line(text: str) -> str:
    """Return a text with one printable character for each of its characters."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


class TemplateSyntaxError(UsageError):
    """A template such as `{id} {name}` cannot be read.

    Args:
        template: The whole template.
        position: Where it is wrong, in characters from 0.
        found: What is there.
        expected: What may be there instead.
    """

    json_fields = ("position", "found", "expected")

    def __init__(self, template: str, position: int, found: str, expected: Sequence[str]) -> None:
        self.template = template
        self.position = position
        self.found = found
        self.expected = tuple(expected)
        super().__init__(
            f"cannot read the template at character {position + 1}: found {found}; "
            f"expected {' or '.join(expected)}",
            "write `{name}` or `{name:>20}`, and `{{` for a brace",
        )


class UnknownFieldError(UsageError):
    """A field that no component has.

    Args:
        name: The name that was given.
        known: All names.
        position: Where it is in a template or query, in characters from 0; None if it is alone.
    """

    json_fields = ("position", "expected")

    def __init__(self, name: str, known: Collection[str], position: int | None = None) -> None:
        from difflib import get_close_matches  # noqa: PLC0415 - not for each start of the program

        self.name = name
        self.position = position
        self.expected = tuple(sorted(known))
        near = get_close_matches(name[:64], self.expected, n=1, cutoff=0.5)
        place = "" if position is None else f" at character {position + 1}"
        hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(self.expected)}"
        super().__init__(f"no field {name!r}{place}", hint)


class QueryTooLargeError(UsageError):
    """A query asks for more than one statement of a database can hold.

    Args:
        what: What there is too much of, such as `conditions`.
        most: How many there may be.
    """

    def __init__(self, what: str, most: int) -> None:
        self.what = what
        self.most = most
        super().__init__(
            f"the query has more than {most:,} {what}",
            "split it into several queries, or tag what you look for and ask for the tag",
        )


class CursorError(UsageError):
    """A cursor, the mark of a place in a list of results, does not fit the query.

    Args:
        text: The cursor.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        super().__init__(
            f"{short!a} is no cursor of this query",
            "take the cursor that the page before returned, with the same query",
        )
