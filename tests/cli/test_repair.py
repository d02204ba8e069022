"""What `verify` finds is mended as its hints say, and is found no more."""

from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("a note", encoding="utf-8")
    return path


def stored(dam_cli: DamCli, file: Path) -> Path:
    (found,) = dam_cli("find-file-by-hash", "--file", file, "--json").json
    (location,) = found["locations"]
    return Path(location["path"])


def test_rehash_mends_damaged_and_missing_bytes(dam_cli: DamCli, file: Path) -> None:
    (other := file.with_name("other.txt")).write_text("another", encoding="utf-8")
    dam_cli("add-asset", file, other)  # a store that lacks all it should have is not there
    content = stored(dam_cli, file)
    content.chmod(0o644)
    content.write_text("A NOTE", encoding="utf-8")
    content.chmod(0o444)
    assert dam_cli("verify", "--json").returncode == 4
    assert dam_cli("add-asset", "--rehash", file).returncode == 0
    assert dam_cli("verify", "--json").returncode == 0
    content.unlink()
    assert dam_cli("verify", "--json").returncode == 4
    assert dam_cli("add-asset", "--rehash", file).returncode == 0
    assert dam_cli("verify", "--json").returncode == 0


def test_a_move_leaves_no_reference_to_the_file_that_went(dam_cli: DamCli, file: Path) -> None:
    dam_cli("add-asset", "--no-copy", file)
    dam_cli("add-asset", "--mode", "move", file)
    assert not file.exists()
    assert dam_cli("verify", "--json").json == {
        "checked": 1,
        "damaged": [],
        "missing": [],
        "lost": [],
        "not_reachable": [],
        "touched": [],
        "failed": [],
    }


def test_a_reference_whose_file_was_copied_with_other_bytes_moves_on(
    dam_cli: DamCli, file: Path
) -> None:
    dam_cli("add-asset", "--no-copy", file)
    file.write_text("another note", encoding="utf-8")
    dam_cli("add-asset", file)
    dam_cli("add-asset", "--no-copy", file)
    (found,) = dam_cli("find-file-by-hash", "--file", file, "--json").json
    assert {location["storage"] for location in found["locations"]} == {"store", "reference"}
