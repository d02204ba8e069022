"""Documents beside `pdfinfo` and exiftool: the PDFs and the office files of `av_docs`."""

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from dam.errors import ItemError
from dam.media.document.facts import DocumentFacts
from dam.media.document.kind import DOCUMENT
from dam.media.file_type.recognition import media_type
from dam.media.limits import MediaLimits
from tests.benchmarks.truth.table import Row

TITLE = "documents (av_docs, beside pdfinfo and exiftool)"
_CORPUS = Path(os.environ.get("DAM_TEST_CORPUS", "../shared/data"))

_BARS = {"pages of PDFs": 0.99, "encryption": 0.99}
# The tags of exiftool, the first one that is there.
_TAGS = {
    "title": ("PDF:Title", "XML:Title", "FlashPix:Title", "XMP-dc:Title"),
    "author": (
        "PDF:Author",
        "XML:Creator",
        "FlashPix:Author",
        "XMP-meta:Initial-creator",
        "XMP-dc:Creator",
    ),
    "created": (
        "PDF:CreateDate",
        "XML:CreateDate",
        "FlashPix:CreateDate",
        "XMP-meta:Creation-date",
    ),
    "pages": (
        "XML:Slides",
        "XML:Pages",
        "FlashPix:Slides",
        "FlashPix:Pages",
        "XMP-meta:Document-statisticPage-count",
    ),
}

Compared = tuple[str, str, object, object]


def table(corpus: Path = _CORPUS) -> list[Row]:
    """Return the share of equal values for each fact."""
    found: dict[str, list[Compared]] = defaultdict(list)
    for path, truth, tags in _truths(corpus / "av_docs"):
        facts = _described(path)
        if facts is not None:
            for compared in _compared(path, facts, truth, tags):
                found[compared[0]].append(compared)
        elif truth["pdf_pages"].isdecimal():
            found["pages of PDFs"].append(("pages of PDFs", path.name, None, truth["pdf_pages"]))
    return [_row(what, values) for what, values in found.items()]


def _truths(
    folder: Path,
) -> Iterator[tuple[Path, Mapping[str, str], Mapping[str, object]]]:
    for listed in sorted(folder.glob("*/truth.csv")):
        exiftool = json.loads((listed.parent / "exiftool.json").read_bytes())
        tags = {each["SourceFile"]: each for each in exiftool}
        with listed.open(newline="") as rows:
            for row in csv.DictReader(rows):
                yield listed.parent / row["file"], row, tags.get(row["file"], {})


def _described(path: Path) -> DocumentFacts | None:
    with path.open("rb", buffering=0) as file:
        found = media_type(file)
        file.seek(0)
        if found not in DOCUMENT.media_types:
            return None
        try:
            return DOCUMENT.describe(file, found, MediaLimits())
        except ItemError:
            return None


def _compared(
    path: Path, facts: DocumentFacts, truth: Mapping[str, str], tags: Mapping[str, object]
) -> Iterator[Compared]:
    name = path.name
    if truth["pdf_pages"].isdecimal():
        yield "pages of PDFs", name, facts.page_count, int(truth["pdf_pages"])
    if truth["pdf_encrypted"]:
        is_encrypted = truth["pdf_encrypted"] != "no"
        yield "encryption", name, facts.is_encrypted, is_encrypted
    own = {
        "title": facts.title,
        "author": facts.author,
        "created": facts.created_at,
        "pages": None if truth["pdf_pages"] else facts.page_count,
    }
    for what, names in _TAGS.items():
        true = next((tags[each] for each in names if tags.get(each)), None)
        if own[what] is None and true is None:
            continue
        if what == "created":
            yield what, name, _moment(str(own[what])), _moment(str(true))
        else:
            yield what, name, own[what], _plain(true)


def _plain(value: object) -> object:
    return value.strip(" \0") if isinstance(value, str) else value


def _moment(text: str) -> object:
    """Return a time as both write it, without the zone where exiftool has none."""
    date, _, rest = text.partition("T" if "T" in text else " ")
    try:
        time = datetime.fromisoformat(f"{date.replace(':', '-')}T{rest.replace('Z', '+00:00')}")
    except ValueError:
        return text
    return time.replace(microsecond=0, tzinfo=None)


def _row(what: str, values: list[Compared]) -> Row:
    wrong = [
        f"{name}: {what} is {own!r}, and should be {true!r}"
        for what, name, own, true in values
        if own != true
    ]
    equal, total = len(values) - len(wrong), len(values)
    return Row(what=what, equal=equal, total=total, least=_BARS.get(what), wrong=wrong)
