"""What the database knows about STL models."""

from dam.core.prelude import Component, Mapped, MarkerComponent, mapped_column


class StlModelComponent(Component, kw_only=True):
    """The number of triangles of a model, and the corners of its bounding box."""

    __tablename__ = "component_stl_model"

    triangle_count: Mapped[int] = mapped_column(index=True)
    min_x: Mapped[float]
    min_y: Mapped[float]
    min_z: Mapped[float]
    max_x: Mapped[float]
    max_y: Mapped[float]
    max_z: Mapped[float]


class StlSurfaceComponent(Component, kw_only=True):
    """Whether the surface of a model is closed, so that the model can be printed."""

    __tablename__ = "component_stl_surface"

    is_closed: Mapped[bool]


class NeedsStlSurfaceComponent(MarkerComponent, kw_only=True):
    """The surface of the model has not been looked at yet."""

    __tablename__ = "component_stl_needs_surface"
