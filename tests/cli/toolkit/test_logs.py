"""The log on stderr."""

import logging
import warnings
from collections.abc import Iterator

import pytest

from dam.cli.toolkit.logs import write_logs


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("dam")
    handlers, level = root.handlers[:], ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_record_is_one_line_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    write_logs("INFO")
    logging.getLogger("dam.systems").info("stage done", extra={"entities": 3, "file": "a\nb"})
    logging.getLogger("dam.systems").debug("not shown")
    assert capsys.readouterr().err == "info dam.systems: stage done entities=3 file=a\\nb\n"


def test_a_traceback_follows_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    write_logs("WARNING")
    try:
        int("odd")
    except ValueError:
        logging.getLogger("dam").exception("failed")
    written = capsys.readouterr().err
    assert written.startswith("error dam: failed\nTraceback (most recent call last):\n")
    assert written.endswith("invalid literal for int() with base 10: 'odd'\n")


@pytest.mark.parametrize(("level", "is_shown"), [("INFO", False), ("DEBUG", True)])
def test_warnings_of_libraries_are_for_those_who_debug(
    capsys: pytest.CaptureFixture[str], level: str, *, is_shown: bool
) -> None:
    # pytest has put its own catcher in the place that logging takes.
    logging.captureWarnings(capture=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        write_logs(level)
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    assert ("old name" in capsys.readouterr().err) == is_shown
