"""What the program that unpacks RAR may do: read the archive, and print."""

import resource
import signal
import sys
from pathlib import Path
from subprocess import Popen

import pytest

from dam.children import limit_process
from dam.errors import UnpackingSpaceError
from dam.media.archive import printing, rar_reader
from dam.media.archive.printing import Program, print_members
from dam.media.archive.program import CANNOT_RUN
from dam.sandbox import landlock_version
from tests.conftest import unavailable
from tests.media.archive.printed import names_given_to_a_program, printed_by_shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines")


def test_it_can_do_nothing_to_the_user(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    if not landlock_version():
        unavailable("this kernel has no Landlock")
    (home / "secret").write_text("secret")
    attempts = {
        "read": f"read _ < {home}/secret",
        "write": f": > {home}/new",
        "overwrite": f": > {home}/secret",
        "list": f"set -- {home}/*; test -e $1",
        "fork": "(:)",
        "signal": "kill -0 $PPID",
        "run": "exec /bin/true",
    }
    for name, attempt in attempts.items():
        found, code = printed_by_shell(monkeypatch, f"echo begun; {attempt} && echo done")
        assert (name, found) == (name, "begun\n")
        assert code != 0
    assert [path.name for path in home.iterdir()] == ["secret"]
    assert (home / "secret").read_text() == "secret"


def test_it_has_the_limits_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "ulimit -d; ulimit -Hd; ulimit -c; ulimit -Hn; ulimit -t; ulimit -f"
    lines, _ = printed_by_shell(monkeypatch, script, 64 << 10)

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert lines.split() == ["901120", "901120", "0", str(files), "3600", "128"]
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY


def test_it_gains_no_privileges_and_has_no_capabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "while read name value; do echo $name$value; done < /proc/self/status"
    lines, _ = printed_by_shell(monkeypatch, script)
    assert {"NoNewPrivs:1", "Seccomp:2", f"CapEff:{0:016x}", f"CapPrm:{0:016x}"} <= {*lines.split()}
    assert "NoNewPrivs:\t0" in Path("/proc/thread-self/status").read_text()


def test_it_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAM_DATABASE_URL", "postgresql://me:secret@host/db")
    found = names_given_to_a_program(monkeypatch)
    assert "PATH" in found
    assert "DAM_DATABASE_URL" not in found


def test_it_prints_no_more_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    printed, code = printed_by_shell(monkeypatch, "while echo 0123456789; do :; done", 1000)
    assert len(printed) == 1000
    assert code == -signal.SIGXFSZ


def test_one_that_is_not_waited_for_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Popen[bytes]] = []

    def give_up(process: Popen[bytes]) -> None:
        started.append(process)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        printed_by_shell(monkeypatch, "while :; do :; done", program=Program(give_up))
    assert started[0].returncode == -signal.SIGKILL


def test_where_there_is_none_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError), Path(__file__).open("rb") as file:
        print_members(file.fileno(), 1)


def test_one_that_cannot_be_started_is_no_want_of_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/no/python")
    assert printed_by_shell(monkeypatch, "echo a") == ("", CANNOT_RUN)


def test_a_missing_folder_for_temporary_files_is_no_missing_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(printing, "PRINTING", {"sh": ("-c", "exit")})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with Path(__file__).open("rb") as file, pytest.raises(UnpackingSpaceError, match="gone"):
        rar_reader._printed(file.fileno(), 1)


@pytest.mark.parametrize("limits", [(-1, None), (None, -1)])
def test_a_negative_limit_is_not_taken_for_none(limits: tuple[int | None, int | None]) -> None:
    with pytest.raises(ValueError, match="negative"):
        limit_process(*limits)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_not_the_archives_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", fail)
    with pytest.raises(OSError, match="No space"):
        printed_by_shell(monkeypatch, "echo a; exit 1")
    assert printed_by_shell(monkeypatch, "echo a") == ("a\n", 0)
