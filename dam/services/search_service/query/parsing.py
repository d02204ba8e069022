"""Parses the text of a query: terms, brackets, and the keywords `not`, `and` and `or`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dam.core.ecs.search_fields import ValueKind
from dam.errors import QuerySyntaxError
from dam.services.search_service.query.conditions import Reader, Saved
from dam.services.search_service.query.names import known_names, nearest
from dam.services.search_service.query.special import Limit
from dam.services.search_service.query.tokens import MOST_CHARACTERS, Token, tokens_of
from dam.services.search_service.query.tree import And, Condition, Not, Or, Query, Sort, Span

MOST_TERMS = 10_000
"""A query has at most this many terms, those of saved queries in it included."""

DEEPEST = 100
"""At most this many brackets may be open at once; a saved query counts as one."""

DEEPEST_SAVED = 20
"""At most this many saved queries may stand in each other."""

_ORDER_OUTSIDE = "sort: and limit: outside of brackets, not, and, or"


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


@dataclass
class _SavedQueries:
    """The saved queries that a query may name, and how much of them was read already.

    `path` has the names of those that are being read, each inside of the one before it;
    `named_by` is the query outside of them all, and its term that names the first one.
    """

    texts: Mapping[str, str]
    path: list[str] = field(default_factory=list)
    named_by: tuple[str, Token] | None = None
    terms: int = 0
    characters: int = 0


class _Parser:
    def __init__(self, reader: Reader, saved: _SavedQueries, depth: int) -> None:
        self.reader = reader
        self.saved = saved
        self.depth = depth
        self.groups = [_Group()]
        self.sorts: list[Sort] = []
        self.later_sorts: list[Sort] = []
        self.limit: int | None = None
        self.later_limits: list[int] = []

    def parse(self) -> Query:
        text = self.reader.query
        self.saved.characters += len(text)
        for token in tokens_of(text):
            self._take(token)
        has_condition = bool(self.groups[0].alternatives[0])
        limits = self.later_limits if self.limit is None else [self.limit, *self.later_limits]
        return Query(
            text,
            self.groups[0].whole() if has_condition else None,
            _each_field_once([*self.sorts, *self.later_sorts]),
            min(limits, default=None),
        )

    def _take(self, token: Token) -> None:
        group = self.groups[-1]
        if token.kind == "(":
            if self.depth + len(self.groups) > DEEPEST:
                raise self._fault_of_all(token, f"at most {DEEPEST} open brackets")
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
        self.saved.terms += 1
        if self.saved.terms > MOST_TERMS:
            raise self._fault_of_all(token, f"at most {MOST_TERMS:,} terms")
        meaning = self.reader.read(token)
        if isinstance(meaning, Saved):
            self._take_saved(self._saved_query(meaning.key, token), token, group)
        elif not isinstance(meaning, Sort | Limit):
            group.add(meaning)
        elif self._is_inside(group):
            raise self._fault(token, _ORDER_OUTSIDE)
        elif isinstance(meaning, Sort):
            if any(sort.field == meaning.field for sort in self.sorts):
                raise self._fault(token, f"only one sort: with {meaning.field}")
            self.sorts.append(meaning)
        elif self.limit is not None:
            raise self._fault(token, "only one limit: in a query")
        else:
            self.limit = meaning.count

    def _is_inside(self, group: _Group) -> bool:
        return len(self.groups) > 1 or group.wants is not None

    def _take_saved(self, query: Query, token: Token, group: _Group) -> None:
        if (query.sorts or query.limit) and self._is_inside(group):
            raise self._fault(token, f"a saved query without sort: and limit:, or {_ORDER_OUTSIDE}")
        self.later_sorts += query.sorts
        self.later_limits += [query.limit] if query.limit else []
        if query.condition:
            group.add(query.condition)

    def _saved_query(self, key: str, token: Token) -> Query:
        """Parse the saved query with this key, whose conditions all get the place of the term."""
        saved = self.saved
        text = saved.texts.get(key)
        if text is None:
            near = nearest(key, saved.texts)
            raise self._fault(
                token,
                "the name of a saved query",
                "quotes around a text with an @",
                suggestion=near and f"@{near}",
                hint="`dam-cli search --saved` lists saved queries",
            )
        if key in saved.path:
            loop = " > ".join(f"@{name}" for name in [*saved.path[saved.path.index(key) :], key])
            raise self._fault_of_all(token, f"a saved query that does not name itself: {loop}")
        if len(saved.path) == DEEPEST_SAVED:
            raise self._fault_of_all(token, f"at most {DEEPEST_SAVED} saved queries in each other")
        if saved.characters + len(text) > MOST_CHARACTERS:
            most = f"at most {MOST_CHARACTERS:,} characters with saved queries"
            raise self._fault_of_all(token, most)
        return self._inner(key, text, token)

    def _inner(self, key: str, text: str, token: Token) -> Query:
        """Parse the text of a saved query that stands at a term; its faults are told there."""
        saved = self.saved
        span = self.reader.span or Span(token.start, token.end)
        reader = replace(self.reader, query=text, span=span)
        is_outermost = saved.named_by is None
        if is_outermost:
            saved.named_by = self.reader.query, token
        saved.path.append(key)
        try:
            query = _Parser(reader, saved, self.depth + len(self.groups)).parse()
        except QuerySyntaxError as error:
            if not is_outermost or error.query is self.reader.query:
                raise
            where = f"in @{saved.path[-1]}, {error.message.removeprefix('query, ')}"
            expected = f"a saved query that can be read; {where}"
            raise self._fault(token, expected, suggestion=error.suggestion) from error
        saved.path.pop()
        if is_outermost:
            saved.named_by = None
        return query

    def _close(self, token: Token) -> None:
        if len(self.groups) == 1:
            raise self._fault(token, "an open bracket before it", "quotes around it")
        group = self.groups[-1]
        if group.wants or not group.alternatives[-1]:
            raise self._fault(token, "a condition")
        self.groups.pop()
        self.groups[-1].add(group.whole())

    def _end(self, token: Token) -> None:
        if len(self.groups) > 1:
            opened = Token("(", self.groups[-1].opened_at, 0, "(")
            raise self._fault(opened, "a closing bracket to it", "quotes around it")
        group = self.groups[0]
        if group.wants:
            raise self._fault(token, f"a condition after {group.wants.text}")

    def _fault_of_all(self, token: Token, expected: str) -> QuerySyntaxError:
        """Return a fault that is none of the saved query alone, but of the query that names it."""
        if self.saved.named_by is None:
            return self._fault(token, expected)
        query, term = self.saved.named_by
        return _fault_at(query, term, expected)

    def _fault(
        self,
        token: Token,
        *expected: str,
        suggestion: str | None = None,
        hint: str | None = None,
    ) -> QuerySyntaxError:
        return _fault_at(self.reader.query, token, *expected, suggestion=suggestion, hint=hint)


def _fault_at(
    query: str,
    token: Token,
    *expected: str,
    suggestion: str | None = None,
    hint: str | None = None,
) -> QuerySyntaxError:
    found = query[token.start : token.end] if token.kind == "term" else token.text
    return QuerySyntaxError(query, token.start, found, expected, suggestion, hint=hint)


def _each_field_once(sorts: Iterable[Sort]) -> tuple[Sort, ...]:
    """Return the sorts without those by a field that an earlier one sorts by."""
    first: dict[str, Sort] = {}
    for sort in sorts:
        first.setdefault(sort.field, sort)
    return tuple(first.values())


def parse(
    text: str,
    *,
    now: datetime,
    fields: Mapping[str, ValueKind] | None = None,
    saved: Mapping[str, str] | None = None,
    key: str | None = None,
) -> Query:
    """Return the tree of a query.

    Example: `parse("type:image -tag:cat", now=datetime.now(UTC))`.

    Args:
        text: The query; the empty text finds everything.
        now: An aware time; relative times count from it, and dates are those of its zone.
        fields: Further fields, by whole name, beside those of the components.
        saved: The saved queries that `@NAME` stands for, by key.
        key: The one under which this query is saved itself.

    Raises:
        QuerySyntaxError: The text is no query, or names itself through saved ones.
    """
    reader = Reader(text, now, known_names(fields))
    path = [] if key is None else [key]
    return _Parser(reader, _SavedQueries(saved or {}, path), depth=0).parse()
