"""The decoders of pictures: the media types that each reads, and whether it is installed."""

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any, NamedTuple

from dam.errors import (
    MissingDecoderError,
    MissingExtraError,
    UnsupportedPictureError,
    raise_host_limit,
)
from dam.media.decoder import Decoder, version_of

RAW_TYPES = {
    "image/x-adobe-dng": "DNG",
    "image/x-canon-cr2": "CR2",
    "image/x-canon-cr3": "CR3",
    "image/x-canon-crw": "CRW",
    "image/x-epson-erf": "ERF",
    "image/x-fuji-raf": "RAF",
    "image/x-hasselblad-3fr": "3FR",
    "image/x-kodak-dcr": "DCR",
    "image/x-leaf-mos": "MOS",
    "image/x-mamiya-mef": "MEF",
    "image/x-minolta-mrw": "MRW",
    "image/x-nikon-nef": "NEF",
    "image/x-olympus-orf": "ORF",
    "image/x-panasonic-rw2": "RW2",
    "image/x-pentax-pef": "PEF",
    "image/x-phaseone-iiq": "IIQ",
    "image/x-samsung-srw": "SRW",
    "image/x-sigma-x3f": "X3F",
    "image/x-sony-arw": "ARW",
}
"""The media types of camera RAW, and the names of the formats."""


class _Format(NamedTuple):
    name: str
    module: str
    feature: str | None = None


_PILLOW_FORMATS = {
    "image/avif": _Format("AVIF", "PIL.AvifImagePlugin", "avif"),
    "image/bmp": _Format("BMP", "PIL.BmpImagePlugin"),
    "image/fits": _Format("FITS", "PIL.FitsImagePlugin"),
    "image/gif": _Format("GIF", "PIL.GifImagePlugin"),
    "image/jp2": _Format("JPEG2000", "PIL.Jpeg2KImagePlugin", "jpg_2000"),
    "image/jpeg": _Format("JPEG", "PIL.JpegImagePlugin", "jpg"),
    "image/jpx": _Format("JPEG2000", "PIL.Jpeg2KImagePlugin", "jpg_2000"),
    "image/png": _Format("PNG", "PIL.PngImagePlugin", "zlib"),
    "image/tiff": _Format("TIFF", "PIL.TiffImagePlugin"),
    "image/vnd.adobe.photoshop": _Format("PSD", "PIL.PsdImagePlugin"),
    "image/vnd.microsoft.icon": _Format("ICO", "PIL.IcoImagePlugin"),
    "image/webp": _Format("WEBP", "PIL.WebPImagePlugin", "webp"),
    "image/x-blp": _Format("BLP", "PIL.BlpImagePlugin"),
    "image/x-dcx": _Format("DCX", "PIL.DcxImagePlugin"),
    "image/x-dds": _Format("DDS", "PIL.DdsImagePlugin"),
    "image/x-ftex": _Format("FTEX", "PIL.FtexImagePlugin"),
    "image/x-gimp-gbr": _Format("GBR", "PIL.GbrImagePlugin"),
    "image/x-icns": _Format("ICNS", "PIL.IcnsImagePlugin"),
    "image/x-im": _Format("IM", "PIL.ImImagePlugin"),
    "image/x-jp2-codestream": _Format("JPEG2000", "PIL.Jpeg2KImagePlugin", "jpg_2000"),
    "image/x-msp": _Format("MSP", "PIL.MspImagePlugin"),
    "image/x-pcx": _Format("PCX", "PIL.PcxImagePlugin"),
    "image/x-pfm": _Format("PPM", "PIL.PpmImagePlugin"),
    "image/x-photo-cd": _Format("PCD", "PIL.PcdImagePlugin"),
    "image/x-pixar": _Format("PIXAR", "PIL.PixarImagePlugin"),
    "image/x-portable-arbitrarymap": _Format("PPM", "PIL.PpmImagePlugin"),
    "image/x-portable-bitmap": _Format("PPM", "PIL.PpmImagePlugin"),
    "image/x-portable-graymap": _Format("PPM", "PIL.PpmImagePlugin"),
    "image/x-portable-pixmap": _Format("PPM", "PIL.PpmImagePlugin"),
    "image/x-qoi": _Format("QOI", "PIL.QoiImagePlugin"),
    "image/x-sgi": _Format("SGI", "PIL.SgiImagePlugin"),
    "image/x-sun-raster": _Format("SUN", "PIL.SunImagePlugin"),
    "image/x-tga": _Format("TGA", "PIL.TgaImagePlugin"),
    "image/x-win-bitmap": _Format("CUR", "PIL.CurImagePlugin"),
    "image/x-xbitmap": _Format("XBM", "PIL.XbmImagePlugin"),
    "image/x-xpixmap": _Format("XPM", "PIL.XpmImagePlugin"),
    "image/x-xv-thumbnail": _Format("XVTHUMB", "PIL.XVThumbImagePlugin"),
    "video/x-flc": _Format("FLI", "PIL.FliImagePlugin"),
    "video/x-fli": _Format("FLI", "PIL.FliImagePlugin"),
}


class _Own(NamedTuple):
    name: str
    module: str
    reader: str


