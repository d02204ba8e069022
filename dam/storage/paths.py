"""Converts paths: to bytes for the database, to text for people, to names safe to create."""

import hashlib
import os
import unicodedata
from collections.abc import Set
from pathlib import Path

from dam.errors import display_path

__all__ = [
    "display_path",
    "is_at_or_below",
    "path_bytes",
    "path_digest",
    "path_from_bytes",
    "safe_base_name",
    "stem_digest",
]

_MAX_NAME_BYTES = 255
_MAX_EXTENSION_BYTES = 32
_RESERVED_CHARACTERS = frozenset('/\\:*?"<>|')
_REPLACED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They reverse the reading direction: a file that ends in `gpj.exe` can be shown as `exe.jpg`.
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)


def path_bytes(path: str | Path) -> bytes:
    """Return the path as the file system has it: bytes."""
    return os.fsencode(path)


def path_from_bytes(raw: bytes) -> Path:
    """Return the path that these bytes spell; the inverse of `path_bytes`."""
    return Path(os.fsdecode(raw))


def path_digest(raw: bytes) -> bytes:
    """Return the 32-byte digest that the database indexes instead of a path of any length."""
    return hashlib.sha256(raw).digest()


def stem_digest(raw: bytes) -> bytes:
    """Return the `path_digest` of a path without the extension of its name.

    >>> stem_digest(b"/a/1.b.jpg") == path_digest(b"/a/1.b")
    True
    """
    return path_digest(os.path.splitext(raw)[0])  # noqa: PTH122 - bytes


def is_at_or_below(path: bytes, roots: Set[bytes]) -> bool:
    """Tell whether an absolute path is one of the roots, or below one."""
    while path not in roots:
        parent = os.path.dirname(path)  # noqa: PTH120 - bytes
        if parent == path:
            return False
        path = parent
    return True


def safe_base_name(name: str, *, max_bytes: int = _MAX_NAME_BYTES) -> str:
    """Return a file name that every common file system accepts, as close to `name` as possible.

    Control characters, reserved characters and bytes that are not UTF-8 become `_`. The result is
    never empty, `.`, `..` or the name of a device. It has at most `max_bytes` bytes in UTF-8; a
    name that is cut keeps its extension.

    >>> safe_base_name("a:b?.jpg"), safe_base_name("con.txt")
    ('a_b_.jpg', '_con.txt')
    """
    cleaned = "".join(map(_safe_character, name)).rstrip(". ") or "_"
    if cleaned.split(".", 1)[0].rstrip().lower() in _DEVICE_NAMES:
        cleaned = f"_{cleaned}"
    return _cut(cleaned, max_bytes)


def _safe_character(character: str) -> str:
    is_unsafe = (
        character in _RESERVED_CHARACTERS
        or character in _BIDI_CONTROLS
        or unicodedata.category(character) in _REPLACED_CATEGORIES
    )
    return "_" if is_unsafe else character


def _cut(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a bare name, which may hold anything
    if len(extension.encode()) > min(_MAX_EXTENSION_BYTES, max_bytes - 1):
        stem, extension = name, ""
    room = max_bytes - len(extension.encode())
    cut = stem.encode()[:room].decode(errors="ignore")
    return cut + extension if extension else cut.rstrip(". ")
