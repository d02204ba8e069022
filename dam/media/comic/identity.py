"""Tells comics apart, or finds them the same, by the facts that are known of both."""

import re
from dataclasses import dataclass
from enum import Enum

from dam.media.comic.facts import ComicFacts
from dam.media.comic.name import fold_title, title_key
from dam.media.comic.name_numbers import book_number, issue_key

__all__ = ["Likeness", "comic_keys", "compare_comics"]

_KINDS = {
    "annual": ("annual", "yearbook"),
    "special": (
        "special",
        "giant",
        "preview",
        "ashcan",
        "fcbd",
        "free comic book",
        "director",
        "hors",
    ),
    "collection": (
        "tpb",
        "trade",
        "hc",
        "hardcover",
        "hard cover",
        "gn",
        "graphic novel",
        "collect",
    ),
    "omnibus": ("omnibus", "compendium", "box", "integral", "intégral"),
    "deluxe": ("deluxe", "absolute", "treasury", "artist"),
}
"""Kinds of issues by the words that a ComicInfo `Format` begins with."""

_KIND_OF_TITLE = re.compile(r"(.+?)[\s,:-]+(annual|special)s?")
_KIND_OF_NUMBER = re.compile(r"(annual|special)\b[\s.#]*(.+)", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|a|an|le|la|les|l|der|die|das|el|los|las|il|lo|i|gli|o|os)\s+")
_PUBLISHER_WORDS = re.compile(
    r"\W+(?:comics?|media|press|studios?|entertainment|publish(?:ing|ers?)|publications?|books?"
    r"|group|worldwide|editions?|[ée]ditions?|verlag|inc|llc|ltd|co)\b"
)
_SERIES_KINDS = ("annual", "special")
_LEAST_YEAR = 1000  # volumes from here on are years in which a series began


class Likeness(Enum):
    """How two comics compare: `PERHAPS` if nothing tells them apart, but too little agrees."""

    SAME = "same"
    PERHAPS = "perhaps"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class _Work:
    """What identifies a comic, in forms that can be compared; None where it is not known.

    Attributes:
        kind: A key of `_KINDS`; None: a regular issue, or not known.
        books: The volume, or the range of volumes.
        title: Its own title, without articles and punctuation; not one that repeats the series.
        whole: The title of a comic that has only one: its own, or else that of the series.
    """

    kind: str | None
    number: object
    books: str | None
    date: tuple[int, int, int | None] | None
    year: int | None
    title: str | None
    whole: str | None
    publisher: str | None
    language: str | None


def comic_keys(facts: ComicFacts) -> list[str]:
    """Return the keys by which a concept of these facts may have been recorded; [] without a title.

    An annual may be of the series `Saga Annual`, or of the series `Saga` in the format `Annual`.
    The first key is the one that a new concept gets.
    """
    key = title_key(facts.series_title, facts.comic_title or "")
    if not key or not facts.series_title:
        return [key] if key else []
    bare, kind = _series(key)
    kind = kind or _kind(facts)
    return list(dict.fromkeys([key, bare, f"{bare} {kind}"])) if kind in _SERIES_KINDS else [key]


def compare_comics(one: ComicFacts, other: ComicFacts) -> Likeness:
    """Compare two sets of facts that have one of their `comic_keys` in common.

    They are apart if one has a series and the other has not, or by the first of these that both
    know and that differs: the number with its kind (a comic without a number is no numbered issue);
    the volume or the range of volumes; without numbers, the month or day, and the title. Publisher
    and year must not differ either.

    They are the same if, besides, something identifies them: the number, or without one the volume,
    the month or the title; a year alone does not. And they share the volume or the year, or neither
    knows one: `Batman 1` need not be the one of 1940.

    A language never tells apart, nor does a title in another language.

    Example: `Saga 1 (2012)` and `Saga 001 (2012) [FR]` are the same.
    """
    if bool(one.series_title) != bool(other.series_title):
        return Likeness.APART
    ours, theirs = _work(one), _work(other)
    if _is_other_issue(ours, theirs) or _is_other_edition(ours, theirs):
        return Likeness.APART
    if _may_be_spelling(ours, theirs):
        return Likeness.PERHAPS
    return Likeness.SAME if _is_identified(ours, theirs) else Likeness.PERHAPS


