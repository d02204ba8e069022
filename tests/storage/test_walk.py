"""Finding files, below folders that come and go."""

from pathlib import Path

import pytest

from dam.errors import CurrentFolderGoneError
from dam.storage.walk import FoundFile, Walk


def test_a_current_folder_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = tmp_path / "gone", tmp_path / "a.jpg"
    other.touch()
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CurrentFolderGoneError, match="the current folder was removed"):
        next(Walk(is_recursive=False).over(["a.jpg"]))
    assert isinstance(next(Walk(is_recursive=False).over([str(other)])), FoundFile)
