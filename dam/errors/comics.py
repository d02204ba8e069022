"""Errors about comics: concepts, variants, pages, comic files and their ComicInfo.xml."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dam.errors.base import ItemError, UsageError, display_path


class NoComicConceptError(UsageError):
    """The caller gave an entity that is not a comic concept where one is expected."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is not a comic concept", "`dam-cli comic find` lists concepts"
        )


class NoComicVariantError(UsageError):
    """The caller gave an entity that is not a comic variant where one is expected."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is not a comic variant",
            "`dam-cli comic import` and `dam-cli comic link` make variants",
        )


class ConceptNotVariantError(UsageError):
    """The caller gave a comic concept where a variant is expected, or would make it a variant."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is a comic concept, not a variant",
            f"`dam-cli comic variants {entity_id}` lists its variants",
        )


class VariantLinkedError(UsageError):
    """A variant already belongs to another concept."""

    def __init__(self, variant_entity_id: int, concept_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        self.concept_entity_id = concept_entity_id
        super().__init__(
            f"entity {variant_entity_id} is already a variant of concept {concept_entity_id}",
            f"first run `dam-cli comic unlink {variant_entity_id}`",
        )


class VariantUnlinkedError(UsageError):
    """A variant that has no concept cannot become the primary variant of one."""

    def __init__(self, variant_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        super().__init__(
            f"entity {variant_entity_id} is not linked to a concept; expected a linked variant",
            "link it to a concept with `dam-cli comic link`",
        )


class OwnPartError(UsageError):
    """An entity cannot be a variant or a page of itself; `role` is "variant" or "page"."""

    def __init__(self, entity_id: int, role: str) -> None:
        self.entity_id = entity_id
        self.role = role
        super().__init__(f"entity {entity_id} cannot be a {role} of itself")


class PageNumberError(UsageError):
    """A page number is outside 1 to `most`."""

    def __init__(self, page_number: int, most: int) -> None:
        self.page_number = page_number
        super().__init__(f"not a valid page number: {page_number}; expected 1 to {most}")


class PageNumberTakenError(UsageError):
    """A page number is already in use for another picture.

    Args:
        owner_entity_id: The entity that has the pages.
        page_number: The number that is in use.
        page_image_entity_id: The picture that has this number now.
    """

    def __init__(self, owner_entity_id: int, page_number: int, page_image_entity_id: int) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_number = page_number
        self.page_image_entity_id = page_image_entity_id
        super().__init__(
            f"page {page_number} of entity {owner_entity_id} is already entity"
            f" {page_image_entity_id}",
            "insert the new page there, or remove the old one first",
        )


class NoPageAtNumberError(UsageError):
    """An entity has no page with this number."""

    def __init__(self, owner_entity_id: int, page_number: int) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_number = page_number
        super().__init__(
            f"entity {owner_entity_id} has no page {page_number}",
            f"`dam-cli comic pages {owner_entity_id}` lists its pages",
        )


class NotAPageError(UsageError):
    """A picture is not a page of an entity, or does not have the page number that was given."""

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
    """The pages of an entity have changed since the caller read them.

    Args:
        owner_entity_id: The entity that has the pages.
        expected: The pictures that the caller read, in order.
        found: The pictures that are there now, in order.
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
            f"the pages of entity {owner_entity_id} have changed: {what}",
            "list the pages again, then repeat the change",
        )


class PagesLeftOutError(UsageError):
    """A new order of pages leaves out some; `pages` maps their numbers to their pictures."""

    def __init__(self, owner_entity_id: int, pages: Mapping[int, int], *, shown: int = 10) -> None:
        self.owner_entity_id = owner_entity_id
        self.pages = dict(pages)
        listed = [f"{number} (id {entity_id})" for number, entity_id in pages.items()]
        more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
        noun = "page" if len(listed) == 1 else "pages"
        super().__init__(
            f"{noun} {', '.join(listed[:shown])}{more} of entity {owner_entity_id}"
            f" {'is' if len(listed) == 1 else 'are'} not named",
            "name each page as often as it occurs, or use --drop to remove pages not named",
        )


class NotAPictureError(UsageError):
    """Something else than a picture was to be a page; `found` is its media type, if it has one."""

    def __init__(self, entity_id: int, found: str | None) -> None:
        self.entity_id = entity_id
        self.found = found
        super().__init__(
            f"entity {entity_id} is {found or 'no file'}; expected a picture",
            f"`dam-cli show {entity_id}` shows what it is",
        )


class NotAComicError(UsageError):
    """An entity that cannot be a comic was to be a variant; `found` is its media type, if any."""

    def __init__(self, entity_id: int, found: str | None) -> None:
        self.entity_id = entity_id
        self.found = found
        super().__init__(
            f"entity {entity_id} is {found or 'no file'}; expected an archive or a variant",
            "`dam-cli comic import` makes comics of files and folders; --force links it anyway",
        )


class NoPagesOwnerError(UsageError):
    """An entity that is no variant and has no pages was to get a page."""

    def __init__(self, entity_id: int) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"entity {entity_id} is not a comic variant, and has no pages",
            "`dam-cli comic find` lists comics; --force gives it pages anyway",
        )


class PageBeyondEndError(UsageError):
    """A page was to get a number that would leave a gap before it; `most` is the highest one."""

    def __init__(self, owner_entity_id: int, page_number: int, most: int) -> None:
        self.owner_entity_id = owner_entity_id
        self.page_number = page_number
        self.most = most
        super().__init__(
            f"page {page_number} of entity {owner_entity_id} would leave a gap; "
            f"expected 1 to {most}",
            f"`dam-cli comic pages {owner_entity_id}` lists its pages",
        )


class SameConceptError(UsageError):
    """A comic was to get the facts of one that exists, by `create` or `edit`."""

    def __init__(self, entity_id: int, name: str) -> None:
        self.entity_id = entity_id
        super().__init__(
            f"comic {entity_id}, {name}, has the same facts",
            "use that one, or give --force",
        )


class FactRefusedError(UsageError):
    """A value is not accepted for a field of a comic.

    Args:
        name: The field, such as "issue_number".
        found: The value that was given, as text.
        expected: A description of the accepted values.
    """

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name = name
        super().__init__(f"{name.replace('_', ' ')} is {found}; expected {expected}")


class NoPagesError(ItemError):
    """An archive or a folder (`what`, with its article) has no picture that could be a page."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"there is no picture in {what}")


class OnlySubfoldersError(UsageError):
    """A folder was to be imported, and only its subfolders hold pictures; it may be many comics.

    Args:
        path: The folder.
        subfolders: The folders below that hold pictures, as paths relative to it; not empty.
    """

    def __init__(self, path: str, subfolders: Sequence[str]) -> None:
        self.path = path
        self.subfolders = tuple(subfolders)
        first = display_path(subfolders[0])
        more = f" and {len(subfolders) - 1} more" if len(subfolders) > 1 else ""
        super().__init__(
            f"{display_path(path)} holds no archives or pictures itself; "
            f"{first}{more} below it {'hold' if more else 'holds'} pictures",
            "-r makes a comic of each of these folders, --as-one makes one comic of all",
        )


class PagesUnreadableError(ItemError):
    """Too few pages of an archive or a folder could be read to make a comic of it.

    Args:
        pages: The pages that could not be read, each as (name, reason).
        needed: The number of pages in a folder, which must all be readable. None for an archive,
            where one readable page is enough.
    """

    def __init__(self, pages: Sequence[tuple[str, str]], needed: int | None = None) -> None:
        self.pages = tuple(pages)
        count = "its one page" if len(pages) == 1 else f"any of its {len(pages)} pages"
        if needed is not None and needed > len(pages):
            count = f"{len(pages)} of its {needed} pages"
        hint = (
            "repair those pages or move them out of the folder, then run the same command again; "
            "until then no comic is made and the files stay"
        )
        super().__init__(f"cannot read {count}: {pages[0][1]}", None if needed is None else hint)


class LostPagesError(ItemError):
    """Some pages of a comic could not be read; `pages` has them, each as (name, reason)."""

    def __init__(self, pages: Sequence[tuple[str, str]]) -> None:
        self.pages = tuple(pages)
        name, words = pages[0]
        more = f", and {len(pages) - 1} more" if len(pages) > 1 else ""
        super().__init__(f"page {name} could not be read: {words}{more}")


class ComicTargetTakenError(UsageError):
    """A comic cannot be written to a path where something exists already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{display_path(path)} already exists", "choose another name")


class ComicTargetFormatError(UsageError):
    """A comic cannot be written in the format that the suffix of a path asks for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"cannot write a comic as {path.suffix}; expected .cbz, .pdf or a folder",
            "choose a name that ends in .cbz or .pdf",
        )


class NothingToExportError(UsageError):
    """A variant without pages cannot be exported."""

    def __init__(self, variant_entity_id: int) -> None:
        self.variant_entity_id = variant_entity_id
        super().__init__(
            f"variant {variant_entity_id} has no pages", "add pages with `dam-cli comic add-page`"
        )


class MalformedFieldError(UsageError):
    """A change to a comic is not written as `FIELD=VALUE`."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"not a valid change: {text!r}; expected FIELD=VALUE", "for example publisher=Norma"
        )


class PageExportError(ItemError):
    """A page could not be written, so the whole comic was not written."""

    def __init__(self, page_number: int, error: ItemError) -> None:
        self.page_number = page_number
        super().__init__(f"page {page_number}: {error.message}", error.hint)


class UnreadableComicInfoError(ItemError):
    """A file named ComicInfo.xml is not XML, has an unknown encoding, or is another document."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"unreadable ComicInfo.xml: {reason}")


class ForbiddenXmlError(ItemError):
    """An XML document declares something itself, as attacks do; it was not read."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} has a document type declaration with declarations of its own; "
            "such XML is not read"
        )
