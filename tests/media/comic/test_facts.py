import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import FactRefusedError, UnknownNameError
from dam.media.comic.facts import ComicFacts, ComicTerm, comic_facts, comic_info_of
from dam.media.comic.info import SCHEMA_ORDER, ComicInfo, ComicInfoElement
from dam.media.comic.info_edit import with_element
from dam.media.comic.info_xml import parse_comic_info


def _xml(inner: str) -> bytes:
    return f"<ComicInfo>{inner}</ComicInfo>".encode()


def test_facts_are_typed() -> None:
    facts = comic_facts(
        parse_comic_info(
            _xml(
                "<Title>The  End</Title><Series>Saga</Series><Number>½</Number><Count>7</Count>"
                "<Volume>-1</Volume><Summary> x\ny </Summary><Year>1950</Year><Month>11</Month>"
                "<Writer>Ann, Ben,, Ann</Writer><StoryArc>One</StoryArc><Genre/>"
                "<LanguageISO>PT-br</LanguageISO><Manga>YesAndRightToLeft</Manga>"
                "<AgeRating>Unknown</AgeRating><ScanInformation>Zone</ScanInformation>"
            )
        )
    )

    assert facts == ComicFacts(
        comic_title="The End",
        series_title="Saga",
        issue_number="½",
        issue_count=7,
        description="x\ny",
        publication_year=1950,
        publication_month=11,
        terms=(
            ComicTerm("Writer", "Ann", 0),
            ComicTerm("Writer", "Ben", 1),
            ComicTerm("StoryArc", "One", 0),
        ),
        language="pt-BR",
        reading_direction="rtl",
        scan_group="Zone",
    )


def test_facts_written_as_comic_info_are_read_again() -> None:
    facts = ComicFacts(
        comic_title="The End",
        issue_number="-1",
        publication_day=3,
        language="zh-Hant",
        reading_direction="rtl",
        terms=(
            ComicTerm("Penciller", "Ann", 0),
            ComicTerm("Tags", "x", 0),
            ComicTerm("Tags", "y", 1),
        ),
    )

    assert comic_facts(comic_info_of(facts)) == facts


def test_a_name_that_is_too_long_is_left_out_and_told() -> None:
    facts = comic_facts(parse_comic_info(_xml(f"<Writer>Ann, {'x' * 501}, Ben</Writer>")))

    assert facts == ComicFacts(
        terms=(ComicTerm("Writer", "Ann", 0), ComicTerm("Writer", "Ben", 1)),
        problems=("Writer has a name longer than 500 characters; left out",),
    )


def test_wrong_types_give_problems_and_no_facts() -> None:
    info = parse_comic_info(
        _xml(
            "<Year>abc</Year><Month>13</Month><Volume>99999999999</Volume><Manga>Perhaps</Manga>"
            "<LanguageISO>Klingonish</LanguageISO><Number>" + "1" * 65 + "</Number>"
            "<Publisher>A</Publisher><Publisher>B</Publisher>stray"
            "<Pages><Page Image='x' Type='FOO'/></Pages><Pages/>"
        )
    )

    assert comic_facts(info) == ComicFacts(
        publisher="A",
        problems=(
            "Publisher occurs more than once; the first one is used",
            "text outside of elements: 'stray'",
            "Pages is not a list of pages, or is a second one",
            "Image of page entry 1 is 'x'",
            "Type of page entry 1 is 'FOO'",
            "Number has 65 characters; expected at most 64",
            "Volume is '99999999999'; expected a whole number from 0 to 2147483647",
            "Year is 'abc'; expected a whole number from 1 to 9999",
            "Month is '13'; expected a whole number from 1 to 12",
            "LanguageISO is 'Klingonish'; expected a language code such as `en` or `pt-BR`",
            "Manga is 'Perhaps'; expected Unknown or No or Yes or YesAndRightToLeft",
        ),
    )
    assert info.text("Year") == "abc"


@pytest.mark.parametrize(
    ("inner", "facts"),
    [
        ("<Year>2001.0</Year>", ComicFacts(publication_year=2001)),
        ("<Volume>3.5</Volume>", ComicFacts(volume_text="3.5")),
        ("<Volume>1-3</Volume>", ComicFacts(volume_text="1-3")),
        ("<Volume>2.0</Volume>", ComicFacts(volume=2)),
        ("<LanguageISO>pt_BR</LanguageISO>", ComicFacts(language="pt-BR")),
        ("<LanguageISO>English</LanguageISO>", ComicFacts(language="en")),
        ("<Format>Annual</Format>", ComicFacts(publication_format="Annual")),
    ],
)
def test_values_that_are_written_in_other_ways_are_understood(
    inner: str, facts: ComicFacts
) -> None:
    assert comic_facts(parse_comic_info(_xml(inner))) == facts


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(SCHEMA_ORDER), st.text(max_size=12)), max_size=8))
def test_facts_never_fail(elements: list[tuple[str, str]]) -> None:
    info = ComicInfo(tuple(ComicInfoElement(name, text) for name, text in elements))

    assert isinstance(comic_facts(info), ComicFacts)


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("<Title>x</Title><Year>1</Year>", "Title", "y", "<Title>y</Title><Year>1</Year>"),
        ("<Title>x</Title><Year>1</Year>", "Title", None, "<Year>1</Year>"),
        (
            "<Title>x</Title><Year>1</Year>",
            "Series",
            "y",
            "<Title>x</Title><Series>y</Series><Year>1</Year>",
        ),
        ("<Year>1</Year>", "Title", "y", "<Title>y</Title><Year>1</Year>"),
        (
            "<Genre>a</Genre><Year>1</Year><Genre>b</Genre>",
            "Genre",
            "c",
            "<Genre>c</Genre><Year>1</Year>",
        ),
        ("<Mine><a/></Mine>", "Mine", "c", "<Mine>c</Mine>"),
        ("<Title>x</Title>", "Year", "-1", "<Title>x</Title><Year>-1</Year>"),
    ],
)
def test_an_element_is_set_in_its_place(
    before: str, name: str, value: str | None, after: str
) -> None:
    assert with_element(parse_comic_info(_xml(before)), name, value) == parse_comic_info(
        _xml(after)
    )


def test_an_element_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no ComicInfo element named 'Writter'") as raised:
        with_element(ComicInfo(), "Writter", "x")

    assert raised.value.hint == "did you mean 'Writer'?"


@pytest.mark.parametrize("name", ["Pages", "PageCount", "@version", "#text", ""])
def test_what_is_no_element_cannot_be_set(name: str) -> None:
    info = parse_comic_info(b"<ComicInfo version='1'>x<Pages/><PageCount>2</PageCount></ComicInfo>")

    with pytest.raises(UnknownNameError):
        with_element(info, name, "x")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Year", "abc", "Year is 'abc'; expected a whole number from 1 to 9999"),
        ("Title", "a\x01", "Title is 'a\\x01'; expected text without control characters"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(FactRefusedError) as raised:
        with_element(ComicInfo(), name, value)

    assert raised.value.message == message
