"""Reads the type of a function's first parameter, by which `World.run` knows what to give it."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

from dam.core.systems.annotations import evaluated, unreadable
from dam.core.systems.declaration import system_name
from dam.core.systems.signatures import name_of
from dam.errors import UnfitFunctionError

_POSSIBLE = (
    "its first parameter must be annotated: `World` for a long job that makes its own "
    "transactions, `AsyncSession` for a function that runs in one transaction"
)


def first_type(verb: str, function: object) -> object:
    """Return the type of a function's first parameter, `AsyncSession` for a `WorldSession`.

    Args:
        verb: The method that was given the function, for the error: "run".
        function: The function.

    Raises:
        UnfitFunctionError: It is not a function, or its first parameter has no readable type.
    """
    if not callable(function):
        hint = f"write `{verb}(function, argument, …)`, not `{verb}(function(argument, …))`"
        raise unfit(verb, function, "it is not a function", hint)
    declared = _first_parameter(verb, function)
    if declared.kind not in {declared.POSITIONAL_ONLY, declared.POSITIONAL_OR_KEYWORD}:
        raise unfit(verb, function, f"it takes {declared} first, which may be anything")
    if declared.annotation is declared.empty:
        raise unfit(verb, function, f"its first parameter {declared.name!r} has no annotation")
    if isinstance(declared.annotation, type):  # as of nearly all functions: nothing to evaluate
        return declared.annotation
    try:
        found = evaluated(function, declared)
    except Exception as error:
        what = f"the annotation of its first parameter {declared.name!r}"
        raise unfit(verb, function, *unreadable(what, error, _POSSIBLE)) from error
    return get_args(found)[0] if get_origin(found) is Annotated else found


def unfit(verb: str, function: object, found: str, hint: str = _POSSIBLE) -> UnfitFunctionError:
    """Return the error of a function that a method of a world cannot call; see `first_type`."""
    return UnfitFunctionError(verb, system_name(function), found, hint)


def unfit_type(verb: str, function: object, found: object) -> UnfitFunctionError:
    """Return the error of a function whose first parameter is of a type that no world gives."""
    shown = name_of(found) if isinstance(found, type) else str(found)
    return unfit(verb, function, f"its first parameter is a {shown}")


def _first_parameter(verb: str, function: Callable[..., Any]) -> inspect.Parameter:
    try:
        declared = next(iter(inspect.signature(function).parameters.values()), None)
    except Exception as error:  # newer Pythons evaluate annotations here
        raise unfit(verb, function, *unreadable("its signature", error, _POSSIBLE)) from error
    if declared is None:
        raise unfit(verb, function, "it takes no argument")
    return declared
