"""What is shown while systems work."""

import pytest

from dam.cli.frame import State
from dam.cli.work_progress import WorkProgress, work_progress


def test_the_bar_goes_up_to_what_is_done_and_left() -> None:
    shown: list[tuple[int, int | None]] = []
    progress = WorkProgress(State(), lambda done, total: shown.append((done, total)))
    progress.advanced("a", 5)
    progress.pending(20)
    progress.advanced("a", 10)
    progress.advanced("b", 30)
    progress.pending(2)
    assert shown == [(5, None), (5, 25), (15, 25), (45, 45), (45, 47)]


@pytest.mark.parametrize("state", [State(), State(is_json=True)])
def test_waiting_for_others_is_said_once(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(state) as progress:
        progress.waiting(3, 60.0)
        progress.waiting(1, 60.0)
    assert capsys.readouterr().err == (
        "waiting for 3 assets that another process has on lease, at most 60 s if it is gone\n"
    )


def test_who_waits_for_a_lock_is_promised_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(State()) as progress:
        progress.waiting(1, None)
    assert capsys.readouterr().err == (
        "waiting for 1 asset that another process has locked in the database\n"
    )


def test_nothing_is_said_where_nobody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    with work_progress(State(is_quiet=True)) as progress:
        progress.waiting(3, 60.0)
    assert capsys.readouterr().err == ""
