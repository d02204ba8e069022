"""The base of all components of works: name and description."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SEARCHED_TEXT


class BaseConceptualInfoComponent(Component, kw_only=True):
    """A work, independent of the forms it was published in.

    Its entity is called the concept, and has no bytes.
    """

    __abstract__ = True

    name: Mapped[str] = mapped_column(String(500), index=True, info={SEARCHED_TEXT: "text"})
    description: Mapped[str | None] = mapped_column(default=None, info={SEARCHED_TEXT: "text"})
