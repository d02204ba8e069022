"""SVG: sizes, what is refused before it is rendered, and that nothing else is opened."""

import gzip
import sys
from pathlib import Path

import pytest

from dam.errors import (
    ItemError,
    MediaLimitError,
    MissingDecoderError,
    NoDecoderError,
    UnreadablePictureError,
)
from dam.media.image.entry import analyse_image, describe_image
from tests.media.drawing import colour_of, landscape, save

_NAMES = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
_RED = "<rect width='100%' height='100%' fill='#c81e1e'/>"


def _svg(path: Path, content: str, *, size: str = "width='90' height='60'") -> Path:
    path.write_text(f"<svg {_NAMES} {size}>{content}</svg>")
    return path


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("width='90' height='60'", (90, 60)),
        ("width='2in' height='2.54cm'", (192, 96)),
        ("viewBox='0 0 30 40'", (30, 40)),
        ("viewBox='0,0,30,40' width='60px'", (60, 80)),
        ("viewBox='0 0 30 40' width='100%' height='100%'", (30, 40)),
        ("width='60000' height='10'", (60000, 10)),
    ],
)
def test_the_size_is_that_of_the_root_element(
    tmp_path: Path, size: str, expected: tuple[int, int]
) -> None:
    path = _svg(tmp_path / "a.svg", _RED, size=size)

    facts, thumbnail = describe_image(path), analyse_image(path).thumbnail

    assert (facts.width_px, facts.height_px, facts.format) == (*expected, "SVG")
    red, green, _ = colour_of(thumbnail.content)
    assert (red > 180, green < 60) == (True, True)


def test_gzip_and_other_encodings_are_read(tmp_path: Path) -> None:
    content = _svg(tmp_path / "a.svg", _RED).read_text()
    packed, wide, latin = tmp_path / "a.svgz", tmp_path / "b.svg", tmp_path / "c.svg"
    packed.write_bytes(gzip.compress(content.encode()))
    wide.write_text(content, encoding="utf-16")
    latin.write_text(f"<?xml version='1.0' encoding='latin-1'?><!-- \xe9 -->{content}", "latin-1")

    for path in (packed, wide, latin):
        assert describe_image(path).width_px == 90
        assert analyse_image(path).thumbnail.width_px <= 256


@pytest.mark.parametrize(
    "reference",
    [
        "<image href='{}' width='90' height='60'/>",
        "<image xlink:href='{}' width='90' height='60'/>",
        "<image xlink:href='file://{}' width='90' height='60'/>",
        "<g xmlns:x='http://www.w3.org/1999/xlink'><image x:href='{}' width='9' height='9'/></g>",
        "<filter id='f'><feImage href='{}'/></filter>",
        "<use href='{}#a'/>",
        "<image href='data:image/svg+xml;base64,AAAA'/>",
        "<g xml:base='{}'/>",
    ],
)
def test_no_other_file_is_shown(tmp_path: Path, reference: str) -> None:
    secret = save(landscape((90, 60)), tmp_path / "secret.png")
    path = _svg(tmp_path / "a.svg", _RED + reference.format(secret))
    found = describe_image(path)
    assert (found.width_px, found.height_px) == (90, 60)

    with pytest.raises(NoDecoderError) as caught:
        analyse_image(path)

    assert caught.value.message == "no decoder for SVG drawings that show other files"


def test_an_entity_cannot_hide_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    start = "<!DOCTYPE svg [<!ENTITY e '/etc/passwd'>]>"
    path.write_text(f"{start}<svg {_NAMES} width='9' height='9'><image href='&e;'/></svg>")

    with pytest.raises(NoDecoderError):
        analyse_image(path)


@pytest.mark.parametrize(
    "declared",
    ["<!ENTITY a SYSTEM 'file:///etc/passwd'>", "<!ENTITY a 'x'><!ENTITY b '&a;&a;'>"],
)
def test_entities_of_files_and_of_entities_are_refused(tmp_path: Path, declared: str) -> None:
    path = tmp_path / "a.svg"
    path.write_text(f"<!DOCTYPE s [{declared}]><svg {_NAMES} width='9' height='9'/>")

    with pytest.raises(NoDecoderError):
        describe_image(path)


def test_links_and_pictures_inside_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'
    content = f"<a xlink:href='https://example.org'>{_RED}</a><use href='#none'/>"
    path.write_text(f"{doctype}<svg {_NAMES} width='90' height='60'>{content}</svg>")

    assert colour_of(analyse_image(path).thumbnail.content)[0] > 180


@pytest.mark.parametrize(
    "content",
    [
        "<g>" * 300 + "</g>" * 300,
        "<g/>" * 100_001,
        "<g id='a0'/>" + "".join(f"<g id='a{n}'><use href='#a{n - 1}'/></g>" for n in range(1, 99)),
        "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>",
    ],
)
def test_what_would_exhaust_the_renderer_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(MediaLimitError):
        describe_image(_svg(tmp_path / "a.svg", content))


@pytest.mark.parametrize("text", ["<svg>", "<svg xmlns='http://www.w3.org/2000/svg'><g></svg>"])
def test_what_is_no_xml_is_unreadable(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.svg"
    path.write_text(text)

    with pytest.raises(UnreadablePictureError):
        describe_image(path)


def test_a_bomb_of_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.svgz"
    path.write_bytes(gzip.compress(f"<svg {_NAMES}>".encode() + b" " * (40 << 20)))

    with pytest.raises(ItemError, match="too many bytes of a drawing"):
        describe_image(path)


def test_without_the_package_a_drawing_has_a_size_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    path = _svg(tmp_path / "a.svg", _RED)

    assert describe_image(path).width_px == 90
    with pytest.raises(MissingDecoderError) as caught:
        analyse_image(path)
    assert (caught.value.requirement, caught.value.hint) == (
        "resvg-py",
        "pip install resvg-py, then try again",
    )
