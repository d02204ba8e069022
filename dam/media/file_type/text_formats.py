"""Recognition of texts: plain ones, and formats that are written as text.

Many formats begin with letters, and so may any text: "DDS is a surface format". What holds no
control character is therefore a text, unless the grammar of a format that is written as text
describes its beginning.
"""

import codecs
import json
import re
import zlib

TEXT = "text/plain"

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = bytes(set(range(32)) - set(b"\a\b\t\n\v\f\r\x1b")) + b"\x7f"
_END_OF_DOS = b"\x1a"
_GAP = rb"(?:\s|#[^\n]*\n)+"
_GRAMMARS = (
    (rb"P[1-3]" + _GAP + rb"\d{1,9}" + _GAP + rb"\d{1,9}" + _GAP + rb"[\d\s#]", "portable"),
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
    (rb"(?s)(?:RIFF|RIFX|RF64|BW64|FORM)....(?:WAVE|AVI |WEBP|AIF[FC]|ILBM|PBM |8SVX)", None),
    (rb"d8:announce(?:-list)?(?:\d+:|l)", None),
    (rb"P7 332\n#", None),
)
_WRITTEN = tuple((re.compile(grammar), name) for grammar, name in _GRAMMARS)
_PORTABLE = tuple(pattern for pattern, name in _WRITTEN if name == "portable")
_ROOT_ELEMENTS = {
    b"svg": "image/svg+xml",
    b"svg:svg": "image/svg+xml",
    b"x:xmpmeta": "application/rdf+xml",
    b"rdf:rdf": "application/rdf+xml",
    b"html": "text/html",
    b"head": "text/html",
    b"body": "text/html",
}
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
    return len(text.translate(None, _CONTROL)) == len(text)


def is_utf16(head: bytes) -> bool:
    """Tell whether a file begins with the mark of UTF-16."""
    return head[:2] in _UTF16_MARKS


def is_written(head: bytes) -> bool:
    """Tell whether a text is the beginning of a picture or document that is written as text."""
    return any(pattern.match(head) for pattern, _ in _WRITTEN)


def is_portable(head: bytes) -> bool:
    """Tell whether a file begins as a PBM, PGM, PPM, PAM or PFM does, with its numbers."""
    return any(pattern.match(head) for pattern in _PORTABLE)


def type_of_text(head: bytes, *, is_whole: bool) -> str:
    """Return the media type of a text.

    Args:
        head: Its beginning.
        is_whole: That is all of it.
    """
    return markup_type(head) or ("application/json" if is_whole and _is_list(head) else TEXT)


def markup_type(head: bytes) -> str | None:
    """Return the media type of markup and of source code that is a picture; None of other text."""
    if is_utf16(head):
        start = head.decode("utf-16", "replace").lstrip().encode("utf-8", "replace")
    else:
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        without_comments = re.sub(rb"(?s)<!--.*?(-->|$)", b"", start)
        root = re.search(rb"<([A-Za-z][\w:.-]*)", without_comments)
        if root and root[1].lower() in _ROOT_ELEMENTS:
            return _ROOT_ELEMENTS[root[1].lower()]
    return next((kind for pattern, kind in _TEXT_FORMATS if pattern.match(start)), None)


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
