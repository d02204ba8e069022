"""The order of pages: sixty lists of names, each as file managers show it."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.media.comic.members import page_key
from dam.media.natural_order import text_key

# One list a line, its names without `.jpg` and divided by `|`; a slash divides folders.
LISTS = Path(__file__).with_name("page_orders.txt").read_text(encoding="utf-8").splitlines()


def with_suffix(names: str) -> list[str]:
    return [f"{name}.jpg" for name in names.split("|")]


@pytest.mark.parametrize("names", LISTS)
def test_pages_are_in_the_order_of_file_managers(names: str) -> None:
    wanted = with_suffix(names)
    for seed in range(3):
        mixed = random.Random(seed).sample(wanted, len(wanted))  # noqa: S311 - no secret
        assert sorted(mixed, key=page_key) == wanted


def test_there_are_sixty_lists_and_none_twice() -> None:
    assert len(set(LISTS)) == len(LISTS) >= 60


@pytest.mark.parametrize(
    "names",
    [
        ["001.jpg", "001-2.png", "002.webp"],
        ["1.jpg", "1.png", "2.gif"],
        ["p1.tiff", "p1a.jpg", "p2.jpg"],
        ["Ch 2\\9.jpg", "Ch 2\\10.jpg", "ch 10\\1.jpg"],
        ["cafe\u0301 1.jpg", "caf\u00e9 2.jpg", "cafe\u0301 10.jpg"],
        ["9" * 5000 + ".jpg", "1" + "0" * 5000 + ".jpg", "a.jpg"],
        ["01.jpg", "1.jpg"],
    ],
)
def test_extensions_separators_and_spellings_do_not_count(names: list[str]) -> None:
    others = names[::-1]
    assert sorted(others, key=page_key) == names


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_names_have_one_order(names: list[str]) -> None:
    others = names[::-1]
    assert sorted(names, key=page_key) == sorted(others, key=page_key)


def test_titles_have_no_extension_and_no_folders() -> None:
    titles = ["Fate", "Fate/Zero", "Fate 2", "Fates", "Mr. 2", "Mr. 10"]
    assert sorted(titles, key=text_key) == [
        "Fate",
        "Fate 2",
        "Fate/Zero",
        "Fates",
        "Mr. 2",
        "Mr. 10",
    ]
