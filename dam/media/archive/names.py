"""Names in archives: their encodings, their order, and what they say of a member."""

import re
from collections.abc import Iterable, Sequence

from dam.errors import display_path
from dam.media.comic.info import COMIC_INFO

_PICTURES = frozenset(
    {
        *{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp"},
        *{".tif", ".tiff", ".jxl", ".heic", ".heif", ".jp2"},
    }
)
_CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
_SEPARATORS = re.compile(r"[/\\]+")
_NUMBER = re.compile(r"([0-9]+)")
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]")
_MOST_DIGITS = 40


def decoded(raw_names: Sequence[bytes]) -> list[str]:
    """Return names whose encoding nobody has written down, as text.

    Each that is UTF-8 is taken for that. The others have one encoding in common: Shift-JIS where
    that makes Japanese of them, else code page 437, which is what the format of old asks for and
    makes something of any bytes.
    """
    others = [raw for raw in raw_names if not _is_utf8(raw)]
    legacy = "cp932" if _is_japanese(others) else "cp437"
    strange = set(others)
    return [raw.decode(legacy if raw in strange else "utf-8") for raw in raw_names]


def true_name(raw_name: bytes, shown: str) -> str:
    """Return a name without escapes but for surrogates, which stand for bytes that are no UTF-8.

    Args:
        raw_name: Its bytes.
        shown: The text as which they were read, or what `display_path` makes of that.
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
    """Tell whether names are Shift-JIS; most of what is not ASCII must be Japanese then."""
    try:
        text = "".join(raw.decode("cp932") for raw in raw_names)
    except UnicodeDecodeError:
        return False
    strange = [character for character in text if not character.isascii()]
    return 2 * len(_JAPANESE.findall(text)) > len(strange)


def parts(name: str) -> list[str]:
    """Return the folders of a name and its base name; Windows' separators count, too."""
    return [part for part in _SEPARATORS.split(name) if part]


def natural_key(name: str) -> list[list[tuple[str, int]]]:
    """Return what to sort names by: folder by folder, `2` before `10`, upper like lower case."""
    return [_part_key(part) for part in parts(name)]


def _part_key(part: str) -> list[tuple[str, int]]:
    """Return texts and the numbers after them; hostile digits without end count by their length."""
    texts = _NUMBER.split(part.casefold())
    numbers = [int(digits[:_MOST_DIGITS]) for digits in texts[1::2]]
    return list(zip(texts[::2], [*numbers, -1], strict=True))


def is_page(name: str) -> bool:
    """Tell whether a member is a picture to read, by its name."""
    return _suffix(name) in _PICTURES and not is_clutter(name)


def is_comic_info(name: str) -> bool:
    """Tell whether a member is a ComicInfo.xml, in any case, by its name."""
    found = parts(name)[-1:]
    return found != [] and found[0].casefold() == COMIC_INFO.casefold() and not is_clutter(name)


def is_clutter(name: str) -> bool:
    """Tell whether a member is hidden, or dropped by a file manager."""
    return any(_is_clutter(part) for part in parts(name))


def _is_clutter(part: str) -> bool:
    is_hidden = part.startswith(".") and part.strip(".") != ""
    return is_hidden or part.casefold() in _CLUTTER


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].casefold() if dot >= 0 else ""
