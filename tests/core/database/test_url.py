"""Which database URLs are understood, and that none ever shows a password."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dam.core.database.database import Database
from dam.core.database.url import is_absent, parse_database_url
from dam.errors import DatabaseUrlError, url_without_password
from tests.core.worlds import CONTEXT
from tests.storage.conftest import nobody


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///%3Amemory%3A",
        "mysql://host/dam",
        "postgresql://h/a%00b",
        "/srv/dam.db",
        "",
    ],
)
def test_a_url_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse_database_url(url)
    assert str(caught.value) == (
        f"not a valid database URL: {url!r}; expected sqlite:///FILE or postgresql://…"
    )


@pytest.mark.parametrize(
    ("url", "drivername"),
    [
        ("sqlite:///dam.db", "sqlite+aiosqlite"),
        ("postgresql://host/dam", "postgresql+psycopg"),
        ("postgresql+asyncpg://host/dam", "postgresql+psycopg"),
        ("postgres://host/dam", "postgresql+psycopg"),
    ],
)
def test_the_driver_is_ours_to_choose(url: str, drivername: str) -> None:
    assert parse_database_url(url).drivername == drivername


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        (
            "sqlite:////a.db?timeout=5",
            "'sqlite:////a.db?timeout=5'; expected no options after the file",
            "remove the ? and what follows it; write a ? in the file's name as %3F",
        ),
        (
            "postgresql://u:p@h/d?sslmod=x",
            "'postgresql://u:***@h/d?sslmod=x'; expected options of libpq, such as sslmode=require",
            "did you mean 'sslmode'?",
        ),
        (
            "postgresql://h/d?password=p&word=1",
            "'postgresql://h/d?password=***'; expected options of libpq, such as sslmode=require",
            "did you mean 'password'?",
        ),
        (
            "postgresql://h/d?pass%77ord=p",
            "'postgresql://h/d?pass%77ord=***'; expected options of libpq, such as sslmode=require",
            "write their names without %",
        ),
        (
            "postgresql://h/d?autocommit=1&bogus=1",
            "'postgresql://h/d?autocommit=1&bogus=1'; "
            "expected options of libpq, such as sslmode=require",
            "look the name up in PostgreSQL's manual",
        ),
        (
            "postgresql://ann:p4ss@w0rd/secret@127.0.0.1:1/photos",
            "'postgresql://ann:***@127.0.0.1:1/photos'; "
            "expected one @, between the password and the host",
            "write an @ in a name, password or option as %40",
        ),
    ],
)
def test_a_part_that_would_be_misread_is_refused(url: str, message: str, hint: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse_database_url(url)
    found = caught.value
    assert (found.message, found.hint) == (f"not a valid database URL: {message}", hint)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@corp:p/w:x?y#z@h:5432/d?sslmode=require&application_name=dam",
        "postgresql:///d?host=@abstract",
        "sqlite:////a@b:c@d/e%3Ff.db",
    ],
)
def test_what_has_one_meaning_is_understood(url: str) -> None:
    parse_database_url(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql+psycopg://u:p/a@b@h/d", "postgresql+psycopg://u:***@h/d"),
        ("u:p@h/d", "u:***@h/d"),
        ("postgresql:u:p@h/d", "postgresql:***@h/d"),
        ("postgresql://h:5432/d", "postgresql://h:5432/d"),
        ("postgresql:///d?host=/run&password=p&q", "postgresql:///d?host=/run&password=***"),
        ("postgresql://[::1]:5432/d", "postgresql://[::1]:5432/d"),
        ("postgresql://u:secret/d", "postgresql://u:***"),
        ("sqlite:////a/b@c.db", "sqlite:////a/b@c.db"),
        ("host=h password=p dbname=d", "host=h password=***"),
        ("host=h PASSWORD = 'p w\\'q' dbname=d", "host=h PASSWORD = ***"),
        ("host=h sslpassword=p", "host=h sslpassword=***"),
        (
            "postgresql://h/d?sslmode=require&sslpassword=p",
            "postgresql://h/d?sslmode=require&sslpassword=***",
        ),
        ("postgresql://h/d?pass%77ord=p", "postgresql://h/d?pass%77ord=***"),
        ("s3://key:secret@bucket/a", "s3://key:***@bucket/a"),
        ("s3://bucket/a?secret_key=s", "s3://bucket/a?secret_key=***"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert url_without_password(url) == shown


@given(st.text(), st.sampled_from(["ann", "", "ann@corp", "a/b"]))
@example("@", "ann")
@example("@w0rd/", "ann")
@example("&host=", "ann")
def test_no_part_of_a_password_is_shown(between: str, user: str) -> None:
    """Whatever characters it has, and also where the URL cannot be understood."""
    password = f"kumquat{between}zebra"
    hostless = password.replace("@", "")  # else a host is what comes behind
    for url in (
        f"postgresql://{user}:{password}@127.0.0.1:1/photos",
        f"postgresql:/{user}:{password}@127.0.0.1:1/photos",
        f"postgresql:///{user}:{password}@127.0.0.1:1/photos",
        f"postgresql://{user}:{hostless}/photos",
        f"postgresql://{user}:{hostless}",
        f"postgresql://127.0.0.1:1/photos?password={password}",
        f"mysql://{user}:{password}@127.0.0.1:1/photos",
        f"s3://{user}:{password}@bucket",
        f"s3://bucket?secret={password}",
        f"postgresql://127.0.0.1:1/photos?sslpassword={password}",
        f"postgresql://127.0.0.1:1/photos?p%61ssword={password}",
        f"postgresql://{quote(user)}:{quote(password)}@127.0.0.1:1/photos",
        f"host=h password={password}",
        f"user=u password='{password}' host=h",
    ):
        try:
            shown = Database(url, CONTEXT).safe_url
        except DatabaseUrlError as error:
            shown = f"{error} {error.hint} {error.url}"
        shown += url_without_password(url)
        assert "kumquat" not in shown
        assert "zebra" not in shown


def test_a_file_below_a_folder_that_must_not_be_looked_into_is_not_called_absent(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    url = parse_database_url(f"sqlite:///{quote(str(folder / 'dam.db'))}")
    assert is_absent(url)
    folder.chmod(0)
    with nobody():
        assert not is_absent(url)
