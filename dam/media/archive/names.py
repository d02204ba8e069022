"""Names of archive members: their encodings and their parts."""

import re
from collections.abc import Sequence

from dam.errors import display_path
from dam.media.archive.encodings import CANDIDATES, encoding_of, plausibility

_SEPARATORS = re.compile(r"[/\\]+")
_PLAUSIBLE = 0.5


def decoded(raw_names: Sequence[bytes], language: str | None = None) -> list[str]:
    """Return names of one archive as text, if the archive does not say how they are encoded.

    Names that are valid UTF-8 are decoded as such. All other names get the one encoding that makes
    the most plausible text of them; names that are UTF-8 only by chance get it, too.

    Args:
        raw_names: The names.
        language: The language of the comic, such as `ja`, if it is known.
    """
    legacy_names = {raw for raw in raw_names if not _is_utf8(raw)}
    encoding = encoding_of(sorted(legacy_names), language) if legacy_names else "utf-8"
    doubtful = {raw for raw in raw_names if not raw.isascii()} - legacy_names
    if legacy_names and doubtful and plausibility(sorted(doubtful), encoding) >= _PLAUSIBLE:
        legacy_names |= doubtful
    return [raw.decode(encoding if raw in legacy_names else "utf-8") for raw in raw_names]


def true_name(raw_name: bytes, shown: str) -> str:
    """Return the name that was shown for a member, without the escapes of `display_path`.

    Bytes that are not UTF-8 become surrogates.

    Args:
        raw_name: The bytes of the name.
        shown: The text as which they were decoded, or the result of `display_path` for that text.
    """
    for encoding in ("utf-8", *CANDIDATES):
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


def parts(name: str) -> list[str]:
    """Return the folders of a name and its base name; slash and backslash both separate them."""
    return [part for part in _SEPARATORS.split(name) if part]
