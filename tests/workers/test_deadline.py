"""Time limits: what a call uses up, and what other processes take from it."""

from dataclasses import dataclass, field

import pytest

from dam.errors import WorkerTimeoutError
from dam.workers.deadline import CpuClock, CpuTimes, Deadline
from dam.workers.pool import WorkerPool
from tests.workers import jobs


@dataclass
class Machine(CpuClock):
    """A process and the time around it, which pass as a test says."""

    now_s: float = 1000.0
    times: CpuTimes = field(default_factory=lambda: CpuTimes(7.0, 3.0))

    def read(self) -> CpuTimes:
        return self.times

    def pass_by(self, *, ran_s: float = 0, waited_s: float = 0, slept_s: float = 0) -> None:
        self.now_s += ran_s + waited_s + slept_s
        self.times = CpuTimes(self.times.ran_s + ran_s, self.times.waited_s + waited_s)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr("dam.workers.deadline.time.monotonic", lambda: machine.now_s)
    return machine


def test_a_call_that_sleeps_has_its_limit_and_no_more(machine: Machine) -> None:
    limits = Deadline(60, machine, lambda: 10)
    machine.pass_by(slept_s=59)
    assert not limits.is_over()
    assert limits.wait_ms() == pytest.approx(1000)
    machine.pass_by(slept_s=1)
    assert limits.is_over()
    assert limits.limit_s == 60


def test_a_call_that_computes_has_less(machine: Machine) -> None:
    limits = Deadline(60, machine, lambda: 10)
    machine.pass_by(ran_s=8, slept_s=40)
    assert not limits.is_over()
    assert limits.wait_ms() == pytest.approx(2000)
    machine.pass_by(ran_s=2)
    assert limits.is_over()
    assert limits.limit_s == 10


def test_what_others_take_does_not_count(machine: Machine) -> None:
    limits = Deadline(60, machine, lambda: 10)
    machine.pass_by(ran_s=9, waited_s=500)
    assert not limits.is_over()
    machine.pass_by(ran_s=1, waited_s=50)
    assert limits.is_over()
    assert limits.limit_s == 10


def test_at_least_a_tenth_of_the_time_counts(machine: Machine) -> None:
    limits = Deadline(60, machine, lambda: 10)
    machine.pass_by(waited_s=599)
    assert not limits.is_over()
    machine.pass_by(waited_s=1)
    assert limits.is_over()
    assert limits.limit_s == 60


def test_without_limits_a_call_may_take_for_ever(machine: Machine) -> None:
    limits = Deadline(None, machine)
    machine.pass_by(ran_s=1e6)
    assert limits.wait_ms() is None
    assert not limits.is_over()


@pytest.mark.parametrize("limit_s", [1e9, float("inf")])
def test_a_long_limit_is_waited_for_in_parts(machine: Machine, limit_s: float) -> None:
    limits = Deadline(limit_s, machine)
    wait_ms = limits.wait_ms()
    assert wait_ms is not None
    assert wait_ms < 1 << 31
    machine.pass_by(slept_s=wait_ms / 1000)
    limits.check()


def test_the_clock_of_a_process_that_is_not_there_says_nothing() -> None:
    assert CpuClock(-1).read() == (0, 0)


@pytest.mark.slow
async def test_a_decoder_that_never_ends_is_stopped_by_the_time_that_it_ran() -> None:
    with WorkerPool(1) as pool:
        found = await pool.map_items(jobs.spin, [1], timeout_s=100, cpu_limit_s=lambda _: 1)

    assert isinstance(found[0], WorkerTimeoutError)
    assert found[0].limit_s == 1
