"""What a walk leaves out of the folders that it was given, and by which rule."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dam.storage.sources.found_file import FoundFile
from dam.storage.sources.selection import ExcludePatternError, FileSelection
from dam.storage.sources.walk import SkippedPath, Walk
from tests.conftest import unavailable


def tree(top: Path, *names: str) -> None:
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))


def taken(top: Path, *given: str, **rules: object) -> tuple[set[str], dict[str, int]]:
    """Return the files found below `top` at the given paths, and the counts by rule."""
    walk = Walk(is_recursive=True, selection=FileSelection(**rules))  # type: ignore[arg-type]  # a test's words
    found = list(walk.walk([str(top / one) for one in given or (".",)]))
    assert [item for item in found if isinstance(item, SkippedPath)] == []
    paths = {os.path.relpath(item.path, top) for item in found if isinstance(item, FoundFile)}
    return paths, dict(walk.left_out)


def test_folders_of_systems_and_version_control_are_left_out_and_dot_files_are_not(
    tmp_path: Path,
) -> None:
    tree(tmp_path, "a.jpg", ".hidden.jpg", ".hack/b.jpg", "._a.jpg", "Thumbs.db", "CVs/c.pdf")
    plain, _ = taken(tmp_path)
    tree(tmp_path, ".git/x", "s/.git/x", "s/@eaDir/a.jpg/t.jpg", "#recycle/y", ".Trash-1000/z")
    tree(tmp_path, ".thumbnails/1.jpg", "$RECYCLE.BIN/q", "w/.git")  # the last is a file
    assert taken(tmp_path) == (
        plain | {"w/.git"},
        {
            "#recycle": 1,
            "$RECYCLE.BIN": 1,
            ".Trash-*": 1,
            ".git": 2,
            ".thumbnails": 1,
            "@eaDir": 1,
        },
    )
    everything, counts = taken(tmp_path, has_default_excludes=False)
    assert (len(everything), counts) == (14, {})


def test_a_path_that_is_given_is_never_left_out(tmp_path: Path) -> None:
    tree(tmp_path, ".damignore", "a.tmp", "raw/1.jpg", "raw/deep/2.jpg", ".git/config", "n/x.jpg")
    (tmp_path / ".damignore").write_text("*.tmp\nraw/\n")
    tree(tmp_path, "n/.nomedia", "n/sub/y.jpg")
    given = ("a.tmp", "raw", ".git", "n")
    found, counts = taken(
        tmp_path, *given, respects_nomedia=True, exclude=("/raw", "n"), extensions=()
    )
    assert found == {
        *("a.tmp", "raw/1.jpg", "raw/deep/2.jpg", ".git/config"),
        *("n/x.jpg", "n/.nomedia", "n/sub/y.jpg"),
    }
    assert counts == {}
    assert taken(tmp_path, "a.tmp", extensions=("jpg",))[0] == {"a.tmp"}


def test_patterns_of_a_folder_above_the_given_one_count(tmp_path: Path) -> None:
    tree(tmp_path, "2020/a.jpg", "2020/a.tmp", "2020/raw/b.jpg")
    (tmp_path / ".damignore").write_text("*.tmp\n/2020/raw\n")
    assert taken(tmp_path, "2020") == (
        {"2020/a.jpg"},
        {".damignore *.tmp": 1, ".damignore /2020/raw": 1},
    )


def test_the_deepest_file_of_patterns_decides_and_may_take_back(tmp_path: Path) -> None:
    tree(tmp_path, "a.tmp", "b/a.tmp", "b/@eaDir/t.jpg", "b/c/a.tmp")
    (tmp_path / ".damignore").write_text("*.tmp\r\n")
    (tmp_path / "b/.damignore").write_bytes(b"\xef\xbb\xbf!*.tmp\n!@eaDir/\n\n# a comment\n")
    found, counts = taken(tmp_path)
    assert found == {"b/a.tmp", "b/@eaDir/t.jpg", "b/c/a.tmp"}
    assert counts == {".damignore *.tmp": 1}
    found, _ = taken(tmp_path, exclude=("*.tmp",))  # what is said now comes first
    assert found == {"b/@eaDir/t.jpg"}
    found, _ = taken(tmp_path, has_default_excludes=False)
    assert ".damignore" in found  # an ordinary file then
    assert "a.tmp" in found


_PATTERNS = r"""
*.tmp
!keep.tmp
/top.txt
raw/
foo/*
!foo/keep
**/cache
deep/**/x
\#hash
[ab].log
dir*/
a?c
"""


def test_patterns_mean_what_git_means(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        unavailable("git is not installed")
    tree(tmp_path, "a.tmp", "s/keep.tmp", "top.txt", "s/top.txt", "raw/a", "s/raw/b", "s/t/raw")
    tree(tmp_path, "foo/keep", "foo/lost", "s/foo/kept", "s/cache/x", "cache", "deep/x", "deep/y")
    tree(tmp_path, "deep/1/2/x", "#hash", "s/trailing ", "a.log", "c.log", "dirs/x", "dir", "abc")
    tree(tmp_path, "new\nline.tmp", "s/new\nline/a.tmp", "caf\udce9.tmp", "raw/keep.tmp", "K.TMP")
    (tmp_path / ".gitignore").write_text(_PATTERNS + "trailing\\ \n")
    ours = tmp_path / ".damignore"
    ours.write_text(_PATTERNS + "trailing\\ \n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    theirs = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    assert taken(tmp_path)[0] == theirs - {".damignore"}


def test_endings_are_taken_in_upper_and_lower_case(tmp_path: Path) -> None:
    tree(tmp_path, "a.JPG", "b.jpeg", "c.tar.gz", "d.gz", "e", "sub.png/f.jpg", "ComicInfo.xml")
    assert taken(tmp_path, extensions=("jpg", ".tar.gz")) == (
        {"a.JPG", "c.tar.gz", "sub.png/f.jpg"},
        {"--ext": 4},
    )
    found, _ = taken(tmp_path, extensions=("jpg",), always=("comicinfo.xml",))
    assert found == {"a.JPG", "sub.png/f.jpg", "ComicInfo.xml"}


def test_nomedia_counts_only_if_that_is_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, "a/.nomedia", "a/1.jpg", "a/b/2.jpg", "c.jpg")
    assert taken(tmp_path)[0] == {"a/.nomedia", "a/1.jpg", "a/b/2.jpg", "c.jpg"}
    assert taken(tmp_path, respects_nomedia=True) == ({"c.jpg"}, {".nomedia": 1})


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_whose_rules_cannot_be_read_is_not_imported(tmp_path: Path) -> None:
    tree(tmp_path, "a/.damignore", "a/secret.jpg", "b.jpg")
    (tmp_path / "a/.damignore").chmod(0)
    found = list(Walk(is_recursive=True).walk([str(tmp_path)]))
    assert [item.path for item in found if isinstance(item, FoundFile)] == [f"{tmp_path}/b.jpg"]
    assert [item for item in found if isinstance(item, SkippedPath)] == [
        SkippedPath(f"{tmp_path}/a/.damignore", "permission denied", is_failure=True)
    ]


def test_a_pipe_or_link_of_that_name_is_no_file_of_rules(tmp_path: Path) -> None:
    tree(tmp_path, "a.tmp", "rules")
    (tmp_path / "rules").write_text("*.tmp\n")
    (tmp_path / ".damignore").symlink_to(tmp_path / "rules")
    assert taken(tmp_path)[0] == {"a.tmp", "rules"}
    (tmp_path / ".damignore").unlink()
    os.mkfifo(tmp_path / ".damignore")
    assert taken(tmp_path)[0] == {"a.tmp", "rules"}


@pytest.mark.parametrize("pattern", ["!", "", "# x"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ExcludePatternError) as caught:
        FileSelection(exclude=(pattern,))
    assert caught.value.message == f"not a valid pattern: {pattern!r}"
    assert caught.value.hint == "write it as in .gitignore: *.tmp, cache/, /raw/*.xmp"
