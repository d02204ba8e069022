"""What workers answer, as bytes that say what they are and do nothing: JSON with a few marks.

A worker looks at strangers' files and may be theirs by the time it answers, so its parent must not
unpickle what it says. `encoded_value` and its like are the worker's side;
`dam.workers.answer_types` decodes by the types that a function's annotation names.
"""

import builtins
import json
import os
from binascii import b2a_base64
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any, cast

from dam.errors import DamError, described

VALUE, ERROR, MEMORY = 1, 0, 2
"""What an answer begins with: the value follows, the error, or whose limit of memory it was."""

BYTES, PATH, TUPLE, SET, MAPPING, OBJECT, FIELDS, STATE = "b", "p", "t", "s", "m", "o", "f", "e"
"""The marks: keys of a JSON object that is one of these."""

_PLAIN = (type(None), bool, int, float, str)


class UnfitError(Exception):
    """An answer is not what it should be; the text says what is wrong with it."""


def encoded_value(value: object) -> bytes:
    """Return an answer with the value of a call.

    Raises:
        TypeError: It is not of plain values, bytes, paths, enumerations, dataclasses and lists,
            tuples, sets and mappings of these.
    """
    return _answer(VALUE, _encode(value))


def encoded_error(error: Exception) -> bytes:
    """Return an answer with what a call raised: a fault of ours, or one of Python's, or words."""
    return _answer(ERROR, _encode(error))


def encoded_shortage(*, is_limit_ours: bool) -> bytes:
    """Return the answer that there was too little memory."""
    return _answer(MEMORY, is_limit_ours)


def name_of(kind: type) -> str:
    """Return the name under which a class travels; whoever reads it looks nothing up by it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _answer(kind: int, rest: object) -> bytes:
    return json.dumps([kind, rest], separators=(",", ":")).encode("ascii")


def _encode(value: object) -> object:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is bytes:
        return {BYTES: b2a_base64(cast("bytes", value), newline=False).decode("ascii")}
    if kind is list:
        return [_encode(item) for item in cast("list[object]", value)]
    return _encode_rare(value)


def _encode_rare(value: object) -> object:
    if isinstance(value, Enum):
        return _encode(value.value)
    if isinstance(value, Exception):
        return _encode_error(value)
    kind: Any = type(value)  # a key of a cache; mypy does not see that each class can be one
    if is_dataclass(kind) or names_of(kind):
        state = {name: _encode(getattr(value, name)) for name in names_of(kind)}
        return {OBJECT: name_of(kind), FIELDS: state}
    return _encode_collection(value)


def _encode_collection(value: object) -> object:
    if isinstance(value, PurePath):
        return {PATH: os.fspath(value)}
    if isinstance(value, tuple):
        return {TUPLE: [_encode(item) for item in value]}
    if isinstance(value, set | frozenset):
        return {SET: [_encode(item) for item in value]}
    if isinstance(value, Mapping):
        return {MAPPING: [[_encode(key), _encode(item)] for key, item in value.items()]}
    message = f"a worker cannot answer with a {type(value).__qualname__}"
    raise TypeError(message)


@cache
def names_of(kind: Hashable) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass or named tuple; none of anything else."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    is_tuple = isinstance(kind, type) and issubclass(kind, tuple)
    return getattr(kind, "_fields", ()) if is_tuple else ()


def _encode_error(error: Exception) -> object:
    kind = type(error)
    if isinstance(error, DamError):
        state = {name: _encode(value) for name, value in vars(error).items() if _can(value)}
        return {OBJECT: name_of(kind), STATE: state}
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    arguments: tuple[object, ...] = error.args
    if isinstance(error, OSError) and error.filename is not None:
        arguments = (error.errno, error.strerror, error.filename)
    if getattr(builtins, kind.__name__, None) is not kind or not all(map(_can, arguments)):
        kind, arguments = RuntimeError, (described(error),)
    state = {"args": _encode(tuple(arguments)), "notes": notes}
    return {OBJECT: name_of(kind), STATE: state}


def _can(value: object) -> bool:
    try:
        _encode(value)
    except (TypeError, RecursionError):
        return False
    return not isinstance(value, BaseException)
