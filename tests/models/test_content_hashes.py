"""What names digests agrees with the one table of them."""

import hashlib
from typing import get_args

import pytest

from dam.cli import find
from dam.models import CONTENT_HASHES
from dam.services.digest_service import parse_digest
from dam.settings import variables


def test_settings_and_commands_name_the_digests_of_the_table() -> None:
    assert {"sha256", *get_args(variables.Digest)} == set(CONTENT_HASHES)
    assert set(get_args(find.Digest)) == {"auto", *CONTENT_HASHES}


@pytest.mark.parametrize("name", CONTENT_HASHES)
def test_each_is_found_by_its_name_and_by_its_length(name: str) -> None:
    digits = hashlib.new(name, b"a").hexdigest()

    assert parse_digest(digits).name == name
    assert parse_digest(f"{name}:{digits[:8]}").name == name
