"""What documents say of themselves, as plain values."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice

from dam.media.camera.times import is_set
from dam.media.camera.values import StatedFacts
from dam.media.clean_text import MOST_CHARACTERS, clean_text

TEXT_PAGES = 20
TEXT_CHARACTERS = 60_000
"""The text of at most so many pages is kept, and so many characters of it: about the 10,000 words
by which search finds an asset."""
MOST_KEYWORDS = 1_000
MOST_PAGES = 10_000_000
_MOST_LETTERS_OF_KEYWORDS = 200_000

_SEPARATORS = re.compile("[,;\\n\uff0c\uff1b\u3001]")
# `2024-05-17T10:11:12+02:00` as in XML, and `D:20240517101112+02'00'` as in a PDF; a day alone is
# its beginning. What is behind a Z, as in `Z00'00'`, does not count.
_TIME = re.compile(
    r"(?:D:)?(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.\d*)?)?)?"
    r"\s*(?:([Zz])(?:\d\d[':]?(?:\d\d)?'?)?|([+-])(\d\d)[':]?(\d\d)?'?)?"
)
_NONE_BEFORE = 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """The facts about a document; what it does not state is None or empty.

    Attributes:
        title: As is all text here: without control characters.
        author: Of several authors, all names, with commas between them.
        description: What it is about.
        keywords: Each once.
        page_count: The pages of a PDF; of other documents, the pages or slides that they state.
        is_encrypted: It, or a part of it, is encrypted; perhaps nothing else can be read.
        created_at: An ISO 8601 time, with its offset if the document states it.
        modified_at: The same.
        text: The words of the first pages, slides or chapters.
    """

    title: str | None = None
    author: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    page_count: int | None = None
    is_encrypted: bool = False
    created_at: str | None = None
    modified_at: str | None = None
    text: str | None = None

    @property
    def stated(self) -> StatedFacts:
        """What it says for people."""
        return StatedFacts(
            title=self.title,
            description=self.description,
            author=self.author,
            keywords=self.keywords,
        )


def stated(text: str | None, most: int = MOST_CHARACTERS) -> str | None:
    """Return a text without what no database stores, cut if it is long; None if nothing is left."""
    return (clean_text(text, most) or None) if text else None


def joined(texts: Iterable[str]) -> str | None:
    """Return texts as one, each once, with commas between them; None if all are blank."""
    return stated(", ".join(dict.fromkeys(each for text in texts if (each := stated(text)))))


def keywords_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords in texts in which commas or semicolons separate them.

    >>> keywords_of(["sea, sun;", "sea"])
    ('sea', 'sun')
    """
    parts = (" ".join(part.split()) for part in _separated(texts))
    return tuple(dict.fromkeys(filter(None, map(clean_text, parts))))[:MOST_KEYWORDS]


def _separated(texts: Iterable[str]) -> Iterator[str]:
    left = _MOST_LETTERS_OF_KEYWORDS
    for text in islice(texts, MOST_KEYWORDS):
        yield from _SEPARATORS.split(text[:left])
        left = max(0, left - len(text))


def count_of(text: str | None) -> int | None:
    """Return a stated number of pages, or None if it is none.

    >>> count_of("12"), count_of("0"), count_of("many")
    (12, None, None)
    """
    digits = (text or "").strip()
    if not re.fullmatch("[0-9]{1,8}", digits) or not 0 < int(digits) <= MOST_PAGES:
        return None
    return int(digits)


def time_of(text: str | None) -> str | None:
    """Return a time as documents write it in ISO 8601, with the offset that is stated, if one is.

    None if there is no day in it, or if it is absurd: no file was made before 1970, and a clock
    that shows the first moment of that year was never set.

    >>> time_of("D:20240517101112+02'00'"), time_of("2024-05-17"), time_of("D:2024")
    ('2024-05-17T10:11:12+02:00', '2024-05-17T00:00:00', None)
    """
    found = _TIME.fullmatch((text or "").strip()[:64].rstrip("\0"))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    shift = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    try:
        zone = timezone(-shift if found[8] == "-" else shift) if found[7] or found[8] else None
        time = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - added below
    except ValueError:
        return None
    is_possible = year >= _NONE_BEFORE and is_set(time)
    return time.replace(tzinfo=zone).isoformat() if is_possible else None
