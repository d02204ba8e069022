"""PDFs of pictures: their own bytes inside, always the same document, no picture lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from dam.errors import DamError, ItemError, TornPictureError
from dam.media.document import picture_pdf
from dam.media.document.picture_pdf import PicturePdf
from dam.media.limits import MediaLimits
from tests.media.drawing import landscape, save

pikepdf = pytest.importorskip("pikepdf")

PICTURES = sorted((Path(__file__).parents[2] / "assets" / "pictures").iterdir())


def write(folder: Path, pictures: list[Path], name: str = "a.pdf") -> Path:
    work = folder / f"work of {name}"
    work.mkdir()
    pdf = PicturePdf(work)
    for picture in pictures:
        pdf.add(picture)
    pdf.save(folder / name, {"note.txt": b"hello"})
    return folder / name


def test_every_picture_is_a_page_and_jpegs_are_in_it_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_pdf, "_PART_BYTES", 100_000)  # several parts
    one, two = write(tmp_path, PICTURES), write(tmp_path, PICTURES, "b.pdf")
    written = one.read_bytes()
    assert two.read_bytes() == written
    with pikepdf.open(one) as pdf:
        assert len(pdf.pages) == len(PICTURES)
        assert pdf.attachments["note.txt"].get_file().read_bytes() == b"hello"
    jpegs = [path.read_bytes() for path in PICTURES if path.read_bytes()[:2] == b"\xff\xd8"]
    assert len(jpegs) > 20
    assert all(content in written for content in jpegs)


@pytest.mark.parametrize("form", ["png", "webp", "bmp", "tiff"])
def test_the_pixels_of_other_formats_are_kept(tmp_path: Path, form: str) -> None:
    options = {"lossless": True} if form == "webp" else {}
    picture = save(landscape((60, 40)), tmp_path / f"a.{form}", **options)
    with pikepdf.open(write(tmp_path, [picture])) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        kept = pikepdf.PdfImage(image).as_pil_image().convert("RGB")
    with Image.open(picture) as original:
        assert kept.tobytes() == original.convert("RGB").tobytes()


def clear_at_left() -> Image.Image:
    picture = landscape((60, 40)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 30, 40))
    return picture


def shown(page: Any) -> Image.Image:
    """Return what a reader shows of a page: its picture on white, turned as the page says."""
    (image,) = page.get_images().values()
    picture: Image.Image = pikepdf.PdfImage(image).as_pil_image()
    depth = int(image.get("/BitsPerComponent", 8))
    if depth == 16:
        samples = np.frombuffer(image.read_bytes(), ">u2").reshape(picture.height, picture.width)
        picture = Image.fromarray((samples >> 8).astype(np.uint8))
    picture = picture.convert("RGB")
    if "/SMask" in image:
        mask = pikepdf.PdfImage(image.SMask).as_pil_image().convert("L")
        picture = Image.composite(picture, Image.new("RGB", picture.size, "white"), mask)
    return picture.rotate(-int(page.get("/Rotate", 0)), expand=True)


def on_white(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.webp", {"lossless": True}),
        ("a.avif", {"quality": 100}),
        ("a.gif", {}),
        ("a.jp2", {}),
        ("a.png", {}),
        ("a.tif", {}),
    ],
)
def test_what_is_clear_is_clear_in_the_pdf(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    picture = save(clear_at_left(), tmp_path / name, **options)
    with pikepdf.open(write(tmp_path, [picture])) as pdf:
        found = shown(pdf.pages[0])
    with Image.open(picture) as opened:
        assert_alike(found, on_white(opened))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_or_mirrored_picture_is_upright(
    tmp_path: Path, name: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = save(landscape((60, 40)), tmp_path / name, exif=exif)
    with pikepdf.open(write(tmp_path, [picture])) as pdf:
        found = shown(pdf.pages[0])
    with Image.open(picture) as opened:
        opened.load()  # which turns a TIFF, and forgets that it was turned
        assert_alike(found, ImageOps.exif_transpose(opened).convert("RGB"))


def ramp(low: float, high: float, kind: str) -> Image.Image:
    return Image.fromarray(np.linspace(low, high, 2400).reshape(40, 60).astype(kind))


@pytest.mark.parametrize(
    ("picture", "tags", "is_inverted"),
    [
        (ramp(0, 65535, "uint16"), {}, False),
        (ramp(0, 65535, "uint16"), {262: 0}, True),
        (ramp(0, 4095, "uint16"), {281: 4095}, False),
        (ramp(0, 4095, "uint16"), {}, False),
        (ramp(0, 1023, "uint16"), {262: 0}, True),
        (ramp(-3e6, 7e7, "int32"), {}, False),
        (ramp(0, 1, "float32"), {}, False),
        (ramp(-5, 5, "float32"), {}, False),
    ],
)
def test_deep_pictures_are_seen_as_they_are(
    tmp_path: Path, picture: Image.Image, tags: dict[int, int], *, is_inverted: bool
) -> None:
    file = save(picture, tmp_path / "a.tif", tiffinfo=tags)
    with pikepdf.open(write(tmp_path, [file])) as pdf:
        found = shown(pdf.pages[0])
    expected = ramp(255 if is_inverted else 0, 0 if is_inverted else 255, "uint8")
    assert_alike(found, expected.convert("RGB"))


def test_a_page_is_as_bright_as_the_thumbnail(tmp_path: Path) -> None:
    file = save(ramp(0, 0.4, "float32"), tmp_path / "a.tif")
    with pikepdf.open(write(tmp_path, [file])) as pdf:
        found = shown(pdf.pages[0])
    assert_alike(found, ramp(0, 0.4 * 255, "uint8").convert("RGB"))


def test_numbers_far_off_do_not_make_the_others_black(tmp_path: Path) -> None:
    picture = ramp(0, 1, "float32")
    for position, number in (((3, 3), 1e9), ((4, 4), float("nan")), ((5, 5), float("inf"))):
        picture.putpixel(position, number)
    with pikepdf.open(write(tmp_path, [save(picture, tmp_path / "a.tif")])) as pdf:
        mean = np.asarray(shown(pdf.pages[0])).mean()
    assert abs(mean - 127.5) < 2


@pytest.mark.parametrize("mode", ["LAB", "YCbCr"])
def test_other_colour_spaces_are_converted(tmp_path: Path, mode: str) -> None:
    plain = landscape((60, 40))
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(plain, srgb, lab, outputMode="LAB")
        assert picture is not None
    else:
        picture = plain.convert(mode)
    with pikepdf.open(write(tmp_path, [save(picture, tmp_path / "a.tif")])) as pdf:
        found = np.asarray(shown(pdf.pages[0]), float)
    assert np.abs(found - np.asarray(plain, float)).mean() < 3  # 8 bits of Lab are coarse


def test_a_picture_beyond_the_limits_is_no_page(tmp_path: Path) -> None:
    pdf = PicturePdf(tmp_path, MediaLimits.for_pixels(60 * 40 - 1))
    with pytest.raises(ItemError, match="2,400 pixels"):
        pdf.add(save(landscape((60, 40)), tmp_path / "a.png"))


def test_what_was_converted_is_told(tmp_path: Path) -> None:
    pdf = PicturePdf(tmp_path)
    plain = landscape((60, 40))
    assert pdf.add(save(plain, tmp_path / "a.jpg")).converted is None
    assert pdf.add(save(plain, tmp_path / "a.webp", lossless=True)).converted is None
    assert pdf.add(save(clear_at_left(), tmp_path / "b.webp")).converted == "WEBP"


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tif", "bmp", "avif"])
def test_of_a_torn_picture_the_part_that_is_there_is_shown(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 128, (300, 400, 3), dtype=np.uint8)
    whole = Image.fromarray(noise + 127)
    picture = save(whole, tmp_path / f"a.{suffix}")
    with Image.open(picture) as opened:
        true = np.asarray(opened.convert("RGB"), float)
    picture.write_bytes(picture.read_bytes()[: picture.stat().st_size * 2 // 3])
    pdf = PicturePdf(tmp_path)

    added = pdf.add(picture)

    assert isinstance(added.fault, TornPictureError)
    pdf.save(tmp_path / "a.pdf", {})
    with pikepdf.open(tmp_path / "a.pdf") as written:
        found = np.asarray(shown(written.pages[0]), float)
    there = slice(200, None) if suffix == "bmp" else slice(0, 100)  # it begins with the last row
    assert np.abs(found[there] - true[there]).mean() < 1


def test_a_page_of_text_has_its_words(tmp_path: Path) -> None:
    pdf = PicturePdf(tmp_path)

    pdf.add_text(["page (3)\\.webp", "日本", "word " * 30])

    pdf.save(tmp_path / "a.pdf", {})
    with pikepdf.open(tmp_path / "a.pdf") as written:
        shown = pikepdf.parse_content_stream(written.pages[0])
    lines = [bytes(one.operands[0]) for one in shown if str(one.operator) == "Tj"]
    assert lines[:4] == [b"page (3)\\.webp", b"", b"??", b""]
    assert max(map(len, lines)) <= 60


def assert_alike(found: Image.Image, expected: Image.Image) -> None:
    assert found.size == expected.size
    difference = np.abs(np.asarray(found, float) - np.asarray(expected, float))
    assert difference.max() <= 6


def test_pages_are_of_one_scale_and_never_larger_than_readers_take(tmp_path: Path) -> None:
    small = save(landscape((100, 200)), tmp_path / "a.jpg", dpi=(300, 300))
    tall = save(landscape((10, 30_000)), tmp_path / "b.png")
    with pikepdf.open(write(tmp_path, [small, tall])) as pdf:
        sizes = [[float(side) for side in page.mediabox[2:]] for page in pdf.pages]
    assert sizes == [[75.0, 150.0], [4.8, 14_400.0]]


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("no picture")
    with pytest.raises(ItemError) as caught:
        write(tmp_path, [text])
    assert isinstance(caught.value, DamError)
    assert str(caught.value) == "files of type text/plain cannot be decoded as pictures"
