"""What has more than one frame."""

from sqlalchemy.orm import Mapped

from dam.core.ecs.components import Component


class FramePropertiesComponent(Component, kw_only=True):
    """How many frames an animation, or pages a picture file has; absent where it is one."""

    __tablename__ = "component_frame_properties"

    frame_count: Mapped[int]
    is_animated: Mapped[bool]
