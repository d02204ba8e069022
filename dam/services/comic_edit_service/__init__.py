"""Editing and viewing comics, for commands and a user interface: their fields and their links."""

from dam.services.comic_edit_service.checked import (
    add_pictures,
    create_new_concept,
    move_page_within,
    reorder_by_name,
    reorder_pictures,
    view_page_uses,
    view_pages,
)
from dam.services.comic_edit_service.editing import (
    Changes,
    edit_comic,
    edit_comic_concept,
    edit_comic_variant,
    list_fields,
    parse_changes,
)
from dam.services.comic_edit_service.links import (
    LinkedVariants,
    link_variants,
    make_primary,
    unlink_variants,
)
from dam.services.comic_edit_service.removing import remove_comic
from dam.services.comic_edit_service.views import (
    ComicEdit,
    ConceptView,
    VariantView,
    edit_and_view,
    list_variants,
    view_comic,
)

__all__ = [
    "Changes",
    "ComicEdit",
    "ConceptView",
    "LinkedVariants",
    "VariantView",
    "add_pictures",
    "create_new_concept",
    "edit_and_view",
    "edit_comic",
    "edit_comic_concept",
    "edit_comic_variant",
    "link_variants",
    "list_fields",
    "list_variants",
    "make_primary",
    "move_page_within",
    "parse_changes",
    "remove_comic",
    "reorder_by_name",
    "reorder_pictures",
    "unlink_variants",
    "view_comic",
    "view_page_uses",
    "view_pages",
]
