"""The place on the earth where a picture or a film was taken."""

from collections.abc import Sequence

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class GeoPositionComponent(Component, kw_only=True):
    """Degrees, north and east positive, and metres above the sea; absent without a place."""

    __tablename__ = "component_geo_position"

    latitude: Mapped[float] = mapped_column(Double, index=True)
    longitude: Mapped[float] = mapped_column(Double)
    altitude_m: Mapped[float | None] = mapped_column(Double, default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the place; a query for what is near to one is `gps:`."""
        altitude = cls.altitude_m
        return (
            SearchField(name="latitude", kind="number", column=cls.latitude, short_names=("gps",)),
            SearchField(name="longitude", kind="number", column=cls.longitude),
            SearchField(
                name="altitude_m", kind="number", column=altitude, short_names=("altitude",)
            ),
        )
