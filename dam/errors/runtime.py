"""Faults of what a world is built of and of the workers."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from dam.errors.base import DamError, EnvironmentFaultError, ExitCode, ItemError


class MissingExtraError(EnvironmentFaultError):
    """An optional part of the distribution is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        self.purpose = purpose
        self.requirement = extra
        super().__init__(
            f"{purpose} needs the extra {extra!r}, which is not installed",
            f'pip install "ecs-dam[{extra}]"',
        )


class MissingResourceError(DamError):
    """A resource was asked for that the world does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no resource {name}; known: {', '.join(known) or 'none'}")


class RepeatedDeathError(ItemError):
    """Whatever worked on an entity alone was killed every time."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        super().__init__(f"given up: {deaths} processes died while working on it alone")


class NotSettledError(DamError):
    """Systems mark entities for each other, or create marked ones, without end."""

    exit_code = ExitCode.BUG

    def __init__(self, systems: Sequence[str]) -> None:
        self.systems = tuple(systems)
        super().__init__(
            f"the work does not settle; still marking: {', '.join(systems)}",
            "a system must not mark again what it was given, nor what it creates, without end",
        )


@dataclass(frozen=True)
class BuildFault:
    """One thing that is wrong with a system: where it is, what was found, what to do."""

    file: str
    line: int
    function: str
    found: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function}: {self.found}; {self.hint}"


class WorldBuildError(EnvironmentFaultError):
    """The systems of a world, most likely those of a plugin, do not fit together."""

    json_fields = ("faults",)

    def __init__(self, faults: Sequence[BuildFault]) -> None:
        self.faults = tuple(faults)
        self.details = tuple(map(str, faults))
        noun = "fault" if len(faults) == 1 else "faults"
        super().__init__(
            f"the world cannot be built, {len(faults)} {noun}",
            "repair what is named, or leave plugins out with --no-plugins",
        )


class PluginLoadError(EnvironmentFaultError):
    """A plugin's package is installed but does not load."""

    def __init__(self, name: str, error: BaseException) -> None:
        self.name = name
        super().__init__(
            f"plugin {name!r} does not load: {type(error).__name__}: {error}",
            "uninstall or repair it, or leave plugins out with --no-plugins",
        )


class PluginFunctionError(EnvironmentFaultError):
    """A function that a plugin brought has raised where no entity of its own could fail for it."""

    def __init__(self, what: str, module: str, error: BaseException) -> None:
        self.what = what
        self.module = module
        super().__init__(
            f"{what} of {module} failed: {described(error)}",
            "repair it, or leave plugins out with --no-plugins; --debug shows the traceback",
        )


class SystemAbortedError(ItemError):
    """A system ended in what would have ended the program, or the task that called it, too."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(f"it ended in {described(error)}")


class TransactionEndedError(ItemError):
    """A system has committed or rolled back the session that it was given."""

    def __init__(self) -> None:
        super().__init__(
            "it committed or rolled back its WorldSession",
            "the scheduler does that: once when it returns, once when it raises",
        )


class UnstorableValueError(ItemError):
    """A value for a column is none that every database keeps as it is."""

    def __init__(self, column: str, found: str, expected: str) -> None:
        self.column = column
        super().__init__(f"{column} cannot hold {found}; expected {expected}")


class WorkerDiedError(ItemError):
    """The process that worked on an item ended in the middle of it.

    Args:
        exit_code: The process's, or minus the number of the signal that killed it.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code_of_worker = exit_code
        how = ending_of(exit_code)
        hint = "the system may be short of memory" if how.endswith("SIGKILL") else None
        super().__init__(f"the worker process {how}", hint)


class WorkerAnswerError(ItemError):
    """What the process that worked on an item says is not what its function promises.

    Args:
        reason: What was expected and what was found.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the worker process gave no valid answer: {reason}")


class WorkerMemoryError(ItemError):
    """An item needs more memory than the process that works on it may have, even alone.

    Args:
        limit_bytes: How much that is.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"needs more memory than the {limit_bytes >> 20:,} MiB that a worker has")


class WorkerStartError(EnvironmentFaultError):
    """No worker process comes up.

    Args:
        reason: What the system said, or how the process ended.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"no worker process comes up: {reason}",
            "see what `ulimit -a` allows, and that Python works; DAM_WORKERS=thread:1 does without",
        )


class WorkerTimeoutError(ItemError):
    """An item took longer than its time limit, and the process that worked on it was stopped."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"took longer than {limit_s:g} s and was stopped")


def ending_of(exit_code: int) -> str:
    """Return how a process ended, after "it": the code is negative for a signal."""
    if exit_code < 0:
        return f"was killed by {_signal_name(-exit_code)}"
    return f"ended with exit code {exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def described(error: BaseException) -> str:
    """Return an error's class and its words, on one line where they are."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - a foreign class may do anything here
        text = "its message cannot be made"
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__
