"""Comics: works (concepts), their variants, and the pages of the variants.

Example: "Amazing Spider-Man #1" is a concept; a French CBZ and an English scan are its variants.

All functions take and return ids of entities. Nothing here commits. Changes of one variant or one
concept by two callers run one after the other. An unknown name of a fact is a `TypeError`.

The functions for pages are those of `page_service` under names for comics. They accept any entity
as the owner of pages, so the same rules hold for other kinds of work. A caller that computes a new
order from pages that it read in an earlier transaction passes those pages as `expected`, so that
pages added in the meantime are not lost.
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
from dam.services.comic_book_service.parts import comic_parts
from dam.services.comic_book_service.variants import (
    check_links,
    get_comic_concept_for_variant,
    get_comic_variants_containing_image_as_page,
    get_primary_variant_for_comic_concept,
    get_variants_for_comic_concept,
    link_comic_variant_to_concept,
    links_noted,
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
    "check_links",
    "comic_parts",
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
    "links_noted",
    "remove_page_at_number_from_comic_variant",
    "remove_page_from_comic_variant",
    "set_primary_comic_variant",
    "unlink_comic_variant",
    "update_page_order_for_comic_variant",
]
