"""The content of a ComicInfo.xml, kept whole; schema 2.0 and the draft of 2.1.

`info_xml` reads and writes it, `facts` extracts its facts, `info_edit` changes it, and `info_pages`
puts an archive's pages in its order.

Source: the schemas of the Anansi project, https://anansi-project.github.io/docs/comicinfo/intro.
"""

from dataclasses import dataclass, field
from xml.etree.ElementTree import fromstring

COMIC_INFO = "ComicInfo.xml"
"""The name of the file; some programs write it in another case."""

PAGES_NAME = "Pages"
COUNT_NAME = "PageCount"
MARK_NAME = "#pages"
SCHEMA_ORDER: tuple[str, ...] = (
    "Title",
    "Series",
    "Number",
    "Count",
    "Volume",
    "AlternateSeries",
    "AlternateNumber",
    "AlternateCount",
    "Summary",
    "Notes",
    "Year",
    "Month",
    "Day",
    "Writer",
    "Penciller",
    "Inker",
    "Colorist",
    "Letterer",
    "CoverArtist",
    "Editor",
    "Translator",
    "Publisher",
    "Imprint",
    "Genre",
    "Tags",
    "Web",
    "PageCount",
    "LanguageISO",
    "Format",
    "BlackAndWhite",
    "Manga",
    "Characters",
    "Teams",
    "Locations",
    "ScanInformation",
    "StoryArc",
    "StoryArcNumber",
    "SeriesGroup",
    "AgeRating",
    PAGES_NAME,
    "CommunityRating",
    "MainCharacterOrTeam",
    "Review",
    "GTIN",
)
"""Every element of the schemas, in their order."""

PAGE_TYPES: tuple[str, ...] = (
    "FrontCover",
    "InnerCover",
    "Roundup",
    "Story",
    "Advertisement",
    "Editorial",
    "Letters",
    "Preview",
    "BackCover",
    "Other",
    "Deleted",
)


@dataclass(frozen=True, slots=True)
class ComicInfoElement:
    """One child of the root, in document order, whether the schema knows it or not.

    Everything else in the root, except the pages, is kept as an element with a name that XML does
    not allow:

    - `@name` is an attribute of the root; `@xmlns` is its namespace.
    - `#text` is text between the children.
    - `Pages` without a value marks the place of the list of pages.
    - `#pages` marks a document whose own statements about its pages differ from those that we would
      write and must be kept; see `PageOrder.info`.

    Attributes:
        name: Without prefix; `{namespace}name` if the namespace is not the root's.
        value: The text as it is, or, if `is_markup`, the whole element as XML.
        is_markup: Whether the element has children or attributes of its own.
    """

    name: str
    value: str
    is_markup: bool = False

    @property
    def text(self) -> str:
        """The trimmed text; of an element with children, the text of all of them together."""
        if not self.is_markup:
            return self.value.strip()
        root = fromstring(self.value)  # noqa: S314 - written by us, without declarations
        return "".join(root.itertext()).strip()

    @property
    def is_page_list(self) -> bool:
        """Whether this element marks the place of the list of pages."""
        return self.name == PAGES_NAME and not self.is_markup


@dataclass(frozen=True, slots=True)
class ComicInfoPage:
    """One entry of the list of pages.

    Attributes:
        image_index: The place among the archive's pictures, from 0; None if the entry has none.
        page_type: One of `PAGE_TYPES`, or several of them separated by blanks.
        is_double_page: Whether the picture is two pages wide.
        attributes: All other attributes, unchanged: `ImageSize`, `Bookmark` … It also has the
            attributes of the three above if they are invalid, or written in an unusual way.
    """

    image_index: int | None
    page_type: str | None = None
    is_double_page: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComicInfo:
    """A whole ComicInfo.xml; two are equal if their XML has the same content.

    Attributes:
        elements: The children of the root, in document order.
        pages: The entries of its list of pages.
        mended: What was wrong with the XML and is mended here, as text for people.
    """

    elements: tuple[ComicInfoElement, ...] = ()
    pages: tuple[ComicInfoPage, ...] = ()
    mended: tuple[str, ...] = field(default=(), compare=False)

    def text(self, name: str) -> str | None:
        """Return the trimmed text of the first non-empty element of that name, or None."""
        for element in self.elements:
            if element.name == name and (text := element.text):
                return text
        return None
