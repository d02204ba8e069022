"""The encoding of names of which an archive does not say it: the most plausible one for all.

Each candidate that can decode all names is scored by what they become. A score is the mean over the
bytes beyond ASCII: 1 for text as people write it, -1 for what no name holds, such as `Gr÷▀e`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from dam.media.archive.frequent import TABLES

FALLBACK = "cp437"
"""The encoding of old zip files, as their format says; it can decode any bytes."""

_LATIN = ("cp437", "cp850", "cp1252", "cp852", "cp857", "cp1250", "cp1254")
_CYRILLIC = ("cp866", "cp1251")
CANDIDATES = (*_LATIN, "cp932", "gbk", "cp950", "cp949", *_CYRILLIC)
"""The encodings that names may have besides UTF-8; of equally plausible ones the first is taken."""

_OF_LANGUAGES = {
    "ja": ("cp932",),
    "zh": ("gbk", "cp950"),
    "ko": ("cp949",),
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), _CYRILLIC),
    **dict.fromkeys(("hu", "pl", "cs", "sk", "hr", "sl", "ro"), ("cp852", "cp1250")),
    "tr": ("cp857", "cp1254"),
    **dict.fromkeys(("pt", "da", "no", "nb"), ("cp850", "cp1252")),
}
_BONUS = 0.3  # for an encoding of the language that the comic is in
_RARE = {"cp852": 0.1, "cp857": 0.1, "cp1250": 0.15, "cp1254": 0.15}  # their languages are few
_LEAST, _LEAST_AGAINST_NONSENSE, _NONSENSE = 0.3, -0.15, -0.4
_MOST_BYTES = 1 << 16  # of names that are scored

_WESTERN = (
    *("äöüß", "éèêëàâçîïôœùûü", "áéíóúñüãâàçêôõ", "áéíñóúü", "àèéìòùî", "åäöé", "æøåé", "éëèïü"),
)
_CENTRAL = ("áéíóöőúüű", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "čšžćđ", "ăâîșțşţ")
_TURKISH = ("çğ\u0131iöşüâî",)
_ALPHABETS = {
    encoding: [frozenset(letters + letters.upper()) for letters in alphabets]
    for encodings, alphabets in (
        (("cp437", "cp850", "cp1252"), _WESTERN),
        (("cp852", "cp1250"), _CENTRAL),
        (("cp857", "cp1254"), _TURKISH),
    )
    for encoding in encodings
}
"""The letters beyond ASCII of each language that is written in an encoding."""

_ALONE = frozenset("àáâèéêòóôåöîÀÈÉ")  # letters that are words
_MARKS = frozenset("«»°º½²³·©®™¡¿•…–—“”„‘’")  # noqa: RUF001 - as names have them
# National standards put the usual letters first: the first and the last of them, and the least
# second byte, as extensions have the smaller ones.
_USUAL = {
    "cp932": (0x889F, 0x9872, 0x40),
    "cp949": (0xB0A1, 0xC8FE, 0xA1),
    "gbk": (0xB0A1, 0xD7F9, 0xA1),
    "cp950": (0xA440, 0xC67E, 0x40),
}
_RUN = re.compile(r"[^\x00-\x7f]+")
_LONG_RUN = re.compile(r"[^\x00-\x7f]{2}")
_WORD = re.compile(r"[^\W\d_]+")
_RUSSIAN = re.compile("[А-Яа-яЁёЄєІіЇїҐґЎў]+")  # noqa: RUF001 - Cyrillic

# Yields for each character of a run beyond ASCII its score and the number of its bytes.
_Scorer = Callable[[str, re.Match[str]], Iterator[tuple[float, int]]]


def encoding_of(raw_names: Sequence[bytes], language: str | None = None) -> str:
    """Return the encoding that these names most likely have in common; one of `CANDIDATES`.

    Args:
        raw_names: Names of one archive that are not UTF-8.
        language: The language of the comic, such as `ja` or `pt-BR`, if it is known.
    """
    samples = _samples(raw_names)
    usual = _OF_LANGUAGES.get((language or "").casefold().partition("-")[0], ())
    scores = {}
    for encoding in CANDIDATES:
        score = _score(samples, encoding)
        if score is not None and _decodes(raw_names, encoding):
            bonus = _BONUS if encoding in usual else -_RARE.get(encoding, 0)
            scores[encoding] = score + bonus
    is_nonsense = scores[FALLBACK] < _NONSENSE
    plausible = [
        encoding
        for encoding, score in scores.items()
        if score >= (_LEAST_AGAINST_NONSENSE if is_nonsense and encoding in TABLES else _LEAST)
    ]
    return max(plausible, key=lambda encoding: scores[encoding], default=FALLBACK)


def plausibility(raw_names: Sequence[bytes], encoding: str) -> float:
    """Return the score of names in an encoding, -1 to about 1; -1 if they cannot be decoded."""
    score = _score(_samples(raw_names), encoding)
    return -1 if score is None else score


def _samples(raw_names: Iterable[bytes]) -> list[bytes]:
    """Return the different folders and base names that are not ASCII, up to a total size."""
    samples: dict[bytes, None] = {}
    size_bytes = 0
    for raw_name in raw_names:
        for part in raw_name.split(b"/"):  # no double-byte letter has this byte
            if not part.isascii() and part not in samples and size_bytes < _MOST_BYTES:
                samples[part] = None
                size_bytes += len(part)
    return list(samples)


def _decodes(raw_names: Iterable[bytes], encoding: str) -> bool:
    try:
        for raw_name in raw_names:
            raw_name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _score(samples: Sequence[bytes], encoding: str) -> float | None:
    """Return the score of samples in an encoding; None if they cannot be decoded."""
    try:
        texts = [sample.decode(encoding) for sample in samples]
    except UnicodeDecodeError:
        return None
    if encoding in _ALPHABETS:
        return max(_mean(texts, partial(_latin, alphabet)) for alphabet in _ALPHABETS[encoding])
    if encoding in _CYRILLIC:
        return _mean(texts, _cyrillic)
    return _mean(texts, partial(_east_asian, encoding))


def _mean(texts: Iterable[str], scorer: _Scorer) -> float:
    total = weight = 0.0
    for text in texts:
        for run in _RUN.finditer(text):
            for score, size_bytes in scorer(text, run):
                total += score * size_bytes
                weight += size_bytes
    return total / weight if weight else 0


def _neighbours(text: str, at: int) -> tuple[str, str]:
    """Return the characters before and after a place; a blank at the ends of the text."""
    padded = f" {text} "
    return padded[at], padded[at + 2]


def _latin(alphabet: frozenset[str], text: str, run: re.Match[str]) -> Iterator[tuple[float, int]]:
    for at in range(run.start(), run.end()):
        yield _latin_score(text[at], *_neighbours(text, at), alphabet), 1


def _latin_score(letter: str, before: str, after: str, alphabet: frozenset[str]) -> float:
    if letter in _MARKS:
        is_apostrophe = letter == "’" and before.isalpha() and after.isalpha()  # noqa: RUF001
        return 0.5 if is_apostrophe else 0.3 if letter in "–—“”„…" else 0.1  # noqa: RUF001
    if letter not in alphabet:
        return -0.4 if unicodedata.name(letter, "").startswith("LATIN ") else -1
    if after == "\\" or _is_misplaced(letter, before, after):
        return -0.5
    if not (before.isalpha() or after.isalpha()):
        return 0.5 if letter in _ALONE else -0.3
    if letter == "õ" and after != "e":  # as in `Mõdchen`, which was `Mädchen`
        return 0.6
    return 1 if (before + after).isascii() else 0.4 + 0.3 * bool({before, after} & alphabet)


def _is_misplaced(letter: str, before: str, after: str) -> bool:
    """Tell whether no word has this letter between these two."""
    if letter in "ãõÃÕ" and not before.isalpha():
        return True
    following = after.casefold()
    if letter in "àìòù" and after.isalpha():  # they end words: `più`
        return True
    if letter in "œŒ" and following not in "uid":  # `cœur`, `œil`
        return True
    if letter == "ñ" and following not in "aeiouáéíóú":
        return True
    if letter in "ïß" and before.casefold() not in "aeiouyäöü":
        return True
    return letter.isupper() and (before.islower() or (before.isalpha() and after.islower()))


def _cyrillic(text: str, run: re.Match[str]) -> Iterator[tuple[float, int]]:
    around = "".join(_around(text, run))
    is_mixed = any(map(str.isalpha, around))  # with Latin letters in one word
    rest = len(run[0])
    for word in _WORD.finditer(run[0]):
        rest -= len(word[0])
        yield (-0.7 if is_mixed else _cyrillic_score(word[0])), len(word[0])
    yield (-1 if set(run[0]) - _MARKS - {"№"} else 0.1), rest


def _cyrillic_score(word: str) -> float:
    if not _RUSSIAN.fullmatch(word):
        return -1
    if len(word) == 1:
        return 0.4 if word.casefold() in "авикосуя" else 0
    return 0.75 if word.isupper() else 1 if word.islower() or word.istitle() else -0.6


def _east_asian(encoding: str, text: str, run: re.Match[str]) -> Iterator[tuple[float, int]]:
    has_letters = any(map(str.isalpha, _around(text, run)))
    is_single = len(run[0]) == 1
    is_alone = is_single and has_letters and not _LONG_RUN.search(text)
    for character in run[0]:
        if "\uff61" <= character <= "\uff9f":  # half-width kana
            yield (-0.5 if has_letters or is_single else 0.35), 1
        elif is_alone:  # `Sch馬` was `Schön`
            yield -1, 2
        else:
            yield _east_asian_score(character, encoding), 2


def _around(text: str, run: re.Match[str]) -> tuple[str, str]:
    """Return the characters before and after a run; empty at the ends of the text."""
    return text[max(run.start() - 1, 0) : run.start()], text[run.end() : run.end() + 1]


def _east_asian_score(character: str, encoding: str) -> float:
    if character in TABLES[encoding]:
        return 1.05 if encoding == "cp949" else 1  # its table is smaller, so a hit says more
    if "\u3041" <= character <= "\u30fe":
        return 1 if encoding == "cp932" else -0.3
    if (
        "\u3000" <= character <= "\u3020"
        or "\uff01" <= character <= "\uff5e"
        or character in _MARKS
    ):
        return 0.3
    if unicodedata.category(character) != "Lo":
        return -1 if unicodedata.category(character) == "Co" else -0.5
    if encoding == "cp949" and not "\uac00" <= character <= "\ud7a3":
        return -1  # Korean names seldom have Chinese letters
    first, last, least_trail = _USUAL[encoding]
    code = int.from_bytes(character.encode(encoding), "big")
    return 0.4 if first <= code <= last and code & 0xFF >= least_trail else -0.25
