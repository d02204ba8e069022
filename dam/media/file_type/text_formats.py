"""Recognition of texts: plain ones, and formats that are written as text.

Many formats begin with letters, and so may any text: "DDS is a surface format". What holds no
control character is therefore a text, unless the grammar of a format that is written as text
describes its beginning.
"""

import codecs
import csv
import json
import re
import zlib

TEXT = "text/plain"

_WIDE_MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EBCDIC = "cp037"
_EBCDIC_CONTROL = bytes(set(range(64)) - set(b"\x05\x0d\x15\x25")) + b"\xff"
_EBCDIC_BLANK = 0x40
_LEAST_EBCDIC_BYTES, _MOST_LETTERS_A_WORD = 16, 20
_CONTROL = bytes(set(range(32)) - set(b"\a\b\t\n\v\f\r\x1b")) + b"\x7f"
_LAST_OF_ASCII, _LEAST_FILLING = 0x7F, 16  # erased memory is full of 0xFF
_END_OF_DOS = b"\x1a"
_GAP = rb"(?:\s|#[^\n]*\n)+"
_GRAMMARS = (
    (rb"P[1-3]" + _GAP + rb"\d{1,9}" + _GAP + rb"\d{1,9}" + rb"\s", "portable"),
    (rb"P[4-6]" + _GAP + rb"\d{1,9}" + _GAP + rb"\d{1,9}\s", "portable"),
    (rb"P7\n(?:#[^\n]*\n|(?:WIDTH|HEIGHT|DEPTH|MAXVAL) \d+\n|TUPLTYPE \w+\n)+ENDHDR\n", "portable"),
    (rb"P[Ff]\s+\d{1,9}\s+\d{1,9}\s+-?\d+(?:\.\d+)?\s", "portable"),
    (rb"(?s)/\* XPM \*/\s*(?:/\*.*?\*/\s*)*(?:static\s+)?(?:const\s+)?char\s*\*", None),
    (rb"\{\\rtf\d", None),
    (rb"\x04?%!(?:PS-Adobe(?:Font)?-\d|PS[\r\n]|[\r\n]|$)", None),
    (rb"SIMPLE  = {20}T", None),
    (rb"Image type: [^\n]*\r\n", None),
    (rb"(?s)#\?(?:RADIANCE|RGBE)\s*\n.*\n[-+][XY] \d+ [-+][XY] \d+\n", None),
    (rb"(?:\xef\xbb\xbf)?%PDF-\d", None),
    (rb"(?s)(?:RIFF|RIFX|RF64|BW64)....(?:WAVE(?:fmt |JUNK|LIST)|AVI LIST|WEBP[^\s.,;:!?])", None),
    (rb"d8:announce(?:-list)?(?:\d+:|l)", None),
    (rb"P7 332\n#", None),
)
_RASTER = re.compile(rb"P([4-6])" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)(?:" + _GAP + rb"(\d+))?\s")
_NUMBERS = re.compile(rb"P[1-3](?:[\s\d]|#[^\n]*(?:\n|$))+")
_LARGEST_OF_A_BYTE = 255
_WRITTEN = tuple((re.compile(grammar), name) for grammar, name in _GRAMMARS)
_PORTABLE = tuple(pattern for pattern, name in _WRITTEN if name == "portable")
_BEFORE_THE_ROOT = re.compile(
    rb"(?s)(?:\s+|<!--.*?(?:-->|$)|<\?.*?(?:\?>|$)|<!DOCTYPE[^>\[]*(?:\[.*?(?:\]\s*|$))?(?:>|$))+",
    re.IGNORECASE,
)
_ROOT = re.compile(rb"<([A-Za-z][\w:.-]*)(?:\s+[\w:.-]+\s*=\s*[\"']|\s*(/?)>\s*(.?))")
_ROOT_OF_DOCTYPE = re.compile(rb"(?i)<!DOCTYPE\s+(svg)\b")
_ROOT_ELEMENTS = {
    b"svg": "image/svg+xml",
    b"svg:svg": "image/svg+xml",
    b"x:xmpmeta": "application/rdf+xml",
    b"rdf:rdf": "application/rdf+xml",
    b"html": "text/html",
    b"head": "text/html",
    b"body": "text/html",
}
_LETTER = re.compile(
    rb"(?:(?!From )[!-9;-~]{1,60}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)+", re.IGNORECASE
)
_LETTER_FIELD = re.compile(rb"(?m)^([!-9;-~]+):")
_OF_LETTERS = frozenset({b"from", b"sender", b"received", b"return-path"})
_ALSO_OF_LETTERS = frozenset({b"message-id", b"mime-version", b"received", b"date", b"to"})
_LEAST_FIELDS = 2
_COMMA = re.compile(rb",(?! )")
_LEAST_ROWS, _MOST_ROWS = 3, 10
_TEXT_FORMATS = (
    (re.compile(rb"(?i)<!doctype html"), "text/html"),
    (re.compile(rb"<\?xml"), "text/xml"),
    (
        re.compile(
            rb"(?s)(?:/\*.*?\*/\s*)?#define\s+\S+_width\s+\d+\s+#define\s+\S+_height\s+\d+\s+"
            rb"(?:#define\s+\S+\s+\d+\s+)*(?:static|const|unsigned|char)\b"
        ),
        "image/x-xbitmap",
    ),
    (re.compile(rb'\{\s*("[^"]*"\s*:|\})|\[\s*[{\["]'), "application/json"),
)
_GZIP = b"\x1f\x8b"
_GZIP_BITS = 31  # for `zlib`: the stream begins with the header of gzip


