"""What is to be done again for an archive that could not be read as a comic."""

from dam.core.ecs.components import MarkerComponent


class NeedsComicImportComponent(MarkerComponent, kw_only=True):
    """The archive is to be read as a comic once more: `retry` marks those that could not be."""

    __tablename__ = "component_needs_comic_import"
