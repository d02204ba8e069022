"""Of a large picture little is read to describe it, and no more than all of it to draw it."""

import io
from pathlib import Path

import pytest

from dam.media.image import reading
from dam.media.image.entry import describe_image
from dam.media.image.kind import IMAGE
from dam.media.limits import MediaLimits
from tests.media.large_files import LARGE

MORE_BYTES = 1 << 20
"""Beside the hash, which reads a file once, an import may read it once more, and this much."""
TOO_MUCH = frozenset({"jxl"})
"""Its decoder takes whole files alone, and decodes them when it opens them."""


def read_by_this_process() -> int:
    """Return how many bytes this process has read from files until now, by any call but `mmap`."""
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.slow
@pytest.mark.parametrize("ending", sorted(LARGE.keys() - TOO_MUCH))
def test_a_large_picture_is_read_about_once_to_describe_and_to_draw_it(
    ending: str, tmp_path: Path
) -> None:
    media_type, make = LARGE[ending]
    content = make()
    path = tmp_path / f"large.{ending}"
    path.write_bytes(content)
    assert IMAGE.picture is not None
    IMAGE.picture(io.BytesIO(content), media_type, MediaLimits())  # imports what it needs
    with path.open("rb") as file:
        before = read_by_this_process()
        facts = IMAGE.describe(file, media_type, MediaLimits())
        file.seek(0)
        IMAGE.picture(file, media_type, MediaLimits())
        found = read_by_this_process() - before

    assert facts.failure is None
    assert found <= len(content) + MORE_BYTES


@pytest.mark.slow
@pytest.mark.parametrize(
    "ending", ["avif", "heic", "webp", "lossy.webp", "animated.webp", "jp2", "png"]
)
def test_a_picture_is_described_without_its_pixels_as_with_them(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    media_type, make = LARGE[ending]
    content = make()
    without = describe_image(io.BytesIO(content), media_type=media_type)
    monkeypatch.setattr(reading, "outline", lambda file, _: file)
    assert describe_image(io.BytesIO(content), media_type=media_type) == without
