"""Faults of comics: their concepts, variants and pages, their files and what these say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dam.errors.base import ItemError, UsageError, display_path


class NoComicConceptError(UsageError):
    """An entity that is no concept of a comic was taken for one."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is no comic concept", "`dam-cli comic find` lists concepts"
        )


class NoComicVariantError(UsageError):
    """An entity that is no variant of a comic was taken for one."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is no comic variant",
            "`dam-cli comic import` and `dam-cli comic link` make variants",
        )


class ConceptNotVariantError(UsageError):
    """A concept of a comic was taken for a variant, or was to become one."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is a comic concept, and no variant",
            f"`dam-cli comic variants {entity_id}` lists its variants",
        )


class VariantLinkedError(UsageError):
    """A variant belongs to another concept already."""

    def __init__(self, variant_entity_id: int, concept_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        self.concept_entity_id = concept_entity_id
        super().__init__(
            f"entity {variant_entity_id} is a variant of concept {concept_entity_id} already",
            f"`dam-cli comic unlink {variant_entity_id}` first",
        )


class VariantUnlinkedError(UsageError):
    """A variant without a concept was to be the primary one of its concept."""

    def __init__(self, variant_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        super().__init__(
            f"entity {variant_entity_id} is a variant of no concept; expected a linked one",
            "`dam-cli comic link` links it to a concept",
        )


class OwnPartError(UsageError):
    """An entity was to be a variant or a page of itself."""

    def __init__(self, entity_id: int, role: str) -> None:
        self.entity_id = entity_id
        self.role = role
        super().__init__(f"entity {entity_id} cannot be a {role} of itself")


class PageNumberError(UsageError):
    """A number that no page can have."""

    def __init__(self, page_number: int, most: int) -> None:
        self.page_number = page_number
        super().__init__(f"{page_number} is no page number; expected 1 to {most}")


class PageNumberTakenError(UsageError):
    """A page was to stand where another one stands."""

    def __init__(self, owner_entity_id: int, page_number: int, page_image_entity_id: int) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_number = page_number
        self.page_image_entity_id = page_image_entity_id
        super().__init__(
            f"page {page_number} of entity {owner_entity_id} is entity {page_image_entity_id}"
            " already",
            "insert the page there, or remove that one first",
        )


class NoPageAtNumberError(UsageError):
    """A number at which an owner has no page."""

    def __init__(self, owner_entity_id: int, page_number: int) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_number = page_number
        super().__init__(
            f"entity {owner_entity_id} has no page {page_number}",
            f"`dam-cli comic pages {owner_entity_id}` lists its pages",
        )


class NotAPageError(UsageError):
    """A picture that is no page of an owner, or none at the number that was given."""

    def __init__(
        self, owner_entity_id: int, page_image_entity_id: int, page_number: int | None = None
    ) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_image_entity_id = page_image_entity_id
        self.page_number = page_number
        page = "a page" if page_number is None else f"page {page_number}"
        super().__init__(
            f"entity {page_image_entity_id} is not {page} of entity {owner_entity_id}",
            f"`dam-cli comic pages {owner_entity_id}` lists its pages",
        )


class PagesChangedError(UsageError):
    """The pages of an owner are others than those that the caller has seen.

    Args:
        owner_entity_id: Whose pages.
        expected: The pictures that the caller saw.
        found: Those of now.
    """

    def __init__(self, owner_entity_id: int, expected: Sequence[int], found: Sequence[int]) -> None:
        self.owner_entity_id = owner_entity_id
        self.expected = tuple(expected)
        self.found = tuple(found)
        pairs = enumerate(zip(expected, found, strict=False), start=1)
        what = f"there are {len(found)}; expected {len(expected)}"
        for number, (one, other) in pairs:
            if one != other:
                what = f"number {number} is entity {other}; expected {one}"
                break
        super().__init__(
            f"the pages of entity {owner_entity_id} have changed: {what}", "read them again first"
        )


class PagesLeftOutError(UsageError):
    """A new order leaves out pages that there are; `pages` has their pictures by number."""

    def __init__(self, owner_entity_id: int, pages: Mapping[int, int], *, shown: int = 10) -> None:
        self.owner_entity_id = owner_entity_id
        self.pages = dict(pages)
        listed = [f"{number} (id {entity_id})" for number, entity_id in pages.items()]
        more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
        noun = "page" if len(listed) == 1 else "pages"
        super().__init__(
            f"{noun} {', '.join(listed[:shown])}{more} of entity {owner_entity_id}"
            f" {'is' if len(listed) == 1 else 'are'} not named",
            "name each as often as it is there, or give --drop to take away what is not named",
        )


class FactRefusedError(UsageError):
    """A fact about a comic that cannot be kept as it is."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name = name
        super().__init__(f"{name.replace('_', ' ')} is {found}; expected {expected}")


class NoPagesError(ItemError):
    """An archive or a folder holds no picture that could be a page."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"there is no picture in {what}")


class PagesUnreadableError(ItemError):
    """Too few pages of a comic could be read for it to become one.

    Args:
        pages: The names of the others, each with what hindered.
        needed: How many a folder has, of which none may be missing; None of an archive, for which
            one that can be read is enough.
    """

    def __init__(self, pages: Sequence[tuple[str, str]], needed: int | None = None) -> None:
        self.pages = tuple(pages)
        count = "its one page" if len(pages) == 1 else f"any of its {len(pages)} pages"
        if needed is not None and needed > len(pages):
            count = f"{len(pages)} of its {needed} pages"
        hint = (
            "run the same command again once all can be read, or without those in the folder; "
            "until then it is no comic, and its files stay"
        )
        super().__init__(f"cannot read {count}: {pages[0][1]}", None if needed is None else hint)


class LostPagesError(ItemError):
    """Some pages of a comic could not be read; `pages` are their names, each with what hindered."""

    def __init__(self, pages: Sequence[tuple[str, str]]) -> None:
        self.pages = tuple(pages)
        name, words = pages[0]
        more = f", and {len(pages) - 1} more" if len(pages) > 1 else ""
        super().__init__(f"page {name} could not be read: {words}{more}")


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


class MalformedFieldError(UsageError):
    """What is to be changed of a comic is not said as `FIELD=VALUE`."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is no FIELD=VALUE", "as in publisher=Norma")


class PageExportError(ItemError):
    """A page could not be written, so the comic was not."""

    def __init__(self, page_number: int, error: ItemError) -> None:
        self.page_number = page_number
        super().__init__(f"page {page_number}: {error.message}", error.hint)


class UnreadableComicInfoError(ItemError):
    """A ComicInfo.xml is no XML, in no known encoding, or something else."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"unreadable ComicInfo.xml: {reason}")


class ForbiddenXmlError(ItemError):
    """An XML document declares types or entities, which hostile ones use; it was not read."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} holds a document type declaration; such XML is not read")
