"""SVG: drawings, plain or in gzip, rendered by resvg, which is given nothing but a sound document.

resvg reads any file that an `<image>` names, and runs out of stack on deeply nested elements. So
expat, which does neither, goes through the document first.
"""

import importlib
import io
import re
import zlib
from xml.parsers import expat

from PIL import Image

from dam.errors import MediaLimitError, MissingDecoderError, NoDecoderError, raise_host_limit
from dam.media.image.readers.drawn import DrawnFile
from dam.media.limits import MediaLimits

PACKAGE, MODULE = "resvg-py", "resvg_py"

_MOST_BYTES = 32 << 20
_HEAD_BYTES = 512 << 10  # enough for the size
_MOST_DEPTH = 256
_LONGEST_ENTITY, _MOST_ENTITIES = 1000, 200
_GZIP, _GZIP_BITS = b"\x1f\x8b", 31
_LONGEST_CHAIN = 64
_REFERENCE = re.compile(r"#([^\s\"')]+)")
_LINKS = frozenset({"a"})  # a reader may follow them; nothing is shown in their place
_SHOWN_DATA = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_LENGTH = re.compile(r"\s*\+?(\d*\.?\d+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|q|em|ex|)\s*$")
_PIXELS = {
    "": 1.0,
    "px": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    "q": 96 / 101.6,
    "em": 16.0,
    "ex": 8.0,
}
_LONGEST_SIDE = 100_000_000
_DRAWN_SIDE = 2048
_DPI = 96.0


class SvgFile(DrawnFile):
    """An SVG, in gzip or plain; see `DrawnFile`."""

    format = "SVG"
    bytes_a_pixel = 0.0

    def _open(self) -> None:
        self._head = self.file.read(_HEAD_BYTES + 1)
        self._is_whole = len(self._head) <= _HEAD_BYTES
        self._scan = Scan(_plain(self._head), self.limits, is_whole=self._is_whole)
        self._size = self._scan.size()
        self._mode = "RGBA"

    def _whole_scan(self) -> "Scan":
        if self._is_whole:
            return self._scan
        self.file.seek(len(self._head))
        rest = self.file.read(_MOST_BYTES + 1 - len(self._head))
        return Scan(_plain(self._head + rest), self.limits)

    def draw(self) -> Image.Image:
        """Return the drawing at the size that is wanted, or at its own, up to 2048 pixels."""
        try:
            resvg = importlib.import_module(MODULE)
        except ImportError as error:
            raise_host_limit(error)
            raise MissingDecoderError(self.media_type, PACKAGE) from error
        width, height = self.size
        longest = max(self.wanted or self.size)
        scan = self._whole_scan()
        if scan.shows_files:
            raise NoDecoderError("SVG drawings that show other files")
        if self._scan.is_blank:
            return Image.new("RGBA", (1, 1))
        side = "width" if width >= height else "height"
        content = resvg.svg_to_bytes(
            svg_string=scan.text,
            skip_system_fonts=not scan.has_text,  # reading them takes most of the time
            resources_dir=None,
            dpi=_DPI,
            **{side: max(1, min(longest, _DRAWN_SIDE))},
        )
        return Image.open(io.BytesIO(bytes(content)), formats=["PNG"])


