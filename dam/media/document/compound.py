"""Facts of the old office formats and Outlook's messages, which are OLE compound files."""

import struct
from datetime import UTC, datetime
from typing import Any, BinaryIO

import olefile  # type: ignore[import-untyped]  # has no types

from dam.errors import MediaLimitError, UnreadableDocumentError
from dam.media.archive.reader import damage_is
from dam.media.document.facts import DocumentFacts, count_of, keywords_of, stated, time_of
from dam.media.limits import MediaLimits

_MOST_BYTES = 256 << 20
_MOST_STREAM_BYTES = 1 << 20
_WORD_IS_ENCRYPTED = 0x0100
_EXCEL_HAS_PASSWORD = 0x2F
_EXCEL_RECORDS = 64
_POWERPOINT_IS_ENCRYPTED = 0xF3D1C4DF
_NEEDS_PASSWORD = 1
_MAPI_TEXT = (("1F", "utf-16-le"), ("1E", "cp1252"))
_MAPI_TIME = 0x0040
_SENT, _CREATED, _MODIFIED = 0x0039, 0x3007, 0x3008
_SUBJECT, _SENDER = "0037", "0C1A"
_MESSAGE = "__properties_version1.0"
_MESSAGE_HEADER_BYTES = 32
_FILETIME_OF_1970 = 116_444_736_000_000_000

_NAMES = {
    "application/msword": "DOC",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.ms-powerpoint": "PPT",
    "application/vnd.ms-outlook": "MSG",
}


def describe(file: BinaryIO, media_type: str, _limits: MediaLimits) -> DocumentFacts:
    """Return the facts about a doc, xls, ppt, msg, or another compound file.

    Raises:
        UnreadableDocumentError: It is corrupt.
        MediaLimitError: It is so large that to walk through it in Python would take too long.
    """
    size_bytes = file.seek(0, 2)
    if size_bytes > _MOST_BYTES:
        raise MediaLimitError("bytes in a compound file", size_bytes, _MOST_BYTES)
    file.seek(0)
    name = _NAMES.get(media_type, "OLE")
    fault = UnreadableDocumentError(name, "its directory or its streams are corrupt")
    with damage_is(fault), olefile.OleFileIO(file) as document:
        is_message = document.exists(_MESSAGE)
        return _message(document) if is_message else _office(document)


def _office(document: olefile.OleFileIO) -> DocumentFacts:
    found = document.get_metadata()
    slides = found.slides if document.exists("PowerPoint Document") else None
    return DocumentFacts(
        title=_text(found, found.title),
        author=_text(found, found.author),
        description=_text(found, found.comments) or _text(found, found.subject),
        keywords=keywords_of(filter(None, [_text(found, found.keywords)])),
        page_count=count_of(str(slides or found.num_pages)),
        is_encrypted=_is_encrypted(document, found),
        created_at=_time(found.create_time),
        modified_at=_time(found.last_saved_time),
    )


def _text(found: Any, value: object) -> str | None:  # noqa: ANN401 - olefile has no types
    """Return a text of the summary, which is in the code page that the summary names."""
    if not isinstance(value, bytes):
        return stated(str(value)) if isinstance(value, str) else None
    page = found.codepage & 0xFFFF if isinstance(found.codepage, int) else 1252
    names = {65001: "utf-8", 1200: "utf-16-le", 10000: "mac-roman"}
    try:
        return stated(value.decode(names.get(page, f"cp{page}"), "replace"))
    except LookupError:
        return stated(value.decode("cp1252", "replace"))


def _time(value: object) -> str | None:
    return time_of(value.replace(tzinfo=UTC).isoformat()) if isinstance(value, datetime) else None


def _is_encrypted(document: olefile.OleFileIO, found: Any) -> bool:  # noqa: ANN401 - as above
    security = found.security
    if document.exists("EncryptedPackage") or document.exists("EncryptedSummary"):
        return True
    if isinstance(security, int) and security & _NEEDS_PASSWORD:
        return True
    word = _head(document, "WordDocument", 12)
    if len(word) == 12 and struct.unpack_from("<H", word, 10)[0] & _WORD_IS_ENCRYPTED:  # noqa: PLR2004 - its size
        return True
    shown = _head(document, "Current User", 16)
    if len(shown) == 16 and struct.unpack_from("<L", shown, 12)[0] == _POWERPOINT_IS_ENCRYPTED:  # noqa: PLR2004 - its size
        return True
    return _excel_has_password(_head(document, "Workbook", 4096) or _head(document, "Book", 4096))


def _excel_has_password(records: bytes) -> bool:
    at = 0
    for _ in range(_EXCEL_RECORDS):
        if len(records) < at + 4:
            return False
        kind, length = struct.unpack_from("<HH", records, at)
        if kind == _EXCEL_HAS_PASSWORD:
            return True
        at += 4 + length
    return False


def _head(document: olefile.OleFileIO, name: str, size: int) -> bytes:
    if not document.exists(name):
        return b""
    head: bytes = document.openstream(name).read(size)
    return head


def _message(document: olefile.OleFileIO) -> DocumentFacts:
    times = _message_times(_head(document, _MESSAGE, _MOST_STREAM_BYTES))
    return DocumentFacts(
        title=_message_text(document, _SUBJECT),
        author=_message_text(document, _SENDER),
        created_at=_filetime(times.get(_SENT) or times.get(_CREATED)),
        modified_at=_filetime(times.get(_MODIFIED)),
    )


def _message_text(document: olefile.OleFileIO, tag: str) -> str | None:
    for kind, encoding in _MAPI_TEXT:
        name = f"__substg1.0_{tag}00{kind}"
        if document.exists(name):
            return stated(_head(document, name, _MOST_STREAM_BYTES).decode(encoding, "replace"))
    return None


def _message_times(properties: bytes) -> dict[int, int]:
    """Return the times of a message, by tag, each in tenths of microseconds since 1601."""
    found = {}
    for at in range(_MESSAGE_HEADER_BYTES, len(properties) - 15, 16):
        kind, tag, _, value = struct.unpack_from("<HHLQ", properties, at)
        if kind == _MAPI_TIME:
            found[tag] = value
    return found


def _filetime(value: int | None) -> str | None:
    seconds = ((value or 0) - _FILETIME_OF_1970) / 10_000_000
    if not 0 < seconds < 1 << 33:
        return None
    return time_of(datetime.fromtimestamp(seconds, UTC).isoformat())
