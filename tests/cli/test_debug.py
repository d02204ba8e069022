"""`--debug` says on stderr what a command works with and how long it takes; stdout is the same."""

from tests.command_line import DamCli
from tests.services.comic_files import picture


def test_debug_logs_settings_database_stages_systems_and_workers(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.jpg").write_bytes(picture(1))
    command = dam_cli.with_settings(DAM_WORKERS="1")
    quiet = command("add-asset", "a.jpg", "--dry-run", "--json")
    assert quiet.stderr == ""
    done = command("add-asset", "a.jpg", "--json", "--debug")
    assert (done.returncode, done.json["added"]) == (0, 1)
    lines = done.stderr.splitlines()
    for beginning in (
        "debug dam.cli.toolkit.logs: a setting setting=workers value=1 origin=environment",
        "debug dam.app: opening a world world=default database=sqlite:///",
        "debug dam.workers.pool: a worker starts pid=",
        "debug dam.core.scheduling.batch_runner: a batch begins system=extract_metadata entities=1",
        "debug dam.core.scheduling.scheduler: a system had its turn system=analyse_images"
        " entities=1 failed=0 seconds=",
        "debug dam.core.scheduling.scheduler: a stage was walked stage=content-analysis entities=1"
        " seconds=",
        "debug dam.app: the world is closed",
    ):
        assert any(line.startswith(beginning) for line in lines), beginning


def test_debug_logs_each_retry(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.jpg").write_bytes(picture(1)[:300])
    assert dam_cli("add-asset", "a.jpg").returncode == 3
    assert dam_cli("retry", "--no-process").returncode == 0
    again = dam_cli("process", "--debug")
    failed = "a system had its turn system=extract_metadata entities=1 failed=1"
    assert failed in again.stderr
