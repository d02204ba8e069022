"""Decorators that record what a system or a listener is; the function itself stays as it was."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from dam.core.config import WorldConfig
from dam.core.events import Event
from dam.errors import EnvironmentFaultError, PluginFunctionError

SystemFunction = Callable[..., Awaitable[None]]
ListenerFunction = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

_FACTS = "__dam_facts__"


class SystemStage(StrEnum):
    """The stages in the order in which `run_until_idle` walks them.

    The order holds for each entity: no system gets one that still carries the marker of a system of
    an earlier stage, whenever it was marked. A failure takes the marker off, so the later stages go
    on; a system that is switched off holds nobody up.
    """

    ASSET_INGESTION = "asset-ingestion"
    METADATA_EXTRACTION = "metadata-extraction"
    CONTENT_ANALYSIS = "content-analysis"
    POST_PROCESSING = "post-processing"


@dataclass(frozen=True, kw_only=True)
class SystemFacts:
    """What `@system` says beside the signature."""

    stage: SystemStage
    after: tuple[SystemFunction, ...]
    run_if: Callable[[WorldConfig], bool] | None
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class ListenerFacts:
    """What `@listens_for` says beside the signature."""

    event: type[Event[Any]]


def system(
    *,
    stage: SystemStage,
    after: Sequence[SystemFunction] = (),
    run_if: Callable[[WorldConfig], bool] | None = None,
    batch_size: int = 100,
) -> Callable[[F], F]:
    """Declare an async function a system of `stage`.

    Args:
        stage: When it runs.
        after: Systems of the same stage that must be done with an entity before this one gets it.
        run_if: Asked once a stage; where it says no, the system is skipped and its markers stay.
        batch_size: How many marked entities it gets at once, at most.
    """
    # A lone function, or whatever else it is: the build looks at it and names what does not fit.
    earlier = tuple(after) if isinstance(after, Iterable) else (after,)
    facts = SystemFacts(stage=stage, after=earlier, run_if=run_if, batch_size=batch_size)

    def record(function: F) -> F:
        setattr(function, _FACTS, facts)
        return function

    return record


def listens_for(event: type[Event[Any]]) -> Callable[[F], F]:
    """Declare an async function a listener: it is run for each such event and answers it."""

    def record(function: F) -> F:
        setattr(function, _FACTS, ListenerFacts(event=event))
        return function

    return record


def facts_of(function: object) -> SystemFacts | ListenerFacts | None:
    """Return what a decorator recorded on `function`, or None when it has none."""
    return getattr(function, _FACTS, None)


def system_name(function: object) -> str:
    """Return the name that reports, failures and `--system` use."""
    return str(getattr(function, "__name__", repr(function)))


def raise_named(what: str, function: object, error: BaseException) -> NoReturn:
    """Raise what a plugin's function raised as a fault that names it; our own stays a bug of ours.

    A fault of the environment says all that there is to say, whoever ran into it.

    Raises:
        PluginFunctionError: `function` is not of our own package.
    """
    module = str(getattr(function, "__module__", "an unknown module"))
    is_ours = module.partition(".")[0] == __name__.partition(".")[0]
    if is_ours or isinstance(error, EnvironmentFaultError):
        raise error
    raise PluginFunctionError(what, module, error) from error
