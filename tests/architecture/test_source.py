"""Rules about the source that no linter of ours knows."""

import re
import tomllib

from tests.architecture.source import PACKAGE, PROJECT, sources

_MAX_FILE_LINES = 400
_MAX_FUNCTION_LINES = 70
_UNIX_ONLY = {"fcntl", "resource"}
_IGNORE_WITH_REASON = re.compile(r"# type: ignore\[[a-z0-9-]+(, *[a-z0-9-]+)*\] +# \S+ \S+")


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {source.at(1): len(source.text.splitlines()) for source in sources()}
    assert {place: n for place, n in lengths.items() if n > _MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_70_lines() -> None:
    found = [
        (source.at(function.lineno), function.name)
        for source in sources()
        for function in source.functions()
        if (function.end_lineno or 0) - function.lineno >= _MAX_FUNCTION_LINES
    ]
    assert found == []


def test_an_event_loop_is_started_in_one_place_only() -> None:
    found = [
        source.path.relative_to(PACKAGE).as_posix()
        for source in sources()
        if re.search(r"\basyncio\.run\(|from asyncio import .*\brun\b", source.text)
    ]
    assert set(found) <= {"cli/toolkit/running.py"}


def test_outside_the_runtime_worlds_are_written_to_in_one_way() -> None:
    """`World.run` sends events; the database alone does not."""
    found = [
        source.path.relative_to(PACKAGE).as_posix()
        for source in sources()
        if re.search(r"\.database\.(write|writer|retried)\b", source.text)
    ]
    assert [path for path in found if not path.startswith("core/")] == []


def test_each_ignored_type_error_has_a_code_and_a_reason() -> None:
    found = [
        (source.at(number), line.strip())
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), start=1)
        if "type: ignore" in line and not _IGNORE_WITH_REASON.search(line)
    ]
    assert found == []


def test_no_unix_only_module_is_imported_with_the_package() -> None:
    found = [
        source.at(line)
        for source in sources()
        for line, module in source.imports_at_import_time()
        if module in _UNIX_ONLY
    ]
    assert found == []


def test_each_front_end_is_under_the_contract_for_front_ends() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    contract = next(one for one in contracts if one["name"].startswith("Front ends"))
    front_ends = {f"dam.{name}" for name in ("cli", "ui") if (PACKAGE / name).is_dir()}
    assert set(contract["source_modules"]) == front_ends
