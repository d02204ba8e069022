"""What the perceptual hashes of pictures have in common."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import RevisionedComponent


class ImagePerceptualHashComponent(RevisionedComponent, kw_only=True):
    """A 64-bit perceptual hash, 8 bytes big-endian, and the recipe of the bitmap it was taken from.

    A picture without structure has no useful hash: `value` is None then.
    """

    __abstract__ = True

    recipe: Mapped[int]
    value: Mapped[bytes | None] = mapped_column(default=None)
