"""Reading of PDF files by PDFium; the part of `document.kind` that needs pypdfium2.

PDFium works on one document at a time in a process, so each function holds a lock. When memory
ends, PDFium aborts the process; it has no limit of time. Both are for the caller to survive: these
functions belong into worker processes.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import pypdfium2  # type: ignore[import-untyped]  # has no types
from pypdfium2 import raw

from dam.errors import (
    DamError,
    NoPictureError,
    UnreadableDocumentError,
    raise_host_limit,
)
from dam.media.document.facts import (
    TEXT_CHARACTERS,
    TEXT_PAGES,
    DocumentFacts,
    keywords_of,
    stated,
    time_of,
)
from dam.media.document.pdf_xmp import MOST_BYTES as MOST_XMP_BYTES
from dam.media.document.pdf_xmp import facts_of_xmp
from dam.media.limits import MediaLimits

_LONGEST_SIDE_PX = 256  # of a thumbnail
_LARGEST_SCALE = 4.0
_SPARE_BYTES = (1 << 20) - MOST_XMP_BYTES
_LARGEST_VALUE_BYTES = 16 << 20
_LEAST_PAGE_BYTES = 20  # packed with others like it
_NEEDS_PASSWORD = frozenset({raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY})
_SOFT_HYPHENS = ("\x02\r\n", "\ufffe\r\n", "\x02", "\ufffe", "\xad")

# "Not thread-safe at all, not even with different documents".
_ALONE = threading.Lock()


class _Source:
    """The bytes of a file as PDFium asks for them; it counts them, and may refuse to give more.

    An error of the disk is kept in `fault`: an exception would be lost within PDFium.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size_bytes = file.seek(0, os.SEEK_END)
        self.read_bytes = 0
        self.most_bytes: int | None = None
        self.is_refused = False
        self.fault: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file; return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Return bytes; PDFium uses `readinto` alone."""
        return self._file.read(size)

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - an array of ctypes
        """Fill a buffer; return 0 where that is refused or fails."""
        self.read_bytes += len(buffer)
        if self.most_bytes is not None and self.read_bytes > self.most_bytes:
            self.is_refused = True
            return 0
        try:
            return self._file.readinto(buffer)  # type: ignore[attr-defined, no-any-return]  # every binary file has it
        except OSError as error:
            self.fault = error
            return 0


def describe(file: BinaryIO, _media_type: str, limits: MediaLimits) -> DocumentFacts:
    """Return the facts about a PDF; of one that needs a password, that it is encrypted.

    What its `Info` does not say is taken from its XMP. Beside what the picture of the first page
    needs, at most the size of the file and 1 MiB is read.
    """
    with _opened(file) as (pdf, source):
        if pdf is None:
            return DocumentFacts(is_encrypted=True)
        values = {key: _value(pdf, key) for key in _KEYS}
        text = stated(_text(pdf, source), TEXT_CHARACTERS)
        facts = DocumentFacts(
            title=stated(values["Title"]),
            author=stated(values["Author"]),
            description=stated(values["Subject"]),
            keywords=keywords_of([values["Keywords"]]),
            page_count=_page_count(pdf, source),
            is_encrypted=raw.FPDF_GetSecurityHandlerRevision(pdf) >= 0,
            created_at=time_of(values["CreationDate"]),
            modified_at=time_of(values["ModDate"]),
            text=text,
        )
    return (
        facts if all(getattr(facts, name) for name in _STATED) else _completed(facts, file, limits)
    )


def _completed(facts: DocumentFacts, file: BinaryIO, limits: MediaLimits) -> DocumentFacts:
    """Return the facts with those of the XMP where the `Info` says nothing."""
    found = facts_of_xmp(file, limits)
    missing = {name: getattr(found, name) for name in _STATED if not getattr(facts, name)}
    return replace(facts, **missing)


def picture(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> Any:  # noqa: ANN401 - Pillow's image
    """Return the first page as a picture, as large as a thumbnail.

    Raises:
        NoPictureError: There is no page, or it cannot be read without a password.
        UnreadableDocumentError: The page cannot be drawn.
    """
    with _opened(file) as (pdf, _):
        if pdf is None:
            raise NoPictureError("this PDF cannot be read without a password")
        if not len(pdf):
            raise NoPictureError("this PDF has no page")
        with closing(pdf[0]) as page:
            scale = min(_LONGEST_SIDE_PX / max(1e-3, *page.get_size()), _LARGEST_SCALE)
            with closing(page.render(scale=scale, may_draw_forms=False)) as bitmap:
                return bitmap.to_pil().convert("RGB").copy()  # its memory is PDFium's


@contextmanager
def _opened(file: BinaryIO) -> Iterator[tuple[pypdfium2.PdfDocument | None, _Source]]:
    """Open a PDF; without the document if it needs a password, or an unknown way to decrypt it."""
    source = _Source(file)
    try:
        with _ALONE, closing(pypdfium2.PdfDocument(source)) as pdf:
            yield pdf, source
    except DamError:
        raise
    except Exception as error:
        raise_host_limit(error)
        if source.fault is not None:
            raise source.fault from error
        if getattr(error, "err_code", None) not in _NEEDS_PASSWORD:
            raise UnreadableDocumentError("PDF", _reason(error)) from error
        yield None, source


def _reason(error: Exception) -> str:
    if getattr(error, "err_code", None) == raw.FPDF_ERR_FORMAT:
        return "its structure is damaged, or it is cut off"
    told = str(error) or type(error).__name__
    text = (told.partition("(PDFium: ")[2] or told).rstrip(").")
    return text[:1].lower() + text[1:]


_STATED = ("title", "author", "description", "keywords", "created_at", "modified_at")
_KEYS = ("Title", "Author", "Subject", "Keywords", "CreationDate", "ModDate")


def _value(pdf: pypdfium2.PdfDocument, key: str) -> str:
    """Return what a PDF says of itself; pypdfium2 itself fails at halves of characters."""
    name = key.encode() + b"\0"
    size = min(raw.FPDF_GetMetaText(pdf, name, None, 0), _LARGEST_VALUE_BYTES)
    buffer = ctypes.create_string_buffer(size)
    needed = raw.FPDF_GetMetaText(pdf, name, buffer, size)
    return buffer.raw.decode("utf-16-le", "ignore").rstrip("\0") if 0 < needed <= size else ""


def _page_count(pdf: pypdfium2.PdfDocument, source: _Source) -> int | None:
    """Return the number of pages, which a PDF only states; None if the last one is not there.

    Where so much was read that the last page cannot be looked for, the size of the file decides.
    """
    pages, size = len(pdf), raw.FS_SIZEF()
    if pages > 0 and not raw.FPDF_GetPageSizeByIndexF(pdf, pages - 1, ctypes.byref(size)):
        is_possible = source.is_refused and pages * _LEAST_PAGE_BYTES <= source.size_bytes
        return pages if is_possible else None
    return pages


def _text(pdf: pypdfium2.PdfDocument, source: _Source) -> str:
    """Return the text of the first pages.

    PDFium reads the pictures of a page with its text, so not every page can be afforded: the first
    one is read again when it is drawn.
    """
    opening_bytes = source.read_bytes
    spare = source.size_bytes + _SPARE_BYTES - 2 * opening_bytes
    source.most_bytes = opening_bytes + spare // 2
    parts: list[str] = []
    left = TEXT_CHARACTERS
    for number in range(min(len(pdf), TEXT_PAGES)):
        part = _page_text(pdf, number, left)
        if source.is_refused or left <= 0:
            break
        if number == 0:
            first_bytes = source.read_bytes - opening_bytes
            source.most_bytes = opening_bytes + spare - first_bytes
        parts.append(part)
        left -= len(part)
    return "\n".join(parts)


def _page_text(pdf: pypdfium2.PdfDocument, number: int, most: int) -> str:
    """Return the text of a page, up to a number of characters; of a broken one, nothing."""
    try:
        with closing(pdf[number]) as page, closing(page.get_textpage()) as text:
            found = text.get_text_range(0, min(text.count_chars(), most))
    except pypdfium2.PdfiumError:
        return ""
    for mark in _SOFT_HYPHENS:
        found = found.replace(mark, "")
    return str(found)
