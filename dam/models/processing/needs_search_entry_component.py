"""The marker of assets that have no entry in the index of search yet."""

from dam.core.ecs.components import MarkerComponent


class NeedsSearchEntryComponent(MarkerComponent, kw_only=True):
    """The words of the asset must be put into the index of search.

    New assets get their words at once; assets of a world that an older version made get this marker
    when the world is upgraded.
    """

    __tablename__ = "component_needs_search_entry"
