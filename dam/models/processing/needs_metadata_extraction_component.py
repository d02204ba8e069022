"""The first thing that is to be done for a new asset."""

from dam.core.ecs.components import MarkerComponent


class NeedsMetadataExtractionComponent(MarkerComponent, kw_only=True):
    """The asset's bytes are to be described: media type, dimensions."""

    __tablename__ = "component_needs_metadata_extraction"
