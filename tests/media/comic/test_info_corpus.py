import json
import zipfile
from pathlib import Path
from xml.etree.ElementTree import canonicalize

import pytest

from dam.errors import ItemError
from dam.media.comic.facts import comic_facts
from dam.media.comic.info_xml import parse_comic_info, write_comic_info
from tests.media.comic_facts import mapped

pytestmark = pytest.mark.corpus


def _documents(corpus: Path) -> dict[Path, bytes]:
    found = {path: path.read_bytes() for path in sorted((corpus / "comics").rglob("*.xml"))}
    return {path: xml for path, xml in found.items() if b"<ComicInfo" in xml[:200]}


def test_real_documents_say_the_same_when_written(corpus: Path) -> None:
    documents = _documents(corpus)

    for path, xml in documents.items():
        info = parse_comic_info(xml)
        written = write_comic_info(info)
        assert parse_comic_info(written) == info, path
        assert canonicalize(written, strip_text=True) == canonicalize(xml, strip_text=True), path
    assert len(documents) >= 17


def test_real_archives_have_the_fields_that_are_listed(corpus: Path) -> None:
    checked = 0
    for listing in sorted((corpus / "comics").glob("*/listing.json")):
        for name, expected in json.loads(listing.read_text()).items():
            fields = expected.get("comicinfo")
            if fields:
                info = parse_comic_info(_comic_info_in(listing.parent / name))
                assert {field: info.text(field) for field in fields} == fields, name
                said = mapped(fields)
                facts = comic_facts(info)
                assert {fact: getattr(facts, fact) for fact in said} == said, name
                writers = [term.name for term in facts.terms if term.kind == "Writer"]
                assert writers == [fields["Writer"]] if "Writer" in fields else not writers, name
                checked += len(said) + len(writers)
    assert checked >= 36


def test_other_documents_are_item_errors(corpus: Path) -> None:
    for path in sorted((corpus / "comics").rglob("*.xml")):
        if path not in _documents(corpus):
            with pytest.raises(ItemError):
                parse_comic_info(path.read_bytes())


def _comic_info_in(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith("comicinfo.xml")]
        # Where there are several, the one beside the pages is meant.
        return archive.read(max(names, key=lambda name: name.count("/")))
