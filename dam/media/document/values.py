"""Plain values about pages of documents."""

from typing import NamedTuple

from dam.errors import ItemError


class AddedPage(NamedTuple):
    """What became of a picture that was added to a document.

    Attributes:
        converted: Its format, such as `WEBP`, if the document cannot hold it as it is.
        fault: Why the page shows the picture only in part, or not at all; None if all is shown.
    """

    converted: str | None = None
    fault: ItemError | None = None
