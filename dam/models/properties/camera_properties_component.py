"""The camera that took a picture, and how it was set."""

from collections.abc import Sequence

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SearchField


class CameraPropertiesComponent(Component, kw_only=True):
    """Maker, model and lens of the camera, exposure in seconds, and focal length in millimetres."""

    __tablename__ = "component_camera_properties"

    make: Mapped[str | None] = mapped_column(default=None)
    model: Mapped[str | None] = mapped_column(default=None)
    lens: Mapped[str | None] = mapped_column(default=None)
    exposure_time_s: Mapped[float | None] = mapped_column(Double, default=None)
    f_number: Mapped[float | None] = mapped_column(Double, default=None)
    iso: Mapped[int | None] = mapped_column(default=None)
    focal_length_mm: Mapped[float | None] = mapped_column(Double, default=None)

    @classmethod
    def search_fields(cls) -> Sequence[SearchField]:
        """Return the camera and its settings; an exposure is written as a fraction, `1/250`."""
        exposure, focal_length = cls.exposure_time_s, cls.focal_length_mm
        return (
            SearchField(name="camera_make", kind="text", column=cls.make),
            SearchField(
                name="camera_model", kind="text", column=cls.model, short_names=("camera",)
            ),
            SearchField(name="lens", kind="text", column=cls.lens),
            SearchField(
                name="exposure_time_s", kind="ratio", column=exposure, short_names=("exposure",)
            ),
            SearchField(
                name="f_number", kind="number", column=cls.f_number, short_names=("aperture",)
            ),
            SearchField(name="iso", kind="integer", column=cls.iso),
            SearchField(
                name="focal_length_mm", kind="number", column=focal_length, short_names=("focal",)
            ),
        )
