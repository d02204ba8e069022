"""Folders of distinct, realistic pictures to measure with, made once and kept between runs.

The corpus's photographs are cropped, enlarged and given grain, so that files have the size and the
entropy of a camera's. Each file depends on its number alone: the same folder everywhere.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageOps

CORPUS = Path(os.environ.get("DAM_TEST_CORPUS", Path(__file__).parents[3] / "shared/data"))
_RECIPE = 1  # raise it when the files change, so that no run takes what another recipe made
_CAMERA_SIZE = (4000, 3000)
_CAMERA_QUALITY = 90
_FILES_PER_FOLDER = 100
_SPARE_GRAIN = 500
_PAGE_SIZE = (1800, 1200)


def cache_folder() -> Path:
    """Return the folder that keeps what takes long to make; it may be deleted at any time."""
    return Path(tempfile.gettempdir()) / f"dam-benchmarks-{os.getuid()}-{_RECIPE}"


def photos(count: int) -> Path:
    """Return a folder of JPEGs of 12 megapixels, 2 to 4 MB each."""
    return _folder("photos", count, _make_photo)


def web_images(count: int) -> Path:
    """Return a folder of small pictures: three fifths JPEG, one fifth PNG, one fifth WebP."""
    return _folder("web", count, _make_web_image)


def comic_pages(count: int) -> Path:
    """Return a folder of JPEGs as large as scanned pages."""
    return _folder("pages", count, _make_page)


def tiny_images(count: int) -> Path:
    """Return a folder of PNGs of 16 by 16 pixels of noise."""
    return _folder("tiny", count, _make_tiny_image)


def tiny_files(count: int) -> Path:
    """Return a folder of text files, each of one line."""
    return _folder("text", count, _make_tiny_file)


def _folder(name: str, count: int, make: Callable[[Path, int], None]) -> Path:
    folder = cache_folder() / f"{name}-{count}"
    if (folder / "complete").exists():
        return folder / "files"
    numbers = range(count)
    for number in numbers[::_FILES_PER_FOLDER]:
        _place(folder / "files", number).parent.mkdir(parents=True, exist_ok=True)
    # Processes of their own, freshly started: a benchmark's memory must not be that of its maker.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        work = partial(_make_missing, folder / "files", make)
        for _ in pool.map(work, [numbers[i : i + 20] for i in range(0, count, 20)]):
            pass
    (folder / "complete").touch()
    return folder / "files"


def _place(folder: Path, number: int) -> Path:
    return folder / f"{number // _FILES_PER_FOLDER:04}" / f"{number:06}"


def _make_missing(folder: Path, make: Callable[[Path, int], None], numbers: Iterable[int]) -> None:
    for number in numbers:
        place = _place(folder, number)
        if not any(place.parent.glob(f"{place.name}.*")):
            make(place, number)


def _make_photo(place: Path, number: int) -> None:
    random = np.random.RandomState(number)
    image = _varied(number, random, _CAMERA_SIZE, "YCbCr")
    light, blue, red = image.split()
    left, top = (int(offset) for offset in random.randint(0, _SPARE_GRAIN, 2))
    grain = _grain().crop((left, top, left + image.width, top + image.height))
    light = ImageChops.add(light, grain, offset=-128)
    _save(Image.merge("YCbCr", (light, blue, red)), place, "jpg", quality=_CAMERA_QUALITY)


def _make_web_image(place: Path, number: int) -> None:
    random = np.random.RandomState(1_000_000 + number)
    longest = int(random.choice([240, 320, 480, 640, 800, 1024]))
    image = _varied(number, random, (longest, longest * 3 // 4), "RGB")
    kind = ("jpg", "png", "jpg", "webp", "jpg")[number % 5]
    quality = int(random.randint(60, 90))
    options = {"jpg": {"quality": quality}, "webp": {"quality": quality, "method": 2}}
    _save(image, place, kind, **options.get(kind, {"compress_level": 6}))


def _make_page(place: Path, number: int) -> None:
    random = np.random.RandomState(2_000_000 + number)
    _save(_varied(number, random, _PAGE_SIZE, "RGB"), place, "jpg", quality=85)


def _make_tiny_image(place: Path, number: int) -> None:
    pixels = np.random.RandomState(number).randint(0, 256, (16, 16, 3), dtype=np.uint8)
    _save(Image.fromarray(pixels), place, "png", compress_level=1)


def _make_tiny_file(place: Path, number: int) -> None:
    place.with_suffix(".txt").write_text(f"This is file {number}.\n")


def _varied(
    number: int, random: np.random.RandomState, size: tuple[int, int], mode: str
) -> Image.Image:
    """Return a crop of one of the corpus's photographs, with light and side of its own."""
    originals = _originals()
    original = originals[number % len(originals)]
    width, height = original.size
    share = random.uniform(0.7, 0.95)
    left, top = random.uniform(0, 1 - share, 2) * (width, height)
    box = (left, top, left + share * width, top + share * height)
    if height > width:
        size = (size[1], size[0])
    image = ImageEnhance.Brightness(original).enhance(random.uniform(0.8, 1.2))
    if random.randint(2):
        image = ImageOps.mirror(image)
    return image.convert(mode).resize(size, Image.Resampling.BICUBIC, box=box)


@cache
def _originals() -> list[Image.Image]:
    paths = sorted((CORPUS / "photos").rglob("*.jpg"))
    if not paths:
        raise SystemExit(f"no photographs below {CORPUS}; DAM_TEST_CORPUS names the corpus")
    return [Image.open(path).convert("RGB") for path in paths]


@cache
def _grain() -> Image.Image:
    """Return noise around 128 as of a sensor, larger than a picture: each takes its own part."""
    side = max(_CAMERA_SIZE) + _SPARE_GRAIN
    noise = np.random.RandomState(7).normal(128, 3.5, (side, side))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def _save(image: Image.Image, place: Path, kind: str, **options: int) -> None:
    """Write the file whole or not at all: an interrupted run is continued by the next."""
    unfinished = place.with_suffix(".unfinished")
    image.save(unfinished, format=Image.registered_extensions()[f".{kind}"], **options)
    unfinished.rename(place.with_suffix(f".{kind}"))
