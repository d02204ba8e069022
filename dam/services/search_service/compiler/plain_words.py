"""Words of entries, without an index."""

from sqlalchemy import ColumnElement, String, literal

from dam.media.folding import WantedWords
from dam.services.search_service.fields import ENTRY


def matches(wanted: WantedWords) -> ColumnElement[bool]:
    """Return the condition that an entry has some words; they are letters and digits alone."""
    return ENTRY.c.words.like(literal(f"%{wanted.run}%", String()))
