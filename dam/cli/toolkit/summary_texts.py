"""Texts for people of what an asset is, and of what it says of itself."""

from typing import TYPE_CHECKING

from dam.cli.toolkit.output import size_text
from dam.cli.toolkit.stream_texts import length_text

if TYPE_CHECKING:
    from dam.services.summary_service import EntitySummary


def type_text(one: "EntitySummary") -> str:
    """Return what an asset is: `image/jpeg, 480x360, 13.1 kB`."""
    pages = None if one.page_count is None else f"{one.page_count} pages"
    parts = [
        *one.kinds,
        one.media_type,
        f"{one.width}x{one.height}" if one.width else None,
        f"{one.frame_count} frames" if one.frame_count else None,
        None if one.duration_s is None else length_text(one.duration_s),
        "1 page" if one.page_count == 1 else pages,
        "encrypted" if one.is_encrypted else None,
        None if one.size_bytes is None else size_text(one.size_bytes),
    ]
    return ", ".join(part for part in parts if part)


def title_text(one: "EntitySummary") -> str:
    """Return what an asset says of itself: `The lake, by Ann: Two boats in the morning`."""
    author = one.author or (None if one.song is None else one.song.artist)
    named = ", ".join(part for part in (one.title, f"by {author}" if author else None) if part)
    return ": ".join(part for part in (named, one.description) if part)
