"""Writing of XML elements as text, always the same text for the same element."""

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

_PREFIXES = {XSI_NAMESPACE: "xsi", "http://www.w3.org/XML/1998/namespace": "xml"}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_writable(text: str) -> bool:
    """Tell whether XML allows the text: no control characters, no lone surrogates."""
    return _UNWRITABLE.search(text) is None


def writable(text: str) -> str:
    """Return the text without the characters that XML does not allow."""
    return _UNWRITABLE.sub("", text)


def split_name(name: str) -> tuple[str, str]:
    """Return namespace and local name of `{namespace}name` or of `name`."""
    namespace, _, local = name.rpartition("}")
    return namespace[1:], local


def markup(element: Element, inherited: str | None) -> str:
    """Return an element as complete XML, without the text that follows it.

    Args:
        element: The element.
        inherited: The default namespace at its place, which is not repeated; None to write the
            namespace in any case.
    """
    namespace, name = split_name(element.tag)
    opening = {"xmlns": namespace} if namespace != inherited else {}
    inner = escape(element.text or "") + "".join(
        markup(child, namespace) + escape(child.tail or "") for child in element
    )
    start = f"<{name}{attributes_text(opening)}{attributes_text(element.attrib)}"
    return f"{start}>{inner}</{name}>" if inner else f"{start} />"


def attributes_text(attributes: Mapping[str, str], declared: Iterable[str] = ()) -> str:
    """Return attributes as text for a tag, each with a blank before it.

    Args:
        attributes: Values by name or `{namespace}name`.
        declared: Namespaces whose prefixes are already declared in the tag.
    """
    written = []
    for number, (key, value) in enumerate(attributes.items()):
        namespace, name = split_name(key)
        if namespace:
            prefix = _PREFIXES.get(namespace, f"n{number}")
            if prefix != "xml" and namespace not in declared:
                written.append(f'xmlns:{prefix}="{escape(namespace, quoted=True)}"')
            name = f"{prefix}:{name}"
        written.append(f'{name}="{escape(value, quoted=True)}"')
    return "".join(f" {text}" for text in dict.fromkeys(written))


def escape(text: str, *, quoted: bool = False) -> str:
    """Return the text escaped for XML, without characters that XML does not allow.

    Args:
        text: The text.
        quoted: It is the value of an attribute.
    """
    text = writable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("\r", "&#13;")  # a bare one would be read as the end of a line
    if quoted:
        text = text.replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")
    return text
