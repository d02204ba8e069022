"""Decodes a worker's answer into values of the types in the function's return annotation.

No class is looked up by a name in the answer: types come from the annotation, and errors can only
be subclasses of `DamError` that are imported here, or Python's built-in ones. An answer that does
not fit is refused.
"""

import builtins
import collections.abc
import dataclasses
import json
import types
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dam.errors import DamError, described
from dam.workers.answers import (
    BYTES,
    ERROR,
    FIELDS,
    MAPPING,
    MEMORY,
    OBJECT,
    PATH,
    RAISED_BY_TASKS,
    SET,
    STATE,
    TUPLE,
    VALUE,
    UnfitError,
    defaults_of,
    name_of,
    names_of,
)
from dam.workers.process import CallMemoryError, Outcome

Decoder = Callable[[object], Any]
"""Makes the value from parsed JSON, or raises `UnfitError`."""

_POSSIBLE = (
    "None, bool, int, float, str, bytes, Path, Literal, enumerations, dataclasses, named tuples, "
    "DamError, and list, tuple, set and dict of these"
)


def decoder_for(fn: Callable[..., object]) -> Decoder:
    """Return the decoder for answers of this function, by its return annotation.

    An object that is called may say the type in a property `answer_type` instead: its answers may
    depend on values that it was made with.

    Raises:
        TypeError: Its return annotation is missing, or has a type that cannot be decoded.
    """
    while isinstance(fn, partial):
        fn = fn.func
    if isinstance(getattr(type(fn), "answer_type", None), property):
        return _decoder_of(fn, lambda: fn.answer_type)  # type: ignore[attr-defined] # as was asked
    return _decoder_for(getattr(fn, "__func__", fn))


def read_answer(decode: Decoder, payload: bytes) -> Outcome:
    """Return the outcome of a call from the bytes of its answer.

    Raises:
        UnfitError: The bytes are not an answer, or its value does not fit the annotation.
        CallMemoryError: The answer says that there was too little memory.
    """
    try:
        kind, rest = json.loads(payload)
        if kind == VALUE:
            return True, decode(rest)
        if kind == ERROR:
            return False, _error(rest)
    except UnfitError:
        raise
    except Exception as error:  # bad JSON, or a class that refuses the values of its fields
        raise UnfitError(described(error)) from error
    if kind == MEMORY and isinstance(rest, bool):
        raise CallMemoryError(is_limit_ours=rest)
    raise UnfitError("an answer of an unknown kind")


@cache
def _decoder_for(fn: Callable[..., object]) -> Decoder:
    return _decoder_of(fn, lambda: get_type_hints(fn)["return"])


def _decoder_of(fn: Callable[..., object], answer_type: Callable[[], object]) -> Decoder:
    name = f"{getattr(fn, '__module__', None)}.{getattr(fn, '__qualname__', fn)}"
    try:
        return _decoder(answer_type())
    except (TypeError, NameError, AttributeError, LookupError, RecursionError) as error:
        reason = "there is none" if isinstance(error, KeyError) else str(error)
        message = (
            f"the return annotation of {name} cannot be used to decode what worker processes "
            f"answer: {reason}; write one of {_POSSIBLE}"
        )
        raise TypeError(message) from error


@cache
def _decoder(kind: Any) -> Decoder:  # noqa: ANN401 - an annotation is any object
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return partial(_one_of, arguments)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin in _GENERIC:
        return partial(_GENERIC[origin], tuple(map(_decoder, arguments)))
    if kind in _OF_PLAIN:
        return _OF_PLAIN[kind]
    if isinstance(kind, type) and origin is None:
        return _class_decoder(kind)
    if dataclasses.is_dataclass(origin):  # `Pair[int]`
        of_class: Any = origin
        return _Fields(of_class, dict(zip(of_class.__parameters__, arguments, strict=True)))
    message = f"{kind} cannot be decoded"
    raise TypeError(message)


def _class_decoder(kind: type) -> Decoder:
    if issubclass(kind, Enum):
        return partial(_enumerated, kind)
    if issubclass(kind, Exception):
        return partial(_error_of, kind)
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    if is_named_tuple or dataclasses.is_dataclass(kind):
        return _Fields(kind)
    message = f"{kind.__qualname__} cannot be decoded"
    raise TypeError(message)


