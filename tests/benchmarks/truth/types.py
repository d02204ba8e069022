"""Media types: those that libmagic and the names of files say, and those that dam finds.

Where libmagic knows nothing, the name of the file counts. Texts that begin like other files must be
called texts.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from dam.media.file_type.recognition import UNKNOWN, file_type, media_type
from dam.media.file_type.signatures import SIGNATURES
from dam.media.image.decoders import PICTURE_TYPES
from tests.benchmarks.pictures import CORPUS
from tests.benchmarks.truth import plain_texts
from tests.benchmarks.truth.table import Row

TITLE = "types by content, against libmagic and the names of files"
FOLDERS = ("formats", "av_docs")
LEAST = 0.99

# Names of one type; the first is what the others are compared as.
_SYNONYMS = {
    "ani": "application/x-navi-animation",
    "application/dicom": "application/x-dicom",
    "application/gzip": "application/x-gzip",
    "application/msword": "application/word",
    "application/octet-stream": "application/undefined application/unknown",
    "application/rtf": "text/rtf",
    "application/vnd.ms-excel": "application/excel",
    "application/vnd.ms-powerpoint": "application/mspowerpoint application/powerpoint",
    "application/x-7z-compressed": "application/x-7z",
    "application/x-bzip": "application/bzip2 application/x-bzip2",
    "application/x-rar": "application/rar application/vnd.rar application/x-rar-compressed",
    "application/x-tar": "application/gnutar application/tar application/x-gtar",
    "application/x-xz": "application/xz",
    "application/xml": "text/xml",
    "application/zip": (
        "application/vnd.comicbook+zip application/x-cbz application/x-fictionbook+xml "
        "application/x-krita application/x-zip-compressed image/openraster"
    ),
    "asf": "application/vnd.ms-asf audio/x-ms-asf audio/x-ms-wma video/x-ms-asf video/x-ms-wmv",
    "audio/aac": "audio/aacp audio/x-aac audio/x-hx-aac-adif audio/x-hx-aac-adts",
    "audio/ac3": "audio/eac3 audio/vnd.dolby.dd-raw audio/vnd.dolby.heaac.1 audio/x-ac3",
    "audio/aiff": "audio/x-aiff",
    "audio/flac": "audio/x-flac",
    "audio/midi": "audio/mid audio/x-midi",
    "audio/mp4": "audio/m4a audio/m4b audio/mp4a-latm audio/x-m4a audio/x-m4b audio/x-mp4",
    "audio/mpeg": "audio/mp3 audio/mpeg3 audio/mpegapplication audio/x-mpeg audio/x-mpeg-3",
    "audio/ogg": (
        "application/ogg audio/oga audio/ogx audio/opus audio/speex audio/vorbis audio/x-ogg "
        "audio/x-speex audio/x-vorbis+ogg"
    ),
    "audio/wav": "audio/vnd.wave audio/wave audio/x-pn-wav audio/x-wav",
    "audio/x-ape": "audio/ape audio/x-monkeys-audio",
    "audio/x-dff": "audio/dff",
    "audio/x-dsf": "audio/dsd audio/dsf audio/x-dsd",
    "audio/x-musepack": "audio/musepack",
    "audio/x-ofr": "audio/x-ofs audio/x-optimfrog",
    "audio/x-tta": "audio/tta",
    "audio/x-wavpack": "audio/wavpack audio/x-wavpack-correction",
    "eps": "application/eps application/postscript application/x-eps image/eps image/x-eps",
    "flash": "application/vnd.adobe.flash.movie application/x-shockwave-flash",
    "gbr": "image/x-gimp-gbr",
    "icc": "application/vnd.iccprofile",
    "image/avif": "image/avif-sequence",
    "image/bmp": "image/x-bmp image/x-ms-bmp",
    "image/dds": "image/vnd-ms.dds image/vnd.ms-dds image/x-dds",
    "image/fits": "application/fits image/x-fits",
    "image/heic": "image/heic-sequence image/heif image/heif-sequence",
    "image/jp2": "image/jpeg2000 image/jpm image/jpx image/x-jp2",
    "image/jpeg": "image/jpg image/pjpeg",
    "image/png": "image/apng image/vnd.mozilla.apng image/x-png",
    "image/sgi": "image/x-rgb image/x-sgi",
    "image/svg+xml": "application/svg+xml image/svg",
    "image/vnd.radiance": "image/hdr image/x-hdr",
    "image/x-cur": "image/cur image/vnd.microsoft.cursor image/x-win-bitmap",
    "image/x-dcx": "image/dcx",
    "image/x-exr": "image/aces image/exr image/openexr image/x-openexr",
    "image/x-icon": "image/ico image/vnd.microsoft.icon",
    "image/x-jp2-codestream": "image/j2c image/j2k image/jphc image/x-j2c",
    "image/x-pcx": "image/pcx image/vnd.zbrush.pcx image/x-pc-paintbrush",
    "image/x-pfm": "image/x-portable-floatmap",
    "image/x-portable-graymap": "image/x-portable-greymap",
    "image/x-qoi": "image/qoi",
    "image/x-sun-raster": "image/x-cmu-raster",
    "image/x-tga": "application/tga image/targa image/tga image/x-targa",
    "image/x-xbm": "image/x-xbitmap image/xbm",
    "image/x-xpm": "image/x-xpixmap image/xpm",
    "image/xcf": "image/x-xcf",
    "inode/x-empty": "application/x-empty",
    "ole": (
        "application/cdfv2 application/vnd.ms-office application/vnd.ms-outlook "
        "application/x-msi application/x-ole application/x-ole-storage image/vnd.fpx"
    ),
    "pnm": "image/x-portable-anymap",
    "psd": (
        "application/psd application/x-photoshop image/psd image/vnd.adobe.photoshop "
        "image/x-photoshop image/x-psd"
    ),
    "video/3gpp": "audio/3gpp audio/3gpp2 video/3gp video/3gpp2",
    "video/flv": "video/x-flv",
    "video/mp4": "video/x-m4v",
    "video/mpeg": "video/mpeg-2 video/mpg",
    "video/ogg": "video/theora video/x-theora+ogg",
    "video/quicktime": "video/x-quicktime",
    "video/x-fli": "application/x-fli video/flc video/fli video/x-flc",
    "video/x-matroska": "application/x-matroska video/matroska",
    "video/x-msvideo": "video/avi video/msvideo",
    "wal": "application/wal application/x-wal",
    "xv": "image/x-xv-thumbnail",
}
_OF_ENDINGS = {
    "application/dicom": ".dcm",
    "application/json": ".json",
    "application/zip": ".cbz",
    "asf": ".wma .wmv",
    "audio/aac": ".aac",
    "audio/ac3": ".ac3 .eac3",
    "audio/aiff": ".aif .aiff",
    "audio/flac": ".flac",
    "audio/midi": ".mid",
    "audio/mp4": ".m4a .m4b",
    "audio/mpeg": ".id3 .mp3",
    "audio/ogg": ".ogg .opus .spx",
    "audio/x-ape": ".ape",
    "audio/x-dff": ".dff",
    "audio/x-dsf": ".dsf",
    "audio/x-musepack": ".mpc",
    "audio/x-ofr": ".ofr .ofs",
    "audio/x-tak": ".tak",
    "audio/x-tta": ".tta",
    "audio/x-wavpack": ".wv",
    "eps": ".eps",
    "icc": ".icm",
    "image/avif": ".avifs",
    "image/dds": ".dds",
    "image/sgi": ".bw .rgb .sgi",
    "image/svg+xml": ".svgz",
    "image/vnd.radiance": ".hdr",
    "image/x-dcx": ".dcx",
    "image/x-gd": ".gd",
    "image/x-im": ".im",
    "image/x-msp": ".msp",
    "image/x-pcx": ".pcx",
    "image/x-pfm": ".pfm",
    "image/x-pixar": ".pxr",
    "image/x-portable-pixmap": ".pnm",
    "image/x-spider": ".spider",
    "image/x-sun-raster": ".ras",
    "image/x-tga": ".tga",
    "image/x-xbm": ".xbm",
    "image/x-xpm": ".xpm",
    "message/rfc822": ".eml",
    "ole": ".mic .msg",
    "psd": ".pdd .psb .psd",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "video/3gpp": ".3g2",
    "video/mp4": ".mp4",
    "video/ogg": ".oggtheora",
    "video/quicktime": ".mov",
    "video/x-fli": ".fli",
    "wal": ".wal",
    "xv": ".p7",
}
_ONE_NAME = {other: name for name, others in _SYNONYMS.items() for other in others.split()}
_TYPE_OF_ENDING = {each: name for name, endings in _OF_ENDINGS.items() for each in endings.split()}
_UNMARKED = frozenset({".apev2", ".wal", ".gd", ".spider", ".id3"})
"""Endings of files that nothing in them tells from others, and, below, such files."""
_UNMARKED_FILES = frozenset({"sv4_header.mpc", "sv5_header.mpc", "t00740_tr1_segm.hdr"})
_PORTABLE = frozenset({".pnm", ".ppm", ".pgm", ".pbm"})
_ZIPPED = frozenset({".ora", ".kra"})

TEXTS = (
    "P1 - Mobile Touch - Europe\n",
    "P2 priorities for spring\n",
    "P3\nthird period\n",
    "P6 # see page six\n",
    "Pf 2027! Happy new year\n",
    "P7\nseventh page\n",
    "DDS is a surface format\n",
    "FTEX textures, notes\n",
    "qoif is quite ok\n",
    "My favourite tool is GIMP, a program\n",
    "Image type: scans\n",
    "BM was here, many times over\n",
    "icns for the app\n",
    "DanM wrote this\n",
    "LinS wrote that\n",
    "BLP1 versus BLP2\n",
    "SIMPLE  = better\n",
    "/* XPM */ how to write one\n",
    "P7 332 is an old header\n",
    "#define icon_width 16\nint x;\n",
    "FWS, FWD and RWD cars\n",
    "MP+ and MP- are members\n",
    "MAC addresses\n",
    "DSD disks\n",
    "PGF/TikZ manual\n",
    "FLIF was a format\n",
    "caffeine log\n",
    "OFR 12\n",
    "BZh is a magic\n",
    "LZIP notes\n",
    "II*\n",
    "OTTO von B.\n",
    "ID3 tags explained, for the patient reader\n",
    "Rar! is a shout\n",
    "{\\rtf is how it starts\n",
    "FORM 1099 instructions\n",
    "RIFF on guitar\n",
    "OggS is a page\n",
    "SQLite format 3 is stable\n",
    "BPG\n",
    "%!PS notes\n",
)
"""Plain texts that begin like pictures, sounds and programs."""


def table() -> list[Row]:
    """Return how many types are right in each folder, and how many texts are called texts."""
    return [
        *(_of_folder(name) for name in FOLDERS),
        _of_texts("plain texts", texts(), "text/plain"),
        _of_texts("texts and sources in many encodings", plain_texts.plain(), "text/plain"),
        _of_texts("tables of commas", plain_texts.tables(), "text/csv"),
        _of_texts("JSON", plain_texts.lists(), "application/json"),
    ]


def texts() -> Iterator[bytes]:
    """Yield plain texts, in several encodings, that begin with the marks of other files."""
    marks = {each.magic for each in SIGNATURES if each.offset == 0 and each.magic.isascii()}
    written = sorted(mark.decode() for mark in marks if mark.decode().isprintable())
    for start in (
        *TEXTS,
        *(
            f"{mark} is how some files begin, \N{LEFT DOUBLE QUOTATION MARK}one "
            "says\N{RIGHT DOUBLE QUOTATION MARK}.\n"
            for mark in written
        ),
    ):
        for encoding in ("utf-8", "cp1252", "utf-16", "utf-8-sig"):
            yield start.encode(encoding)
        yield start.encode("utf-8") + "\u6f22\u5b57\u3068\u304b\u306a\n".encode("shift_jis")


def _of_folder(name: str) -> Row:
    wrong, total = [], 0
    for path, accepted in _truth(CORPUS / name):
        total += 1
        found = _one(file_type(path))
        if found not in accepted:
            wrong.append(f"{path.name}: {found}, and not {' or '.join(sorted(accepted))}")
    return Row(what=name, equal=total - len(wrong), total=total, least=LEAST, wrong=wrong)


def _of_texts(what: str, some: Iterable[bytes], expected: str) -> Row:
    found = [(text, media_type(io.BytesIO(text))) for text in some]
    wrong = [f"{text!r}: {kind}" for text, kind in found if kind != expected]
    total = len(found)
    return Row(what=what, equal=total - len(wrong), total=total, least=LEAST, wrong=wrong)


def texts_called_pictures() -> list[bytes]:
    """Return the plain texts that dam takes for pictures, or other files of an image type."""
    found = ((text, media_type(io.BytesIO(text))) for text in (*texts(), *plain_texts.plain()))
    return [text for text, kind in found if kind in PICTURE_TYPES or kind.startswith("image/")]


def _truth(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """Yield each file of a folder, and the types that are right for it."""
    for table_of_files in sorted(folder.glob("*/truth.csv")):
        with table_of_files.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = table_of_files.parent / row["file"]
                yield path, _accepted(path, _one(row["libmagic_mime"]))


def _accepted(path: Path, by_libmagic: str) -> set[str]:
    ending = path.suffix.lower()
    accepted = {by_libmagic} - {UNKNOWN, ""}
    if ending in _TYPE_OF_ENDING:
        accepted.add(_TYPE_OF_ENDING[ending])
    if ending in _PORTABLE:
        accepted.add("pnm")
    if ending in _ZIPPED:
        accepted.add("application/zip")
    if path.name.endswith(".svg.gz"):
        accepted.add("image/svg+xml")
    if not accepted or ending in _UNMARKED or path.name in _UNMARKED_FILES:
        accepted.add(UNKNOWN)
    return accepted


def _one(media_type: str) -> str:
    name = media_type.lower().split(";")[0].strip()
    return _ONE_NAME.get(name, name)
