"""Facts, words and covers of Office Open XML, OpenDocument and EPUB."""

from typing import BinaryIO

from dam.media.document.facts import (
    DocumentFacts,
    count_of,
    joined,
    keywords_of,
    stated,
    time_of,
)
from dam.media.document.reading_order import epub_words, open_document_words, open_xml_words
from dam.media.document.zipped import (
    ZippedDocument,
    attribute,
    elements,
    member_name,
    text,
    texts,
)
from dam.media.limits import MediaLimits

_ODF_THUMBNAIL = "Thumbnails/thumbnail.png"


def describe_open_xml(file: BinaryIO, media_type: str, limits: MediaLimits) -> DocumentFacts:
    """Return the facts about a docx, xlsx or pptx."""
    document = ZippedDocument(file, _open_xml_name(media_type), limits)
    core = document.xml(_part(document, "/core-properties", "docProps/core.xml"))
    app = document.xml(_part(document, "/extended-properties", "docProps/app.xml"))
    return DocumentFacts(
        title=stated(text(core, "title")),
        author=stated(text(core, "creator")),
        description=stated(text(core, "description", "subject")),
        keywords=keywords_of(texts(core, "keywords")),
        page_count=count_of(text(app, "Slides", "Pages")),
        created_at=time_of(text(core, "created")),
        modified_at=time_of(text(core, "modified")),
        text=open_xml_words(document, media_type, limits),
    )


def open_xml_cover(file: BinaryIO, media_type: str, limits: MediaLimits) -> bytes | None:
    """Return the picture of its first page that a docx, xlsx or pptx may have."""
    document = ZippedDocument(file, _open_xml_name(media_type), limits)
    part = _part(document, "/metadata/thumbnail", "docProps/thumbnail.jpeg")
    return _picture(document, part, limits)


def describe_open_document(file: BinaryIO, media_type: str, limits: MediaLimits) -> DocumentFacts:
    """Return the facts about an odt, ods, odp or the like."""
    document = ZippedDocument(file, _open_document_name(media_type), limits)
    locked = elements(document.xml("META-INF/manifest.xml"), "encryption-data")
    if next(locked, None) is not None:  # mostly `meta.xml` as well, which then is no XML
        return DocumentFacts(is_encrypted=True)
    meta = document.xml("meta.xml")
    counted = next(elements(meta, "document-statistic"), None)
    return DocumentFacts(
        title=stated(text(meta, "title")),
        author=stated(text(meta, "initial-creator", "creator")),
        description=stated(text(meta, "description", "subject")),
        keywords=keywords_of(texts(meta, "keyword")),
        page_count=None if counted is None else count_of(attribute(counted, "page-count")),
        created_at=time_of(text(meta, "creation-date")),
        modified_at=time_of(text(meta, "date")),
        text=open_document_words(document, limits),
    )


def open_document_cover(file: BinaryIO, media_type: str, limits: MediaLimits) -> bytes | None:
    """Return the picture of its first page that an odt, ods, odp or the like may have."""
    document = ZippedDocument(file, _open_document_name(media_type), limits)
    return _picture(document, _ODF_THUMBNAIL, limits)


def describe_epub(file: BinaryIO, _media_type: str, limits: MediaLimits) -> DocumentFacts:
    """Return the facts about an EPUB."""
    document = ZippedDocument(file, "EPUB", limits)
    package_name = _package_name(document)
    package = document.xml(package_name)
    dates = {attribute(each, "event"): (each.text or "") for each in elements(package, "date")}
    stated_by_name = {
        attribute(each, "property"): (each.text or "") for each in elements(package, "meta")
    }
    return DocumentFacts(
        title=stated(text(package, "title")),
        author=joined(texts(package, "creator")),
        description=stated(text(package, "description")),
        keywords=keywords_of(texts(package, "subject")),
        page_count=count_of(stated_by_name.get("schema:numberOfPages")),
        is_encrypted=_has_locked_parts(document),
        created_at=time_of(dates.get("creation") or dates.get("")),
        modified_at=time_of(stated_by_name.get("dcterms:modified") or dates.get("modification")),
        text=epub_words(document, package_name, package, limits),
    )


def epub_cover(file: BinaryIO, _media_type: str, limits: MediaLimits) -> bytes | None:
    """Return the cover of an EPUB, if it names one."""
    document = ZippedDocument(file, "EPUB", limits)
    name = _package_name(document)
    package = document.xml(name)
    if name is None or package is None:
        return None
    items = {attribute(item, "id"): item for item in elements(package, "item")}
    covers = [
        item for item in items.values() if "cover-image" in attribute(item, "properties").split()
    ]
    named = [
        attribute(each, "content")
        for each in elements(package, "meta")
        if attribute(each, "name") == "cover"
    ]
    covers += [items[key] for key in (*named, *_USUAL_COVERS) if key in items]
    for item in covers:
        if attribute(item, "media-type").startswith("image/"):
            return _picture(document, member_name(attribute(item, "href"), name), limits)
    return None


_USUAL_COVERS = ("cover", "cover-image", "cover_image", "coverimage", "cover.jpg", "cover.png")
# These only keep fonts from being copied out; every reader of the book undoes it.
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def _has_locked_parts(document: ZippedDocument) -> bool:
    encryption = document.xml("META-INF/encryption.xml")
    methods = (attribute(each, "Algorithm") for each in elements(encryption, "EncryptionMethod"))
    keys = list(elements(encryption, "EncryptedKey"))
    return bool(keys) or any(method not in _FONT_METHODS for method in methods)


def _package_name(document: ZippedDocument) -> str | None:
    """Return the name of the member that describes an EPUB, or None."""
    container = document.xml("META-INF/container.xml")
    files = (attribute(each, "full-path") for each in elements(container, "rootfile"))
    return next((member_name(each) for each in files if each), None)


def _part(document: ZippedDocument, kind: str, usual: str) -> str:
    """Return the name of a part of an Office Open XML document, by how its type ends."""
    for relation in elements(document.xml("_rels/.rels"), "Relationship"):
        if attribute(relation, "Type").endswith(kind):
            name = member_name(attribute(relation, "Target"))
            if document.has(name):
                return name
    return usual


def _picture(document: ZippedDocument, name: str, limits: MediaLimits) -> bytes | None:
    if not document.has(name) or document.is_encrypted(name):
        return None
    return document.read(name, limits.max_metadata_bytes)


def _open_xml_name(media_type: str) -> str:
    parts = {"wordprocessingml": "DOCX", "spreadsheetml": "XLSX"}
    return next((name for part, name in parts.items() if part in media_type), "PPTX")


def _open_document_name(media_type: str) -> str:
    parts = {"text": "ODT", "spreadsheet": "ODS", "presentation": "ODP"}
    kind = media_type.rpartition("opendocument.")[2]
    return next((name for part, name in parts.items() if kind.startswith(part)), "OpenDocument")
