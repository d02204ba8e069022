"""The README's fenced blocks, and how its recipe is followed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dam.models import SCHEMA_REVISION
from tests.conftest import PROJECT

TEXT = (PROJECT / "README.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"(?:<!-- ([\w-]+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH_LINE = re.compile(r"# (\S+\.py)\n")
_REVISIONS = re.compile(r'^-SCHEMA_REVISION = "(\d+)"\n\+SCHEMA_REVISION = "(\d+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; `mark` is the comment above it."""

    mark: str | None
    language: str
    text: str

    @property
    def path(self) -> Path | None:
        """The file that the block is, or changes; its first line names it."""
        match = _PATH_LINE.match(self.text)
        return Path(match[1]) if match else None

    @property
    def body(self) -> str:
        """The text below the line that names the file."""
        return _PATH_LINE.sub("", self.text, count=1)


BLOCKS = [Block(mark or None, language, text) for mark, language, text in _BLOCK.findall(TEXT)]
PROSE = _BLOCK.sub("", TEXT)
CODE_SPANS = re.findall(r"`([^`\n]+)`", PROSE)


def marked(mark: str) -> str:
    """Return the text of the block below that comment."""
    (block,) = (block for block in BLOCKS if block.mark == mark)
    return block.text


def of_today(text: str) -> str:
    """Return a text of the recipe with the revisions of the schema that it shows brought forward.

    So a new revision need not be written into the README.
    """
    shown = _REVISIONS.search(TEXT)
    assert shown
    today = dict(
        zip(shown.groups(), (SCHEMA_REVISION, f"{int(SCHEMA_REVISION) + 1:04}"), strict=True)
    )
    return re.sub("|".join(today), lambda found: today[found[0]], text)


def follow_recipe(project: Path) -> None:
    """Make the files that the README shows, and the changes to others, in a copy of the tree."""
    for block in BLOCKS:
        if block.path is None:
            continue
        path = project / block.path
        if block.language == "diff":
            path.write_text(patched(path.read_text(), of_today(block.body)))
        else:
            path.write_text(block.body)


def patched(text: str, diff: str) -> str:
    """Return a text with a diff applied whose lines stand in order, perhaps far apart."""
    return "".join(_patch(text.splitlines(keepends=True), diff.splitlines(keepends=True)))


def _patch(lines: list[str], changes: list[str]) -> Iterator[str]:
    place = 0
    for change in changes:
        sign, line = change[0], change[1:]
        if sign == "+":
            yield line
            continue
        found = lines.index(line, place)
        yield from lines[place:found]
        if sign == " ":
            yield line
        place = found + 1
    yield from lines[place:]
