"""Whatever is wrong with systems is told in full: the expected messages are in `expected`.

`pytest tests/core/systems/test_build_faults.py --rewrite-expected` writes them anew.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dam.core import builder as building
from dam.core import media_kinds
from dam.core.builder import WorldBuilder
from dam.core.systems import annotations, graph, signatures
from dam.errors import ExitCode, WorldBuildError
from tests.core.systems import faulty_systems
from tests.core.worlds import builder_of

EXPECTED = Path(__file__).with_name("expected")


@pytest.mark.parametrize("add_faulty", faulty_systems.FAULTY, ids=lambda add: add.__name__)
async def test_the_message_is_the_expected_one(
    add_faulty: Callable[[WorldBuilder], None], *, rewrites_expected: bool
) -> None:
    message = await message_of(add_faulty)
    file = EXPECTED / f"{add_faulty.__name__}.txt"
    if rewrites_expected:
        file.write_text(message)
    assert message == file.read_text()


async def message_of(add_faulty: Callable[[WorldBuilder], None]) -> str:
    """Return the error with all faults and the hint; dots stand for the numbers of lines."""
    builder = builder_of("sqlite:///never-opened.db")
    add_faulty(builder)
    with pytest.raises(WorldBuildError) as caught:
        await builder.build()
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    text = f"{caught.value}\nhint: {caught.value.hint}\n"
    here = Path(faulty_systems.__file__)
    message, places = re.subn(
        rf"^  {re.escape(str(here))}:\d+:", f"  {here.name}:…:", text, flags=re.M
    )
    assert places == len(caught.value.faults)
    return message


def test_each_expected_message_is_that_of_a_faulty_system() -> None:
    names = [add_faulty.__name__ for add_faulty in faulty_systems.FAULTY]
    assert sorted(file.stem for file in EXPECTED.iterdir()) == names


@pytest.mark.parametrize("module", [annotations, building, graph, media_kinds, signatures])
def test_every_sentence_about_a_fault_is_in_an_expected_message(module: object) -> None:
    expected = "".join(file.read_text() for file in EXPECTED.iterdir())
    tree = ast.parse(Path(str(vars(module)["__file__"])).read_text())
    sentences = list(patterns(tree))
    assert [pattern for pattern in sentences if not re.search(pattern, expected)] == []
    assert sentences != []


def patterns(tree: ast.AST) -> Iterator[str]:
    """Yield a pattern for each text in a module that is a sentence, no docstring and no log."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            continue
        if isinstance(node, ast.JoinedStr | ast.Constant):
            pattern = pattern_of(node)
            if re.search(r"\w\\? \w", pattern):
                yield pattern
        else:
            yield from patterns(node)


def pattern_of(text: ast.JoinedStr | ast.Constant) -> str:
    """Return a pattern for a literal; whatever is put into it may be anything."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts
    )
