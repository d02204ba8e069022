"""What a shell offers at the press of TAB, asked as bash, zsh and fish ask the real command."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.services.comic_files import make_cbz, pages

TEXT = b"no picture"


def ask(dam_cli: DamCli, shell: str, words: Sequence[str]) -> str:
    """Return what the command prints for a shell; the last word is the one to complete."""
    line = " ".join(("dam-cli", *words))
    asked = {
        "_DAM_CLI_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = dam_cli.with_settings(**asked)()
    assert done.stderr == ""
    return done.stdout


def offers(dam_cli: DamCli, *words: str) -> dict[str, str]:
    """Return what fish would show: each word with its explanation."""
    lines = filter(None, ask(dam_cli, "fish", words).splitlines())
    return {word: text for word, _, text in (line.partition("\t") for line in lines)}


@pytest.fixture
def filled(dam_cli: DamCli) -> DamCli:
    """The command, with a text and a comic of one page in the default world."""
    (dam_cli.home / "it's [$(id)].txt").write_bytes(TEXT)
    assert dam_cli("add-asset", dam_cli.home / "it's [$(id)].txt").returncode == 0
    archive = make_cbz(dam_cli.home / "Saga 001 (2012).cbz", pages(1))
    assert dam_cli("comic", "import", archive, "--no-process").returncode == 0
    return dam_cli


def test_names_of_worlds_stages_markers_and_systems(dam_cli: DamCli) -> None:
    there = set(dam_cli.home.rglob("*"))
    worlds = dam_cli.with_settings(
        DAM_WORLDS_CONFIG='{"scans": {"database_url": "postgresql://ann:secret@h/d",'
        ' "asset_storage_path": "/s"}, "photos": {"database_url": "sqlite:////x/p.db",'
        ' "asset_storage_path": "/p"}}'
    )
    assert offers(worlds, "-w", "")["scans"].startswith("postgresql://")
    assert "secret" not in ask(worlds, "fish", ["-w", ""])
    assert list(offers(worlds, "status", "--world", "p")) == ["photos"]
    assert "content-analysis" in offers(dam_cli, "process", "--stage", "")
    assert list(offers(dam_cli, "process", "--mark", "NeedsCon")) == [
        "NeedsContentAnalysisComponent"
    ]
    assert list(offers(dam_cli, "retry", "--system", "e")) == ["extract_metadata"]
    assert set(dam_cli.home.rglob("*")) == there


def test_ids_come_newest_first_with_the_name_of_the_file_or_comic(filled: DamCli) -> None:
    there = set(filled.home.rglob("*"))
    assert list(offers(filled, "show", "")) == ["3", "2", "1"]
    assert set(filled.home.rglob("*")) == there  # not even a log beside the database
    assert offers(filled, "show", "1") == {"1": "it_s (_(id)).txt"}
    assert offers(filled, "comic", "pages", "") == {"2": "Saga 001 (2012).cbz"}
    assert offers(filled, "comic", "variants", "") == {"4": "Saga #001 (2012)"}
    assert list(offers(filled, "comic", "show", "")) == ["4", "2"]
    assert offers(filled, "retry", "") == {}
    assert offers(filled, "find-similar-images", "--entity", "2") == {"2": "Saga 001 (2012).cbz"}
    assert ask(filled, "bash", ["show", ""]).split() == ["3", "2", "1"]
    assert '"1":"it_s (_(id)).txt"' in ask(filled, "zsh", ["show", "1"])


def test_fields_and_errors(dam_cli: DamCli) -> None:
    broken = Path(dam_cli.home / "broken.png")
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    assert dam_cli("add-asset", broken).returncode == 3
    assert offers(dam_cli, "failures", "dismiss", "--error", "") == {
        "UnreadablePictureError": "1 failure"
    }
    assert offers(dam_cli, "failures", "dismiss", "") == {"1": "broken.png"}
    assert offers(dam_cli, "comic", "edit", "1", "publish") == {"publisher=": "of a comic"}
    assert offers(dam_cli, "comic", "edit", "1", "publisher=x", "scan_g") == {
        "scan_group=": "of a variant"
    }


def test_a_query_is_completed_word_by_word(database_url: str, dam_cli: DamCli) -> None:
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url)
    (dam_cli.home / "a.txt").write_bytes(TEXT)
    assert command("add-asset", dam_cli.home / "a.txt").returncode == 0
    assert command("tag", "add", "holiday", "--to", "1").returncode == 0
    assert command("search", "--save", "latest", "sort:-added limit:9").returncode == 0
    assert offers(command, "search", "type:im") == {"type:image": "value"}
    assert offers(command, "search", "type:image", "ext:t") == {"ext:txt": "value"}
    assert offers(command, "search", "tag:h") == {"tag:holiday": "tag"}
    assert offers(command, "search", "@") == {"@latest": "saved"}
    assert r'"height\\:":"field"' in ask(command, "zsh", ["search", "heig"])
    assert ask(command, "bash", ["search", "heig"]).split() == ["height:"]


@pytest.mark.slow
def test_bash_gets_the_part_behind_its_own_end_of_a_word(dam_cli: DamCli) -> None:
    """Bash cuts words at colons, and replaces only what is behind the last one."""
    (dam_cli.home / "a.txt").write_bytes(TEXT)
    assert dam_cli("add-asset", dam_cli.home / "a.txt").returncode == 0
    assert dam_cli("tag", "add", "artist:jean giraud", "--to", "1").returncode == 0
    assert dam_cli("search", "x", "--save", "latest").returncode == 0
    program = Path(sys.executable).with_name("dam-cli")
    script = dam_cli.with_settings(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")(
        "--show-completion", "bash"
    ).stdout
    for words, answers in {
        "search -type : im": ["image"],
        "tag show artist : je": [r"jean\ giraud"],
        "search @ la": ["@latest"],
        "search 'hills type:im": ["hills type:image"],
    }.items():
        line = words.replace(" : ", ":").replace("@ ", "@")
        last = "'hills type:im" if "'" in words else words.rpartition(" ")[2]
        asked = f'COMP_LINE="dam-cli {line}" COMP_POINT={len(line) + 8} COMP_WORDS=("{last}")'
        answer = (
            f"COMP_CWORD=0; _dam_cli_completion {program}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
        done = subprocess.run(
            ["bash", "-c", f"{script}\n{asked}; {answer}"],
            env=dam_cli.environment,
            cwd=dam_cli.home,
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout.splitlines(), done.stderr) == (answers, ""), words


@pytest.mark.parametrize(
    "settings",
    [
        {"DAM_DATABASE_URL": "sqlite:////nowhere/at/all.db"},
        {"DAM_DATABASE_URL": "postgresql://ann@127.0.0.1:1/none"},
        {"DAM_DATABASE_URL": "nonsense"},
        {"DAM_WORKERS": "nonsense", "DAM_LOG_LEVEL": "DEBUG"},
    ],
)
def test_where_nothing_can_be_read_nothing_is_offered_and_nothing_said(
    dam_cli: DamCli, settings: dict[str, str]
) -> None:
    broken = dam_cli.with_settings(**settings)
    assert offers(broken, "show", "1") == {}
    assert offers(broken, "failures", "dismiss", "--error", "") == {}


def test_a_line_that_is_wrong_so_far_is_no_error(dam_cli: DamCli) -> None:
    assert offers(dam_cli, "-w", "nosuch", "show", "") == {}
    for words in (["list", ""], ["comic", "list", ""], ["show", "--nosuch", ""]):
        ask(dam_cli, "bash", words)


def test_ids_of_another_database(database_url: str, dam_cli: DamCli) -> None:
    command = dam_cli.with_settings(DAM_DATABASE_URL=database_url)
    (dam_cli.home / "a.txt").write_bytes(TEXT)
    assert command("add-asset", dam_cli.home / "a.txt").returncode == 0
    assert offers(command, "show", "") == {"1": "a.txt"}
    assert offers(command, "comic", "show", "") == {}
