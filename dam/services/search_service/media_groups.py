"""The group of a media type, which `type:` asks for: image, video, document and so on."""

from collections.abc import Mapping

_BY_TYPE: Mapping[str, str] = {
    "application/dicom": "image",
    "application/mxf": "video",
    "application/ogg": "audio",
    "application/vnd.rn-realmedia": "video",
    "application/x-shockwave-flash": "video",
    "application/epub+zip": "document",
    "application/json": "document",
    "application/msword": "document",
    "application/pdf": "document",
    "application/postscript": "document",
    "application/rtf": "document",
    "application/x-mobipocket-ebook": "document",
    "application/xml": "document",
    "image/vnd.djvu": "document",
    "application/gzip": "archive",
    "application/java-archive": "archive",
    "application/vnd.ms-cab-compressed": "archive",
    "application/vnd.rar": "archive",
    "application/x-7z-compressed": "archive",
    "application/x-bzip2": "archive",
    "application/x-lz4": "archive",
    "application/x-lzh-compressed": "archive",
    "application/x-lzip": "archive",
    "application/x-rar": "archive",
    "application/x-tar": "archive",
    "application/x-xz": "archive",
    "application/zip": "archive",
    "application/zstd": "archive",
    "application/vnd.comicbook+zip": "comic",
    "application/vnd.comicbook-rar": "comic",
    "application/vnd.ms-fontobject": "font",
}
_BY_START: Mapping[str, str] = {
    "image/": "image",
    "video/": "video",
    "audio/": "audio",
    "font/": "font",
    "message/": "document",
    "text/": "document",
    "application/vnd.ms-": "document",
    "application/vnd.oasis.opendocument.": "document",
    "application/vnd.openxmlformats-": "document",
}

COMIC = "comic"
OTHER = "other"


def group_of(media_type: str | None) -> str:
    """Return the group of a media type; of one that nobody knows, or of none, `other`.

    >>> group_of("image/jpeg"), group_of("application/pdf"), group_of(None)
    ('image', 'document', 'other')
    """
    if media_type is None:
        return OTHER
    known = _BY_TYPE.get(media_type)
    starts = (group for start, group in _BY_START.items() if media_type.startswith(start))
    return known or next(starts, OTHER)
