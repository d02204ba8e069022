"""One spelling for the numbers in the names of comics, before they are parsed.

Examples: `第三巻` becomes `第3巻`, `Tome IV` becomes `Tome 4`, `S01E05` becomes `S01 #05`.
"""

import re

from dam.media.comic.name_words import CHAPTER_WORDS, VOLUME_WORDS, YEAR_WORDS

_WORD = r"(?<!\w)"
_CJK_DIGITS = {"\u3007": 0, "零": 0, **{d: n for n, d in enumerate("一二三四五六七八九", 1)}}
_CJK_UNITS = {"十": 10, "百": 100, "千": 1000}
_CJK_NUMBER = rf"[{''.join(_CJK_DIGITS)}{''.join(_CJK_UNITS)}]{{1,9}}"
_CJK = re.compile(
    rf"(?P<first>第\s*)(?P<number>{_CJK_NUMBER})(?=\s*[巻卷集册冊話话回章]|\s*[-~〜～]\s*第?{_CJK_NUMBER}\s*[巻卷話话])"  # noqa: RUF001
    rf"|(?P<again>[-~〜～]\s*第?)(?P<last>{_CJK_NUMBER})(?=\s*[巻卷話话回章])"  # noqa: RUF001
    rf"|(?<=\s)(?P<bare>{_CJK_NUMBER})(?=\s*[巻卷話话]\s*(?:\0|$|[上中下]))"
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ROMAN = r"(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_SPELT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERED_WORDS = "|".join(
    word for word in (*VOLUME_WORDS, *CHAPTER_WORDS) if word not in ("ep", "bab", "cap")
)
_AFTER_WORD = re.compile(
    rf"{_WORD}(?P<word>(?i:{_NUMBERED_WORDS})(?![^\W\d])\.?\s+)"
    rf"(?:(?P<roman>{_ROMAN})|(?P<spelt>(?i:{'|'.join(_SPELT)})))(?!\w)"
)
_YEARS = re.compile(
    rf"{_WORD}(?i:{'|'.join(YEAR_WORDS)})\.?\s+(?:(?P<roman>{_ROMAN})|(?P<plain>\d{{1,3}}))"
    r"(?=[\s,;-]+(?i:n[.º°r]|nr|no\.|heft|#)\W*\d)"
)
_CHAPTER_WORD = rf"(?i:{'|'.join(CHAPTER_WORDS)})(?![^\W\d])[.:]?\s*#?"
_RULES = (
    (rf"{_WORD}(?i:s)(\d{{1,2}})\s?(?i:e|ep)(?=\d)", r"S\1 #"),  # S01E05
    (rf"{_WORD}(?i:season\s?|s)(\d{{1,2}})(?=[\s.,-]+(?:{_CHAPTER_WORD})\d)", r"S\1"),
    (r"(?<=\s)(\d{1,2})부(?=\s+\d+화)", r"S\1"),
    (rf"{_WORD}([Vv]\d{{1,4}}(?:\.\d)?)(?=[Cc]h?\d)", r"\1 "),  # v02c15
    (r"(?<=\s)(\d{1,4}(?:-\d{1,4})?)\s+as\s+([Vv]\d{1,4})(?!\w)", r"\2 \1"),
    (r"((?<!\w)[Vv]\d{1,4})\s+[Nn](?=\d{1,4}(?!\w))", r"\1 #"),  # v04 n03
    # The second version of a release, not a volume.
    (rf"({_WORD}{_CHAPTER_WORD}\d+(?:\.\d+)?)\s+v\d(?=[\s\0]*$)", r"\1"),
    (r"(\s0\d+\s*\0\s*)v\d(?=[\s\0]*$)", r"\1"),
    (r"(?<=\d)・(?=\d+(?:合併)?[号號日])", "-"),
    (r"(?<=\s)(?i:(?:true|retail|hq)?\s?pdf)-?(?=\s|$|(?i:issue))", ""),
    (r"([\d\0])(?:\s+-)?\s+pg?\.?\s?\d{2,3}(?:-\d{2,3})?(?=[\s\0]*$)", r"\1"),  # pages
    (r"(?<=\s)(?:HS|(?i:hors[\s-]s[ée]rie))(?:\s*(?i:n[º°.o]))?\s*#?(?=\d)", "Hors-Série #"),
    (r"([а-яё]{3})\.\s+(?=(?i:том|выпуск|глава|часть|№))", r"\1 "),  # noqa: RUF001 - Cyrillic
)
_PATTERNS = tuple((re.compile(pattern), replacement) for pattern, replacement in _RULES)


def usual_spelling(text: str) -> str:
    """Return a name in which numbers are spelt as most names spell them."""
    text = _CJK.sub(_cjk_in_digits, text)
    text = _AFTER_WORD.sub(_in_digits, text)
    text = _YEARS.sub(lambda match: f"v{match['plain'] or _roman_value(match['roman'])} ", text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return re.sub(r"(?<!\w)S(\d)(?=\s)", r"S0\1", text) if "S" in text else text


def _cjk_in_digits(match: re.Match[str]) -> str:
    number = match["number"] or match["last"] or match["bare"]
    return f"{match['first'] or match['again'] or ''}{_cjk_value(number)}"


def _cjk_value(number: str) -> int:
    """Return the value of a number such as `二百六十七`, or `一〇二`, digit by digit."""
    total, digits = 0, 0
    for character in number:
        if character in _CJK_UNITS:
            total += (digits or 1) * _CJK_UNITS[character]
            digits = 0
        else:
            digits = digits * 10 + _CJK_DIGITS[character]
    return total + digits


def _in_digits(match: re.Match[str]) -> str:
    if match["spelt"]:
        return f"{match['word']}{_SPELT.index(match['spelt'].lower()) + 1}"
    return f"{match['word']}{_roman_value(match['roman'])}"


def _roman_value(roman: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in roman]
    following = [*values[1:], 0]
    pairs = zip(values, following, strict=True)
    return sum(-value if value < after else value for value, after in pairs)
