"""The marker of archives that must be read as a comic again."""

from dam.core.ecs.components import MarkerComponent


class NeedsComicImportComponent(MarkerComponent, kw_only=True):
    """The archive must be read as a comic again; `retry` sets it after an attempt that failed."""

    __tablename__ = "component_needs_comic_import"
