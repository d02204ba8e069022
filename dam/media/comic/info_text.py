"""Mending of the text of a malformed ComicInfo.xml: what can be read of it is used.

Nothing here expands what a document declares, or fetches anything.
"""

import codecs
import re
import sys
from html.entities import html5
from xml.etree.ElementTree import Element

from dam.media.comic.info import PAGES_NAME, SCHEMA_ORDER
from dam.media.comic.xml_markup import XSI_NAMESPACE, escape, is_writable, split_name, writable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Encodings that are accepted besides those above. Python knows more; some of them do not encode
# text at all.
_SINGLE_BYTE = re.compile(r"ascii|iso8859-\d+|cp125\d|koi8-[ru]")
_MULTIBYTE = re.compile(r"utf-8|shift_jis|cp932|euc_jp|gb2312|gbk|gb18030|big5|euc_kr|cp949")
_XML_DECLARATION = re.compile(r"<\?xml\s[^<>]*>")
_DOCUMENT_TYPE = re.compile(r"""\s*<!DOCTYPE(?:[^"'<>\[]|"[^"]*"|'[^']*')*+>""", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?P<kept><!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))"
    r"|&(?:#(?P<decimal>\d{1,7})|#x(?P<hexadecimal>[0-9a-f]{1,6})|(?P<name>[a-z]\w{1,31}));"
    r"|&|<(?![^\W\d]|[/!?:])",
    re.DOTALL | re.IGNORECASE,
)
_OF_XML = ("amp", "lt", "gt", "quot", "apos")
_ROOT = re.compile(r"comic[ ._-]?info\w*", re.IGNORECASE)
_USUAL_NAMES = {name.casefold(): name for name in SCHEMA_ORDER}
_PAGE_NAMES = {
    name.casefold(): name
    for name in (
        *("Page", "Image", "Type", "DoublePage", "ImageSize", "Key", "Bookmark"),
        *("ImageWidth", "ImageHeight"),
    )
}


def decoded_document(xml: bytes) -> tuple[str, list[str]]:
    """Return the text of a document, and what was mended in it.

    The encoding is that of its byte order mark, else the one that it declares, else UTF-8. Where
    the bytes are no such text, they are UTF-8 if they can be, else code page 1252.
    """
    said, is_marked = _encoding(xml)
    is_one_byte = _SINGLE_BYTE.fullmatch(said) is not None
    is_known = is_marked or is_one_byte or _MULTIBYTE.fullmatch(said) is not None
    # Text in a one-byte encoding is never UTF-8 by chance, but often UTF-8 is declared to be such.
    candidates = ["utf-8", said] if is_one_byte else [said, "utf-8"] if is_known else ["utf-8"]
    found = next((name for name in candidates if _is_text_in(name, xml)), None)
    encoding = found or (said if is_marked else "cp1252")
    is_as_said = is_known and (found == said or xml.isascii())
    remarks = [] if is_as_said else [f"it is not text in {said}; read as {encoding}"]
    return xml.decode(encoding, "replace").removeprefix("\ufeff").strip("\0 \t\r\n"), remarks


def _encoding(xml: bytes) -> tuple[str, bool]:
    """Return the encoding that a document says it has, and whether a byte order mark says so."""
    for bom, name in _BOMS:
        if xml.startswith(bom):
            return name, True
    match = _DECLARED.match(xml)
    name = match[1].decode("ascii").lower() if match else "utf-8"
    if name.startswith(("utf-16", "utf-32", "ucs-2")):
        return "utf-8", False  # the declaration matched as ASCII, so the text is not UTF-16
    try:
        return codecs.lookup(name).name, False
    except LookupError:
        return name, False


def _is_text_in(encoding: str, xml: bytes) -> bool:
    try:
        xml.decode(encoding)
    except UnicodeError:
        return False
    return True


def mended_markup(text: str) -> tuple[str, list[str]]:
    """Return a document that more of can be parsed, and what was mended in it.

    A document type declaration is left out if it declares no entities itself; one that does stays,
    for the parser to refuse.
    """
    remarks = []
    allowed = text if is_writable(text) else writable(text)
    if allowed != text:
        remarks.append("characters that XML forbids")
    root = allowed.find("<")
    if allowed[: max(root, 0)].strip():
        remarks.append("text before it")
    body, declarations = _XML_DECLARATION.subn("", allowed[max(root, 0) :])
    if declarations > 1:
        remarks.append(f"{declarations} XML declarations")
    bare = _DOCUMENT_TYPE.sub("", body, count=1) if _DOCUMENT_TYPE.match(body) else body
    if bare != body:
        remarks.append("a document type declaration")
    escaped = _REFERENCE.sub(_as_reference, bare)
    if escaped != bare:
        remarks.append("characters that XML wants escaped, such as &")
    if "xsi:" in escaped and "xmlns:xsi" not in escaped:
        escaped = re.sub(r"<([^\W\d]\w*)", rf'<\1 xmlns:xsi="{XSI_NAMESPACE}"', escaped, count=1)
        remarks.append("an undeclared prefix")
    return escaped, remarks


def _as_reference(match: re.Match[str]) -> str:
    if match["kept"] or match["name"] in _OF_XML:
        return match[0]
    if match["name"]:
        return escape(html5.get(f"{match['name']};", match[0]))
    if not (match["decimal"] or match["hexadecimal"]):
        return escape(match[0])
    code = int(match["decimal"] or match["hexadecimal"], 10 if match["decimal"] else 16)
    return match[0] if code <= sys.maxunicode and is_writable(chr(code)) else ""


def is_comic_info_root(name: str) -> bool:
    """Tell whether a root is meant as `ComicInfo`, in any case or with a word after it."""
    return _ROOT.fullmatch(name) is not None


def use_usual_names(root: Element) -> bool:
    """Rename elements whose names differ from the schema's only in case; return whether any did.

    An element stays if the root has one of the right name, too.
    """
    own, _ = split_name(root.tag)
    prefix = f"{{{own}}}" if own else ""
    present = {child.tag for child in root}
    is_renamed = False
    for child in root:
        namespace, name = split_name(child.tag)
        usual = _USUAL_NAMES.get(name.casefold(), name)
        if namespace == own and usual != name and prefix + usual not in present:
            child.tag = prefix + usual
            is_renamed = True
            if usual == PAGES_NAME:
                _use_usual_page_names(child, prefix)
    return is_renamed


def _use_usual_page_names(pages: Element, prefix: str) -> None:
    for page in pages:
        name = page.tag.removeprefix(prefix)
        page.tag = prefix + _PAGE_NAMES.get(name.casefold(), name)
        attributes = {_PAGE_NAMES.get(key.casefold(), key): page.attrib[key] for key in page.attrib}
        page.attrib.clear()
        page.attrib.update(attributes)
