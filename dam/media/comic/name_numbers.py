"""Parsing of the numbers of issues and volumes in the names of comics."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from dam.media.comic.name_words import (
    CHAPTER_WORDS,
    ISSUE_WORDS,
    SERIES_KINDS,
    VOLUME_WORDS,
)

MARK = "\0"
"""Replaces brackets in a text."""

_FRACTIONS = "½¼¾⅓⅔"
_SLASHES = "/\u2044"
_DASHES = "-\u2013\u2014"
_TILDES = "~\u301c\uff5e"
_NUMBER = (
    r"(?!\d+(?:D|ST|ND|RD|TH)\b)"  # 3D and 1ST are words
    r"(?:\d{1,6}-\d{1,6}"
    rf"|(?:-?\d{{1,6}}(?:\.\d{{1,2}}(?!\d))?[{_FRACTIONS}]?|-?[{_FRACTIONS}])"
    r"(?:\.?[A-Z]{1,4}|[a-z])?)(?!\w)"
)
_CHAPTER = r"(?!2c\b)\d{1,6}(?:\.\d{1,2}|x\d{1,2})?(?:-\d{1,6}(?:\.\d{1,2}|x\d{1,2})?)?[a-z]?"
_BOOK = r"\d{1,4}(?:\.\d(?!\d))?"
_TO = rf"[{_DASHES}{_TILDES}]"
_VOLUME = re.compile(
    rf"(?<!\w)(?P<word>v\.?|(?:{'|'.join(VOLUME_WORDS)})(?![^\W\d])(?:\.|-(?=\d))?\s*#?|t(?=\d))"
    rf"(?P<first>{_BOOK})"
    rf"(?:(?:{_TO}|\s*(?:{_TO}|à|to|bis)\s*(?P<again>v|vol\.?\s*|t))(?P<last>{_BOOK}))?(?!\w)"
    rf"|(?<!\w)(?P<season>s\d\d)(?=\s+[#\w])"
    r"|(?P<all>全)?[第제]?\s*(?P<cjk>\d{1,4}(?:\.\d)?)"
    rf"(?:\s*[巻卷]?\s*{_TO}\s*第?\s*(?P<cjk_last>\d{{1,4}}))?"
    r"\s*[巻卷集册冊권]"
    r"|(?<=[\s\0])(?P<half>[上中下])[巻卷]?(?=[\s\0]|$)",
    re.IGNORECASE,
)
_STRONG_ISSUES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:(?<!\w)(?i:issue|no\.?|nr\.?|number)\s*)?#\s*({_NUMBER}|[A-Z]\d{{1,4}}(?!\w))"
        r"(?:\s*of\s*(?P<count>\d{1,4})\b)?",
        rf"(?<!\S)({_NUMBER})\s*(?i:of)\s*(?P<count>\d{{1,4}})\b",
        rf"(?<!\w)(?:(?i:{'|'.join(CHAPTER_WORDS)})(?![^\W\d])(?:[.:]|-(?=\d))?\s*#?|c(?=\d)|C(?=\d\d))"
        rf"({_CHAPTER})(?:v\d(?!\d))?(?!\w)",
        r"第\s*(\d{1,6}(?:\.\d)?(?:-\d{1,6})?)\s*[話话回章]",
        r"제?\s*(\d{1,6}(?:\.\d)?(?:-\d{1,6})?)\s*[화話话회]",
        r"年\s*第?(\d{1,3}(?:-\d{1,3})?)\s*(?:合併)?[号號]",
    )
)
_CHAPTERS = re.compile(
    rf"(?<!\w)(c(?:h(?:ap(?:ter)?)?)?\.?\s?\d{{1,6}}(?:\.\d)?)\s*(?:{_TO}|[+&])\s*c(?:h(?:ap(?:ter)?)?)?\.?\s?(?=\d)",
    re.IGNORECASE,
)
"""A range of chapters whose end has the word again: `c001-c010`."""

_WEAK_ISSUE = re.compile(
    rf"(?<=\s)(?i:(?:{'|'.join(ISSUE_WORDS)})(?![^\W\d])\.?|n[º°.]|№)\s*({_NUMBER})"
)
"""Words that may also be part of a title: `Kaiju No. 8`."""

_BARE_ISSUE = re.compile(rf"(?<!\S)({_NUMBER})(?=\s|$|[,:]|\.\s)")
_LIKE_A_YEAR = re.compile(r"(?:19|20)\d\d(?:-(?:19|20)?\d\d)?")
_PADDED = re.compile(r"0\d")
_BOUNDARY = re.compile(rf"\s*(?:$|{MARK}|[{_DASHES}:,.](?:\s|$)|[A-Z]{{2,5}}\s*(?:$|{MARK}))")
_KIND = re.compile(rf"(?:{'|'.join(SERIES_KINDS)})s?", re.IGNORECASE)
_LEADING_NUMBER = re.compile(
    rf"(?P<sign>-?)(?:(?P<over>\d{{1,9}})[{_SLASHES}](?P<under>[1-9]\d{{0,8}})"
    rf"|(?P<whole>\d{{0,18}}(?:\.\d{{1,18}})?)(?P<part>[{_FRACTIONS}]?))(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)


_OF = re.compile(r"\s+(?:of|de|di|sur|van|von)\s+(?P<count>\d{1,3})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedText:
    """A text divided at its numbers; None for a part that it does not have."""

    series: str | None
    issue_number: str | None
    title: str | None
    volume: int | None
    volume_text: str | None
    issue_count: int | None


def numbered(text: str) -> NumberedText:
    """Return the parts of a name before, in and after the numbers of its volume and issue."""
    text = _CHAPTERS.sub(r"\1-", text)
    volume = _volume(text)
    issue = _issue(text, volume)
    spans = sorted(match.span() for match in (volume, issue) if match)
    if spans:
        series = _clean(text[: spans[0][0]])
        rest = [_clean(text[spans[0][1] : spans[-1][0]]), _clean(text[spans[-1][1] :])]
        if series and rest[0] and _KIND.fullmatch(rest[0]):  # `Defenders v1 Annual 2`
            series, rest = f"{series} {rest[0]}", rest[1:]
    else:
        first, *others = [part for part in text.split(MARK) if part.strip()] or [""]
        series, rest = _clean(first), [_clean(part) for part in others]
    if not series and volume and not issue and len(spans) == 1:  # `Vol 1 Series - Title`
        first, dash, last = text[spans[0][1] :].partition(" - ")
        if dash and _clean(first) and first[:1].isspace() and not first.lstrip().startswith("-"):
            series, rest = _clean(first), [_clean(last)]
    count = issue.groupdict().get("count") if issue else None
    if volume and not issue and (of := _OF.match(text, volume.end())):  # `Tomo 2 de 5`
        count, rest = of["count"], [_clean(text[of.end() :])]
    books = _books(volume)
    return NumberedText(
        series=series,
        issue_number=issue[1] if issue else None,
        title=_clean(" ".join(part for part in rest if part)),
        volume=int(books) if books and books.isdigit() else None,
        volume_text=None if books and books.isdigit() else books,
        issue_count=int(count) if count else None,
    )


def issue_key(text: str) -> tuple[bool, Fraction, str]:
    """Return a key to compare and sort issue numbers by: `001` equals `1`, `½` equals `0.5`.

    Numbers are ordered by value, then by the text after them: `1`, `1A`, `1B`, `2`. Texts without a
    number come last.
    """
    plain = "".join(text.split()).lstrip("#").casefold()
    plain = "".join(c if c in _FRACTIONS else unicodedata.normalize("NFKC", c) for c in plain)
    match = _LEADING_NUMBER.fullmatch(plain)
    if not match or not (match["over"] or match["whole"] or match["part"]):
        return True, Fraction(0), plain
    if match["over"]:
        value = Fraction(int(match["over"]), int(match["under"]))
    else:
        part = unicodedata.numeric(match["part"]) if match["part"] else 0
        value = Fraction(match["whole"] or "0") + Fraction(part).limit_denominator(12)
    # Leading zeros of the end of a range do not count either: `001-007` equals `1-7`.
    rest = re.sub(r"(?<!\d)0+(?=\d)", "", match["rest"]).lstrip(".")
    return False, -value if match["sign"] else value, rest


def book_number(text: str) -> str:
    """Return a volume or a range of volumes in a form to compare: `v01-v03` as `1-3`."""
    plain = re.sub(rf"[^\w.]*{_TO}[^\w.]*", "-", text.strip().casefold())
    return re.sub(r"(?<![\d.])0+(?=\d)", "", re.sub(r"(?<!\w)v(?=\d)", "", plain))


def _volume(text: str) -> re.Match[str] | None:
    """Return the volume in a text; of a season and a volume, the volume."""
    found = list(_VOLUME.finditer(text))
    return next((match for match in found if not match["season"]), next(iter(found), None))


def _books(volume: re.Match[str] | None) -> str | None:
    """Return the number of a volume, or what stands for it where it is not one whole number."""
    if not volume:
        return None
    if other := volume["season"] or volume["half"]:
        return other
    first, last = volume["first"] or volume["cjk"], volume["last"] or volume["cjk_last"]
    if volume["all"]:
        first, last = "1", first
    return book_number(f"{first}-{last}" if last else first)


def _issue(text: str, volume: re.Match[str] | None) -> re.Match[str] | None:
    """Return the number of the issue: the one that a word or sign marks, or else the likeliest."""
    for pattern in _STRONG_ISSUES:
        for match in pattern.finditer(text):
            if not volume or match.end() <= volume.start() or match.start() >= volume.end():
                return match
    weak = _WEAK_ISSUE.search(text)
    if weak and volume and weak.end() <= volume.start():
        weak = None  # `Kaiju No. 8 v03`
    start = max((match.end() for match in (volume, weak) if match), default=0)
    if weak:
        later = _bare_issue(text, start, is_next=True)
        is_of_title = later is not None and (
            _PADDED.match(later[1]) or text[weak.end() : later.start()].isspace()
        )
        return later if is_of_title else weak
    return _bare_issue(text, start, is_next=volume is not None)


def _bare_issue(text: str, start: int, *, is_next: bool) -> re.Match[str] | None:
    """Return the number that most likely is the issue, if no word or sign marks one.

    Args:
        text: The name.
        start: Where to begin.
        is_next: The issue stands there, or after a kind such as `Annual`; a later number is part
            of the title.
    """
    candidates = [
        match
        for match in _BARE_ISSUE.finditer(text, start)
        if not _LIKE_A_YEAR.fullmatch(match[1])
        and (_PADDED.match(match[1]) or _BOUNDARY.match(text, match.end()))
    ]
    if is_next:
        between = ((_clean(text[start : match.start()]), match) for match in candidates)
        return next(
            (match for words, match in between if not words or _KIND.fullmatch(words)), None
        )
    later = [match for match in candidates if _clean(text[: match.start()])]
    padded = [match for match in later if _PADDED.match(match[1])]
    before_title = [m for m in later if _BOUNDARY.match(text, m.end()) and _clean(text[m.end() :])]
    if later:
        return (padded or before_title or later[-1:])[0]
    # A name may begin with the issue, or with a title that is a number: `300 (1998)`.
    first = candidates[0] if candidates else None
    is_title = first and not _PADDED.match(first[1]) and MARK in text[first.end() :]
    return None if is_title else first


def _clean(text: str) -> str | None:
    """Return the text without marks, dashes and punctuation around it; None if nothing is left."""
    cleaned = " ".join(text.replace(MARK, " ").split()).strip(f" {_DASHES},:;")
    return re.sub(r"^\.(?:\s+|$)", "", cleaned) or None
