"""Writes assets with their fields: as JSON, as ids or paths, by a template, in a table."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dam.cli.toolkit.cells import one_line
from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import (
    JsonList,
    Table,
    flush,
    is_read_at_a_terminal,
    json_text,
    paged,
    size_text,
    write_bytes,
    write_line,
)
from dam.cli.toolkit.photo_texts import exposure_text
from dam.errors import UnknownFieldError, UsageError

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.search_service import FieldValue, Template

    Row = Mapping[str, FieldValue]

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="TEMPLATE",
        help="Write a line like this for each: '{id} {name:<30} {width}x{height}'.",
    ),
]

_BY_DEFAULT = ("name", "media_type", "size_bytes", "sha256", "width", "height", "added_at", "path")
_READ_AT_ONCE = 2000
_HEADER = ("id", "type", "pixels", "size", "added", "name", "path")


class TooManyFormsError(UsageError):
    """Options that each say how to write results were given together."""

    def __init__(self, options: Sequence[str]) -> None:
        self.options = tuple(options)
        super().__init__(f"{' and '.join(options)} do not go together", "give one of them")


def one_of(**given: bool) -> None:
    """Refuse options of which only one may be given.

    Raises:
        TooManyFormsError: Several were.
    """
    named = [f"--{name}" for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise TooManyFormsError(named)


class NothingToEndError(UsageError):
    """`-0` was given for results that are no lines."""

    def __init__(self) -> None:
        super().__init__("-0 is for lines of results", "add --ids, --paths or --format")


@dataclass(frozen=True, kw_only=True)
class Form:
    """The options that say how results are written; without any, as a table or whole objects.

    Args:
        fields: Names of fields, separated by commas.
        template: Such as `{id} {name}`.
        ids: Only ids.
        paths: Only paths; what has no path is left out.
        null: Lines end with NUL, and have the bytes of names as they are.
    """

    fields: str | None = None
    template: str | None = None
    ids: bool = False
    paths: bool = False
    null: bool = False

    @property
    def given(self) -> list[str]:
        """The names of the options that were given, but for `-0`."""
        given = {
            "fields": self.fields is not None,
            "format": self.template is not None,
            "ids": self.ids,
            "paths": self.paths,
        }
        return [name for name, is_given in given.items() if is_given]

    def check(self, state: State) -> None:
        """Refuse options that do not go together.

        Raises:
            UsageError: They do not.
        """
        one_of(**dict.fromkeys(self.given, True))
        named = self.given
        if self.null and (self.fields is not None or not named or state.is_json or state.is_jsonl):
            raise NothingToEndError


class Writer:
    """Writes rows of fields in one form; `names` are the fields that it needs.

    With `--json`, all is written by `close`, so that an error before leaves nothing half written.
    """

    def __init__(self, state: State, form: Form, more: Sequence[str] = ()) -> None:
        """Read the form.

        Args:
            state: The options of the command.
            form: How to write.
            more: Further fields that the rows have beside those of the query language.

        Raises:
            UsageError: A template cannot be read, or a field is unknown.
        """
        self._state, self._form = state, form
        self._json = JsonList() if state.is_json and not state.is_jsonl else None
        self._template: Template | None = None
        if form.ids:
            self.names: tuple[str, ...] = ("id",)
        elif form.paths:
            self.names = ("path",)
        elif form.template is not None:
            self._template = read_template(form.template, more)
            self.names = self._template.fields
        elif form.fields is not None:
            self.names = _field_names(form.fields, more)
        else:
            self.names = ("id", *_BY_DEFAULT)
        self._table = Table(_HEADER if form.fields is None else self.names)

    def write(self, rows: "Sequence[Row]") -> None:
        """Write some rows, each with a value for every one of `names`."""
        if self._form.paths:
            rows = [row for row in rows if row["path"] is not None]
        if self._json is not None:
            self._json.add([self._value(row) for row in rows])
        elif self._state.is_jsonl:
            for row in rows:
                write_line(json_text(self._value(row)))
            flush()
        elif self._form.ids or self._form.paths or self._template:
            self._write_lines(rows)
        elif rows:
            self._table.write([self._cells(row) for row in rows])

    def close(self) -> None:
        """Write what is not written yet."""
        if self._json is not None:
            self._json.close()

    def _value(self, row: "Row") -> object:
        if self._form.ids or self._form.paths:
            return row[self.names[0]]
        if self._template is not None:
            return self._template.render(row)
        if self._form.fields is not None:
            return {name: row[name] for name in self.names}
        return {"entity_id": row["id"]} | {name: row[name] for name in _BY_DEFAULT}

    def _write_lines(self, rows: "Sequence[Row]") -> None:
        if self._form.null:
            write_bytes(b"".join(_raw(self._value(row)) + b"\0" for row in rows))
        elif self._form.paths and not is_read_at_a_terminal():
            write_bytes(b"".join(_raw(row["path"]) + b"\n" for row in rows))
        else:
            for row in rows:
                write_line(str(self._value({name: _printable(row[name]) for name in row})))

    def _cells(self, row: "Row") -> Sequence[object]:
        if self._form.fields is not None:
            return [_cell(row[name], name) for name in self.names]
        size, width = row["size_bytes"], row["width"]
        return (
            row["id"],
            row["media_type"],
            "x".join(map(str, (width, row["height"]))) if width else None,
            size_text(size) if isinstance(size, int) else None,
            *(row["added_at"], row["name"], row["path"]),
        )


async def write_by_template(
    state: State,
    world: "World",
    template: str,
    entity_ids: Sequence[int],
    more: "Sequence[Row] | None" = None,
    own: Sequence[str] = (),
) -> None:
    """Write a line for each of some assets, with values of their fields.

    Args:
        state: The options of the command.
        world: The world of the assets.
        template: Such as `{id} {name}`.
        entity_ids: The assets, in the order of the lines.
        more: Further values for each line.
        own: The names of these values.

    Raises:
        TemplateSyntaxError, UnknownFieldError: The template cannot be read.
    """
    from dam.services.search_service import read_fields

    writer = Writer(state, Form(template=template), own)
    names = [name for name in writer.names if name not in own]
    with nullcontext() if state.is_json or state.is_jsonl else paged():
        for start in range(0, len(entity_ids), _READ_AT_ONCE):
            part = slice(start, start + _READ_AT_ONCE)
            rows = await world.read(read_fields, entity_ids[part], names)
            if more:
                rows = [{**row, **values} for row, values in zip(rows, more[part], strict=True)]
            writer.write(rows)
        writer.close()


def read_template(text: str, more: Sequence[str] = ()) -> "Template":
    """Read a template with fields of the query language, and `more`; a world must be open.

    Raises:
        TemplateSyntaxError, UnknownFieldError: It cannot be read.
    """
    from dam.services.search_service import parse_template

    return parse_template(text, [*_known(), *more])


def _field_names(text: str, more: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    known = [*_known(), *more]
    for name in names:
        if name not in known:
            raise UnknownFieldError(name, known)
    return names


def _known() -> list[str]:
    from dam.services.search_service import list_search_fields

    return [field.name for field in list_search_fields()]


def _raw(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def _printable(value: "FieldValue") -> "FieldValue":
    """Return a value whose texts stay on one line."""
    if isinstance(value, str):
        return one_line(value)
    is_several = isinstance(value, Sequence) and not isinstance(value, bytes)
    return tuple(map(one_line, _texts(value))) if is_several else value


def _texts(value: Any) -> Sequence[str]:  # noqa: ANN401 - narrowed by the caller
    return [str(text) for text in value]


def _cell(value: "FieldValue", name: str) -> object:
    if name == "exposure_time_s" and isinstance(value, int | float):
        return exposure_text(value)
    is_several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return ", ".join(_texts(value)) if is_several else value
