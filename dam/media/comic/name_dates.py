"""Dates in the file names of comics."""

import re

from dam.media.comic.name_words import ISSUE_WORDS, MONTHS

_ANY_MONTH = rf"(?:{'|'.join(MONTHS)})(?!\w)\.?"
_MONTH = "|".join(rf"(?P<month{n}>{words})(?!\w)" for n, words in enumerate(MONTHS, start=1))
_MONTH_IN_TEXT = rf"(?!(?:ago|gen|mag|out|set)\b){_ANY_MONTH}"  # `Time Out 2019`
_NEXT_MONTH = rf"(?:\s*[-/&+]\s*{_ANY_MONTH})?"
_SHORT = 3  # letters of a month that is cut, which may also be the name of a group
REGION = re.compile(r"\s(?:UK|USA|US)[\s\0]*")
_ORDINALS = "er|st|nd|rd|th"
_YEAR = r"(?P<year>1[89]\d\d|20\d\d)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}(?:\s*-\s*(?:(?:19|20)\d\d)?)?",
        rf"{_YEAR}[-./](?P<month>0?[1-9]|1[0-2])(?:[-./](?P<day>0?[1-9]|[12]\d|3[01]))?",
        rf"(?:(?P<day>0?[1-9]|[12]\d|3[01])[-./])?(?P<month>0?[1-9]|1[0-2])[-./]{_YEAR}",
        rf"(?:(?P<day>\d\d?)(?:{_ORDINALS})?\.?\s+(?:de\s+)?)?(?:{_MONTH})\.?{_NEXT_MONTH},?\s*(?:de\s+)?{_YEAR}",
        rf"(?:{_MONTH})\.?\s*(?P<day>\d\d?)(?:{_ORDINALS})?,?\s+{_YEAR}",
        rf"{_YEAR}[\s,-]+(?:\d\d\s)?(?:{_MONTH})\.?{_NEXT_MONTH}",
        rf"{_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])?",
        rf"{_YEAR}年\s*(?P<month>1[0-2]|0?[1-9])月(?:\s*(?P<day>\d\d?)(?:-\d\d?)?日)?(?:合併)?(?:号|號)?",
    )
)
DATE_IN_TEXT = re.compile(
    r"(?<![^\s\0])(?P<date>(?:19|20)\d\d[-.](?:0[1-9]|1[0-2])(?:[-.](?:0[1-9]|[12]\d|3[01]))?(?![^\s,\0])"
    r"|(?:19\d\d|20[0-3]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?(?=[\s\0]*$)"
    r"|(?:19|20)\d\d年(?:\s*\d{1,2}月(?:\s*\d{1,2}(?:-\d{1,2})?日)?(?:合併)?[号號]?)?"
    r"|(?:(?:0[1-9]|[12]\d|3[01])[-.])?(?:0[1-9]|1[0-2])[-.](?:19|20)\d\d(?=[\s\0]*$)"
    rf"|(?:(?<=[-,]\s)\d{{1,2}}(?:{_ORDINALS})?\.?\s(?:de\s)?)?{_MONTH_IN_TEXT}{_NEXT_MONTH},?\s"
    rf"(?:de\s|\d{{1,2}}(?:{_ORDINALS})?,?\s)?(?:19|20)\d\d(?=[\s\0]*$|\s-\s|{REGION.pattern}$)"
    rf"|(?:19|20)\d\d[\s-]+(?:\d\d\s)?{_MONTH_IN_TEXT}{_NEXT_MONTH}(?=[\s\0]*$))",
    re.IGNORECASE,
)
_WEEK = r"(?:1[3-9]|[2-4]\d|5[0-3])"
YEAR_AND_WEEK = re.compile(
    rf"(?<=\s)(?:(?P<year>(?:19|20)\d\d)-(?P<week>{_WEEK})"
    rf"|(?P<first_week>{_WEEK})-(?P<last_year>(?:19|20)\d\d))(?=[\s\0]*$)"
)
YEAR_BEFORE_ISSUE = re.compile(
    r"(?<=\w)[\s,-]+(?P<year>19\d\d|20[0-3]\d)[\s,-]+"
    rf"(?=(?i:(?:{'|'.join(ISSUE_WORDS)})(?![^\W\d])\.?|n[º°.]|№)\s*\d)"
)
"""The year of a magazine that counts its issues anew each year: `Mosaik 2005 Nr. 03`."""


def date_of(word: str) -> tuple[int, int | None, int | None] | None:
    """Return year, month and day of a text that is a date, in small letters; None if it is none."""
    for pattern in _DATES:
        if match := pattern.fullmatch(word):
            found = match.groupdict()
            months = [n for n in range(1, 13) if found.get(f"month{n}")]
            month = months[0] if months else found.get("month")
            day = found.get("day")
            return int(found["year"]), int(month) if month else None, int(day) if day else None
    return None


def month_of(word: str) -> int | None:
    """Return the month that a text names in full; None if it is something else."""
    match = re.fullmatch(_MONTH, word.lower())
    if not match or (len(word) <= _SHORT and word.lower() != "may"):
        return None
    return next(n for n in range(1, 13) if match[f"month{n}"])


def full_year(year: str | None) -> str | None:
    """Return a year with its century: `'99` as `1999`, `'12` as `2012`."""
    if not year or not year.startswith("'"):
        return year
    return f"19{year[1:]}" if year >= "'40" else f"20{year[1:]}"
