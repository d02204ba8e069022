"""Errors of what people write to find and show assets: queries and templates."""

from collections.abc import Collection, Sequence

from dam.errors.base import TextPlace, UsageError, echoed

_LISTED = 12


class QuerySyntaxError(UsageError):
    """A query cannot be read.

    Args:
        query: The whole text.
        position: The character at which the fault is, counted from 0.
        found: The text that stands there; empty at the end of the query.
        expected: What could stand there.
        suggestion: What was probably meant.
        hint: What to do, if nothing is suggested.
    """

    json_fields = ("query", "position", "found", "expected")

    def __init__(
        self,
        query: str,
        position: int,
        found: str,
        expected: Sequence[str],
        suggestion: str | None = None,
        *,
        hint: str | None = None,
    ) -> None:
        self.query = query
        self.position = position
        self.found = found
        self.expected = tuple(expected)
        self.suggestion = suggestion
        super().__init__(
            f"query, position {position}: found {echoed(found) if found else 'its end'}, "
            f"expected {' or '.join(self.expected)}",
            f"did you mean {suggestion}?" if suggestion else hint,
        )
        self.text_place = TextPlace(query, position) if query else None


class MalformedQueryNameError(UsageError):
    """A text cannot be the name of a saved query, for this reason."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"not a valid name of a saved query: {echoed(name)}: {reason}",
            "write a short name, such as holiday",
        )


class TemplateSyntaxError(UsageError):
    """A template such as `{id} {name}` cannot be read.

    Args:
        template: The whole template.
        position: The character at which the fault is, counted from 0.
        found: What is there, in words.
        expected: What may be there instead.
    """

    json_fields = ("position", "found", "expected")

    def __init__(self, template: str, position: int, found: str, expected: Sequence[str]) -> None:
        self.template = template
        self.position = position
        self.found = found
        self.expected = tuple(expected)
        super().__init__(
            f"template, position {position}: found {found}, expected {' or '.join(expected)}",
            "write `{name}` or `{name:>20}`, and `{{` for a brace",
        )
        self.text_place = TextPlace(template, position)


class UnknownFieldError(UsageError):
    """A field that no component has.

    Args:
        name: The name that was given.
        known: All names.
        place: Where it is in a template; None if it stands alone.
    """

    json_fields = ("position", "expected")

    def __init__(self, name: str, known: Collection[str], place: TextPlace | None = None) -> None:
        from difflib import get_close_matches  # noqa: PLC0415 - not for each start of the program

        self.name = name
        self.position = place and place.position
        self.expected = tuple(sorted(known))
        near = get_close_matches(name[:64], self.expected, n=1, cutoff=0.5)
        known_ones = f"known fields: {', '.join(self.expected)}"
        if len(self.expected) > _LISTED:
            known_ones = "`dam-cli search --list-fields` lists all fields"
        where = f"template, position {place.position}: " if place else ""
        super().__init__(
            f"{where}no field {echoed(name)}",
            f"did you mean {near[0]!r}?" if near else known_ones,
        )
        self.text_place = place


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
        super().__init__(
            f"{echoed(text)} is no cursor of this query",
            "take the cursor that the page before returned, with the same query",
        )
