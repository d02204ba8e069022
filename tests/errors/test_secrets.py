"""No text that we show holds a password, and what only looks like one stays readable."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dam.errors import (
    DamError,
    place_without_password,
    report_without_passwords,
    text_without_passwords,
)

# One line, as every message is; a line's end within a password is escaped by `repr`.
_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]))


@pytest.mark.parametrize(
    "text",
    [
        "cannot open /data/a:b@c.jpg: no such file",
        "failed: u:p@h.jpg: is a folder",
        "the database postgresql://h:5432/d failed: timeout; ask ann@example.org",
        "the database postgresql://ann@h/d failed: no route to host",
        "the worlds 'a' and 'b' share sqlite:////data/x:y@z.db",
        "(Background on this error at: https://sqlalche.me/e/21/8s2b) by a@b",
        "DAM_DATABASE_URL is 'x'; expected postgresql://user:password@host/database",
        "http://[::1]:8080/a is unreachable, ann@h says",
        "password=secret.jpg: no such file",
        "user=ann.jpg: no such file",
        "failed: /mnt/nas:/export:2/ann@home.jpg: no such file",
    ],
)
def test_a_sentence_without_an_address_with_a_password_stays_as_it_is(text: str) -> None:
    assert text_without_passwords(text) == text
    assert DamError(text, text).message == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no world named 'postgresql://u:p@h/d'", "no world named 'postgresql://u:***@h/d'"),
        (
            "unexpected argument: postgresql://u:p w@h/d",
            "unexpected argument: postgresql://u:***@h/d",
        ),
        ("at s3://key:secret@b, not at /x", "at s3://key:***@b, not at /x"),
        ("at postgresql://u:secret/d, not", "at postgresql://u:*** not"),
        ("at postgresql://h/d?password=p&q now", "at postgresql://h/d?password=*** now"),
        ("not a valid id: 'host=h password=p'", "not a valid id: 'host=h password=***"),
        (
            "unexpected argument: user=u password = 'p w' port=1",
            "unexpected argument: user=u password = *** port=1",
        ),
        # As a path, an address has one slash.
        (
            "failed: /a/postgresql:/u:p@h/d: no such file",
            "failed: /a/postgresql:/u:***@h/d: no such file",
        ),
        ("failed: /a/s3:/key:secret@b: no such file", "failed: /a/s3:/key:***@b: no such file"),
    ],
)
def test_a_password_in_a_sentence_is_hidden(text: str, shown: str) -> None:
    assert text_without_passwords(text) == shown
    error = DamError(text, text)
    assert (error.message, error.hint, str(error)) == (shown, shown, shown)


@given(_LINE, st.sampled_from(["ann", "", "a/b"]), st.sampled_from(["", " and more", "; see x"]))
@example("@w0rd/", "ann", "")
@example("it's \"", "ann", "")
@example("\\'", "ann", "")
def test_no_part_of_a_password_in_a_sentence_is_shown(between: str, user: str, rest: str) -> None:
    password = f"kumquat{between}zebra"
    for url in (
        f"postgresql://{user}:{password}@127.0.0.1:1/photos",
        f"mysql://{user}:{password}@h",
        f"s3://{user}:{password}@bucket/a",
    ):
        for text in (
            f"found {url!r}; expected{rest}",
            f"unexpected argument: {url}",
            f"{url}{rest}",
        ):
            shown = text_without_passwords(text)
            assert "kumquat" not in shown
            assert "zebra" not in shown


@given(_LINE)
def test_no_part_of_a_quoted_libpq_password_is_shown(between: str) -> None:
    password = f"kumquat{between}zebra".replace("\\", "\\\\").replace("'", "\\'")
    shown = report_without_passwords(f"missing = after \"host=h password='{password}' x\" here")
    assert "kumquat" not in shown
    assert "zebra" not in shown


@given(st.text())
def test_twice_hides_no_more_than_once(text: str) -> None:
    once = report_without_passwords(text)
    assert report_without_passwords(once) == once


@pytest.mark.parametrize("place", ["/srv/a:b@c", "/srv/password=1", "s3://bucket/a"])
def test_a_place_without_a_password_stays_as_it_is(place: str) -> None:
    assert place_without_password(place) == place
