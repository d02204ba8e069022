"""Names of archive members: their encodings and their parts."""

import re
from collections.abc import Iterable, Sequence

from dam.errors import display_path

_SEPARATORS = re.compile(r"[/\\]+")
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]")


def decoded(raw_names: Sequence[bytes]) -> list[str]:
    """Return names as text, if the archive does not say how they are encoded.

    A name that is valid UTF-8 is decoded as such. All other names get one encoding: Shift-JIS if
    they become Japanese text by it, else code page 437, the encoding of old zip files, which can
    decode any bytes.
    """
    not_utf8 = [raw for raw in raw_names if not _is_utf8(raw)]
    encoding = "cp932" if _is_japanese(not_utf8) else "cp437"
    legacy_names = set(not_utf8)
    return [raw.decode(encoding if raw in legacy_names else "utf-8") for raw in raw_names]


def true_name(raw_name: bytes, shown: str) -> str:
    """Return the name that was shown for a member, without the escapes of `display_path`.

    Bytes that are not UTF-8 become surrogates.

    Args:
        raw_name: The bytes of the name.
        shown: The text as which they were decoded, or the result of `display_path` for that text.
    """
    for encoding in ("utf-8", "cp932", "cp437"):
        errors = "surrogateescape" if encoding == "utf-8" else "replace"
        name = raw_name.decode(encoding, errors)
        if display_path(name) == display_path(shown):
            return name
    return shown


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_japanese(raw_names: Iterable[bytes]) -> bool:
    """Tell whether names are Shift-JIS: most of their characters beyond ASCII are then Japanese."""
    try:
        text = "".join(raw.decode("cp932") for raw in raw_names)
    except UnicodeDecodeError:
        return False
    strange = [character for character in text if not character.isascii()]
    return 2 * len(_JAPANESE.findall(text)) > len(strange)


def parts(name: str) -> list[str]:
    """Return the folders of a name and its base name; slash and backslash both separate them."""
    return [part for part in _SEPARATORS.split(name) if part]
