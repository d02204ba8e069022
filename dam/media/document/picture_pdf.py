"""Writing of pictures as the pages of a PDF, without loss.

The data of JPEG and JPEG 2000 pictures, and of most PNGs, are copied unchanged; the pixels of other
pictures are packed without loss. What a PDF cannot hold is converted without visible loss. Of a
torn picture, the part that can be decoded is shown. The same pictures always give the same bytes.
"""

import io
import logging
import textwrap
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from PIL import Image

from dam.errors import ItemError, MissingExtraError, TornPictureError, UnreadablePictureError
from dam.media.document import pdf_pictures
from dam.media.document.values import AddedPage
from dam.media.image.bitmap import upright
from dam.media.image.reading import open_picture
from dam.media.image.torn import part_in_full
from dam.media.limits import MediaLimits

if TYPE_CHECKING:  # pikepdf comes with an extra
    from pikepdf import Pdf
    from typing_extensions import Buffer

_DEFAULT_LIMITS = MediaLimits()
_PART_BYTES = 32 << 20
_POINTS_PER_PIXEL = 0.75
_LEAST_POINTS, _MOST_POINTS = 3.0, 14_400.0  # readers of PDF accept no other sides
_PLAIN_SIZE = (450, 675)
_TEXT_COLUMNS, _TEXT_SIZE, _TEXT_LEADING, _TEXT_AT = 60, 12, 18, (36, 600)


class PicturePdf:
    """A PDF that is built picture by picture.

    It keeps the last pages in memory and writes earlier ones to files in a folder.

    Args:
        folder: An empty folder for these files; the caller removes it at the end.
        limits: Larger pictures are not decoded.

    Raises:
        MissingExtraError: The extra `comics` is not installed.
    """

    def __init__(self, folder: Path, limits: MediaLimits = _DEFAULT_LIMITS) -> None:
        self._folder = folder
        self._limits = limits
        self._parts: list[Path] = []
        self._current = _new_pdf()
        self._size_bytes = 0

    def add(self, picture: Path) -> AddedPage:
        """Add a picture as the next page; of an animation, the first frame.

        Raises:
            ItemError: Nothing of it can be decoded, or a PDF cannot hold it; no page was added.
        """
        import pikepdf  # noqa: PLC0415 - comes with an extra

        page, added = _page(picture, self._limits)
        self._current.pages.extend(pikepdf.open(io.BytesIO(page)).pages)
        self._size_bytes += len(page)
        if self._size_bytes >= _PART_BYTES:
            self._put_aside()
        return added

    def add_text(self, paragraphs: Iterable[str]) -> None:
        """Add a plain page with some text as the next one; letters that are not Latin are `?`."""
        import pikepdf  # noqa: PLC0415 - comes with an extra

        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        page = self._current.add_blank_page(page_size=_PLAIN_SIZE)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.Contents = self._current.make_stream(_text(paragraphs))

    def save(self, path: Path, attachments: Mapping[str, bytes]) -> None:
        """Write the PDF with all pages and attachments to a new file; no page may be added later.

        Args:
            path: The file to write; it must not exist.
            attachments: The contents of files to attach, by name.
        """
        import pikepdf  # noqa: PLC0415 - comes with an extra

        self._put_aside()
        with ExitStack() as stack, pikepdf.new() as whole:
            for part in self._parts:
                whole.pages.extend(stack.enter_context(pikepdf.open(part)).pages)
            for name, content in attachments.items():
                whole.attachments[name] = pikepdf.AttachedFileSpec(
                    whole,
                    content,
                    description="",
                    filename=name,
                    mime_type="",
                    creation_date="",
                    mod_date="",
                )
            _save(whole, path)

    def _put_aside(self) -> None:
        part = self._folder / f"{len(self._parts)}.pdf"
        _save(self._current, part)
        self._current.close()
        self._parts.append(part)
        self._current, self._size_bytes = _new_pdf(), 0


def _new_pdf() -> "Pdf":
    try:
        import pikepdf  # noqa: PLC0415 - comes with an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("comics", "writing PDF") from error
    return pikepdf.new()


def _save(pdf: "Pdf", path: Path) -> None:
    with path.open("xb") as file:
        output = _Output(file)
        pdf.save(cast("BinaryIO", output), deterministic_id=True)
    if output.fault is not None:
        raise output.fault


