"""The marker of assets that must be described; new assets get it."""

from dam.core.ecs.components import MarkerComponent


class NeedsMetadataExtractionComponent(MarkerComponent, kw_only=True):
    """The asset's content must be described: media type, dimensions."""

    __tablename__ = "component_needs_metadata_extraction"
