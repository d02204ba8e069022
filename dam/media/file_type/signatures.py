"""The table of magic numbers: the bytes at the start of a file, and the media type they prove.

Types are named as `file --mime-type` (libmagic) names them, so that people can compare. Formats
that share the same start (zip, RIFF, ISO media, TIFF, Ogg, ...) are recognised in `containers`.
"""

from typing import NamedTuple


class Signature(NamedTuple):
    """Bytes that a file must have at an offset, and the media type that they prove."""

    offset: int
    magic: bytes
    media_type: str


_IMAGES = (
    Signature(0, b"\xff\xd8\xff", "image/jpeg"),
    Signature(0, b"\x89PNG\r\n\x1a\n", "image/png"),
    Signature(0, b"GIF87a", "image/gif"),
    Signature(0, b"GIF89a", "image/gif"),
    Signature(0, b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    Signature(0, b"8BPS\x00\x02", "image/vnd.adobe.photoshop"),
    Signature(0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    Signature(0, b"\xff\x0a", "image/jxl"),
    Signature(0, b"\xff\x4f\xff\x51\x00", "image/x-jp2-codestream"),
    Signature(0, b"qoif", "image/x-qoi"),
    Signature(0, b"farbfeld", "image/x-farbfeld"),
    Signature(0, b"gimp xcf", "image/x-xcf"),
    Signature(0, b"v/1\x01", "image/x-exr"),
    Signature(0, b"#?RADIANCE", "image/vnd.radiance"),
    Signature(0, b"#?RGBE", "image/vnd.radiance"),
    Signature(0, b"DDS ", "image/x-dds"),
    Signature(0, b"\x01\xda\x00\x01", "image/x-sgi"),
    Signature(0, b"\x01\xda\x00\x02", "image/x-sgi"),
    Signature(0, b"\x01\xda\x01\x01", "image/x-sgi"),
    Signature(0, b"\x01\xda\x01\x02", "image/x-sgi"),
    Signature(0, b"\x59\xa6\x6a\x95", "image/x-sun-raster"),
    Signature(0, b"icns", "image/x-icns"),
    Signature(0, b"SIMPLE  =", "image/fits"),
    Signature(0, b"\xb1\x68\xde\x3a", "image/x-dcx"),
    Signature(0, b"/* XPM */", "image/x-xpixmap"),
    Signature(0, b"P7 332", "image/x-xv-thumbnail"),
    Signature(0, b"\xd7\xcd\xc6\x9a", "image/wmf"),
    Signature(0, b"\x01\0\x09\0\0\x03", "image/wmf"),
    Signature(40, b" EMF", "image/emf"),
    Signature(0, b"II\xbc\x01", "image/jxr"),
    Signature(0, b"BPG\xfb", "image/bpg"),
    Signature(0, b"FLIF", "image/flif"),
    Signature(0, b"AT&TFORM", "image/vnd.djvu"),
    Signature(2048, b"PCD_IPI", "image/x-photo-cd"),
    Signature(0, b"Paint Shop Pro Image File", "image/x-paintshoppro"),
    Signature(0, b"BLP1", "image/x-blp"),
    Signature(0, b"BLP2", "image/x-blp"),
    Signature(0, b"DanM", "image/x-msp"),
    Signature(0, b"LinS", "image/x-msp"),
    Signature(0, b"SDPX", "image/x-dpx"),
    Signature(0, b"XPDS", "image/x-dpx"),
    Signature(0, b"FTEX", "image/x-ftex"),
    Signature(20, b"GIMP", "image/x-gimp-gbr"),
    Signature(0, b"Image type: ", "image/x-im"),
    Signature(0, b"\x80\xe8\x00\x00", "image/x-pixar"),
    Signature(0, b"PGF", "image/x-pgf"),
    Signature(0, b"\xc5\xd0\xd3\xc6", "image/x-eps"),
    Signature(128, b"DICM", "application/dicom"),
    Signature(0, b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    Signature(0, b"\x00MRM", "image/x-minolta-mrw"),
    Signature(0, b"FOVb", "image/x-sigma-x3f"),
    Signature(0, b"IIRO", "image/x-olympus-orf"),
    Signature(0, b"IIRS", "image/x-olympus-orf"),
    Signature(0, b"MMOR", "image/x-olympus-orf"),
    Signature(0, b"IIU\x00", "image/x-panasonic-rw2"),
    Signature(6, b"HEAPCCDR", "image/x-canon-crw"),
)

_SOUND_AND_VIDEO = (
    Signature(0, b"fLaC", "audio/flac"),
    Signature(0, b"MAC ", "audio/x-ape"),
    Signature(0, b"MPCK", "audio/x-musepack"),
    Signature(0, b"MP+", "audio/x-musepack"),
    Signature(0, b"wvpk", "audio/x-wavpack"),
    Signature(0, b"TTA1", "audio/x-tta"),
    Signature(0, b"TTA2", "audio/x-tta"),
    Signature(0, b"OFR ", "audio/x-ofr"),
    Signature(0, b"tBaK", "audio/x-tak"),
    Signature(0, b"DSD ", "audio/x-dsf"),
    Signature(0, b"FRM8", "audio/x-dff"),
    Signature(0, b".snd", "audio/basic"),
    Signature(0, b"caff", "audio/x-caf"),
    Signature(0, b"MThd", "audio/midi"),
    Signature(0, b"#!AMR", "audio/AMR"),
    Signature(0, b"ADIF", "audio/x-hx-aac-adif"),
    Signature(0, b"\x0b\x77", "audio/vnd.dolby.dd-raw"),
    Signature(0, b".ra\xfd", "audio/x-pn-realaudio"),
    Signature(0, b".RMF", "application/vnd.rn-realmedia"),
    Signature(0, b"FLV\x01", "video/x-flv"),
    Signature(0, b"\x00\x00\x01\xba", "video/mpeg"),
    Signature(0, b"\x00\x00\x01\xb3", "video/mpeg"),
    Signature(0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "application/mxf"),
    Signature(0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "video/x-ms-wtv"),
    Signature(0, b"FWS", "application/x-shockwave-flash"),
    Signature(0, b"CWS", "application/x-shockwave-flash"),
    Signature(0, b"ZWS", "application/x-shockwave-flash"),
)

_ARCHIVES_AND_DOCUMENTS = (
    Signature(0, b"Rar!\x1a\x07", "application/x-rar"),
    Signature(0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    Signature(0, b"BZh", "application/x-bzip2"),
    Signature(0, b"\xfd7zXZ\x00", "application/x-xz"),
    Signature(0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    Signature(0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    Signature(0, b"LZIP", "application/x-lzip"),
    Signature(0, b"MSCF", "application/vnd.ms-cab-compressed"),
    Signature(2, b"-lh", "application/x-lzh-compressed"),
    Signature(257, b"ustar", "application/x-tar"),
    Signature(0, b"%PDF-", "application/pdf"),
    Signature(0, b"\xef\xbb\xbf%PDF-", "application/pdf"),
    Signature(0, b"{\\rtf", "text/rtf"),
    Signature(60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    Signature(36, b"acsp", "application/vnd.iccprofile"),
    Signature(0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    Signature(0, b"\x00\x01\x00\x00\x00", "font/sfnt"),
    Signature(0, b"OTTO", "font/otf"),
    Signature(0, b"wOFF", "font/woff"),
    Signature(0, b"wOF2", "font/woff2"),
    Signature(0, b"d8:announce", "application/x-bittorrent"),
    Signature(0, b"bplist00", "application/x-bplist"),
)

SIGNATURES: tuple[Signature, ...] = _IMAGES + _SOUND_AND_VIDEO + _ARCHIVES_AND_DOCUMENTS
