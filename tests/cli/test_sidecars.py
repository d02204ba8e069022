"""Sidecars, as people meet them at the command line."""

from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.systems.test_sidecars import PHOTO, words


def facts(dam_cli: DamCli, asset: str) -> dict[str, str]:
    lines = dam_cli("show", asset).stdout.splitlines()
    return {name: value for _, name, value in (line.split(maxsplit=2) for line in lines)}


@pytest.mark.slow
def test_a_folder_of_pictures_with_sidecars(dam_cli: DamCli) -> None:
    folder: Path = dam_cli.home / "photos"
    folder.mkdir()
    (folder / "lake.jpg").write_bytes(PHOTO)
    (folder / "lake.jpg.xmp").write_bytes(
        words("The lake", "sea", more="<xmp:Rating>2</xmp:Rating>")
    )
    (folder / "lake_01.jpg.xmp").write_bytes(words("Another edit", "edit"))
    (folder / "torn.xmp").write_bytes(words("Torn")[:-30])
    done = dam_cli("add-asset", folder)
    assert done.returncode == 3
    assert (
        "torn.xmp: extract_metadata: unreadable XMP document: it is not well-formed" in done.stderr
    )
    ids = {one["name"]: str(one["entity_id"]) for one in dam_cli("list", "--json").json}
    shown = facts(dam_cli, ids["lake.jpg"])
    assert shown["title"] == "The lake: A boat"
    assert shown["tags"] == "rating=2, sea"
    assert shown["sidecar"] == f"{ids['lake.jpg.xmp']} lake.jpg.xmp"
    assert "tags" not in facts(dam_cli, ids["lake_01.jpg.xmp"])
    dam_cli("tag", "add", "mine", "--to", ids["lake.jpg"])
    (folder / "lake.jpg.xmp").write_bytes(words("The pond"))
    dam_cli("add-asset", folder / "lake.jpg.xmp")
    shown = facts(dam_cli, ids["lake.jpg"])
    assert (shown["title"], shown["tags"]) == ("The pond: A boat", "mine, rating=4")
    dam_cli("remove-asset", shown["sidecar"].split()[0])
    dam_cli("process")
    shown = facts(dam_cli, ids["lake.jpg"])
    assert (shown["title"], "sidecar" in shown) == ("A boat", False)
