"""Folding: texts in the form in which people search, so that `tresor` finds `Trésor`.

A search finds what differs only in case, accents, width or the way in which Unicode writes it. What
is stored and what is asked are folded by the same functions; no database has a say in it.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_WORDS = 10_000
MAX_WORD_LENGTH = 100
MAX_CHARACTERS = 200_000

# Letters that a reader takes for others, though Unicode gives them no decomposition.
_ALIKE = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "\u0345": None}
)
# Accents are dropped only where a word stays the same without them: on Latin, Greek and Cyrillic
# letters and on digits. In other scripts they are vowels, or make another letter (カ and ガ).
_ACCENTS = re.compile(
    "(?<=[0-9a-z\u00aa-\u02af\u0370-\u052f\u1c80-\u1c8f\u2c60-\u2c7f\u2de0-\u2dff\ua640-\ua69f"
    "\ua720-\ua7ff])[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""What no reader sees, such as soft hyphens and marks of direction."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_ASCII_WORDS = re.compile("[0-9a-z]+")
# Scripts that are written without spaces between words: Thai, Lao, Burmese, Khmer, kana and Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"([{_UNSPACED}]+)|[^ {_UNSPACED}]+")
_ENDS_UNSPACED = re.compile(f"[{_UNSPACED}] *$")


# Normal forms sort a run of marks in quadratic time; no script has so many on a letter. (Unicode's
# Stream-Safe Text Format, UAX 15 section 13, has the same bound.)
_MOST_MARKS = 30
_MAYBE_MARKS = re.compile(f"[^\x00-\u02ff]{{{_MOST_MARKS + 1}}}")


class _Spaces(dict[int, int]):
    """For `str.translate`: a space for each character that is no letter, digit or mark."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        is_word = character.isalnum() or unicodedata.category(character).startswith("M")
        self[code] = found = code if is_word else ord(" ")
        return found


_SPACES = _Spaces()


@dataclass(frozen=True)
class WantedWords:
    """What a part of a query asks of the words of an entry.

    Args:
        words: The words that must all be there; empty if the text has none.
        is_prefix: The last of them may be the beginning of a word.
    """

    words: tuple[str, ...]
    is_prefix: bool

    @property
    def run(self) -> str:
        """The text that the words of an entry have if these words follow on each other there."""
        return f" {' '.join(self.words)}{'' if self.is_prefix else ' '}"


def fold(text: str) -> str:
    """Fold a text: lower case, no accents on letters, one form for each character.

    Control characters become spaces, halves of surrogate pairs become U+FFFD, and what no reader
    sees is left out, so that both databases can store it. Folding twice changes nothing more.

    Example: `fold("Le Trésor, TOME 2")` is `"le tresor, tome 2"`.
    """
    if text.isascii():
        lower = text.lower()
        return lower if lower.isprintable() else _CONTROL.sub(" ", lower)
    folded = _fold_once(text)
    for _ in range(3):
        again = _fold_once(folded)
        if again == folded:
            break
        folded = again
    return folded


def with_few_marks(text: str) -> str:
    """Return a text without what is beyond 30 combining marks on one letter."""
    if not _MAYBE_MARKS.search(text):
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _fold_once(text: str) -> str:
    visible = INVISIBLE.sub("", unicodedata.normalize("NFKD", with_few_marks(text)))
    lower = unicodedata.normalize("NFKD", visible.casefold()).translate(_ALIKE)
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", lower))
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", bare))


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, in order: runs of letters and digits.

    Scripts without spaces give each two neighbouring characters, and the last one alone: a search
    for any part of them finds it. A word is cut to 100 characters; a text has at most 10,000 words.

    Example: `words_of("IMG_2024 Trésor.jpg")` is `["img", "2024", "tresor", "jpg"]`.
    """
    folded = fold(text[:MAX_CHARACTERS])
    if folded.isascii():
        words = _ASCII_WORDS.findall(folded)
    else:
        words = []
        for match in _RUNS.finditer(folded.translate(_SPACES)):
            run = match[0]
            words += _pairs(run) if match[1] else [run]
            if len(words) >= MAX_WORDS:
                break
    if len(folded) > MAX_WORD_LENGTH:
        words = [word[:MAX_WORD_LENGTH] for word in words[:MAX_WORDS]]
    return words


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run))]


def wanted_words(text: str, *, is_phrase: bool = False) -> WantedWords:
    """Return the words that a search for a text must find, cut as `words_of` cuts what is found.

    Where they are several, they must follow on each other; without `is_phrase` the last may be the
    beginning of a word.

    Example: `wanted_words("Holiday.jp").run` is `" holiday jp"`.
    """
    words = words_of(text)
    ends_unspaced = _ENDS_UNSPACED.search(fold(text[:MAX_CHARACTERS]).translate(_SPACES))
    if ends_unspaced and len(words) > 1 and words[-2][1:] == words[-1]:
        # The last character alone stands at the end of a run only; here the run may go on.
        words.pop()
    return WantedWords(tuple(words), is_prefix=not is_phrase or bool(ends_unspaced))
