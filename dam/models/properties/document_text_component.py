"""The text on the first pages of a document."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component
from dam.core.ecs.search_fields import SEARCHED_TEXT


class DocumentTextComponent(Component, kw_only=True):
    """The text on the first pages of a document, by whose words it is found.

    It is that of 20 pages or slides, and at most 60,000 characters. It is known of PDF, of the
    office formats of today, of RTF and of EPUB.
    """

    __tablename__ = "component_document_text"

    text: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "text"})
