"""Errors about plugins, systems and resources of a world, and about worker processes."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from dam.errors.base import DamError, EnvironmentFaultError, ExitCode, ItemError


class MissingExtraError(EnvironmentFaultError):
    """An optional extra of the distribution is not installed.

    Args:
        extra: Its name, such as "comics".
        purpose: The subject of the message, such as "a PostgreSQL database".
    """

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        self.purpose = purpose
        self.requirement = extra
        super().__init__(
            f"{purpose} needs the extra {extra!r}, which is not installed",
            f'pip install "ecs-dam[{extra}]"',
        )


class MissingResourceError(DamError):
    """The caller asked for a resource that the world does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no resource {name}; known: {', '.join(known) or 'none'}")


class RepeatedDeathError(ItemError):
    """Every process that worked on this entity alone was killed, so it is not tried again."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        super().__init__(f"gave up: {deaths} processes died while working on it alone")


class UnfitFunctionError(TypeError):
    """A bug: a function was given to a world whose first parameter is not what a world gives."""

    def __init__(self, verb: str, function: str, found: str, hint: str) -> None:
        self.verb = verb
        self.function = function
        super().__init__(f"`{verb}` cannot call {function}: {found}; {hint}")


class NotSettledError(DamError):
    """Systems keep marking entities for each other, or keep creating marked ones, without end."""

    exit_code = ExitCode.BUG

    def __init__(self, systems: Sequence[str]) -> None:
        self.systems = tuple(systems)
        super().__init__(
            f"the work does not end; still marking entities: {', '.join(systems)}",
            "a system must not keep marking the entities that it was given or created",
        )


@dataclass(frozen=True)
class BuildFault:
    """One fault in a system: its place in the source, the fault that was found, and what to do."""

    file: str
    line: int
    function: str
    found: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function}: {self.found}; {self.hint}"


class WorldBuildError(EnvironmentFaultError):
    """The systems of a world do not fit together; most likely a plugin is to blame."""

    json_fields = ("faults",)

    def __init__(self, faults: Sequence[BuildFault]) -> None:
        self.faults = tuple(faults)
        self.details = tuple(map(str, faults))
        noun = "fault" if len(faults) == 1 else "faults"
        super().__init__(
            f"the world cannot be built, {len(faults)} {noun}",
            "fix the faults listed, or run without plugins (--no-plugins)",
        )


class PluginFunctionError(EnvironmentFaultError):
    """A plugin's function raised where no single entity can be marked as failed for it.

    Args:
        what: The function, such as "system 'analyse'".
        module: The module of the function.
    """

    def __init__(self, what: str, module: str, error: BaseException) -> None:
        self.what = what
        self.module = module
        super().__init__(
            f"{what} of {module} failed: {described(error)}",
            "fix it, or run without plugins (--no-plugins); --debug shows the traceback",
        )


class SystemAbortedError(ItemError):
    """A system raised an exception that would also have ended the program or the calling task.

    Examples: `SystemExit`, `asyncio.CancelledError`.
    """

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(f"the system raised {described(error)}")


class TransactionEndedError(ItemError):
    """A system committed or rolled back the session that it was given."""

    def __init__(self) -> None:
        super().__init__(
            "the system committed or rolled back its WorldSession",
            "leave that to the scheduler: it commits when the system returns, else rolls back",
        )


class UnstorableValueError(ItemError):
    """A value for a column would not be stored unchanged by every supported database."""

    def __init__(self, column: str, found: str, expected: str) -> None:
        self.column = column
        super().__init__(f"{column} cannot hold {found}; expected {expected}")


class WorkerDiedError(ItemError):
    """The worker process died while it worked on an item.

    Args:
        exit_code: Its exit code, or minus the number of the signal that killed it, such as -9.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code_of_worker = exit_code
        how = ending_of(exit_code)
        hint = "the system may be short of memory" if how.endswith("SIGKILL") else None
        super().__init__(f"the worker process {how}", hint)


class WorkerAnswerError(ItemError):
    """The worker process returned a value that its function does not promise.

    Args:
        reason: A description of the value expected and the value found.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the worker process gave no valid answer: {reason}")


class WorkerMemoryError(ItemError):
    """An item needs more memory than a worker process may use, even as the only item at work.

    Args:
        limit_bytes: The memory that a worker process may use.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"needs more memory than the {limit_bytes >> 20:,} MiB that a worker has")


class ConfinedError(DamError):
    """A worker met an archive that only another program unpacks, or that needs a temporary file.

    The caller has it unpacked in a call that may have these.
    """

    def __init__(self) -> None:
        super().__init__("a confined worker cannot unpack this archive")


class WorkerStartError(EnvironmentFaultError):
    """No worker process can be started.

    Args:
        reason: The error of the system, or how the process ended.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"cannot start a worker process: {reason}",
            "check the limits (`ulimit -a`) and that Python works",
        )


class WorkerTimeoutError(ItemError):
    """An item took longer than its time limit, so its worker process was stopped."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"took longer than {limit_s:g} s and was stopped")


def ending_of(exit_code: int) -> str:
    """Return how a process ended, as the end of a sentence: "was killed by SIGKILL" for -9.

    A negative code is minus the number of a signal.
    """
    if exit_code < 0:
        return f"was killed by {_signal_name(-exit_code)}"
    return f"ended with exit code {exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def described(error: BaseException) -> str:
    """Return an error's class and message, such as "ValueError: no number".

    One line, unless the message has several.
    """
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - a foreign class may do anything here
        text = "its message cannot be made"
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__