def is_text(head: bytes) -> bool:
    """Tell whether the beginning of a file, not empty, is written in some encoding of 8 bits."""
    text = head.removesuffix(_END_OF_DOS)
    is_filling = len(text) >= _LEAST_FILLING and text[0] > _LAST_OF_ASCII and len(set(text)) == 1
    return len(text.translate(None, _CONTROL)) == len(text) and not is_filling


def in_utf8(head: bytes) -> bytes | None:
    """Return a text whose letters take two or four bytes, or are EBCDIC, in UTF-8; None of others.

    UTF-16 without its mark is only known if all letters are of ASCII.
    """
    known = next((name for mark, name in _WIDE_MARKS if head.startswith(mark)), None)
    if known is None and len(head) > 1 and not any(head[1::2]) and is_text(head[::2]):
        known = "utf-16-le"
    if known is None and len(head) > 1 and not any(head[::2]) and is_text(head[1::2]):
        known = "utf-16-be"
    if known is None and _is_ebcdic(head):
        return head.decode(_EBCDIC).replace("\x85", "\n").encode()
    if known is None:
        return None
    return head.decode(known, "replace").encode("utf-8", "replace")


def _is_ebcdic(head: bytes) -> bool:
    """Tell whether a file has no byte that EBCDIC does not print, and a blank now and then."""
    is_printed = len(head.translate(None, _EBCDIC_CONTROL)) == len(head)
    has_words = head.count(_EBCDIC_BLANK) * _MOST_LETTERS_A_WORD >= len(head) >= _LEAST_EBCDIC_BYTES
    return is_printed and has_words


def is_written(head: bytes) -> bool:
    """Tell whether a text is the beginning of a picture or document that is written as text."""
    return any(pattern.match(head) for pattern, _ in _WRITTEN)


def is_portable(head: bytes) -> bool:
    """Tell whether a file begins as a PBM, PGM, PPM, PAM or PFM does, with its numbers."""
    return any(pattern.match(head) for pattern in _PORTABLE)


def has_raster(head: bytes, size_bytes: int) -> bool:
    """Tell whether behind the numbers of a PBM, PGM or PPM there is its picture, not some words.

    Args:
        head: The beginning of the file, which `is_portable`.
        size_bytes: The size of the file: that of the picture follows from the numbers. Blanks may
            be behind it.
    """
    if head[:2] in (b"P1", b"P2", b"P3"):
        return _NUMBERS.fullmatch(head.removesuffix(_END_OF_DOS)) is not None
    found = _RASTER.match(head)
    if found is None:
        return head[:2] not in (b"P4", b"P5", b"P6")
    is_bitmap, width, height = found[1] == b"4", int(found[2]), int(found[3])
    if is_bitmap:
        start, row_bytes = found.end(3) + 1, (width + 7) // 8
    else:
        start, row_bytes = found.end(), width * (3 if found[1] == b"6" else 1)
        row_bytes *= 1 if int(found[4] or 0) <= _LARGEST_OF_A_BYTE else 2
    end = start + row_bytes * height
    return end == size_bytes or (end < size_bytes and not head[end:].strip())


def type_of_text(head: bytes, *, is_whole: bool) -> str:
    """Return the media type of a text.

    Args:
        head: Its beginning, in an encoding in which ASCII is itself.
        is_whole: That is all of it.
    """
    if found := markup_type(head):
        return found
    if is_whole and _is_list(head):
        return "application/json"
    if _is_letter(head):
        return "message/rfc822"
    return "text/csv" if _is_table(head, is_whole=is_whole) else TEXT


def markup_type(head: bytes) -> str | None:
    """Return the media type of markup and of source code that is a picture; None of other text."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        before = _BEFORE_THE_ROOT.match(start)
        root = _ROOT.match(start, before.end() if before else 0)
        if root and (kind := _ROOT_ELEMENTS.get(root[1].lower())):
            # Words right behind `<svg>` are those of somebody who writes about it.
            if root[3] in (None, b"", b"<") or kind == "text/html":
                return kind
        elif _ROOT_OF_DOCTYPE.search(start[: before.end()] if before else b""):
            return "image/svg+xml"
    return next((kind for pattern, kind in _TEXT_FORMATS if pattern.match(start)), None)


def _is_letter(head: bytes) -> bool:
    """Tell whether a text begins with the fields of a mail: the sender, and when or to whom."""
    fields = _LETTER.match(head)
    if fields is None:
        return False
    names = {name.lower() for name in _LETTER_FIELD.findall(fields[0])}
    return bool(names & _OF_LETTERS) and len(names & _ALSO_OF_LETTERS) >= _LEAST_FIELDS


def _is_table(head: bytes, *, is_whole: bool) -> bool:
    """Tell whether all of the first lines of a text have the same number of commas, as CSV has.

    Behind each comma of prose there is a blank.
    """
    text = head.removeprefix(codecs.BOM_UTF8).removesuffix(_END_OF_DOS)
    lines = text.decode("utf-8", "replace").splitlines()
    complete = lines if is_whole else lines[:-1]
    if not _COMMA.search(head):
        return False
    try:
        rows = list(csv.reader(complete[:_MOST_ROWS], strict=True))
    except csv.Error:
        return False
    return len(rows) >= _LEAST_ROWS and len({len(row) for row in rows}) == 1 < len(rows[0])


def compressed_type(head: bytes) -> str | None:
    """Return the media type of a file in gzip: of a drawing its own, as its users do."""
    if not head.startswith(_GZIP):
        return None
    try:
        start = zlib.decompressobj(_GZIP_BITS).decompress(head, len(head))
    except zlib.error:
        start = b""
    return "image/svg+xml" if markup_type(start) == "image/svg+xml" else "application/gzip"


def _is_list(text: bytes) -> bool:
    """Tell whether a text is a list in JSON, such as `[1]`; `[1] see below` is none."""
    if not text.lstrip().startswith(b"["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
