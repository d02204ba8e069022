"""A term of a query that names a field: its name, its value, and where they stand."""

import re
from dataclasses import dataclass

from dam.errors import QuerySyntaxError
from dam.services.search_service.query.names import nearest
from dam.services.search_service.query.tree import Operator, Span

_OPERATOR = re.compile(r">=|<=|>|<|=")
_OPERATORS: dict[str, Operator] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "="}


@dataclass(frozen=True)
class Field:
    """A field as it was written, and its value with the mask of what was quoted.

    `start` and `value_start` are places in the text of the query; `span` is what the condition
    gets, which is another one inside of a saved query.
    """

    query: str
    name: str
    text: str
    mask: str
    span: Span
    start: int
    value_start: int

    def part(self, first: int, end: int | None = None) -> "Field":
        """Return the same with a part of the value."""
        is_moved = "\0" not in self.mask[:first]  # quotes before it would have to be counted
        return Field(
            self.query,
            self.name,
            self.text[first:end],
            self.mask[first:end],
            self.span,
            self.start,
            self.value_start + (first if is_moved else 0),
        )

    def without_operator(self) -> tuple[Operator | None, "Field"]:
        """Return the operator that the value begins with, and what is behind it."""
        match = _OPERATOR.match(self.mask)
        return (_OPERATORS[match[0]], self.part(match.end())) if match else (None, self)

    def around_operator(self) -> tuple[str, Operator | None, str | None]:
        """Return what is before the first operator, the operator, and what is behind it.

        No name of a tag has an equals sign, so that one is an operator even in quotes.
        """
        match = _OPERATOR.search(self.mask) or re.search("=", self.text)
        if match is None:
            return self.text, None, None
        return self.text[: match.start()], _OPERATORS[match[0]], self.text[match.end() :]

    def one_of(self, choices: tuple[str, ...]) -> str:
        """Return the value, which must be one of a few words."""
        _, value = self.without_operator()
        if self.mask[:1] not in {"<", ">"} and value.text.lower() in choices:
            return value.text.lower()
        raise value.fault(*choices, suggestion=nearest(value.text, choices))

    def fault(
        self, *expected: str, suggestion: str | None = None, hint: str | None = None
    ) -> QuerySyntaxError:
        """Return the error of this value."""
        start = self.value_start
        return QuerySyntaxError(self.query, start, self.text, expected, suggestion, hint=hint)

    def name_fault(
        self, found: str, *expected: str, suggestion: str | None, hint: str | None = None
    ) -> QuerySyntaxError:
        """Return the error of this name."""
        return QuerySyntaxError(self.query, self.start, found, expected, suggestion, hint=hint)
