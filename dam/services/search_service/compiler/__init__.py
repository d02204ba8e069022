"""Makes SQL of the tree of a query: one condition, with an `EXISTS` or a join for each table."""

from dam.services.search_service.compiler.driving import Compiled
from dam.services.search_service.compiler.tree import compile_condition, named_in

__all__ = ["Compiled", "compile_condition", "named_in"]
