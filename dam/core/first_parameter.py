"""Reads a function's first parameter, by which `World.run` knows what to give it."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_args, get_origin
from weakref import WeakKeyDictionary

from dam.core.read_only import FirstMark
from dam.core.systems.annotations import evaluated, unreadable
from dam.core.systems.declaration import system_name
from dam.core.systems.signatures import name_of
from dam.errors import UnfitFunctionError

_POSSIBLE = (
    "its first parameter must be annotated: `World` for a long job that makes its own "
    "transactions, `AsyncSession` for a function that runs in one transaction, "
    "`ReadOnly[AsyncSession]` for one that only reads"
)


class First(NamedTuple):
    """A function's first parameter: its type, and whether it is marked as `ReadOnly`."""

    type: object
    is_read_only: bool = False


class FirstParameters:
    """Reads functions' first parameters, and remembers them as long as the functions live.

    Reading one takes longer than a small transaction's own work in Python.
    """

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Callable[..., Any], First] = WeakKeyDictionary()

    def of(self, verb: str, function: Callable[..., Any]) -> First:
        """Return a function's first parameter; its type is `AsyncSession` for a `WorldSession`.

        Args:
            verb: The method that was given the function, for the error: "run".
            function: The function.

        Raises:
            UnfitFunctionError: It is not a function, or its first parameter has no readable type.
        """
        try:
            return self._known[function]
        except KeyError:
            first = self._known[function] = _first(verb, function)
            return first
        except TypeError:  # an object that has no hash, or that no weak reference can refer to
            return _first(verb, function)


def unfit(verb: str, function: object, found: str, hint: str = _POSSIBLE) -> UnfitFunctionError:
    """Return the error of a function that a method of a world cannot call.

    Args:
        verb: The method that was given the function: "run".
        function: The function.
        found: What is wrong with it.
        hint: What to do.
    """
    return UnfitFunctionError(verb, system_name(function), found, hint)


def unfit_type(verb: str, function: object, found: object) -> UnfitFunctionError:
    """Return the error of a function whose first parameter is of a type that no world gives.

    Args:
        verb: The method that was given the function: "run".
        function: The function.
        found: The type of its first parameter.
    """
    shown = name_of(found) if isinstance(found, type) else str(found)
    return unfit(verb, function, f"its first parameter is a {shown}")


def _first(verb: str, function: object) -> First:
    if not callable(function):
        hint = f"write `{verb}(function, argument, …)`, not `{verb}(function(argument, …))`"
        raise unfit(verb, function, "it is not a function", hint)
    declared = _first_parameter(verb, function)
    if declared.kind not in {declared.POSITIONAL_ONLY, declared.POSITIONAL_OR_KEYWORD}:
        raise unfit(verb, function, f"it takes {declared} first, which may be anything")
    if declared.annotation is declared.empty:
        raise unfit(verb, function, f"its first parameter {declared.name!r} has no annotation")
    if isinstance(declared.annotation, type):  # as of most functions: nothing to evaluate
        return First(declared.annotation)
    try:
        found = evaluated(function, declared)
    except Exception as error:
        what = f"the annotation of its first parameter {declared.name!r}"
        raise unfit(verb, function, *unreadable(what, error, _POSSIBLE)) from error
    if get_origin(found) is not Annotated:
        return First(found)
    kind, *marks = get_args(found)
    return First(kind, FirstMark.READ_ONLY in marks)


def _first_parameter(verb: str, function: Callable[..., Any]) -> inspect.Parameter:
    try:
        declared = next(iter(inspect.signature(function).parameters.values()), None)
    except Exception as error:  # newer Pythons evaluate annotations here
        raise unfit(verb, function, *unreadable("its signature", error, _POSSIBLE)) from error
    if declared is None:
        raise unfit(verb, function, "it takes no argument")
    return declared
