"""Comics: works (concepts), their variants, and the pages of these.

Everything takes and returns ids of entities. The functions of pages are those of `page_service`
under their names for comics: they take any owner, so other kinds of work have pages by the same
rules. Nothing here commits. Two who change one variant or one concept at once come one after the
other. Who makes a new order of pages that were read earlier says which these were (`expected`), so
that what came meanwhile is not lost. Names that no fact has are a `TypeError`.
"""

from dam.services.comic_book_service.concepts import create_comic_book_concept
from dam.services.comic_book_service.descriptions import (
    ComicConcept,
    ComicVariant,
    PageUse,
    describe_comic_concepts,
    describe_comic_variants,
    describe_page_uses,
)
from dam.services.comic_book_service.facts import (
    ConceptFacts,
    VariantFacts,
    check_facts,
    concept_name,
)
from dam.services.comic_book_service.finding import find_comic_book_concepts
from dam.services.comic_book_service.variants import (
    get_comic_concept_for_variant,
    get_comic_variants_containing_image_as_page,
    get_primary_variant_for_comic_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    set_primary_comic_variant,
    unlink_comic_variant,
)
from dam.services.page_service import assign_page as assign_page_to_comic_variant
from dam.services.page_service import get_ordered_pages as get_ordered_pages_for_comic_variant
from dam.services.page_service import remove_page as remove_page_from_comic_variant
from dam.services.page_service import (
    remove_page_at_number as remove_page_at_number_from_comic_variant,
)
from dam.services.page_service import update_page_order as update_page_order_for_comic_variant

__all__ = [
    "ComicConcept",
    "ComicVariant",
    "ConceptFacts",
    "PageUse",
    "VariantFacts",
    "assign_page_to_comic_variant",
    "check_facts",
    "concept_name",
    "create_comic_book_concept",
    "describe_comic_concepts",
    "describe_comic_variants",
    "describe_page_uses",
    "find_comic_book_concepts",
    "get_comic_concept_for_variant",
    "get_comic_variants_containing_image_as_page",
    "get_ordered_pages_for_comic_variant",
    "get_primary_variant_for_comic_concept",
    "get_variants_for_comic_concept",
    "link_comic_variant_to_concept",
    "remove_page_at_number_from_comic_variant",
    "remove_page_from_comic_variant",
    "set_primary_comic_variant",
    "unlink_comic_variant",
    "update_page_order_for_comic_variant",
]