def _tuple_decoder(arguments: tuple[Any, ...]) -> Decoder:
    if len(arguments) == 2 and arguments[1] is ...:  # noqa: PLR2004 - `tuple[X, ...]`
        return partial(_tuple, (_decoder(arguments[0]),), None)
    return partial(_tuple, tuple(map(_decoder, arguments)), len(arguments))


class _Fields:
    """Decodes a dataclass or a named tuple."""

    def __init__(self, kind: type, variables: Mapping[Any, Any] = MappingProxyType({})) -> None:
        self._kind = kind
        self._name = name_of(kind)
        names = names_of(kind)
        hints = get_type_hints(kind)
        self._decoders = {name: _decoder(_with(variables, hints[name])) for name in names}
        self._needed = self._decoders.keys() - defaults_of(kind).keys()
        self._late = (
            [f.name for f in dataclasses.fields(kind) if not f.init]
            if (dataclasses.is_dataclass(kind))
            else []
        )

    def __call__(self, value: object) -> object:
        state = _marked_state(value, self._name, FIELDS)
        if not self._needed <= state.keys() <= self._decoders.keys():
            raise UnfitError(f"a {self._name} with other fields")
        values = {name: self._decoders[name](each) for name, each in state.items()}
        late = [(name, values.pop(name)) for name in self._late]
        made: object = self._kind(**values)
        for name, each in late:
            object.__setattr__(made, name, each)
        return made


def _with(variables: Mapping[Any, Any], hint: Any) -> Any:  # noqa: ANN401 - an annotation
    """Return a type with values for its type variables. Example: `int | None` for `T | None`."""
    if hint in variables:
        return variables[hint]
    given = tuple(variables.get(each, each) for each in getattr(hint, "__parameters__", ()))
    return hint[given] if given and variables else hint


def _exactly(kind: type, value: object) -> object:
    if type(value) is not kind:
        raise _unfit(kind.__name__, value)
    return value


def _float(value: object) -> float:
    if type(value) is int or type(value) is float:
        return float(value)
    raise _unfit("float", value)


def _bytes(value: object) -> bytes:
    text = _marked(value, BYTES)
    if not isinstance(text, str):
        raise _unfit("bytes", value)
    return a2b_base64(text, strict_mode=True)


def _path(value: object) -> Path:
    text = _marked(value, PATH)
    if not isinstance(text, str):
        raise _unfit("a path", value)
    return Path(text)


def _first_that_fits(decoders: tuple[Decoder, ...], value: object) -> object:
    if value is None and _NONE in decoders:  # `X | None` tries the X first, which costs more
        return None
    faults = []
    for decode in decoders:
        try:
            return decode(value)
        except UnfitError as error:
            faults.append(str(error))
    raise UnfitError("; ".join(faults))


def _one_of(choices: tuple[object, ...], value: object) -> object:
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    raise _unfit(f"one of {choices}", value)


def _enumerated(kind: type[Enum], value: object) -> Enum:
    for member in kind:
        if type(member.value) is type(value) and member.value == value:
            return member
    raise _unfit(kind.__qualname__, value)


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _unfit("a list", value)
    return value


def _list(decoders: tuple[Decoder, ...], value: object) -> list[object]:
    (decode,) = decoders
    return [decode(item) for item in _items(value)]


def _sequence(decoders: tuple[Decoder, ...], value: object) -> Sequence[object]:
    is_tuple = isinstance(value, dict)
    return _tuple(decoders, None, value) if is_tuple else _list(decoders, value)


def _tuple(decoders: tuple[Decoder, ...], count: int | None, value: object) -> tuple[object, ...]:
    items = _items(_marked(value, TUPLE))
    if count is None:
        return tuple(map(decoders[0], items))
    if len(items) != count:
        raise _unfit(f"{count} items", value)
    return tuple(decode(item) for decode, item in zip(decoders, items, strict=True))


def _set(decoders: tuple[Decoder, ...], value: object) -> set[object]:
    return set(_list(decoders, _marked(value, SET)))


def _frozen_set(decoders: tuple[Decoder, ...], value: object) -> frozenset[object]:
    return frozenset(_set(decoders, value))


def _mapping(decoders: tuple[Decoder, ...], value: object) -> dict[object, object]:
    key, item = decoders
    return {key(name): item(each) for name, each in map(_pair, _items(_marked(value, MAPPING)))}


def _pair(value: object) -> tuple[object, object]:
    first, second = _items(value)
    return first, second


