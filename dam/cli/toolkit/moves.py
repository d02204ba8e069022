"""Words for the outcomes of an import that moves files into the store."""

from collections.abc import Iterable

from dam.cli.toolkit.output import counted

_STORED = ("known", "unchanged")


def status_word(status: str, *, is_move: bool) -> str:
    """Return the word for a status: a move removes a known file, so it is not left unchanged."""
    return "already stored" if is_move and status in _STORED else status


def status_words(counts: Iterable[tuple[str, int]], *, is_move: bool) -> dict[str, int]:
    """Return how many items had which outcome, by its word.

    >>> status_words([("added", 1), ("known", 2), ("unchanged", 3)], is_move=True)
    {'added': 1, 'already stored': 5}
    """
    words: dict[str, int] = {}
    for status, count in counts:
        word = status_word(status, is_move=is_move)
        words[word] = words.get(word, 0) + count
    return words


def removal_text(sources: int, *, is_plan: bool) -> str:
    """Return the end of a summary: how many sources were removed, or would be."""
    if not sources:
        return ""
    if is_plan:
        return f"; would remove {counted(sources, 'source')}"
    return "; source removed" if sources == 1 else f"; {sources} sources removed"
