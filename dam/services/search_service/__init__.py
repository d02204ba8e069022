"""Finds assets by queries: pages of ids, all ids, counts, facets, and the values of fields."""

from dam.services.search_service.completion import complete_query
from dam.services.search_service.cursor import Cursor
from dam.services.search_service.entries import (
    bring_entries_up_to_date,
    count_unindexed,
    note_search_changes,
)
from dam.services.search_service.facets import FACETS, FacetCount, facets
from dam.services.search_service.fields import FieldFacts, list_search_fields
from dam.services.search_service.query.completing import (
    Completion,
    QueryPart,
    complete_part,
    query_part,
)
from dam.services.search_service.query.tree import Query
from dam.services.search_service.query.writing import text_of
from dam.services.search_service.reading import read_fields
from dam.services.search_service.saved_queries import (
    SavedQueryFacts,
    Saving,
    forget_saved_query,
    list_saved_queries,
    save_query,
)
from dam.services.search_service.searching import (
    Explanation,
    SearchPage,
    count,
    explain,
    is_sorted_at_once,
    parse_query,
    search_ids,
    search_page,
    unknown_tags,
)
from dam.services.search_service.template import FieldValue, Template, parse_template

__all__ = [
    "FACETS",
    "Completion",
    "Cursor",
    "Explanation",
    "FacetCount",
    "FieldFacts",
    "FieldValue",
    "Query",
    "QueryPart",
    "SavedQueryFacts",
    "Saving",
    "SearchPage",
    "Template",
    "bring_entries_up_to_date",
    "complete_part",
    "complete_query",
    "count",
    "count_unindexed",
    "explain",
    "facets",
    "forget_saved_query",
    "is_sorted_at_once",
    "list_saved_queries",
    "list_search_fields",
    "note_search_changes",
    "parse_query",
    "parse_template",
    "query_part",
    "read_fields",
    "save_query",
    "search_ids",
    "search_page",
    "text_of",
    "unknown_tags",
]