def _plain(value: object) -> object:
    """Decode a value without an annotation, such as an attribute of an error, by its marks."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    (mark,) = value
    if mark not in _SELF_DESCRIBING:
        raise _unfit("a plain value", value)
    return _SELF_DESCRIBING[mark](value)


def _error_of(kind: type[Exception], value: object) -> Exception:
    error = _error(value)
    if not isinstance(error, kind):
        raise _unfit(kind.__qualname__, value)
    return error


def _error(value: object) -> Exception:
    if not isinstance(value, dict) or value.keys() != {OBJECT, STATE}:
        raise _unfit("an error", value)
    name = value[OBJECT]
    kind = next((kind for kind in _faults(DamError) if name_of(kind) == name), None)
    if kind is not None:
        if not issubclass(kind, RAISED_BY_TASKS):  # it would end more than this call
            raise UnfitError(f"an error that no task raises: {name}")
        return _fault(kind, _state(value[STATE]))
    module, _, simple = str(name).rpartition(".")
    found = getattr(builtins, simple, None) if module == "builtins" else None
    state = _state(value[STATE])
    if not (isinstance(found, type) and issubclass(found, Exception)):
        return RuntimeError(f"{name}: {state.get('message', '')}")
    arguments, notes = _plain(state["args"]), _plain(state["notes"])
    if not isinstance(arguments, tuple) or not isinstance(notes, list):
        raise _unfit("an error's arguments", value)
    error = found(*arguments)
    for note in notes:
        error.add_note(str(note))
    return error


def _fault(kind: type[DamError], encoded: dict[str, object]) -> DamError:
    """Rebuild a `DamError` from its attributes, without calling its `__init__`."""
    state = {name: _plain(each) for name, each in encoded.items()}
    for name, types_ in _OF_FAULTS.items():
        if name in state and not isinstance(state[name], types_):
            raise _unfit(name, state[name])
    taken = [name for name in state if name not in _OF_FAULTS and hasattr(kind, name)]
    if taken or not {"message", "hint"} <= state.keys():
        raise UnfitError(f"a {name_of(kind)} with other attributes")
    fault = kind.__new__(kind)
    fault.args = (state["message"],)
    vars(fault).update(state)
    return fault


def _faults(kind: type[DamError]) -> Iterator[type[DamError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _faults(each)


def _marked(value: object, mark: str) -> object:
    if not isinstance(value, dict) or value.keys() != {mark}:
        raise _unfit({BYTES: "bytes", PATH: "a path", TUPLE: "a tuple"}.get(mark, "it"), value)
    return value[mark]


def _marked_state(value: object, name: str, mark: str) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != {OBJECT, mark} or value[OBJECT] != name:
        raise _unfit(name, value)
    return _state(value[mark])


def _state(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unfit("fields", value)
    return value


def _unfit(expected: str, found: object) -> UnfitError:
    if isinstance(found, dict) and OBJECT in found:
        found = found[OBJECT]
    text = ascii(found)
    return UnfitError(f"expected {expected}, found {text[:60]}{'…' if len(text) > 60 else ''}")  # noqa: PLR2004


_GENERIC: dict[object, Callable[[tuple[Decoder, ...], object], Any]] = {
    Union: _first_that_fits,
    types.UnionType: _first_that_fits,
    list: _list,
    collections.abc.Sequence: _sequence,
    collections.abc.Iterable: _sequence,
    collections.abc.Collection: _sequence,
    set: _set,
    frozenset: _frozen_set,
    dict: _mapping,
    collections.abc.Mapping: _mapping,
}
_NONE: Decoder = partial(_exactly, type(None))
_OF_PLAIN: dict[object, Decoder] = {
    None: _NONE,
    type(None): _NONE,
    bool: partial(_exactly, bool),
    int: partial(_exactly, int),
    float: _float,
    str: partial(_exactly, str),
    bytes: _bytes,
    Path: _path,
}
_SELF_DESCRIBING: dict[object, Decoder] = {
    BYTES: _bytes,
    PATH: _path,
    TUPLE: partial(_tuple, (_plain,), None),
    SET: partial(_set, (_plain,)),
    MAPPING: partial(_mapping, (_plain, _plain)),
}
_OF_FAULTS: dict[str, Any] = {
    "message": str,
    "hint": str | None,
    "requirement": str | None,
    "details": tuple,
}
