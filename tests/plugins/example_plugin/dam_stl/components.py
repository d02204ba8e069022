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


class NeedsStlReadingComponent(MarkerComponent, kw_only=True):
    """The model has not been read yet."""

    __tablename__ = "component_stl_needs_reading"
