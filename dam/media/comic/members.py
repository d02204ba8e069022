"""The parts of a comic: which members of an archive, or files of a folder, are pages, by name."""

from dataclasses import replace

from dam.errors import MediaLimitError
from dam.media.archive.names import natural_key, parts
from dam.media.archive.opening import Archive, Member
from dam.media.comic.info import COMIC_INFO
from dam.media.limits import MediaLimits

_PICTURES = frozenset(
    {
        *{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp"},
        *{".tif", ".tiff", ".jxl", ".heic", ".heif", ".jp2"},
    }
)
_CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
_MOST_COMIC_INFOS = 4
_DEFAULT_LIMITS = MediaLimits()


def pages_of(archive: Archive) -> tuple[Member, ...]:
    """Return the pictures in natural order of their names, including those with a `failure`.

    A member is a picture by its name. Hidden files and the files that file managers leave
    (`__MACOSX`, `._*`, `Thumbs.db`) do not count.
    """
    pages = (member for member in archive.members if is_page(member.name))
    return tuple(sorted(pages, key=lambda m: (natural_key(m.name), m.name, m.position)))


def comic_infos_of(archive: Archive, limits: MediaLimits = _DEFAULT_LIMITS) -> tuple[Member, ...]:
    """Return at most four files named ComicInfo.xml, those in the fewest folders first.

    A file that is larger than `limits.max_document_bytes` has that as its `failure`.
    """
    found = (member for member in archive.members if is_comic_info(member.name))
    ordered = sorted(found, key=lambda m: (len(parts(m.name)), m.name, m.position))
    return tuple(_limited(member, limits) for member in ordered[:_MOST_COMIC_INFOS])


def _limited(member: Member, limits: MediaLimits) -> Member:
    most_bytes = limits.max_document_bytes
    is_unreadable = member.failure is not None and not isinstance(member.failure, MediaLimitError)
    if is_unreadable or member.size_bytes <= most_bytes:
        return member
    what = f"bytes in the member {member.name!r}"
    return replace(member, failure=MediaLimitError(what, member.size_bytes, most_bytes))


def is_page(name: str) -> bool:
    """Tell by its name whether a member or file is a picture to read."""
    return _suffix(name) in _PICTURES and not is_clutter(name)


def is_comic_info(name: str) -> bool:
    """Tell by its name whether a member or file is a ComicInfo.xml, in upper or lower case."""
    found = parts(name)[-1:]
    return found != [] and found[0].casefold() == COMIC_INFO.casefold() and not is_clutter(name)


def is_clutter(name: str) -> bool:
    """Tell whether a file is hidden, or was left by a file manager, such as `Thumbs.db`."""
    return any(_is_clutter(part) for part in parts(name))


def _is_clutter(part: str) -> bool:
    is_hidden = part.startswith(".") and part.strip(".") != ""
    return is_hidden or part.casefold() in _CLUTTER


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].casefold() if dot >= 0 else ""
