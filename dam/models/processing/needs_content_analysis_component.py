"""The marker of pictures that must be decoded; it is set once a picture is described."""

from dam.core.ecs.components import MarkerComponent


class NeedsContentAnalysisComponent(MarkerComponent, kw_only=True):
    """The picture must be decoded, for its perceptual hashes and its thumbnail."""

    __tablename__ = "component_needs_content_analysis"
