"""Writes results to stdout and all else to stderr: JSON for programs, words for people."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import TextIO, TypeVar

from dam.cli.toolkit.cells import cell, linked_cell, one_line
from dam.cli.toolkit.command import State
from dam.cli.toolkit.hints import in_json, naming_world
from dam.cli.toolkit.paging import CURRENT_PAGER, Pager, is_plain_terminal
from dam.cli.toolkit.tables import PlainTable, TerminalTable
from dam.errors import (
    EnvironmentFaultError,
    UsageError,
    display_path,
    text_without_passwords,
    words_for,
)

T = TypeVar("T")
_MOST_IDS = 20
_KEPT_IN_MEMORY = 1 << 24


class OutputError(EnvironmentFaultError):
    """Stdout does not take the result."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"cannot write the result: {reason}", "check where stdout goes, and that there is space"
        )


class DeclinedError(UsageError):
    """A question was answered with no; nothing was done."""

    def __init__(self, question: str) -> None:
        self.question = question
        super().__init__("not confirmed; nothing was done")


class CannotAskError(UsageError):
    """A question needs an answer, and there is no terminal to ask on."""

    def __init__(self, question: str) -> None:
        self.question = question
        super().__init__(f"cannot ask without a terminal: {question}", "add --yes to answer yes")


def show(state: State, result: T, people: Callable[[T], None]) -> None:
    """Write a command's result: as JSON if that was asked for, else by calling `people` with it.

    With `--jsonl`, each value of a list is a line of its own. What `people` writes goes through the
    pager if it is longer than the screen.
    """
    if state.is_jsonl:
        for value in result if isinstance(result, list | tuple) else (result,):
            emit_json(value)
    elif state.is_json:
        emit_json(result)
    else:
        with paged():
            people(result)


@contextmanager
def paged() -> Iterator[None]:
    """Show results through the user's pager, if they are longer than the screen of a terminal.

    A block of its own that is inside changes nothing.
    """
    is_alone = is_read_at_a_terminal() and not is_plain_terminal()
    if not is_alone or CURRENT_PAGER.get() is not None:
        yield
        return
    pager = Pager(_results())
    token = CURRENT_PAGER.set(pager)
    try:
        yield
    finally:
        CURRENT_PAGER.reset(token)
        pager.close()


def emit_json(value: object) -> None:
    """Write a value to stdout as one line of JSON; its dataclasses become objects."""
    write_line(json_text(value))


def emit_jsonl(value: object) -> None:
    """Write one of many values as a line of JSON, and flush it, so that the reader has it now."""
    emit_json(value)
    flush()


def json_text(value: object) -> str:
    """Return ASCII JSON: times with offset, bytes in hex, odd bytes of paths as surrogates."""
    return in_json(json.dumps(value, default=_plain, allow_nan=False))


def sentence(text: str) -> None:
    """Write a result in words to stdout."""
    write_line(one_line(naming_world(text)))


def table(rows: Sequence[Sequence[object]], header: Sequence[str], nothing: str = "") -> None:
    """Write rows to stdout in aligned columns, as a `Table` of one portion.

    Example: `table([(12, "a.jpg")], ("id", "name"), nothing="no assets yet")`.

    Args:
        rows: The values; None is `-`.
        header: The names of the columns.
        nothing: What a person reads at a terminal if there are no rows.
    """
    if nothing and not rows:
        if is_read_at_a_terminal():
            sentence(nothing)
        return
    Table(header).write(rows)


class Table:
    """Writes rows to stdout in aligned columns, ids first, in portions; None is `-`.

    Elsewhere than on a terminal, each line is a row and has all of its columns. On a terminal, a
    header comes first, empty columns are left out, and rows that are too long take several lines.
    Then a column called `name` or `comic` may be shortened; all other cells stay whole. Paths, and
    what is in a column called `path`, are links there.
    """

    def __init__(self, header: Sequence[str]) -> None:
        """Begin a table; nothing is written yet."""
        self._header = header
        self._has_links = is_read_at_a_terminal() and not is_plain_terminal()
        self._layout: PlainTable | TerminalTable = PlainTable()
        if is_read_at_a_terminal():
            columns = os.get_terminal_size(results_fileno()).columns or 80  # 0: it does not know
            self._layout = TerminalTable(header, columns)

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Write some more rows."""
        as_text = linked_cell if self._has_links else _without_column
        cells = [
            [as_text(value, name) for value, name in zip(row, self._header, strict=True)]
            for row in rows
        ]
        for line in self._layout.lines(cells):
            write_line(line)


def _without_column(value: object, _: str) -> str:
    return cell(value)


class JsonList:
    """Takes values in portions, and writes them at the end as one JSON list on one line.

    So nothing is written if an error comes between two portions. Many values wait in a file.
    """

    def __init__(self) -> None:
        """Begin a list; nothing is written yet."""
        self._waiting = SpooledTemporaryFile(  # noqa: SIM115 - `close` does
            _KEPT_IN_MEMORY, mode="w+", encoding="ascii"
        )
        self._is_empty = True

    def __del__(self) -> None:
        """Drop what was not written."""
        self._waiting.close()

    def add(self, values: Sequence[object]) -> None:
        """Take some more values."""
        if values:
            with _output_errors():
                self._waiting.write(("[" if self._is_empty else ", ") + json_text(values)[1:-1])
            self._is_empty = False

    def close(self) -> None:
        """Write the list."""
        with _output_errors(), self._waiting as waiting:
            waiting.seek(0)
            copyfileobj(waiting, _results())
            _results().write("[]\n" if self._is_empty else "]\n")


def talk(state: State, text: str) -> None:
    """Write a note to stderr, unless `--quiet`, `--json` or `--jsonl` was given."""
    if not (state.is_quiet or state.is_json or state.is_jsonl):
        complain(text)


def complain(text: str) -> None:
    """Write a line to stderr, whatever the options.

    Passwords are hidden: a path may be the URL of a database, given by mistake.
    """
    write_error_text(one_line(naming_world(text_without_passwords(text))) + "\n")


def write_error_text(text: str) -> None:
    """Write text to stderr as it is; do nothing if stderr is closed."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def name_failure(*names: object, message: str | None, hint: str | None = None) -> None:
    """Report on stderr that one of many items failed.

    Args:
        names: The item, from the whole to the part: a path, then a page in it.
        message: What is wrong. If it begins with one of the names, that is left out.
        hint: What to do about it.

    Example:
        `failed: /comics/a.cbz: 03.jpg: unreadable JPEG picture`
    """
    complain(failure_text(*names, message=message, hint=hint))


