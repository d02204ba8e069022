"""Templates with fields of assets in them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import TemplateSyntaxError, UnknownFieldError, UsageError
from dam.services.search_service.template import FieldValue, parse_template

KNOWN = ("id", "name", "width", "ratio", "added_at", "taken_at", "tags", "is_animated", "sha256")
_EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{id} {name}", {"id": 3, "name": "a.jpg"}, "3 a.jpg"),
        ("", {}, ""),
        ("no field", {}, "no field"),
        ("{name}|", {}, "|"),
        ("{name:5}|", {}, "     |"),
        ("{{{id}}}", {"id": 3}, "{3}"),
        ("{id:>5}|{id:<5}|{id:^5}|{id:5}", {"id": 42}, "   42|42   | 42  |   42"),
        ("{id:06}|{id:*>4}", {"id": 42}, "000042|**42"),
        ("{id:06}", {"id": -42}, "-00042"),
        ("{name:8}|{name:.3}|{name:>6.2}", {"name": "holiday"}, "holiday |hol|    ho"),
        ("{ratio}|{ratio:.2}", {"ratio": 1.7777777}, "1.7777777|1.78"),
        ("{ratio}", {"ratio": 2.0}, "2"),
        (
            "{taken_at} {added_at}",
            {
                "taken_at": datetime(2026, 1, 2, 5, 4, tzinfo=_EAST),
                "added_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            },
            "2026-01-02T05:04:00+02:00 2026-01-02T03:04:00Z",
        ),
        ("{added_at}", {"added_at": datetime(2026, 1, 2, 3, 4)}, "2026-01-02T03:04:00"),  # noqa: DTZ001 - no zone
        ("{tags}", {"tags": ["cat", "red"]}, "cat, red"),
        ("{is_animated}", {"is_animated": True}, "yes"),
        ("{sha256}", {"sha256": b"\x01\xff"}, "01ff"),
        ("{name}", {"name": "{id} {0.__class__}"}, "{id} {0.__class__}"),
    ],
)
def test_a_template_is_filled_in(
    template: str, values: dict[str, FieldValue], expected: str
) -> None:
    assert parse_template(template, KNOWN).render(values) == expected


@pytest.mark.parametrize(
    ("template", "position", "found", "expected"),
    [
        ("{id.real}", 3, "'.'", ("'}'", "':' and a width")),
        ("{id[0]}", 3, "'['", ("'}'", "':' and a width")),
        ("{id!r}", 3, "'!'", ("'}'", "':' and a width")),
        ("{}", 1, "'}'", ("the name of a field",)),
        ("{0}", 1, "'0'", ("the name of a field",)),
        ("a {", 3, "the end", ("the name of a field",)),
        ("{id", 3, "the end", ("'}'", "':' and a width")),
        ("a } b", 2, "'}'", ("'}}' for a brace",)),
        ("{id:{width}}", 4, "'{'", ("'}'",)),
        ("{id:1000000000}", 4, "1000000000", ("at most 1000",)),
        ("{id:" + "9" * 5000 + "}", 4, "a number of 5000 digits", ("at most 1000",)),
        ("{id:.1001}", 5, "1001", ("at most 1000",)),
        ("{id:x}", 4, "'x'", ("'}'",)),
    ],
)
def test_what_is_no_template_is_refused_with_its_position(
    template: str, position: int, found: str, expected: tuple[str, ...]
) -> None:
    with pytest.raises(TemplateSyntaxError) as refused:
        parse_template(template, KNOWN)
    error = refused.value
    assert (error.position, error.found, error.expected) == (position, found, expected)
    assert error.message == (
        f"template, position {position}: found {found}, expected {' or '.join(expected)}"
    )


def test_an_unknown_field_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UnknownFieldError) as refused:
        parse_template("{id} {widht}", KNOWN)
    assert refused.value.message == "template, position 6: no field 'widht'"
    assert refused.value.hint == "did you mean 'width'?"
    assert refused.value.text_place == ("{id} {widht}", 6)


def test_the_fields_of_a_template_are_named_once_and_in_order() -> None:
    assert parse_template("{name} {id} {name:>3}", KNOWN).fields == ("name", "id")


_VALUES = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.binary(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.text()),
)
_PIECES = st.sampled_from(["{", "}", "{{", ":", ".", "<", "id", "name", "3", "0", "!r", "[0]", "é"])


@given(
    template=st.one_of(st.text(), st.lists(_PIECES).map("".join)),
    values=st.dictionaries(st.sampled_from(KNOWN), _VALUES),
)
def test_every_template_gives_a_text_or_a_usage_error(
    template: str, values: dict[str, FieldValue]
) -> None:
    try:
        read = parse_template(template, KNOWN)
    except UsageError:
        return
    assert isinstance(read.render(values), str)
