"""Parsing of the file names of comics: series, number, year and other facts."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import reduce
from urllib.parse import unquote

from dam.media.comic.name_brackets import VERSION, Bracket, without_brackets
from dam.media.comic.name_dates import (
    DATE_IN_TEXT,
    REGION,
    YEAR_AND_WEEK,
    YEAR_BEFORE_ISSUE,
    date_of,
    full_year,
    month_of,
)
from dam.media.comic.name_numbers import MARK, NumberedText, book_number, issue_key, numbered
from dam.media.comic.name_spelling import usual_spelling
from dam.media.comic.name_words import (
    EXTENSIONS,
    EXTRAS,
    FORMATS,
    LANGUAGE_OF,
    NOISE,
    PUBLISHERS,
    QUALITY,
    SERIES_KINDS,
)

__all__ = ["ComicName", "fold_title", "issue_key", "parse_comic_name", "title_key"]

_MAX_LENGTH = 500  # names of series are indexed, and an index takes no long ones
_PLAIN_MARKS = {**dict.fromkeys(range(0x2010, 0x2016), "-"), 0x2212: "-", 0x2018: "'", 0x2019: "'"}
_COPY = re.compile(r"\S\s*[(\uff08](\d{1,3})[)\uff09](?:\.\w{2,4})?$")
_TAIL = re.compile(
    r"(?P<text>.*\S)\s(?P<year>19\d\d|20[0-3]\d)(?:-(?P<month>0[1-9]|1[0-2]))?"
    rf"(?P<quality>\s{QUALITY})?(?:\s(?P<group>\w+-\w+))?\s*",
    re.IGNORECASE,
)
_SEASONS = "spring|summer|fall|autumn|winter"
_KIND = re.compile(
    r"(?P<series>.*?)(?:[\s,]+-?\s*(?P<year>(?:19|20)\d\d))?(?:\s+-)?\s+"
    rf"(?P<kind>(?:(?:{_SEASONS})\s)?(?P<format>{'|'.join(SERIES_KINDS)}))"
    r"(?:\s(?P<later>(?:19|20)\d\d|'\d\d(?!\d)))?",
    re.IGNORECASE,
)
_QUALITY_AFTER_BRACKETS = re.compile(rf"(?<=\0)\s*({QUALITY})\s*", re.IGNORECASE)
_YEAR_BEFORE_TITLE = re.compile(r"((?:18|19|20)\d\d) - (.+)")
_SCANNERS = re.compile(
    r"(?:(?P<title>.+) - )?(?P<group>\S(?:(?! - ).)*\b(?:scans?|scanlations?|scantrad))",
    re.IGNORECASE,
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_PARTS = r"(?:part|pt(?!-)|act|teil|parte|partie|часть)\b.*"
_BEFORE_DATE = re.compile(r"(?:(?<=\s)(?:vom|du|del|dal|от))?[\s,-]*$")
_GROUP_FIRST = re.compile(r"^([^_]*\w (?:scans?|scanlations?|scantrad|team))_(?=\S)", re.IGNORECASE)
_SHORT_FORMATS = ("TPB", "GN", "HC", "Hors-Série")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComicName:
    """The facts in a file's name; None where the name has none.

    Attributes:
        issue_number: As it is written: `001`, `½`, `-1`, `1A`, `001-007`; also a chapter of manga.
        volume: The volume of the series that the issue belongs to; for manga, the book.
        volume_text: The volume where it is not one whole number: `3.5`, `1-3`, `S01`.
        format: How the comic was published, where it is no regular issue: `Annual`, `TPB`.
        language: A BCP 47 tag.
        scan_quality: How the pages were made: `Digital`, `c2c` …
    """

    series: str | None = None
    issue_number: str | None = None
    title: str | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    volume: int | None = None
    volume_text: str | None = None
    format: str | None = None
    issue_count: int | None = None
    language: str | None = None
    scan_group: str | None = None
    scan_quality: str | None = None
    publisher: str | None = None

    @property
    def single_title(self) -> str | None:
        """The title of a comic that nothing numbers: what seems to be its series."""
        numbers = (self.issue_number, self.volume, self.volume_text, self.month)
        return self.series if all(number is None for number in numbers) else None


def fold_title(title: str) -> str:
    """Return a form of a title for comparison: case, blanks, kinds of dashes and such do not count.

    Example: "The  Saga" and "the saga" give the same.
    """
    folded = unicodedata.normalize("NFC", title.translate(_PLAIN_MARKS)).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def title_key(series_title: str | None, comic_title: str) -> str:
    """Return the key to look up concepts by: the folded title of the series, or the comic's own.

    It is cut to the length that an index takes (500); titles that differ only after that share one.
    """
    return fold_title(series_title or comic_title)[:_MAX_LENGTH]


def parse_comic_name(name: str) -> ComicName:
    """Return the facts in the name of a file or folder, without its parent folders and extension.

    Every name gives a result: a name without any structure is taken for the name of a series.
    """
    text, brackets = without_brackets(_plain(name))
    text = usual_spelling(text)
    known = [(bracket, _meaning(bracket.text)) for bracket in brackets]
    said = _merged(meaning for _, meaning in known if meaning)
    if years := [name.year for _, name in known if name and name.year]:
        said = replace(said, year=said.year if said.month else _year(text, years))
    text, date = _without_date(text)
    said = _merged((date, said))
    if said.year is None and (year := YEAR_BEFORE_ISSUE.search(text)):
        text = f"{text[: year.start()]} {text[year.end() :]}"
        said = replace(said, year=int(year["year"]))
    tail = _TAIL.fullmatch(text.replace(MARK, " "))
    if tail and said.year in (None, int(tail["year"])):
        text = tail["text"]
        said = _merged((said, _tail_meaning(tail)))
    elif quality := _QUALITY_AFTER_BRACKETS.search(text):
        text = text[: quality.start()] + text[quality.end() :]
        said = _merged((said, ComicName(scan_quality=quality[1])))
    unknown = [bracket for bracket, meaning in known if meaning is None]
    group = said.scan_group or _group(unknown, is_tagged=said != ComicName())
    found = numbered(text)
    own = _told_apart(found, said, group)
    if tail and own.issue_number and own.series:  # `Name 2025 No 1 2025`
        own = replace(own, series=own.series.removesuffix(f" {tail['year']}"))
    if own.series is None and (name_in := _series_in_brackets(unknown, found, group)):
        own = replace(own, series=name_in)
    is_bare = said == ComicName() and found.issue_number is None and found.volume is None
    if is_bare and not found.volume_text and (copy := _COPY.search(name)):
        said = ComicName(issue_number=copy[1])  # `忍者 (3)`: perhaps a copy, but never the same
    if not own.issue_number and not said.issue_number and (number := _number_in_brackets(brackets)):
        own = replace(own, issue_number=number)
    is_again = any(b.is_square and b.is_trailing and VERSION.match(b.text) for b in brackets)
    if found.volume is not None or found.volume_text or (is_again and own.issue_number):
        said = replace(said, volume=None, volume_text=None)
    return _merged((own, said))


def _told_apart(found: NumberedText, said: ComicName, group: str | None) -> ComicName:
    """Return the facts in a divided text, beside what brackets and dates said."""
    series, title, form = _formatted(found.series, found.title)
    year = None
    kind = _KIND.fullmatch(series or "")
    if kind:
        series, form = f"{kind['series']} {kind['kind']}", kind["format"].capitalize()
        year = kind["year"] or full_year(kind["later"])
    if match := _YEAR_BEFORE_TITLE.fullmatch(title or ""):
        year, title = year or match[1], match[2]
    if not group and (scanned := _SCANNERS.fullmatch(title or "")):
        title, group = scanned["title"], scanned["group"]
    quality = title if re.fullmatch("HQ|LQ|c2c|webrip", title or "", re.IGNORECASE) else None
    if quality or (said.month and month_of(title or "") == said.month):
        title = None  # `Linus - 1972-05 - Maggio`
    return ComicName(
        series=series,
        issue_number=found.issue_number,
        title=title,
        year=int(year) if year and not said.year else None,
        volume=found.volume,
        volume_text=found.volume_text,
        format=form,
        issue_count=found.issue_count,
        scan_group=group,
        scan_quality=quality,
    )


def _year(text: str, years: list[int]) -> int:
    """Return the year of the issue: of two around its number, the later place."""
    first, _, rest = text.partition(MARK)
    return years[-1] if first and numbered(rest.replace(MARK, " ")).issue_number else years[0]


def _without_date(text: str) -> tuple[str, ComicName]:
    """Return the text without a date that stands in it, and that date."""
    if week := YEAR_AND_WEEK.search(text):
        before = text[: week.start()].rstrip(" ,-")
        year, number = week["year"] or week["last_year"], week["week"] or week["first_week"]
        said = ComicName(year=int(year), issue_number=number)
        return f"{before} {MARK} {text[week.end() :]}", said
    match = DATE_IN_TEXT.search(text)
    if not match or not text[: match.start()].strip(f" {MARK}"):
        return text, ComicName()
    date = _date(match["date"].lower())
    if date is None:
        date = ComicName(year=int(match["date"][:4]))
    keep = "年" if match["date"].endswith("年") else MARK
    if REGION.fullmatch(text, match.end()):
        keep = ""  # `Edge - October 2021 UK`
    return f"{_BEFORE_DATE.sub('', text[: match.start()])} {keep} {text[match.end() :]}", date


def _formatted(series: str | None, title: str | None) -> tuple[str | None, str | None, str | None]:
    """Return series and title without a word such as `TPB`, and that word."""
    if title and title.lower() in SERIES_KINDS and series:
        return f"{series} {title}", None, None
    if title and title.lower() in FORMATS:
        return series, None, title
    words, _, last = (series or "").rpartition(" ")
    if words and last in _SHORT_FORMATS:
        return words.rstrip(" -,"), title, last
    return series, title, None


def _plain(name: str) -> str:
    """Return the name without folders and extension, its words separated by blanks."""
    stem = name.replace("\\", "/").rstrip("/").rpartition("/")[2][:_MAX_LENGTH]
    before, _, extension = stem.rpartition(".")
    if extension.lower() in EXTENSIONS and "." in stem:
        stem = before
    stem = _GROUP_FIRST.sub(r"[\1] ", stem, count=1)
    stem = (unquote(stem) if "%20" in stem else stem).replace(MARK, " ").replace("_", " ")
    stem = stem.translate({0xFF10 + digit: str(digit) for digit in range(10)})
    if not re.search(r"\s", stem.strip()):
        stem = re.sub(r"(?<!\d)\.|\.(?!\d{1,2}(?!\d))", " ", stem)
        stem = re.sub(r"-(?=(?:0\d+|\d{3,})$)", " ", stem)
    return " ".join(stem.split())


def _meaning(text: str) -> ComicName | None:
    """Return the facts in a text from brackets; empty if it is noise, None if it is not known."""
    word = text.lower()
    if month := month_of(word):
        return ComicName(month=month)
    known = _date(word.removesuffix(" edition")) or _number(word) or _quality(text) or _part(text)
    if known:
        return known
    if word in LANGUAGE_OF:
        return ComicName(language=LANGUAGE_OF[word])
    if word in PUBLISHERS:
        return ComicName(publisher=text)
    if word in FORMATS or word.removesuffix(" edition") in FORMATS:
        return ComicName(format=text)
    is_noise = not word or re.fullmatch(NOISE, word)
    return ComicName() if is_noise else _meaning_of_words(text)


def _meaning_of_words(text: str) -> ComicName | None:
    """Return the facts in `FR Digital` or `2018, DC`; None if it is something else.

    After a year and a comma, a word without a known meaning says nothing.
    """
    first, *others = re.split(r"\s*[,+]\s*", text)
    if others and first and date_of(first.lower()):
        return _merged(meaning for part in (first, *others) if (meaning := _meaning(part)))
    words = [first, *others] if others else re.split(r"[\s/]+", text)
    if len(words) == 1:
        return None
    meanings = [_meaning(word) for word in words]
    known = [meaning for meaning in meanings if meaning]
    is_number = any(name.issue_number or name.volume or name.title for name in known)
    return _merged(known) if len(known) == len(words) and not is_number else None


def _number(word: str) -> ComicName | None:
    if match := re.fullmatch(
        r"(?:(\d{1,4})\s*(?:de|di|sur|van|von)|(?:(\d{1,4})\s*)?of)\s*(\d{1,4})", word
    ):
        return ComicName(issue_number=match[1] or match[2], issue_count=int(match[3]))
    match = re.fullmatch(
        r"(?:#|ch(?:ap(?:ter)?s?)?\.?\s*|c(?=0\d|\d+-)|ep?\.?\s*(?=\d))(\d+(?:\.\d+)?(?:-\d+)?)",
        word,
    )
    if match:
        return ComicName(issue_number=match[1])
    match = re.fullmatch(
        r"(?:v(?:ol(?:ume)?s?)?|t(?:omes?)?|bd|band)\.?\s*(\d{1,4}(?:\.\d)?(?:\s*-\s*v?\d{1,4})?)",
        word,
    )
    if season := re.fullmatch(r"s(?:eason\s?)?(\d{1,2})", word):
        return ComicName(volume_text=f"S{season[1]:0>2}")
    if not match:
        return None
    books = book_number(match[1])
    return ComicName(volume=int(books)) if books.isdigit() else ComicName(volume_text=books)


def _part(text: str) -> ComicName | None:
    """Return what tells parts of a work apart: a season of a year, or a part."""
    match = re.fullmatch(rf"({_SEASONS}),?\s*((?:19|20)\d\d)", text, re.IGNORECASE)
    if match:
        return ComicName(title=match[1], year=int(match[2]))
    is_part = re.fullmatch(rf"{_PARTS}|{EXTRAS}", text, re.IGNORECASE)
    return ComicName(title=text) if is_part else None


def _quality(text: str) -> ComicName | None:
    if re.fullmatch(QUALITY, text, re.IGNORECASE):
        return ComicName(scan_quality=text)
    match = re.fullmatch(rf"(?!scan)({QUALITY})-(\w+)", text, re.IGNORECASE)
    return ComicName(scan_quality=match[1], scan_group=match[2]) if match else None


def _date(word: str) -> ComicName | None:
    date = date_of(word)
    return ComicName(year=date[0], month=date[1], day=date[2]) if date else None


def _tail_meaning(tail: re.Match[str]) -> ComicName:
    return ComicName(
        year=int(tail["year"]),
        month=int(tail["month"]) if tail["month"] else None,
        scan_quality=(tail["quality"] or "").strip() or None,
        scan_group=tail["group"],
    )


def _group(unknown: list[Bracket], *, is_tagged: bool) -> str | None:
    """Return the group that scanned the comic: the last unknown brackets, else the leading ones.

    Args:
        unknown: The brackets without a known meaning.
        is_tagged: Whether there are brackets with a known meaning.
    """
    for bracket in reversed(unknown):
        is_likely = bracket.is_square or is_tagged or "-" in bracket.text
        is_likely = is_likely or _SCANNERS.fullmatch(bracket.text) is not None
        if bracket.is_trailing and not bracket.is_leading and is_likely:
            return bracket.text
    first = unknown[0] if unknown else None
    # Japanese names begin with the artist, or with the circle and the artist, not with the group.
    if first and first.is_leading and first.is_square and not _CJK.search(first.text):
        return None if "(" in first.text else first.text
    return None


def _number_in_brackets(brackets: list[Bracket]) -> str | None:
    """Return the number that stands before a title: `Donjon Zénith (03) La princesse`."""
    inner = [b.text for b in brackets if not b.is_leading and not b.is_trailing]
    return next((text for text in inner if re.fullmatch(r"0\d{1,2}", text)), None)


def _series_in_brackets(
    unknown: list[Bracket], found: NumberedText, group: str | None
) -> str | None:
    """Return a series whose title stands in brackets: `(À Suivre) 023`, `[Oshi no Ko] v01`."""
    first = unknown[0] if unknown else None
    is_numbered = found.issue_number or found.volume is not None or found.volume_text
    if not first or not is_numbered or not first.is_leading or first.text == group:
        return None
    opening, closing = "[]" if first.is_square else "()"
    return f"{opening}{first.text}{closing}"


def _merged(parts: Iterable[ComicName]) -> ComicName:
    """Return all facts in some results; of two values for one fact, the first."""
    return reduce(_filled, parts, ComicName())


def _filled(name: ComicName, other: ComicName) -> ComicName:
    missing = {
        field.name: getattr(other, field.name)
        for field in fields(ComicName)
        if getattr(name, field.name) is None
    }
    return replace(name, **missing)
