"""The docstrings of the services' faces tell what a caller has to know.

That each public name has a docstring is for ruff to see (`D100` to `D104`).
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.services.faces import modules, names_of_face

MANY = 2
"""How many arguments a reader keeps apart without help."""


SHOWN_IN_WORDS = {"add_pages", "insert_pages", "move_page", "with_systems"}
"""Functions whose example says what they do with some pages, or who calls them."""


def offered(module: str) -> Iterator[Callable[..., Any]]:
    """Yield the functions of a face, and the methods of its classes."""
    face = import_module(module)
    for name in names_of_face(module):
        value = getattr(face, name)
        if inspect.isfunction(value):
            yield value
        elif inspect.isclass(value):
            yield from (
                method
                for method in vars(value).values()
                if inspect.isfunction(method) and not method.__name__.startswith("_")
            )


def arguments_of(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


OF_MANY = {
    function.__qualname__: function
    for module in modules()
    for function in offered(module)
    if len(arguments_of(function)) > MANY
}


@pytest.mark.parametrize("name", OF_MANY)
def test_many_arguments_are_described_and_shown(name: str) -> None:
    docstring = inspect.getdoc(OF_MANY[name]) or ""
    _, found, described = docstring.partition("\nArgs:\n")
    assert found
    arguments = re.findall(r"^    \**(\w+): \S", described.partition("\nRaises:")[0], re.MULTILINE)
    assert arguments == arguments_of(OF_MANY[name])
    assert "Example:" in docstring


@pytest.mark.parametrize("name", OF_MANY)
def test_the_call_that_is_shown_can_be_made(name: str) -> None:
    for call in shown_calls(name):
        given: list[object] = [None] * ("." in name)  # in place of self
        given += [None for _ in call.args]
        by_name = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(OF_MANY[name]).bind(*given, **by_name)


def test_few_of_them_are_shown_in_words_alone() -> None:
    assert {name for name in OF_MANY if not shown_calls(name)} == SHOWN_IN_WORDS


def shown_calls(name: str) -> list[ast.Call]:
    """Return the calls of a function in the example of its docstring, of one line or in a block."""
    _, _, example = (inspect.getdoc(OF_MANY[name]) or "").partition("Example:")
    pieces = re.findall(r"`([^`]+)`", example.partition("\n\n")[0])
    pieces += [textwrap.dedent(block) for block in re.findall(r"^\n((?: {4}.*\n)+)", example, re.M)]
    calls = [call for piece in pieces for call in calls_in(piece)]
    return [call for call in calls if last_name(call.func) == name.rpartition(".")[2]]


def calls_in(piece: str) -> Iterator[ast.Call]:
    code = f"{piece} pass" if piece.endswith(":") else piece
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def last_name(called: ast.expr) -> str:
    return ast.unparse(called).rpartition(".")[2]


def test_the_constants_and_types_of_a_face_say_what_they_are() -> None:
    nameless = [
        f"{module}.{name}"
        for module in modules()
        for name in names_of_face(module)
        if not inspect.isfunction(value := getattr(import_module(module), name))
        and not inspect.isclass(value)
        and name not in documented(module)
    ]
    assert nameless == []


def documented(module: str) -> set[str]:
    """Return the names in a service's files that are assigned, with a docstring after that."""
    file = Path(str(import_module(module).__file__))
    files = file.parent.glob("*.py") if file.stem == "__init__" else [file]
    bodies = [ast.parse(each.read_text()).body for each in files]
    return {
        ast.unparse(assigned.targets[0])
        for body in bodies
        for assigned, text in pairwise(body)
        if isinstance(assigned, ast.Assign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
