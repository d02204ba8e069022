"""Reads the annotations of a function's parameters, which may be any expression."""

import inspect
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, get_type_hints

from dam.errors import described


def evaluated(function: Callable[..., Any], declared: inspect.Parameter) -> object:
    """Return the type that a parameter is annotated with; an `Annotated` stays one.

    Args:
        function: The function, whose globals the annotation may name as text.
        declared: One of its parameters, with an annotation.

    Raises:
        Exception: The annotation cannot be evaluated; see `unreadable`.
    """
    alone = SimpleNamespace(__annotations__={declared.name: declared.annotation})
    return get_type_hints(alone, _globals_of(function), include_extras=True)[declared.name]


def unreadable(what: str, error: Exception, otherwise: str) -> tuple[str, str]:
    """Return what is wrong with an annotation, and what to do.

    Args:
        what: The part that could not be evaluated: "its signature".
        error: What Python raised.
        otherwise: What to do if the error does not say it.
    """
    if isinstance(error, NameError):
        hint = "import it so that it is there at run time, not under TYPE_CHECKING"
        return f"an annotation names {error.name!r}, which is not defined", hint
    if isinstance(error, SyntaxError):
        return "an annotation cannot be read as Python", "write it as a plain expression"
    return f"{what} cannot be evaluated: {described(error)}", otherwise


def _globals_of(function: Callable[..., Any]) -> dict[str, Any]:
    while isinstance(function, partial):
        function = function.func
    found = inspect.unwrap(function)
    if not hasattr(found, "__globals__"):  # an object that can be called
        found = found.__call__
    names: dict[str, Any] = getattr(found, "__globals__", {})
    return names
