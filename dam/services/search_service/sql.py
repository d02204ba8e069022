"""Parts of SQL that SQLite and PostgreSQL write differently and mean alike."""

from typing import Any

from sqlalchemy import ClauseElement, Executable, Integer, Join, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from dam.core.database.claim import Claim


class holds(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """A flag as it stands: in this form SQLite knows it from the condition of a partial index."""

    inherit_cache = True


@compiles(holds)
def _flag(element: holds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


class is_plain(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """Whether a text has only printable ASCII characters: what both databases fold alike."""

    inherit_cache = True


@compiles(is_plain, "sqlite")
def _sqlite_plain(element: is_plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"({compiler.process(element.clauses, **options)} NOT GLOB '*[^ -~]*')"


@compiles(is_plain, "postgresql")
def _postgresql_plain(element: is_plain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"({compiler.process(element.clauses, **options)} COLLATE \"C\" !~ '[^ -~]')"


class has_part(Claim):  # noqa: N801 - reads like the SQL functions beside it
    """Text, part: whether the text has the part in it, as it is."""

    inherit_cache = True


@compiles(has_part, "sqlite")
def _by_instr(element: has_part, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(instr({text}, {part}) > 0)"


@compiles(has_part, "postgresql")
def _by_strpos(element: has_part, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(strpos({text}, {part}) > 0)"


class ascii_lower(FunctionElement[str]):  # noqa: N801
    """A text with its ASCII letters in lower case."""

    type = String()
    inherit_cache = True


@compiles(ascii_lower, "sqlite")
def _sqlite_lower(element: ascii_lower, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(ascii_lower, "postgresql")
def _postgresql_lower(element: ascii_lower, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f'lower({compiler.process(element.clauses, **options)} COLLATE "C")'


class bytewise_key(FunctionElement[str]):  # noqa: N801
    """A text that is compared and sorted by its code points."""

    type = String()
    inherit_cache = True


@compiles(bytewise_key, "sqlite")
def _sqlite_key(element: bytewise_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


@compiles(bytewise_key, "postgresql")
def _postgresql_key(element: bytewise_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


class hex_digits(FunctionElement[str]):  # noqa: N801
    """Bytes as hex digits in lower case."""

    type = String()
    inherit_cache = True


@compiles(hex_digits, "sqlite")
def _sqlite_hex(element: hex_digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(hex_digits, "postgresql")
def _postgresql_hex(element: hex_digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"encode({compiler.process(element.clauses, **options)}, 'hex')"


class year_of(FunctionElement[int]):  # noqa: N801
    """The year of a time, in UTC."""

    type = Integer()
    inherit_cache = True


@compiles(year_of, "sqlite")
def _sqlite_year(element: year_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"CAST(substr({compiler.process(element.clauses, **options)}, 1, 4) AS INTEGER)"


@compiles(year_of, "postgresql")
def _postgresql_year(element: year_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text = compiler.process(element.clauses, **options)
    return f"CAST(extract(year FROM {text} AT TIME ZONE 'UTC') AS INTEGER)"


class Nested(Join):
    """A join for SQLite, which has no statistics: it looks at `left` first, row by row."""

    inherit_cache = True


@compiles(Nested, "sqlite")
def _in_this_order(element: Nested, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    assert element.onclause is not None
    # It would look for tables that nothing joins, and `onclause` may name columns as text.
    options["from_linter"] = None
    on = compiler.process(element.onclause, **options)
    options["asfrom"] = True
    left, right = (compiler.process(side, **options) for side in (element.left, element.right))
    return f"{left} CROSS JOIN {right} ON {on}"


class Explained(Executable, ClauseElement):
    """The plan of a statement, in place of its rows."""

    inherit_cache = False

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement


@compiles(Explained, "sqlite")
def _sqlite_plan(element: Explained, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"EXPLAIN QUERY PLAN {compiler.process(element.statement, **options)}"


@compiles(Explained, "postgresql")
def _postgresql_plan(element: Explained, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"EXPLAIN {compiler.process(element.statement, **options)}"
