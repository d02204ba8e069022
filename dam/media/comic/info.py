"""ComicInfo.xml: what it says, kept whole; schemas 2.0 and the draft of 2.1.

`info_xml` reads and writes it, `facts` gives its meaning, `info_edit` changes it, `info_pages` puts
an archive's pages in its order.

Source: the schemas of the Anansi project, https://anansi-project.github.io/docs/comicinfo/intro.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import fromstring

COMIC_INFO = "ComicInfo.xml"
"""The name of the file, which some write in another case."""

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
"""Every element that the schemas know, in their order."""

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
    """One child of the root, in document order; known to the schema or not.

    What else the root holds is an element too, with a name that XML cannot have, so that the
    elements are the whole document but for its pages: `@name` is an attribute of the root
    (`@xmlns` its namespace), `#text` is text between its children. The list of pages is an element
    `Pages` without a value, which says where the list stands. `#pages` says nothing itself: what
    the document says of its pages is not what we would say of them, as `apply_page_list` tells.

    Attributes:
        name: Without prefix; `{namespace}name` where the namespace is not the root's.
        value: Its text as it is, or, where `is_markup`, the whole element as XML.
        is_markup: Whether the element has children or attributes of its own.
    """

    name: str
    value: str
    is_markup: bool = False

    @property
    def text(self) -> str:
        """The trimmed text, of elements with children that of all of these together."""
        if not self.is_markup:
            return self.value.strip()
        root = fromstring(self.value)  # noqa: S314 - written by us, without declarations
        return "".join(root.itertext()).strip()

    @property
    def is_page_list(self) -> bool:
        """Whether the list of pages stands here."""
        return self.name == PAGES_NAME and not self.is_markup


@dataclass(frozen=True, slots=True)
class ComicInfoPage:
    """One entry of the list of pages.

    Attributes:
        image_index: The place among the archive's pictures, from 0; None where none is said.
        page_type: One of `PAGE_TYPES`, or several of them parted by blanks.
        is_double_page: Whether the picture is two pages wide.
        attributes: What else the entry says, as it says it: `ImageSize`, `Bookmark` … and the
            three above where they are wrong or written in a way of their own.
    """

    image_index: int | None
    page_type: str | None = None
    is_double_page: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComicInfo:
    """A whole ComicInfo.xml; two are equal if their XML says the same."""

    elements: tuple[ComicInfoElement, ...] = ()
    pages: tuple[ComicInfoPage, ...] = ()

    def text(self, name: str) -> str | None:
        """Return the trimmed text of the first element of that name; None where it is empty."""
        for element in self.elements:
            if element.name == name and (text := element.text):
                return text
        return None
