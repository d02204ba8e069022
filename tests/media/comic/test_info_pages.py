from dataclasses import replace

import pytest

from dam.media.comic.info import ComicInfo, ComicInfoElement, ComicInfoPage
from dam.media.comic.info_pages import OrderedPage, apply_page_list
from dam.media.comic.info_xml import parse_comic_info, write_comic_info


def _page_list(*indices: int) -> ComicInfo:
    return ComicInfo(pages=tuple(ComicInfoPage(index) for index in indices))


def test_a_sound_page_list_gives_the_order() -> None:
    order = apply_page_list(["a", "b", "c"], _page_list(2, 0, 1))

    assert order.problem is None
    assert order.pages == (
        OrderedPage("c", 2, ComicInfoPage(2)),
        OrderedPage("a", 0, ComicInfoPage(0)),
        OrderedPage("b", 1, ComicInfoPage(1)),
    )


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (None, None),
        (ComicInfo(), None),
        (_page_list(0, 1, 2), "its page list is not used: it names picture 2 (from 0) of 2"),
        (_page_list(1, 1), "its page list is not used: it names picture 1 twice"),
        (
            ComicInfo(pages=(ComicInfoPage(1), ComicInfoPage(None))),
            "its page list is not used: entry 2 names no picture",
        ),
    ],
)
def test_an_unsound_page_list_gives_nothing(info: ComicInfo | None, problem: str | None) -> None:
    order = apply_page_list(["a", "b"], info)

    assert order.pages == (OrderedPage("a", 0, None), OrderedPage("b", 1, None))
    assert order.problem == problem


@pytest.mark.parametrize(
    "inner",
    [
        '<PageCount>3</PageCount><Pages><Page Image="7" Bookmark="a &lt; b" /></Pages><Mine />',
        "<Pages><Page Image='x' /></Pages>",
        "<Pages x='1'><Page Image='0' /></Pages>",
        "<PageCount>02</PageCount>",
        "<Pages><Page Image='1' Type='BackCover' /></Pages>",
        "<Pages />",
    ],
)
def test_what_is_not_said_of_all_pages_is_kept_and_marked(inner: str) -> None:
    info = parse_comic_info(f"<ComicInfo>{inner}</ComicInfo>".encode())

    kept = apply_page_list(["a", "b"], info).info

    assert kept is not None
    assert kept.elements[-1] == ComicInfoElement("#pages", "")
    assert kept.pages == ()
    assert parse_comic_info(write_comic_info(kept)) == info


@pytest.mark.parametrize(
    "inner",
    ["<PageCount>2</PageCount><Pages><Page Image='1' /><Page Image='0' /></Pages>", "<PageCount/>"],
)
def test_what_is_true_of_the_pages_is_not_marked(inner: str) -> None:
    info = parse_comic_info(f"<ComicInfo>{inner}</ComicInfo>".encode())

    assert apply_page_list(["a", "b"], info).info == info


def test_a_page_list_with_gaps_keeps_the_order_of_names() -> None:
    order = apply_page_list(["a", "b"], _page_list(1))

    assert order.pages == (OrderedPage("a", 0, None), OrderedPage("b", 1, ComicInfoPage(1)))
    assert order.problem == "its page list names 1 of 2 pictures"


def test_a_page_that_changes_loses_what_it_said_before() -> None:
    info = parse_comic_info(
        b"<ComicInfo><Pages><Page Image='00' Type='FOO' DoublePage='1' ImageSize='9'/></Pages>"
        b"</ComicInfo>"
    )
    page = info.pages[0]

    changed = replace(page, image_index=3, page_type="Story", is_double_page=False)

    assert page == ComicInfoPage(
        0,
        None,
        is_double_page=True,
        attributes=(("DoublePage", "1"), ("Image", "00"), ("ImageSize", "9"), ("Type", "FOO")),
    )
    again = parse_comic_info(write_comic_info(replace(info, pages=(changed,))))
    assert again.pages == (ComicInfoPage(3, "Story", attributes=(("ImageSize", "9"),)),)
