"""Decorators that declare a function a system or a listener; the function itself is unchanged."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from dam.core.config import WorldConfig
from dam.core.ecs.components import AnyComponent
from dam.core.events import Event
from dam.errors import EnvironmentFaultError, PluginFunctionError

SystemFunction = Callable[..., Awaitable[None]]
ListenerFunction = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

_FACTS = "__dam_facts__"


class SystemStage(StrEnum):
    """The stages, in the order in which `run_until_idle` walks them.

    The order holds for each entity: a system does not get an entity that still carries the marker
    of a system of an earlier stage, no matter when it was marked. A failure removes the marker, so
    that later stages go on. The markers of a system that is switched off do not count.
    """

    ASSET_INGESTION = "asset-ingestion"
    METADATA_EXTRACTION = "metadata-extraction"
    CONTENT_ANALYSIS = "content-analysis"
    POST_PROCESSING = "post-processing"


@dataclass(frozen=True, kw_only=True)
class SystemFacts:
    """Arguments of `@system`."""

    stage: SystemStage
    after: tuple[SystemFunction, ...]
    run_if: Callable[[WorldConfig], bool] | None
    batch_size: int
    requires: type[AnyComponent] | None = None


@dataclass(frozen=True, kw_only=True)
class ListenerFacts:
    """Arguments of `@listens_for`."""

    event: type[Event[Any]]


def system(
    *,
    stage: SystemStage,
    after: Sequence[SystemFunction] = (),
    run_if: Callable[[WorldConfig], bool] | None = None,
    batch_size: int = 100,
    requires: type[AnyComponent] | None = None,
) -> Callable[[F], F]:
    """Declare an async function a system of `stage`.

        @system(stage=SystemStage.METADATA_EXTRACTION, after=[extract_metadata])
        async def read_tags(assets: MarkedEntityList[NeedsTags], commands: Commands) -> None: …

    Args:
        stage: The stage in which it runs.
        after: Systems of the same stage that must be done with an entity before this one gets it.
        run_if: Is given the world's config whenever a stage is about to run. While it returns
            False, the system is skipped and its markers stay.
        batch_size: How many marked entities it gets at once, at most.
        requires: A component that an asset must have to get the system's marker by `process
            --mark`. Needed only for a marker that no rule sets; see `WorldBuilder.mark_new`.
    """
    # Also a function that is not in a list, or anything else: the build reports what is wrong.
    earlier = tuple(after) if isinstance(after, Iterable) else (after,)
    facts = SystemFacts(
        stage=stage, after=earlier, run_if=run_if, batch_size=batch_size, requires=requires
    )

    def record(function: F) -> F:
        setattr(function, _FACTS, facts)
        return function

    return record


def listens_for(event: type[Event[Any]]) -> Callable[[F], F]:
    """Declare an async function a listener: it is called with each event of that class.

    The value that it returns is its answer to the event.
    """

    def record(function: F) -> F:
        setattr(function, _FACTS, ListenerFacts(event=event))
        return function

    return record


def facts_of(function: object) -> SystemFacts | ListenerFacts | None:
    """Return the arguments of the decorator of `function`; None if it has no such decorator."""
    return getattr(function, _FACTS, None)


def system_name(function: object) -> str:
    """Return the name of a system, as reports, failures and `--system` use it."""
    return str(getattr(function, "__name__", repr(function)))


def raise_named(what: str, function: object, error: BaseException) -> NoReturn:
    """Raise the error of a plugin's function as a `PluginFunctionError`, which names the function.

    An error of a function of our own is raised as it is, because it is our bug; so is a fault of
    the environment, because that already says everything.

    Args:
        what: The function's part, for the message: "system 'read_tags'".
        function: The function that raised.
        error: What it raised.

    Raises:
        PluginFunctionError: `function` is not of our own package.
    """
    module = str(getattr(function, "__module__", "an unknown module"))
    is_ours = module.partition(".")[0] == __name__.partition(".")[0]
    if is_ours or isinstance(error, EnvironmentFaultError):
        raise error
    raise PluginFunctionError(what, module, error) from error


def raise_rule_fault(marker: type, rule: object, error: BaseException) -> NoReturn:
    """Raise the error of a plugin's rule, which says what gets a marker, as `raise_named` does."""
    raise_named(f"the rule for {marker.__name__}, {system_name(rule)!r}", rule, error)
