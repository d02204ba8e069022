"""Ordered pages of an entity: reading, adding, moving and removing them.

The entity that has the pages is their *owner*: a comic variant, or any other entity. A page is a
picture at a number, with facts such as its type.
"""

from dam.services.page_service.listing import (
    EditedPages,
    PageFacts,
    add_pages,
    list_pages,
    remove_pages,
    renumber_page,
    reorder_pages,
    reorder_pages_by_name,
)
from dam.services.page_service.pages import (
    assign_page,
    change_page,
    get_ordered_pages,
    get_pages,
    insert_pages,
    move_page,
    remove_page,
    remove_page_at_number,
    remove_pages_at_numbers,
    set_pages,
    update_page_order,
)
from dam.services.page_service.rows import MAX_PAGE_NUMBER, NumberedPages, Page

__all__ = [
    "MAX_PAGE_NUMBER",
    "EditedPages",
    "NumberedPages",
    "Page",
    "PageFacts",
    "add_pages",
    "assign_page",
    "change_page",
    "get_ordered_pages",
    "get_pages",
    "insert_pages",
    "list_pages",
    "move_page",
    "remove_page",
    "remove_page_at_number",
    "remove_pages",
    "remove_pages_at_numbers",
    "renumber_page",
    "reorder_pages",
    "reorder_pages_by_name",
    "set_pages",
    "update_page_order",
]
