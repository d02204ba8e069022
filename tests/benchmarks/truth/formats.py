"""Pictures: width, height, frames and format, and the pictures that they are expected to show.

What no decoder claims is left out, and so is what exiftool and Pillow count otherwise than a viewer
shows it: a name beside each says why. Beside many files is a PNG with the same name, which their
makers say is the picture.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from dam.errors import ItemError, NoDecoderError, UnsupportedPictureError
from dam.media.image.entry import describe_image, small_picture
from dam.media.image.values import ImageDescription
from tests.benchmarks.pictures import CORPUS
from tests.benchmarks.truth.table import Row

TITLE = "pictures, against exiftool, Pillow and the pictures expected beside them"
GREY_LEVELS = 4.0

_COUNTED_OTHERWISE = {
    "favicon.ico": "exiftool has the first picture; dam the largest",
    "Bretagne2_4.j2k": "exiftool has the canvas; dam the part of it that is the picture",
    "flower2.jpg": "exiftool stops at bytes that fill up",
    "jpeg_ff00_header.jpg": "exiftool stops at bytes that fill up",
}
_FORMATS = {
    "APNG": "PNG",
    "DNG": "DNG",
    "HEIC": "HEIF",
    "JP2": "JPEG2000",
    "J2C": "JPEG2000",
    "JXL Codestream": "JXL",
    "PBM": "PPM",
    "PDD": "PSD",
    "PFM": "PPM",
    "PGM": "PPM",
    "Extended WEBP": "WEBP",
    "CUR": "CUR",
}
_INSIDE = {".kra": "KRA", ".ora": "ORA", ".gz": "SVG", ".svgz": "SVG"}
"""The formats of what is in a ZIP or gzip, which is what exiftool sees."""
_OTHER_PICTURE_BESIDE = frozenset({".gif", ".xbm", ".msp", ".xpm", ".p7", ".eps"})


def table() -> list[Row]:
    """Return how much of what is known of the pictures dam says, too."""
    return [*_of_facts(), _of_pictures()]


def _of_facts() -> list[Row]:
    wrong: dict[str, list[str]] = defaultdict(list)
    totals: dict[str, int] = defaultdict(int)
    for path, row in rows():
        found = facts_of(path)
        if found is None:
            continue
        for what, ours, truths in _compared(path, row, found):
            totals[what] += 1
            if ours not in truths:
                wrong[what].append(f"{path.name}: {ours}, and not {truths}")
    return [
        Row(what=what, equal=total - len(wrong[what]), total=total, least=1.0, wrong=wrong[what])
        for what, total in totals.items()
    ]


def _of_pictures() -> Row:
    wrong, total = [], 0
    for path, expected in expected_pictures():
        difference = difference_of(path, expected)
        if difference is None:
            continue
        total += 1
        if difference > GREY_LEVELS:
            wrong.append(f"{path.name}: {difference:.1f} grey levels")
    equal = total - len(wrong)
    return Row(what="expected pictures", equal=equal, total=total, least=1.0, wrong=wrong)


def rows() -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield each file of the folder, and what other programs say about it."""
    for truth in sorted((CORPUS / "formats").glob("*/truth.csv")):
        with truth.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield truth.parent / row["file"], row


@cache
def facts_of(path: Path) -> ImageDescription | None:
    """Return what dam says about a file; None if no decoder claims it.

    Raises:
        ItemError: A decoder claims it, and cannot read it.
    """
    try:
        return describe_image(path)
    except (NoDecoderError, UnsupportedPictureError):
        return None
    except ItemError:
        if _is_read_by_pillow(path):
            raise
        return None


@cache
def _read_by_pillow() -> dict[Path, bool]:
    return {path: row["pillow_result"] == "ok" for path, row in rows()}


def _is_read_by_pillow(path: Path) -> bool:
    return _read_by_pillow()[path]


def _compared(
    path: Path, row: dict[str, str], found: ImageDescription
) -> Iterator[tuple[str, object, list[object]]]:
    """Yield what is compared, what dam says, and what may be said."""
    if path.name not in _COUNTED_OTHERWISE:
        sizes = [(row[f"{by}_width"], row[f"{by}_height"]) for by in ("exiftool", "pillow")]
        known = [
            (int(width), int(height))
            for width, height in sizes
            if width.isdigit() and height.isdigit()
        ]
        if known:
            is_turned = found.orientation in range(5, 9) or found.format in ("AVIF", "JXL", "HEIF")
            turned = [size[::-1] for size in known] if is_turned else []
            yield "width and height", (found.width_px, found.height_px), [*known, *turned]
    is_counted = row["pillow_frames"] and row["pillow_format"] == found.format
    if is_counted and found.format != "PSD":  # of which Pillow counts the layers
        yield "frames", found.frame_count, [int(row["pillow_frames"])]
    name = _FORMATS.get(row["exiftool_type"], row["exiftool_type"])
    if name:
        names = [name, row["pillow_format"], _INSIDE.get(path.suffix, "")]
        yield "format", found.format, [each for each in names if each]


def expected_pictures() -> Iterator[tuple[Path, Path]]:
    """Yield each file that has the picture that it should show beside it, and that."""
    for path, _ in rows():
        expected = path.with_suffix(".png")
        is_other = path.suffix.lower() in _OTHER_PICTURE_BESIDE | {".png"}
        if not is_other and expected.exists() and _names_one(path):
            yield path, expected


def _names_one(path: Path) -> bool:
    """Tell whether a PNG with this name is the picture of no other file: its format is stated."""
    return path.parent.name != "pillow" and "golang" not in str(path)


def difference_of(path: Path, expected: Path) -> float | None:
    """Return the mean difference of the thumbnail from the expected one's, in grey levels.

    None if no decoder claims the file.
    """
    try:
        ours = small_picture(path)
    except (NoDecoderError, UnsupportedPictureError):
        return None
    theirs = small_picture(expected).resize(ours.size)
    one, two = (np.asarray(each.convert("L"), dtype=np.float64) for each in (ours, theirs))
    return float(np.abs(one - two).mean())
