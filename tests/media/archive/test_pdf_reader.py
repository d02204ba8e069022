"""PDFs of pictures as archives: the same bytes for ever, and no for all other PDFs."""

import hashlib
import io
import zlib
from pathlib import Path

import img2pdf  # type: ignore[import-untyped]  # has no types
import pytest
from PIL import Image

from dam.errors import (
    EncryptedArchiveError,
    ItemError,
    MediaLimitError,
    PdfPageError,
    UnreadableArchiveError,
)
from dam.media.archive.opening import open_archive
from dam.media.document.picture_pdf import PicturePdf
from tests.command_line import DamCli
from tests.media.document_files import hostile_pdfs, page_pdf, picture, self_calling_pdf, stream

_DRAWN = b"q 200 0 0 200 0 0 cm /I Do Q"
_RGB = b"/Subtype/Image/Width 16/Height 10/BitsPerComponent 8/ColorSpace/DeviceRGB"
_FLATE = b"/Filter/FlateDecode"
_PIXELS = bytes(range(240)) * 2


def members(content: bytes, path: Path) -> dict[str, bytes]:
    path.write_bytes(content)
    with open_archive(path) as archive:
        assert archive.format == "pdf"
        return {member.name: archive.read(member) for member in archive.members}


def noise(mode: str, image_format: str = "PNG") -> bytes:
    content = io.BytesIO()
    image = Image.effect_noise((61, 43), 80).convert("RGB").convert(mode)
    image.save(content, image_format)
    return content.getvalue()


def test_pictures_are_taken_out_as_they_were_put_in(tmp_path: Path) -> None:
    sources = [
        picture("JPEG"),
        *map(noise, ("RGB", "L", "P", "1")),
        noise("L", "JPEG2000"),
    ]
    found = members(img2pdf.convert(sources), tmp_path / "a.pdf")
    suffixes = ("jpg", "png", "png", "png", "png", "jp2")
    names = [f"000{number}.{suffix}" for number, suffix in enumerate(suffixes, 1)]
    assert list(found) == names
    for name, source in zip(names, sources, strict=True):
        assert found[name] == source or name.endswith("jp2")
        own, its = Image.open(io.BytesIO(found[name])), Image.open(io.BytesIO(source))
        assert own.convert("RGB").tobytes() == its.convert("RGB").tobytes()


def test_a_pdf_that_dam_wrote_gives_back_all_that_it_was_made_of(tmp_path: Path) -> None:
    contents = {"0001.jpg": picture("JPEG"), "0002.png": picture("PNG")}
    (tmp_path / "parts").mkdir()
    written = PicturePdf(tmp_path / "parts")
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        written.add(tmp_path / name)
    document = b"<ComicInfo><Series>Saga</Series></ComicInfo>"
    written.save(tmp_path / "a.pdf", {"ComicInfo.xml": document})
    with open_archive(tmp_path / "a.pdf") as archive:
        found = {member.name: archive.read(member) for member in archive.members}
    assert found == {**contents, "ComicInfo.xml": document}


def one_picture(entries: bytes, content: bytes, drawn: bytes = _DRAWN) -> bytes:
    more = [stream(content, entries), stream(b"", b"/Subtype/Image/Width 1/Height 1")]
    return page_pdf(stream(drawn), b"/XObject<</I 5 0 R>>", more=more)


def test_pixels_that_no_file_had_get_the_same_bytes_for_ever(tmp_path: Path) -> None:
    packed = [zlib.compress(_PIXELS, level) for level in (1, 9)]
    pngs = [
        members(one_picture(_RGB + _FLATE, each), tmp_path / "a")["0001.png"] for each in packed
    ]
    assert [hashlib.sha256(png).hexdigest() for png in pngs] == [_FOR_EVER] * 2
    assert Image.open(io.BytesIO(pngs[0])).tobytes() == _PIXELS


_FOR_EVER = "d09f8e65da4895f69fd5e65380e10b8195e85e1543b5bffa455b0cc6ebac74a3"

