"""Assets are found by the words in the columns of plugins."""

from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.migrations.schemas import rows_of
from tests.plugins.notes import CODE, FIRST, SECOND, uninstall, write_notes

SEARCHED = CODE.replace(
    "text: Mapped[str]", 'text: Mapped[str] = mapped_column(info={SEARCHED_TEXT: "text"})'
).replace("import (", "import (\n    SEARCHED_TEXT,", 1)

pytestmark = pytest.mark.slow


@pytest.fixture
def searched(cli_with_plugins: DamCli, site_packages: Path, empty_database_url: str) -> DamCli:
    """A world with an asset, of which a plugin says that it is odd."""
    write_notes(site_packages, FIRST, code=SEARCHED)
    cli = cli_with_plugins.with_settings(DAM_DATABASE_URL=empty_database_url)
    cli("setup-db")
    (cli.home / "a.txt").write_text("a")
    assert cli("add-asset", "a.txt").returncode == 0
    return cli


def words(cli: DamCli) -> list[str]:
    rows = rows_of(cli.settings["DAM_DATABASE_URL"])
    assert "search_changes" not in rows
    return [row["words"] for row in rows["component_search_entry"]]


def waiting(cli: DamCli) -> int:
    return int(cli("status", "--json").json["pending"]["NeedsSearchEntryComponent"])


def test_an_asset_has_the_words_that_a_plugin_writes(searched: DamCli) -> None:
    assert words(searched) == [" a txt | odd "]


def test_the_words_go_with_the_tables_of_the_plugin(searched: DamCli, site_packages: Path) -> None:
    uninstall(site_packages)
    assert searched("setup-db", "--drop-plugin", "dam_notes", "--yes").returncode == 0
    assert waiting(searched) == 1
    assert searched("process").returncode == 0
    assert (words(searched), waiting(searched)) == ([" a txt "], 0)


def test_what_changes_without_the_plugin_keeps_its_words(
    searched: DamCli, site_packages: Path
) -> None:
    uninstall(site_packages)
    (searched.home / "b.txt").write_text("a")  # one more name of the same asset
    assert searched("add-asset", "b.txt").returncode == 0
    assert words(searched) == [" a txt | b txt | odd "]
    assert searched("search", "odd", "--ids").stdout == "1\n"


def test_a_column_that_is_searched_from_now_on_is_indexed_by_process(
    cli_with_plugins: DamCli, site_packages: Path, empty_database_url: str
) -> None:
    write_notes(site_packages, FIRST)
    cli = cli_with_plugins.with_settings(DAM_DATABASE_URL=empty_database_url)
    cli("setup-db")
    (cli.home / "a.txt").write_text("a")
    cli("add-asset", "a.txt")
    assert words(cli) == [" a txt "]
    write_notes(site_packages, FIRST, SECOND, code=SEARCHED)
    assert cli("setup-db").returncode == 0
    assert (words(cli), waiting(cli)) == ([" a txt "], 1)
    cli("process")
    assert (words(cli), waiting(cli)) == ([" a txt | odd "], 0)
