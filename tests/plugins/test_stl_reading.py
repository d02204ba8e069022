"""Models are read and drawn as they are, and hostile ones are refused."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import DamError
from tests.plugins.conftest import install_example
from tests.plugins.example_plugin.dam_stl import reading
from tests.plugins.example_plugin.dam_stl.reading import ModelFacts, draw_model, read_facts
from tests.plugins.stl_files import binary, box, text

BOX = box(3, 2, 1)
FACTS = ModelFacts(triangle_count=12, lowest=(0, 0, 0), highest=(3, 2, 1))


@pytest.mark.parametrize(
    "content",
    [binary(BOX), text(BOX), binary(BOX, header=b"solid but binary"), text(BOX).upper()],
    ids=["binary", "text", "solid", "upper"],
)
def test_a_model_is_read_in_both_forms(content: bytes) -> None:
    assert read_facts(BytesIO(content)) == FACTS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "unreadable STL model: 0 bytes, expected 84 for 0 triangles, or text"),
        (b"not a model" * 10, "unreadable STL model: 110 bytes, expected "),
        (binary(BOX)[:-1], "unreadable STL model: 683 bytes, expected 684 for 12 triangles"),
        (binary(BOX, count=4_000_000_000), "unreadable STL model: 684 bytes, expected 200000"),
        (binary([]), "unreadable STL model: it has no triangles"),
        (text([]), "unreadable STL model: it has no triangles"),
        (b"solid\n\n", "unreadable STL model: the text ends without 'endsolid'"),
        (text(BOX)[:-20], "unreadable STL model: the text ends without 'endsolid'"),
        (text(BOX).replace(b"vertex 3.0", b"vertex x", 1), "unreadable STL model: not a corner: "),
        (text(BOX).replace(b"vertex 3.0", b"vertex", 1), "unreadable STL model: not a corner: "),
        (text(BOX).replace(b"vertex", b"", 1), "unreadable STL model: 35 corners, expected three"),
        (
            text(BOX).replace(b"vertex 3.0", b"vertex nan", 1),
            "unreadable STL model: a coordinate is not a finite number",
        ),
        (binary([((0, 0, float("inf")),) * 3]), "unreadable STL model: a coordinate is not a fin"),
    ],
)
def test_what_is_no_model_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DamError) as caught:
        read_facts(BytesIO(content))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (binary(BOX), "12 triangles; at most 10 are accepted"),
        (text(BOX), f"{len(text(BOX)):,} bytes of text; at most 1,000 are accepted"),
    ],
    ids=["binary", "text"],
)
def test_a_model_that_is_too_large_is_refused(
    content: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_TRIANGLES", 10)
    monkeypatch.setattr(reading, "_MAX_TEXT_BYTES", 1_000)
    with pytest.raises(DamError) as caught:
        read_facts(BytesIO(content))
    assert str(caught.value) == message


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"solid " + rest))
def test_any_bytes_give_facts_or_an_error(content: bytes) -> None:
    try:
        facts = read_facts(BytesIO(content))
    except DamError:
        return
    assert facts.triangle_count > 0


def test_a_drawn_box_shows_three_sides_on_white() -> None:
    picture = draw_model(BytesIO(binary(BOX)))
    pixels = np.asarray(picture)
    assert (picture.size, picture.mode) == ((256, 256), "L")
    shades, areas = np.unique(pixels, return_counts=True)
    sides = {int(shade) for shade, area in zip(shades, areas, strict=True) if area > 1000}
    assert len(sides - {255}) == 3
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_the_picture_does_not_depend_on_the_unit(scale: float) -> None:
    expected = np.asarray(draw_model(BytesIO(binary(BOX)))).astype(int)
    scaled = draw_model(BytesIO(binary(box(3 * scale, 2 * scale, scale))))
    assert np.abs(np.asarray(scaled).astype(int) - expected).mean() < 1


def test_a_model_without_extent_is_drawn() -> None:
    assert draw_model(BytesIO(binary([((1, 1, 1),) * 3]))).size == (256, 256)


@pytest.mark.slow
def test_reading_imports_no_database(site_packages: Path, home: Path) -> None:
    install_example(site_packages)
    code = (
        "import sys, dam_stl.reading\n"
        "assert {'sqlalchemy', 'dam.core', 'dam.models'}.isdisjoint(sys.modules)\n"
    )
    project = Path(reading.__file__).parents[4]
    environment = {"PYTHONPATH": f"{site_packages}:{project}"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=home, check=True)