_HIDDEN = b" BT 3 Tr /F 12 Tf (what was read) Tj ET"
_GOOD = zlib.compress(_PIXELS)
REFUSED = {
    "it has text": one_picture(_RGB + _FLATE, _GOOD, _DRAWN + b" BT (x) Tj ET"),
    "it has drawings": one_picture(_RGB + _FLATE, _GOOD, _DRAWN + b" 0 0 9 9 re f"),
    "it has 2 pictures": one_picture(_RGB + _FLATE, _GOOD, _DRAWN + b" " + _DRAWN),
    "it has no picture": one_picture(_RGB + _FLATE, _GOOD, b""),
    "its picture has a mask": one_picture(_RGB + _FLATE + b"/SMask 6 0 R", _GOOD),
    "it is drawn in parts": self_calling_pdf(),
    "a packing, that no PNG has": one_picture(_RGB + b"/Filter/CCITTFaxDecode", _GOOD),
    "colours, or": one_picture(_RGB.replace(b"DeviceRGB", b"DeviceCMYK") + _FLATE, _GOOD),
    "packed by nothing": one_picture(_RGB, _PIXELS),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_page_that_is_not_one_picture_is_named(reason: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(REFUSED[reason])
    with pytest.raises(PdfPageError, match=reason) as caught, open_archive(tmp_path / "a"):
        pass
    assert caught.value.page_number == 1


def test_text_that_a_scanner_laid_under_a_page_does_not_count(tmp_path: Path) -> None:
    content = one_picture(b"/Subtype/Image/Filter/DCTDecode", picture("JPEG"), _DRAWN + _HIDDEN)
    assert members(content, tmp_path / "a") == {"0001.jpg": picture("JPEG")}


def test_hostile_pdfs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in hostile_pdfs().values():
        members_error(content, path)
    bomb = zlib.compress(b" " * (32 << 20), 9)
    path.write_bytes(page_pdf(stream(bomb, _FLATE)))
    with pytest.raises(MediaLimitError), open_archive(path):
        pass
    whole = one_picture(_RGB + _FLATE, zlib.compress(_PIXELS))
    for tenth in range(1, 10):
        path.write_bytes(whole[: len(whole) * tenth // 10])
        with pytest.raises(UnreadableArchiveError, match="unreadable pdf"), open_archive(path):
            pass
    missing = members_error(one_picture(_RGB + _FLATE, zlib.compress(_PIXELS[:9])), path)
    assert "its stream is damaged" in missing


def members_error(content: bytes, path: Path) -> str:
    with pytest.raises(ItemError) as caught:
        members(content, path)
    return caught.value.message


def test_a_pdf_with_a_password_is_encrypted(tmp_path: Path) -> None:
    import pikepdf  # noqa: PLC0415 - only here

    with pikepdf.open(io.BytesIO(img2pdf.convert([picture("JPEG")]))) as pdf:
        pdf.save(tmp_path / "a", encryption=pikepdf.Encryption(owner="a", user="b"))
        pdf.save(tmp_path / "b", encryption=pikepdf.Encryption(owner="a", user=""))
    with pytest.raises(EncryptedArchiveError), open_archive(tmp_path / "a"):
        pass
    with open_archive(tmp_path / "b") as archive:
        assert archive.read(archive.members[0]) == picture("JPEG")


def test_a_pdf_of_pictures_becomes_a_comic(dam_cli: DamCli, tmp_path: Path) -> None:
    pages = [picture("JPEG"), picture("JPEG", "red")]
    (tmp_path / "Saga 001 (2024).pdf").write_bytes(img2pdf.convert(pages))
    imported = dam_cli("comic", "import", tmp_path / "Saga 001 (2024).pdf", "--json")
    assert imported.returncode == 0, imported.stderr
    (one,) = imported.json
    assert (one["status"], one["pages"], one["failed_pages"]) == ("added", 2, [])
    shown = dam_cli("comic", "pages", str(one["variant_entity_id"]), "--json").json
    assert [page["sha256"] for page in shown] == [
        hashlib.sha256(page).hexdigest() for page in pages
    ]
    assert [page["width"] for page in shown] == [60, 60]