def _is_other_issue(ours: _Work, theirs: _Work) -> bool:
    """Tell whether number, kind or volumes differ."""
    is_numbered = ours.number is not None or theirs.number is not None
    if ours.number != theirs.number:
        return True
    kinds = {ours.kind, theirs.kind}
    # A book without a number need not say that it is one; an issue with a number would.
    if len(kinds) > 1 and (is_numbered or kinds != {None, "collection"}):
        return True
    return _differ(ours.books, theirs.books)


def _is_other_edition(ours: _Work, theirs: _Work) -> bool:
    """Tell whether dates differ, or titles where nothing else could be meant by them."""
    if ours.year and theirs.year and abs(ours.year - theirs.year) > 1:
        return True
    if ours.number is not None:
        return False
    if ours.date and theirs.date:
        (*ours_month, ours_day), (*theirs_month, theirs_day) = ours.date, theirs.date
        if ours_month != theirs_month or _differ(ours_day, theirs_day):
            return True
    return _have_other_titles(ours, theirs) and not _share_book(ours, theirs)


def _may_be_spelling(ours: _Work, theirs: _Work) -> bool:
    """Tell whether facts differ that are often written in different ways."""
    return (
        _differ(ours.publisher, theirs.publisher)
        or _differ(ours.year, theirs.year)
        or (ours.number is None and _have_other_titles(ours, theirs))
    )


def _is_identified(ours: _Work, theirs: _Work) -> bool:
    is_one = (
        ours.number is not None
        or _share_book(ours, theirs)
        or _agree(ours.date, theirs.date)
        or _agree(ours.whole, theirs.whole)
    )
    knows = any((ours.books, theirs.books, ours.year, theirs.year))
    return is_one and (
        not knows or _agree(ours.books, theirs.books) or _agree(ours.year, theirs.year)
    )


def _have_other_titles(ours: _Work, theirs: _Work) -> bool:
    """Tell whether the titles differ, and not just because one is a translation."""
    if not _differ(ours.title, theirs.title):
        return False
    if _share_book(ours, theirs):
        return ours.language == theirs.language
    return not _differ(ours.language, theirs.language)


def _share_book(ours: _Work, theirs: _Work) -> bool:
    """Tell whether both have the same volume, which is a book and not the year of a series."""
    is_year = (ours.books or "").isdigit() and int(ours.books or 0) >= _LEAST_YEAR
    return _agree(ours.books, theirs.books) and not is_year


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _agree(one: object, other: object) -> bool:
    return one is not None and one == other


def _work(facts: ComicFacts) -> _Work:
    number, year = facts.issue_number, facts.publication_year
    text = book_number(facts.volume_text) if facts.volume_text else None
    in_number = _KIND_OF_NUMBER.fullmatch(number) if number else None
    key, title = fold_title(facts.series_title or ""), _plain(facts.comic_title)
    is_own = title != _plain(facts.series_title)
    return _Work(
        kind=(_series(key)[1] or _kind(facts)),
        number=issue_key(in_number[2] if in_number else number) if number else None,
        books=str(facts.volume) if facts.volume is not None else text,
        date=(year, facts.publication_month, facts.publication_day)
        if year and facts.publication_month
        else None,
        year=year,
        title=title if is_own else None,
        whole=title,
        publisher=_publisher(facts.publisher),
        language=facts.language.split("-")[0].lower() if facts.language else None,
    )


def _series(key: str) -> tuple[str, str | None]:
    """Return the folded title of a series without the kind of its issues, and that kind."""
    match = _KIND_OF_TITLE.fullmatch(key)
    return (match[1], match[2]) if match else (key, None)


def _kind(facts: ComicFacts) -> str | None:
    if facts.issue_number and (match := _KIND_OF_NUMBER.fullmatch(facts.issue_number)):
        return match[1].lower()
    word = fold_title(facts.publication_format or "").replace("-", " ")
    return next((kind for kind, words in _KINDS.items() if word.startswith(words)), None)


def _plain(title: str | None) -> str | None:
    """Return a title without what scanners write in different ways: articles, punctuation."""
    words = " ".join(re.findall(r"\w+", fold_title(title or "")))
    return _ARTICLE.sub("", words, count=1) if _ARTICLE.match(words) else words or None


def _publisher(name: str | None) -> str | None:
    folded = fold_title(name or "")
    return _PUBLISHER_WORDS.sub("", folded) or folded or None