_RAW = _Own("RAW", "dam.media.image.readers.raw", "RawFile")
_ZIPPED = "dam.media.image.readers.layered"
_OWN_FORMATS = {
    "application/x-krita": _Own("KRA", _ZIPPED, "ZippedFile"),
    "image/openraster": _Own("ORA", _ZIPPED, "ZippedFile"),
    "image/svg+xml": _Own("SVG", "dam.media.image.readers.drawing", "SvgFile"),
    "image/vnd.adobe.photoshop": _Own("PSD", "dam.media.image.readers.photoshop", "PhotoshopFile"),
    "image/x-tga": _Own("TGA", "dam.media.image.readers.targa", "TargaFile"),
    "image/x-xcf": _Own("XCF", _ZIPPED, "XcfFile"),
    **dict.fromkeys(RAW_TYPES, _RAW),
}
_HEIF_TYPES = frozenset({"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"})
_JXL_TYPES = frozenset({"image/jxl"})
# Pillow's own wheels have all of these; other builds may lack some.
_PILLOW_FEATURES = {
    "jpeg": "jpg",
    "png": "zlib",
    "webp": "webp",
    "avif": "avif",
    "jpeg2000": "jpg_2000",
    "tiff": "libtiff",
    "color-profiles": "littlecms2",
}
_FEATURES_IN_MODULES = ("avif", "webp")
_EXTRA = ("PIL", "numpy")
_HEIF_PACKAGE, _JXL_PACKAGE = "pillow-heif", "pillow-jxl-plugin"
_RAW_PACKAGE, _SVG_PACKAGE = "rawpy", "resvg-py"
_PLUGINS = {
    "heif": ("pillow_heif", _HEIF_PACKAGE),
    "jxl": ("pillow_jxl", _JXL_PACKAGE),
    "raw": ("rawpy", _RAW_PACKAGE),
    "svg": ("resvg_py", _SVG_PACKAGE),
}
"""Decoders that are packages of their own: the module of each, and the package."""


PICTURE_TYPES = _HEIF_TYPES | _JXL_TYPES | _PILLOW_FORMATS.keys() | _OWN_FORMATS.keys()
"""The media types for which a decoder exists, installed or not."""


@cache
def pillow_format(media_type: str) -> str:
    """Return Pillow's name of the format of this media type, with its plugin loaded.

    Raises:
        MissingDecoderError: The package that reads this type is not installed.
        UnsupportedPictureError: No decoder that we know reads this type.
    """
    if media_type in _HEIF_TYPES:
        _import_plugin("pillow_heif", _HEIF_PACKAGE, media_type).register_heif_opener()
        return "HEIF"
    if media_type in _JXL_TYPES:
        _import_plugin("pillow_jxl", _JXL_PACKAGE, media_type)
        return "JXL"
    if media_type not in _PILLOW_FORMATS:
        if media_type in _OWN_FORMATS:
            return _OWN_FORMATS[media_type].name
        raise UnsupportedPictureError(media_type)
    name, module, feature = _PILLOW_FORMATS[media_type]
    importlib.import_module(module)
    if feature and not importlib.import_module("PIL.features").check(feature):
        if feature in _FEATURES_IN_MODULES:  # Pillow hides why it cannot import these
            _import_plugin(f"PIL._{feature}", "pillow", media_type)
        raise MissingDecoderError(media_type, "pillow")
    return name


@cache
def reader_of(media_type: str) -> Any:  # noqa: ANN401 - the type would import Pillow
    """Return our own reader of this media type, a class like `readers.drawn.DrawnFile`, or None."""
    own = _OWN_FORMATS.get(media_type)
    return None if own is None else getattr(importlib.import_module(own.module), own.reader)


def _import_plugin(module: str, package: str, media_type: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise_host_limit(error)
        raise MissingDecoderError(media_type, package) from error


def installed_decoders() -> dict[str, Decoder]:
    """Return the state of every decoder that this program can use, by name."""
    try:
        features = importlib.import_module("PIL.features")
    except ImportError:
        missing = Decoder(
            available=False, version=None, hint=MissingExtraError("image", "decoding").hint
        )
        return dict.fromkeys(("pillow", *_PILLOW_FEATURES, *_PLUGINS), missing)
    decoders = {"pillow": Decoder(True, version_of("pillow"), None)}  # noqa: FBT003
    for name, feature in _PILLOW_FEATURES.items():
        available = bool(features.check(feature))
        decoders[name] = Decoder(
            available,
            features.version(feature) if available else None,
            None if available else "pip install --force-reinstall pillow",
        )
    return decoders | {name: _plugin(*found) for name, found in _PLUGINS.items()}


def _plugin(module: str, package: str) -> Decoder:
    try:
        importlib.import_module(module)
    except ImportError:
        return Decoder(available=False, version=None, hint=f"pip install {package}")
    return Decoder(available=True, version=version_of(package), hint=None)


def _has_extra() -> bool:
    return all(importlib.util.find_spec(module) for module in _EXTRA)


def _has(*names: str) -> bool:
    decoders = installed_decoders()
    return all(decoders[name].available for name in names)


REQUIREMENTS: dict[str, Callable[[], bool]] = {
    "image": _has_extra,
    "pillow": partial(_has, *_PILLOW_FEATURES),  # it was missing, or lacked a decoder
    _HEIF_PACKAGE: partial(_has, "heif"),
    _JXL_PACKAGE: partial(_has, "jxl"),
    _RAW_PACKAGE: partial(_has, "raw"),
    _SVG_PACKAGE: partial(_has, "svg"),
}
"""Functions that tell whether an extra or package is installed, as in `MediaKind.requirements`."""
