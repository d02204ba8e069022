"""Parses the text of a query: terms, brackets, and the keywords `not`, `and` and `or`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dam.core.ecs.search_fields import ValueKind
from dam.errors import QuerySyntaxError
from dam.services.search_service.query.conditions import Limit, Reader
from dam.services.search_service.query.names import known_names
from dam.services.search_service.query.tokens import Token, tokens_of
from dam.services.search_service.query.tree import And, Condition, Not, Or, Query, Sort

DEEPEST = 100
"""So many brackets may be open at once."""


@dataclass
class _Group:
    """What was read inside of one bracket: alternatives, each a list of conditions."""

    opened_at: int = 0
    alternatives: list[list[Condition]] = field(default_factory=lambda: [[]])
    is_negating: bool = False
    wants: Token | None = None

    def add(self, condition: Condition) -> None:
        if self.is_negating:
            condition = condition.condition if isinstance(condition, Not) else Not(condition)
        self.alternatives[-1].extend(
            condition.conditions if isinstance(condition, And) else (condition,)
        )
        self.is_negating, self.wants = False, None

    def whole(self) -> Condition:
        parts: list[Condition] = []
        for terms in self.alternatives:
            one = terms[0] if len(terms) == 1 else And(tuple(terms))
            parts.extend(one.conditions if isinstance(one, Or) else (one,))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))


class _Parser:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.groups = [_Group()]
        self.sorts: list[Sort] = []
        self.limits: list[int] = []

    def take(self, token: Token) -> None:
        group = self.groups[-1]
        if token.kind == "(":
            if len(self.groups) > DEEPEST:
                raise self._fault(token, f"at most {DEEPEST} open brackets")
            self.groups.append(_Group(token.start))
        elif token.kind == ")":
            self._close(token)
        elif token.kind == "not":
            group.is_negating = not group.is_negating
            group.wants = token
        elif token.kind == "term":
            self._term(token, group)
        elif token.kind == "end":
            self._end(token)
        else:
            self._join(token, group)

    def _join(self, token: Token, group: _Group) -> None:
        if group.wants or not group.alternatives[-1]:
            raise self._fault(token, "a condition")
        group.wants = token
        if token.kind == "or":
            group.alternatives.append([])

    def _term(self, token: Token, group: _Group) -> None:
        meaning = self.reader.read(token)
        if not isinstance(meaning, Sort | Limit):
            group.add(meaning)
        elif len(self.groups) > 1 or group.wants:
            raise self._fault(token, "sort: and limit: outside of brackets, not, and, or")
        elif isinstance(meaning, Sort):
            self.sorts.append(meaning)
        else:
            self.limits.append(meaning.count)

    def _close(self, token: Token) -> None:
        if len(self.groups) == 1:
            raise self._fault(token, "an open bracket before it, or quotes around it")
        self._require_whole(token)
        inner = self.groups.pop().whole()
        self.groups[-1].add(inner)

    def _end(self, token: Token) -> None:
        if len(self.groups) > 1:
            opened = Token("(", self.groups[-1].opened_at, 0, "(")
            raise self._fault(opened, "a closing bracket to it, or quotes around it")
        group = self.groups[0]
        if group.wants:
            raise self._fault(token, f"a condition after {group.wants.text}")

    def _require_whole(self, token: Token) -> None:
        group = self.groups[-1]
        if group.wants or not group.alternatives[-1]:
            raise self._fault(token, "a condition")

    def _fault(self, token: Token, expected: str) -> QuerySyntaxError:
        return QuerySyntaxError(self.reader.query, token.start, token.text, (expected,))


def parse(text: str, *, now: datetime, fields: Mapping[str, ValueKind] | None = None) -> Query:
    """Return the tree of a query.

    Example: `parse("type:image -tag:cat", now=datetime.now().astimezone())`.

    Args:
        text: The query; the empty text finds everything.
        now: An aware time; relative times count from it, and dates are those of its zone.
        fields: Further fields, by whole name, beside those of the components.

    Raises:
        QuerySyntaxError: The text is no query.
    """
    parser = _Parser(Reader(text, now, known_names(fields)))
    for token in tokens_of(text):
        parser.take(token)
    has_condition = bool(parser.groups[0].alternatives[0])
    return Query(
        text,
        parser.groups[0].whole() if has_condition else None,
        tuple(parser.sorts),
        min(parser.limits) if parser.limits else None,
    )
