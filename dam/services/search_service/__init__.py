"""Finds assets by queries: pages of ids, all ids, counts, facets, and the values of fields."""

from dam.services.search_service.cursor import Cursor
from dam.services.search_service.entries import (
    bring_entries_up_to_date,
    count_unindexed,
    note_search_changes,
)
from dam.services.search_service.facets import FACETS, FacetCount, facets
from dam.services.search_service.fields import FieldFacts, list_search_fields
from dam.services.search_service.query.tree import Query
from dam.services.search_service.reading import read_fields
from dam.services.search_service.searching import (
    Explanation,
    SearchPage,
    count,
    explain,
    parse_query,
    search_ids,
    search_page,
)
from dam.services.search_service.template import FieldValue

__all__ = [
    "FACETS",
    "Cursor",
    "Explanation",
    "FacetCount",
    "FieldFacts",
    "FieldValue",
    "Query",
    "SearchPage",
    "bring_entries_up_to_date",
    "count",
    "count_unindexed",
    "explain",
    "facets",
    "list_search_fields",
    "note_search_changes",
    "parse_query",
    "read_fields",
    "search_ids",
    "search_page",
]
