"""Parsing of the numbers of issues and volumes in the names of comics."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

MARK = "\0"
"""Replaces brackets in a text."""

_FRACTIONS = "½¼¾⅓⅔"
_SLASHES = "/\u2044"
_DASHES = "-\u2013\u2014"
_NUMBER = (
    r"(?!\d+(?:D|ST|ND|RD|TH)\b)"  # 3D and 1ST are words
    r"(?:\d{1,6}-\d{1,6}"
    rf"|(?:-?\d{{1,6}}(?:\.\d{{1,2}}(?!\d))?[{_FRACTIONS}]?|-?[{_FRACTIONS}])"
    r"(?:\.?[A-Z]{1,4}|[a-z])?)(?!\w)"
)
_VOLUME = re.compile(
    r"(?<!\w)(?:v\.?|(?:vol|volume|tome?|tomo|band|bd)\b\.?\s*|t(?=\d\d))(\d{1,4})(?!\w)"
    r"(?P<range>\s*-\s*v?\d{1,4}(?!\w))?"
    r"|第\s*(\d{1,4})\s*[巻卷集册冊]|(\d{1,4})\s*[권巻卷]",
    re.IGNORECASE,
)
_MARKED_ISSUES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"#\s*({_NUMBER})(?:\s*of\s*(?P<count>\d{{1,4}})\b)?",
        rf"(?<!\S)({_NUMBER})\s*(?i:of)\s*(?P<count>\d{{1,4}})\b",
        rf"(?<!\w)(?i:c(?=\d\d)|ch(?:ap(?:ter|itre)?)?\b\.?\s*|ch(?=\d)|cap[ií]tulo\s*)({_NUMBER})",
        rf"(?<=\s)(?i:no\.|nr\b\.?|n[º°.]|№|num\b\.?|issue|prog|heft)\s*#?({_NUMBER})",
        r"第\s*(\d{1,6}(?:\.\d)?)\s*[話话回章]",
        r"(\d{1,6}(?:\.\d)?)\s*화",
    )
)
_BARE_ISSUE = re.compile(rf"(?<!\S)({_NUMBER})(?=\s|$|[,:])")
_LIKE_A_YEAR = re.compile(r"(?:19|20)\d\d(?:-(?:19|20)?\d\d)?")
_PADDED = re.compile(r"0\d")
_BOUNDARY = re.compile(rf"\s*(?:$|{MARK}|[{_DASHES}:,](?:\s|$))")
_LEADING_NUMBER = re.compile(
    rf"(?P<sign>-?)(?:(?P<over>\d{{1,9}})[{_SLASHES}](?P<under>[1-9]\d{{0,8}})"
    rf"|(?P<whole>\d{{0,18}}(?:\.\d{{1,18}})?)(?P<part>[{_FRACTIONS}]?))(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedText:
    """A text divided at its numbers; None for a part that it does not have."""

    series: str | None
    issue_number: str | None
    title: str | None
    volume: int | None
    issue_count: int | None


def numbered(text: str) -> NumberedText:
    """Return the parts of a name before, in and after the numbers of its volume and issue."""
    volume = _VOLUME.search(text)
    issue = next((found for p in _MARKED_ISSUES if (found := p.search(text))), None)
    issue = issue or _bare_issue(text, volume)
    spans = sorted(match.span() for match in (volume, issue) if match)
    if spans:
        series = text[: spans[0][0]]
        rest = [text[spans[0][1] : spans[-1][0]], text[spans[-1][1] :]]
    else:
        series, *rest = [part for part in text.split(MARK) if part.strip()] or [""]
    count = issue.groupdict().get("count") if issue else None
    return NumberedText(
        series=_clean(series),
        issue_number=issue[1] if issue else None,
        title=_clean(" ".join(part for part in map(_clean, rest) if part)),
        volume=_volume_number(volume),
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


def _volume_number(volume: re.Match[str] | None) -> int | None:
    """Return the number of the volume; None if there is none, or several."""
    if not volume or volume["range"]:
        return None
    return int(volume[1] or volume[3] or volume[4])


def _bare_issue(text: str, volume: re.Match[str] | None) -> re.Match[str] | None:
    """Return the number that most likely is the issue, if no word or sign marks one."""
    candidates = [
        match
        for match in _BARE_ISSUE.finditer(text, volume.end() if volume else 0)
        if not _LIKE_A_YEAR.fullmatch(match[1])
        and (_PADDED.match(match[1]) or _BOUNDARY.match(text, match.end()))
    ]
    if volume:  # the issue follows it directly; a later number is part of the title
        return next((m for m in candidates if not _clean(text[volume.end() : m.start()])), None)
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
    return " ".join(text.replace(MARK, " ").split()).strip(f" {_DASHES},:;") or None
