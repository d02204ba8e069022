"""Encodes a worker's answers as JSON with a few marks, which is safe to decode.

A worker reads untrusted files, and one of them may have taken it over by the time it answers. So
its parent must not unpickle the answer. The functions here are the worker's side;
`dam.workers.answer_types` decodes by the types in the function's return annotation.
"""

import builtins
import json
import os
from binascii import b2a_base64
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any, cast

from dam.errors import (
    ConfinedError,
    DamError,
    HostLimitError,
    ItemError,
    MissingExtraError,
    StoreUnusableError,
    UnpackingSpaceError,
    described,
)

VALUE, ERROR, MEMORY = 1, 0, 2
"""The first item of an answer. It tells the second: a value, an error, or whether our own limit
was the reason for too little memory."""

BYTES, PATH, TUPLE, SET, MAPPING, OBJECT, FIELDS, STATE = "b", "p", "t", "s", "m", "o", "f", "e"
"""The marks: keys of JSON objects that stand for other values. Example: `{"p": "/a"}` is a path."""

RAISED_BY_TASKS = (
    *(ItemError, ConfinedError, MissingExtraError),
    *(HostLimitError, StoreUnusableError, UnpackingSpaceError),  # these concern all items
)
"""The kinds of `DamError` with which a worker may answer."""

_PLAIN = (type(None), bool, int, float, str)


class UnfitError(Exception):
    """An answer does not fit; the text says what is wrong with it."""


def encoded_value(value: object) -> bytes:
    """Return the answer of a call that returned a value.

    Raises:
        TypeError: The value holds something else than plain values, bytes, paths, enumerations,
            dataclasses, and lists, tuples, sets and mappings of these.
    """
    return _answer(VALUE, _encode(value))


def encoded_error(error: Exception) -> bytes:
    """Return the answer of a call that raised an error.

    A `DamError` and Python's built-in errors arrive as they are, others as a `RuntimeError` with
    their text.
    """
    return _answer(ERROR, _encode(error))


def encoded_shortage(*, is_limit_ours: bool) -> bytes:
    """Return the answer of a call for which there was too little memory."""
    return _answer(MEMORY, is_limit_ours)


def name_of(kind: type) -> str:
    """Return the full name of a class, as answers hold it; a decoder only compares it."""
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
        defaults = defaults_of(kind)
        found = {name: getattr(value, name) for name in names_of(kind)}
        state = {
            name: _encode(each)
            for name, each in found.items()
            if each is not defaults.get(name, MISSING)
        }
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
    """Return the field names of a dataclass or named tuple; nothing for any other class."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    is_tuple = isinstance(kind, type) and issubclass(kind, tuple)
    return getattr(kind, "_fields", ()) if is_tuple else ()


@cache
def defaults_of(kind: Hashable) -> Mapping[str, object]:
    """Return the defaults of a dataclass's fields; an answer leaves out the fields that have them.

    Most facts about a file are absent, and what is not sent need not be encoded nor decoded.
    """
    found = fields(kind) if is_dataclass(kind) else ()
    return {each.name: each.default for each in found if each.init and each.default is not MISSING}


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
