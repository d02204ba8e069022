"""What is to be done for a picture once it is described."""

from dam.core.ecs.components import MarkerComponent


class NeedsContentAnalysisComponent(MarkerComponent, kw_only=True):
    """The picture is to be decoded: perceptual hashes, thumbnail."""

    __tablename__ = "component_needs_content_analysis"