def failure_text(
    *names: object, message: str | None, hint: str | None = None, word: str = "failed"
) -> str:
    """Return the line that `name_failure` writes; `word` is its first one."""
    for name in map(str, names):
        message = message and _without_name(message, name)
    return ": ".join([word, *map(str, names), with_hint(message, hint)])


def _without_name(message: str, name: str) -> str:
    """Return a message that begins with a name without it; `it` stands there if it must."""
    named = re.escape(display_path(name))
    message = re.sub(rf"^((?:cannot \w+: )*){named}: ", r"\1", message)
    message = re.sub(rf"^(unreadable member) {re.escape(repr(name))}: ", r"\1: ", message)
    return re.sub(rf"^((?:cannot \w+:? )*){named}(?=: | changed | is )", r"\1it", message)


def with_hint(message: str | None, hint: str | None) -> str:
    """Return a message with its hint, if any, on one line: `message (hint)`."""
    return f"{message} ({hint})" if hint else str(message)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: `1 page`, `2 pages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed_ids(entity_ids: Sequence[int], all_of_them: str) -> str:
    """Return ids in words, at most twenty: `3, 5, 8`.

    Args:
        entity_ids: The ids.
        all_of_them: Where to find those that are left out, for example "`--json` lists all".
    """
    first = ", ".join(map(str, entity_ids[:_MOST_IDS]))
    left = len(entity_ids) - _MOST_IDS
    return f"{first} and {left:,} more ({all_of_them})" if left > 0 else first


def size_text(size_bytes: int) -> str:
    """Return a size for people, in powers of 1000: `43.3 kB`."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = min(max(len(str(size_bytes)) - 1, 0) // 3, len(units) - 1)
    return f"{size_bytes / 1000**power:.{min(power, 1)}f} {units[power]}"


def confirm(question: str, *, is_agreed: bool) -> None:
    """Ask on the terminal whether to go on; return only if the answer is yes.

    Args:
        question: A whole sentence with its question mark.
        is_agreed: `--yes` was given, so nothing is asked.

    Raises:
        CannotAskError: There is no terminal.
        DeclinedError: The answer is not yes.
    """
    if is_agreed:
        return
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise CannotAskError(question)
    answer = ""
    try:
        write_error_text(f"{one_line(question)} [y/N] ")
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):  # Ctrl-D or Ctrl-C: the cursor is still behind the question
            write_error_text("\n")
    if answer.strip().lower() not in ("y", "yes"):
        raise DeclinedError(question)


def is_read_at_a_terminal() -> bool:
    """Tell whether results go to a terminal."""
    return sys.__stdout__ is not None and sys.__stdout__.isatty()


def results_fileno() -> int:
    """Return the descriptor that results go to."""
    return _results().fileno()


def write_line(line: str) -> None:
    """Write a line to stdout.

    Raises:
        BrokenPipeError: The reader is gone.
        OutputError: Stdout is closed, or its disk is full.
    """
    pager = CURRENT_PAGER.get()
    with _output_errors():
        if pager is None:
            _results().write(line + "\n")
        else:
            pager.write(line)


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout behind what was written before; errors are those of `write_line`."""
    flush()
    with _output_errors():
        _results().buffer.write(data)


def flush() -> None:
    """Flush stdout; errors are those of `write_line`."""
    if sys.__stdout__ is None:
        return
    with _output_errors():
        sys.__stdout__.flush()


@contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(words_for(error)) from error


def _results() -> TextIO:
    """Return the stream of results; `sys.stdout` is not it, because plugins may print there."""
    if sys.__stdout__ is None:
        raise OutputError("stdout is closed")
    return sys.__stdout__


def _plain(value: object) -> object:
    match value:
        case datetime():
            plain: object = value.isoformat().replace("+00:00", "Z")
        case bytes():
            plain = value.hex()
        case Mapping():
            plain = dict(value)
        case set() | frozenset():
            plain = sorted(value)
        case Enum():
            plain = value.value
        case PurePath():
            plain = str(value)
        case _ if is_dataclass(value):
            plain = {field.name: getattr(value, field.name) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
    return plain
