"""What the commands of pages offer."""

from typing import get_args

from dam.cli.comic.pages import PageType
from dam.media.comic.info import PAGE_TYPES


def test_the_types_of_pages_are_those_of_the_document() -> None:
    assert get_args(PageType) == PAGE_TYPES
