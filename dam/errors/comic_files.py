"""Faults of comics as files: what is imported, and where they are exported to."""

from collections.abc import Sequence
from pathlib import Path

from dam.errors.base import ItemError, UsageError, display_path


class NoPagesError(ItemError):
    """An archive or a folder holds no picture that could be a page."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"there is no picture in {what}")


class PagesUnreadableError(ItemError):
    """Not one page of a comic could be read."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        super().__init__(f"none of its {pages} pages could be read")


class LostPagesError(ItemError):
    """Some pages of a comic could not be read; the others are there."""

    def __init__(self, pages: Sequence[tuple[str, ItemError]]) -> None:
        self.pages = pages
        name, error = pages[0]
        more = f", and {len(pages) - 1} more" if len(pages) > 1 else ""
        super().__init__(f"page {name} could not be read: {error.message}{more}")


class ComicTargetTakenError(UsageError):
    """A comic was to be written where something is already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{display_path(path)} exists already", "choose another name")


class ComicTargetFormatError(UsageError):
    """A comic was to be written in a format that is not written here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"comics are not written as {path.suffix}; expected .cbz, .pdf, or a folder",
            "name a file that ends so",
        )


class NothingToExportError(UsageError):
    """A variant without pages was to be exported."""

    def __init__(self, variant_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        super().__init__(
            f"variant {variant_entity_id} has no pages", "`dam-cli comic add-page` adds some"
        )


class UnknownFieldError(UsageError):
    """A field of a comic was to be changed that there is not, or that is not changed so."""

    def __init__(self, text: str, known: tuple[str, ...]) -> None:
        self.text = text
        self.known = known
        super().__init__(f"{text!r} is no FIELD=VALUE", f"fields: {', '.join(known)}")


class PageExportError(ItemError):
    """A page could not be written, so the comic was not."""

    def __init__(self, page_number: int, error: ItemError) -> None:
        self.page_number = page_number
        super().__init__(f"page {page_number}: {error.message}", error.hint)