class Scan:
    """What expat finds in an SVG: the size, whether there is text; it refuses what is dangerous.

    Attributes:
        root: The attributes of the root element.
        has_text: Fonts are needed.
        shows_files: Other files are parts of the drawing; resvg must not be given it.
        is_blank: The part of the drawing that is to be shown has no size.
        text: The document; empty if only its beginning is given.

    Raises:
        MediaLimitError: There are too many elements, too deep in one another.
        NoDecoderError: Entities are declared in unusual ways.
        SyntaxError: It is no well-formed SVG.
    """

    def __init__(self, document: bytes, limits: MediaLimits, *, is_whole: bool = True) -> None:
        self.root: dict[str, str] = {}
        self.has_text = self.shows_files = self.is_blank = False
        self.text = ""
        self._limits = limits
        self._depth = self._elements = self._entities = 0
        self._encoding: str | None = None
        self._around: list[str] = []
        self._shown_in: dict[str, set[str]] = {}
        parser = expat.ParserCreate()
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        parser.XmlDeclHandler = self._declaration
        try:
            parser.Parse(document, is_whole)
        except expat.ExpatError as error:
            raise SyntaxError(f"its XML is not valid: {error}") from error
        self._refuse_chains()
        if is_whole:
            self.text = self._decoded(document)

    def size(self) -> tuple[int, int]:
        """Return width and height in pixels, as the root element says."""
        sides = [_pixels(self.root.get(name)) for name in ("width", "height")]
        box = [float(each) for each in self.root.get("viewBox", "").replace(",", " ").split()]
        self.is_blank = len(box) == 4 and min(box[2:]) <= 0  # noqa: PLR2004 - its numbers
        width, height = sides
        if len(box) == 4 and min(box[2:]) > 0:  # noqa: PLR2004 - its numbers
            ratio = box[2] / box[3]
            if width is None and height is None:
                width, height = box[2:]
            elif width is None and height is not None:
                width = height * ratio
            elif height is None and width is not None:
                height = width / ratio
        if not width or not height or max(width, height) > _LONGEST_SIDE:
            raise NoDecoderError("SVG drawings without a size")
        return max(1, round(width)), max(1, round(height))

    def _decoded(self, document: bytes) -> str:
        if document[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return document.decode("utf-16")
        return document.decode(self._encoding or "utf-8").removeprefix("\ufeff")

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._encoding = encoding

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _MOST_DEPTH:
            raise MediaLimitError("levels of elements", self._depth, _MOST_DEPTH)
        if self._elements > self._limits.max_document_elements:
            raise MediaLimitError("elements", self._elements, self._limits.max_document_elements)
        name = name.rpartition(":")[2]
        if self._elements == 1:
            if name != "svg":
                raise SyntaxError(f"its root element is {name[:40]!r}, not svg")
            self.root = attributes
        self.has_text = self.has_text or name == "text"
        self._around.append(attributes.get("id", ""))
        for key, value in attributes.items():
            kind = key.rpartition(":")[2]
            is_href = kind == "href" and name not in _LINKS
            is_inside = value.strip().startswith("#") or _SHOWN_DATA.match(value)
            if (is_href and not is_inside) or key == "xml:base":
                self.shows_files = True
            if "#" in value and (targets := set(_REFERENCE.findall(value))):
                for each in filter(None, self._around):
                    self._shown_in.setdefault(each, set()).update(targets)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._around.pop()

    def _refuse_chains(self) -> None:
        """Raise if parts show parts that show parts, and so on: resvg runs out of stack."""
        chain = set(self._shown_in)
        for _ in range(_LONGEST_CHAIN):
            chain = {part for part in chain if self._shown_in[part] & chain}
            if not chain:
                return
        raise MediaLimitError("levels of parts in one another", None, _LONGEST_CHAIN)

    def _entity(self, _name: str, _is_parameter: bool, value: str | None, *_other: object) -> None:  # noqa: FBT001 - expat calls it
        self._entities += 1
        is_plain = value is not None and "&" not in value and "<" not in value
        if not is_plain or len(value or "") > _LONGEST_ENTITY or self._entities > _MOST_ENTITIES:
            raise NoDecoderError("SVG drawings that declare entities of markup")


def _plain(content: bytes) -> bytes:
    """Return a drawing without its gzip.

    Raises:
        MediaLimitError: It is too large.
        SyntaxError: The gzip is damaged.
    """
    if content.startswith(_GZIP):
        unpacker = zlib.decompressobj(_GZIP_BITS)
        try:
            content = unpacker.decompress(content, _MOST_BYTES + 1)
        except zlib.error as error:
            raise SyntaxError("its gzip is damaged") from error
    if len(content) > _MOST_BYTES:
        raise MediaLimitError("bytes of a drawing", None, _MOST_BYTES)
    return content


def _pixels(length: str | None) -> float | None:
    """Return a length in pixels; None of a share, such as `100%`, and of one that is not there."""
    found = _LENGTH.match((length or "").lower())
    return float(found[1]) * _PIXELS[found[2]] if found else None
