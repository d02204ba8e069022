"""The facts and the words of RTF, a text in which backslashes begin commands.

Source: Rich Text Format Specification 1.9.1.
"""

import re
from collections import defaultdict
from typing import BinaryIO

from dam.media.document.facts import (
    TEXT_CHARACTERS,
    DocumentFacts,
    count_of,
    keywords_of,
    stated,
    time_of,
)
from dam.media.limits import MediaLimits

_MOST_BYTES = 4 << 20
_DEEPEST = 1_000
_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,9})? ?|((?:\\'[0-9A-Fa-f]{2})+)|\\([^A-Za-z'])"
    rb"|([{}])|([^\\{}\r\n]+)"
)
_BODY = "body"
_STATED = frozenset({"title", "author", "subject", "doccomm", "keywords", "creatim", "revtim"})
_HIDDEN = frozenset(
    {
        *("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "fldinst", "listtable"),
        *("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"),
        *(
            "generator",
            "themedata",
            "datastore",
            "latentstyles",
            "xmlnstbl",
            "rsidtbl",
            "nonshppict",
        ),
    }
)
_SIGNS = {
    **dict.fromkeys(("par", "line", "sect", "page", "row"), "\n"),
    **dict.fromkeys(("tab", "cell", "emspace", "enspace"), " "),
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
}
_SYMBOLS = {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}
_PARTS_OF_TIME = ("yr", "mo", "dy", "hr", "min")


def describe(file: BinaryIO, _media_type: str, _limits: MediaLimits) -> DocumentFacts:
    """Return the facts about an RTF; at most 4 MiB of it are read."""
    file.seek(0)
    reader = _Reader()
    reader.read(file.read(_MOST_BYTES))
    lines = (" ".join(line.split()) for line in reader.text(_BODY).split("\n"))
    return DocumentFacts(
        title=stated(reader.text("title")),
        author=stated(reader.text("author")),
        description=stated(reader.text("doccomm") or reader.text("subject")),
        keywords=keywords_of([reader.text("keywords")]),
        page_count=count_of(reader.numbers.get(("info", "nofpages"))),
        created_at=reader.time("creatim"),
        modified_at=reader.time("revtim"),
        text=stated("\n".join(filter(None, lines)), TEXT_CHARACTERS),
    )


class _Reader:
    """Follows the groups of an RTF, and collects the words of each destination.

    Attributes:
        numbers: The numbers of commands, by the destination and the command.
    """

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], str] = {}
        self._parts: dict[str, list[str]] = defaultdict(list)
        self._left = TEXT_CHARACTERS
        self._groups: list[tuple[str, int]] = []
        self._place, self._replaced = _BODY, 1
        self._code_page = "cp1252"
        self._to_skip = 0
        self._words = bytearray()

    def text(self, place: str) -> str:
        """Return the words of a destination."""
        units = "".join(self._parts[place]).encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace")  # rare letters are two commands

    def time(self, place: str) -> str | None:
        """Return the time of a destination, if its year, month and day are known."""
        parts = [self.numbers.get((place, part), "0").zfill(2) for part in _PARTS_OF_TIME]
        return time_of("{}-{}-{}T{}:{}".format(*parts))

    def read(self, content: bytes) -> None:
        """Read until the end, or until there are enough words."""
        at = 0
        while self._left > 0 and (found := _TOKEN.search(content, at)):
            at = found.end()
            command, number, coded, symbol, brace, plain = found.groups(b"")
            if plain or coded or symbol in (b"\\", b"{", b"}"):
                self._add_bytes(
                    plain or symbol or bytes.fromhex(coded.replace(b"\\'", b"").decode())
                )
                continue
            self._end_words()
            if command == b"bin":
                at += max(0, int(number or 0))  # bytes of a picture, which may look like commands
            elif command:
                self._obey(command.decode(), number.decode())
            elif symbol == b"*":
                self._place = ""  # a destination that readers may leave out
            elif symbol:
                self._add_sign(_SYMBOLS.get(symbol, ""))
            elif not self._turn(brace):
                return
        self._end_words()

    def _turn(self, brace: bytes) -> bool:
        """Open or close a group; return False at the end of the text, or if it is too deep."""
        self._to_skip = 0
        if brace == b"{":
            self._groups.append((self._place, self._replaced))
            return len(self._groups) <= _DEEPEST
        if self._groups:
            self._place, self._replaced = self._groups.pop()
        return bool(self._groups)

    def _obey(self, command: str, number: str) -> None:
        if command == "u" and number:
            self._add(chr(int(number) % 0x10000))
            self._to_skip = self._replaced
        elif command == "uc" and number:
            self._replaced = max(0, int(number))
        elif command == "ansicpg" and number:
            self._code_page = _known(f"cp{int(number)}")
        elif (command in _STATED and self._place == "info") or (command in _HIDDEN and self._place):
            self._place = command
        elif command in _SIGNS:
            self._add_sign(_SIGNS[command])
        elif number:
            self.numbers.setdefault((self._place, command), number)

    def _add_bytes(self, content: bytes) -> None:
        """Add words in the code page; the first bytes may only stand for a letter before them."""
        skipped = min(self._to_skip, len(content))
        self._to_skip -= skipped
        self._words += content[skipped:]

    def _end_words(self) -> None:
        """Decode the bytes up to here together: the second one of a letter may be a plain byte."""
        self._add(self._words.decode(self._code_page, "replace"))
        self._words.clear()

    def _add_sign(self, sign: str) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._add(sign)

    def _add(self, text: str) -> None:
        if text and self._left > 0 and (self._place == _BODY or self._place in _STATED):
            self._parts[self._place].append(text[: self._left])
            self._left -= len(text)


def _known(code_page: str) -> str:
    try:
        "".encode(code_page)
    except LookupError:
        return "cp1252"
    return code_page
