"""The media kind of documents: `DOCUMENT`. What it needs is imported when the first one comes."""

import importlib.util
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from dam.errors import MissingExtraError, NoPictureError
from dam.media.decoder import Decoder, version_of
from dam.media.document.facts import DocumentFacts
from dam.media.extras import importing
from dam.media.image.covers import small_cover
from dam.media.kind import MediaKind
from dam.media.limits import MediaLimits

EXTRA = "documents"

_MODULES = ("pypdfium2", "defusedxml", "olefile")
_PDF, _EPUB, _RTF = "application/pdf", "application/epub+zip", "text/rtf"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_XML_TYPES = frozenset(
    _OPEN_XML + each
    for each in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)
_OPEN_DOCUMENT_TYPES = frozenset(
    _OPEN_DOCUMENT + each + ending
    for each in ("text", "spreadsheet", "presentation", "graphics")
    for ending in ("", "-template")
)
_COMPOUND_TYPES = frozenset(
    {
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-outlook",
        "application/vnd.ms-powerpoint",
        "application/x-ole-storage",
    }
)

Cover = Callable[[BinaryIO, str, MediaLimits], bytes | None]


def _describe(file: BinaryIO, media_type: str, limits: MediaLimits) -> DocumentFacts:
    return _describer(media_type)(file, media_type, limits)


def _describer(media_type: str) -> Callable[[BinaryIO, str, MediaLimits], DocumentFacts]:
    if media_type == _RTF:
        from dam.media.document import rtf  # noqa: PLC0415 - other files need none of it

        return rtf.describe
    with _extra():
        if media_type == _PDF:
            from dam.media.document import pdf  # noqa: PLC0415 - the extra may be absent

            return pdf.describe
        if media_type in _COMPOUND_TYPES:
            from dam.media.document import compound  # noqa: PLC0415 - the same

            return compound.describe
        from dam.media.document import office  # noqa: PLC0415 - other files need none of it

    if media_type == _EPUB:
        return office.describe_epub
    return (
        office.describe_open_xml if media_type in _OPEN_XML_TYPES else office.describe_open_document
    )


def _picture(file: BinaryIO, media_type: str, limits: MediaLimits) -> Any:  # noqa: ANN401 - Pillow's image
    if media_type == _PDF:
        with _extra():
            from dam.media.document import pdf  # noqa: PLC0415 - the extra may be absent
        return pdf.picture(file, media_type, limits)
    cover = _cover_of(media_type)
    content = cover(file, media_type, limits) if cover else None
    if content is None:
        raise NoPictureError("this document has no cover")
    return small_cover(content, limits)


def _cover_of(media_type: str) -> Cover | None:
    """Return the function that finds the cover of such a document; None if it never has one."""
    if media_type == _RTF or media_type in _COMPOUND_TYPES:
        return None
    with _extra():
        from dam.media.document import office  # noqa: PLC0415 - as above

    if media_type == _EPUB:
        return office.epub_cover
    return office.open_xml_cover if media_type in _OPEN_XML_TYPES else office.open_document_cover


def _extra() -> AbstractContextManager[None]:
    return importing(EXTRA, "reading documents", *_MODULES)


def _has_extra() -> bool:
    return all(importlib.util.find_spec(module) for module in _MODULES)


def installed_readers() -> Mapping[str, Decoder]:
    """Return the state of the readers of documents, by what they read."""
    return {"pdf": _state("pypdfium2"), "epub": _state("defusedxml"), "office": _state("olefile")}


def _state(package: str) -> Decoder:
    if importlib.util.find_spec(package):
        return Decoder(available=True, version=version_of(package), hint=None)
    hint = MissingExtraError(EXTRA, "reading documents").hint
    return Decoder(available=False, version=None, hint=hint)


DOCUMENT = MediaKind(
    name="document",
    media_types=frozenset({_PDF, _EPUB, _RTF})
    | _OPEN_XML_TYPES
    | _OPEN_DOCUMENT_TYPES
    | _COMPOUND_TYPES,
    describe=_describe,
    description_version=3,
    picture=_picture,
    picture_version=2,
    is_hashed=False,
    requirements={EXTRA: _has_extra},
    decoders=installed_readers,
)