class _Output(io.RawIOBase):
    """A file whose `write` never raises, as an exception there would make qpdf abort the process.

    The first error is kept in `fault`; nothing is written after it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.fault: OSError | None = None

    def write(self, content: "Buffer", /) -> int:
        """Write all bytes, unless an earlier write has failed."""
        if self.fault is None:
            try:
                self._file.write(content)
            except OSError as error:
                self.fault = error
        return memoryview(content).nbytes

    def writable(self) -> bool:
        """Return true: it can be written to."""
        return True


def _text(paragraphs: Iterable[str]) -> bytes:
    """Return the content of a page that shows some text."""
    size, leading, (x, y) = _TEXT_SIZE, _TEXT_LEADING, _TEXT_AT
    lines = [line for text in paragraphs for line in (*textwrap.wrap(text, _TEXT_COLUMNS), "")]
    shown = "".join(f"<{line.encode('cp1252', 'replace').hex()}> Tj T* " for line in lines)
    return f"BT /F {size} Tf {leading} TL {x} {y} Td {shown}ET".encode()


def _page(picture: Path, limits: MediaLimits) -> tuple[bytes, AddedPage]:
    """Return a PDF of one page, and what became of the picture."""
    try:
        import img2pdf  # type: ignore[import-untyped] # noqa: PLC0415 - has no types; an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("comics", "writing PDF") from error

    logging.getLogger(img2pdf.__name__).setLevel(logging.CRITICAL)  # what matters, it raises
    # A torn picture is unreadable here; then the part that can be decoded is used below.
    with suppress(UnreadablePictureError), open_picture(picture, limits) as opened:
        if not pdf_pictures.is_misread(opened.image):
            with suppress(*_refusals()):
                return _one_page(picture.read_bytes()), AddedPage()
    plain, added = _converted(picture, limits)
    try:
        return _one_page(plain), added
    except _refusals() as error:
        found = added.converted or "image"
        raise UnreadablePictureError(found, "a PDF cannot hold it") from error


def _converted(picture: Path, limits: MediaLimits) -> tuple[bytes, AddedPage]:
    """Return a picture as a PNG that a PDF can hold, and what became of it."""
    try:
        with open_picture(picture, limits) as opened:
            found, missing = opened.image.format or "image", opened.missing
            fault = TornPictureError(found, missing) if missing else None
            return _png(opened.image, upright(opened.image), fault)
    except UnreadablePictureError as error:
        with part_in_full(picture, limits, error) as part:
            return _png(part.opened, part.upright, part.fault)


def _png(
    opened: Image.Image, plain: Image.Image, fault: ItemError | None
) -> tuple[bytes, AddedPage]:
    converted = None if fault else opened.format or "image"
    return pdf_pictures.plain_png(opened, plain), AddedPage(converted, fault)


def _refusals() -> tuple[type[Exception], ...]:
    """Return what img2pdf raises for pictures that a PDF cannot hold as they are."""
    import img2pdf  # noqa: PLC0415 - as above

    return (
        ValueError,
        img2pdf.AlphaChannelError,
        img2pdf.ImageOpenError,
        img2pdf.JpegColorspaceError,
        img2pdf.NegativeDimensionError,
        img2pdf.PdfTooLargeError,
        img2pdf.UnsupportedColorspaceError,
    )


def _one_page(content: bytes) -> bytes:
    import img2pdf  # noqa: PLC0415 - as above

    page = img2pdf.convert(
        content,
        engine=img2pdf.Engine.internal,
        nodate=True,
        first_frame_only=True,
        rotation=img2pdf.Rotation.ifvalid,
        layout_fun=_layout,
    )
    assert isinstance(page, bytes)
    return page


def _layout(
    width_px: int, height_px: int, _resolution: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return the width and height of the page and of the picture on it, in points.

    The resolution that a scanner wrote is ignored, so that all pages of a comic have one scale.
    """
    scale = min(_POINTS_PER_PIXEL, _MOST_POINTS / max(width_px, height_px))
    width, height = (max(_LEAST_POINTS, side * scale) for side in (width_px, height_px))
    return width, height, width, height
