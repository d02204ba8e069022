"""The base of the perceptual hashes of pictures."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import RevisionedComponent


class ImagePerceptualHashComponent(RevisionedComponent, kw_only=True):
    """A 64-bit perceptual hash and the version of the recipe that made its bitmap.

    `value` is 8 bytes, big-endian. It is None for a picture without structure, such as a blank
    page, which has no useful hash.
    """

    __abstract__ = True

    recipe: Mapped[int]
    value: Mapped[bytes | None] = mapped_column(default=None)
