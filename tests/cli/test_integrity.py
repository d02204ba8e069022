"""The commands about the bytes that are stored."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow


def stored(cli: DamCli, content: bytes) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    store = cli.home / ".local" / "share" / "dam" / "default-storage"
    return store / digest[:2] / digest[2:4] / digest


def test_damage_and_loss_are_found(dam_cli: DamCli) -> None:
    for content in (b"one", b"two", b"six"):
        (dam_cli.home / content.decode()).write_bytes(content)
    dam_cli("add-asset", "one", "two", "six", "--no-process")
    sound = dam_cli("verify")
    assert (sound.returncode, sound.stdout) == (0, "verified 3: 0 damaged, 0 missing\n")
    stored(dam_cli, b"one").chmod(0o600)
    stored(dam_cli, b"one").write_bytes(b"eno")
    stored(dam_cli, b"two").unlink()
    found = dam_cli("verify", "--json")
    assert found.returncode == 4
    place = {"storage": "store", "path": None}
    assert found.json == {
        "checked": 3,
        "damaged": [
            {
                "entity_id": 1,
                "sha256": hashlib.sha256(b"one").hexdigest(),
                "names": ["one"],
                "locations": [place],
            }
        ],
        "missing": [
            {
                "entity_id": 2,
                "sha256": hashlib.sha256(b"two").hexdigest(),
                "names": ["two"],
                "locations": [place],
            }
        ],
        "failed": [],
    }
    fast = dam_cli("verify", "--fast")
    assert (fast.returncode, fast.stdout) == (
        4,
        "2  missing  two  store\nverified 3: 0 damaged, 1 missing\n",
    )
    prefix = f"sha256:{hashlib.sha256(b'six').hexdigest()[:10]}"
    assert dam_cli("verify", prefix, "3", "--json").json["checked"] == 1


def test_garbage_goes_after_a_day(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.txt").write_bytes(b"hello")
    dam_cli("add-asset", "a.txt", "--no-process")
    dam_cli("remove-asset", "1")
    assert dam_cli("gc", "--json").json == {"removed": 0, "freed_bytes": 0, "thumbnails": 0}
    os.utime(stored(dam_cli, b"hello"), (0, 0))
    assert dam_cli("gc", "--dry-run").stdout == "would remove 1 content (5 B) and 0 thumbnails\n"
    assert dam_cli("gc").stdout == "removed 1 content (5 B) and 0 thumbnails\n"
    assert not stored(dam_cli, b"hello").exists()
