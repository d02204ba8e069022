"""The package's own source, parsed once for all rules about it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "dam"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file of the package."""

    path: Path

    @cached_property
    def text(self) -> str:
        """The file as it is written."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The file as it is parsed."""
        return ast.parse(self.text, self.path)

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def imports_at_import_time(self) -> Iterator[tuple[int, str]]:
        """The line and the module of each import that runs when the file is imported."""
        for node in _statements_at_import_time(self.tree.body):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.lineno, node.module

    def at(self, line: int) -> str:
        """A place for people to find."""
        return f"{self.path.relative_to(PROJECT)}:{line}"


def sources() -> list[Source]:
    """Return every file of the package."""
    return [Source(path) for path in sorted(PACKAGE.rglob("*.py"))]


def _statements_at_import_time(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if not isinstance(node, Function):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    yield from _statements_at_import_time([child])
                elif isinstance(child, ast.ExceptHandler):
                    yield from _statements_at_import_time(child.body)
