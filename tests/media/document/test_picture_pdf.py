"""PDFs of pictures: their own bytes inside, always the same document, no picture lost."""

from pathlib import Path

import pytest
from PIL import Image

from dam.errors import DamError, ItemError
from dam.media.document import picture_pdf
from dam.media.document.picture_pdf import PicturePdf
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
