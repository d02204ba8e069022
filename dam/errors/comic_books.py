"""Faults of what is asked of comics: their concepts, variants and pages."""

from dam.errors.base import UsageError


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


class FactRefusedError(UsageError):
    """A fact about a comic that cannot be kept as it is."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name = name
        super().__init__(f"{name.replace('_', ' ')} is {found}; expected {expected}")
