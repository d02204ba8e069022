"""Media kinds: a kind of file, the components that it gets, and the markers that follow.

The indented blocks, one after another, are one Python module, which a test runs: poems are texts
that begin with `Poem`. The functions of a kind run in workers, where `FileOperationsResource.each`
runs any other function, too.

    from dataclasses import dataclass
    from typing import BinaryIO

    from dam.core.prelude import Commands, Component, EntityId, KindBinding, Mapped, MediaKind
    from dam.core.prelude import MediaLimits, WorldBuilder


    @dataclass(frozen=True)
    class PoemFacts:
        lines: int


    class PoemComponent(Component, kw_only=True):
        __tablename__ = "component_poems_poem"

        lines: Mapped[int]


    def recognise_poem(head: bytes, file: BinaryIO) -> str | None:
        return "text/x-poem" if head.startswith(b"Poem") else None


    def describe_poem(file: BinaryIO, media_type: str, limits: MediaLimits) -> PoemFacts:
        return PoemFacts(lines=sum(1 for line in file) - 1)


    def write_poem(commands: Commands, asset: EntityId, poem: PoemFacts) -> None:
        commands.set_values(asset, PoemComponent, lines=poem.lines)


    POEM = MediaKind(
        name="poem",
        media_types=frozenset({"text/x-poem"}),
        describe=describe_poem,
        description_version=1,
        recognise=recognise_poem,
    )
    POEMS = KindBinding(kind=POEM, components=(PoemComponent,), write=write_poem)


    def install_kind(builder: WorldBuilder) -> None:
        builder.contribute(POEMS)

`recognise` is asked about files of which no more is known than that they are a text, a ZIP archive
or the like; it returns one of the kind's own media types. With `picture=`, files of the kind get
thumbnails and, unless `is_hashed=False`, perceptual hashes. `write` is a plain function, without
`async`. Each function may raise an `ItemError`, which is the failure of that file; any other error
is one, too, and names the kind.

`dam-cli process --outdated` shows a kind that was just installed the files that are there. Raise
`description_version` or `picture_version` when the function gets better, and it is used on them
again.

`builder.mark_described(NeedsCountComponent, "text/*")` marks assets for a system as soon as their
media type is known.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Generic, TypeVar

from dam.core.ecs.components import AnyComponent, EntityId, IdentityComponent, MarkerComponent
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import raise_rule_fault, system_name
from dam.core.systems.signatures import Wrong, is_component, name_of
from dam.media.kind import GENERIC_TYPES, MediaKind, kind_of

Facts = TypeVar("Facts")
_LONGEST = 255
_NOT_OF_KINDS = (IdentityComponent, MarkerComponent)
Wanted = str | Callable[[MediaKind[Any]], bool]
"""Which described assets: a media type, a pattern such as `image/*`, or a function of the kind."""


@dataclass(frozen=True, kw_only=True)
class KindBinding(Generic[Facts]):
    """Binds a media kind to components: says what a world writes about each file of the kind.

    Args:
        kind: The kind.
        components: The components that `write` may give to an asset. They are removed when the
            asset is described anew.
        write: Gives an asset the components for the facts about its file. If it raises, the file
            fails, and keeps what was given before.

    Example:
        def write_song(commands: Commands, asset: EntityId, facts: SongFacts) -> None:
            commands.set_values(asset, DurationComponent, seconds=facts.seconds)

        SONGS = KindBinding(kind=SONG, components=(DurationComponent,), write=write_song)
    """

    kind: MediaKind[Facts]
    components: tuple[type[AnyComponent], ...]
    write: Callable[[Commands, EntityId, Facts], None]


def _wrong_functions(binding: KindBinding[Any]) -> Iterator[Wrong]:
    """Yield what is wrong with the functions of a kind, which run in workers, and with `write`."""
    kind = binding.kind
    of_workers = {"describe": kind.describe, "picture": kind.picture, "recognise": kind.recognise}
    for name, function in of_workers.items():
        optional = function is None and name != "describe"
        if not optional and not _is_importable(function):
            found = f"{name}= of the media kind {kind.name!r} is {system_name(function)}"
            yield found, "give a function that is defined at the top of a module: workers import it"
    if not callable(binding.write) or inspect.iscoroutinefunction(binding.write):
        found = f"write= of the media kind {kind.name!r} is {system_name(binding.write)}"
        yield found, "give a function without `async` that takes Commands, an id and the facts"


def _is_importable(function: object) -> bool:
    module = sys.modules.get(getattr(function, "__module__", ""))
    name = getattr(function, "__qualname__", "")
    return callable(function) and getattr(module, name, None) is function


class MediaKinds:
    """The media kinds of a world, and the rules that mark an asset after it was described."""

    def __init__(self) -> None:
        self._bindings: list[KindBinding[Any]] = []
        self._rules: list[tuple[type[MarkerComponent], Wanted]] = []

    def wrong_with(self, binding: object) -> list[Wrong]:
        """Return what is wrong with a kind that a plugin contributes, beside those added before."""
        if not isinstance(binding, KindBinding):
            return [(f"contribute is given {binding!r}", "give a KindBinding")]
        kind, wrong = binding.kind, []
        if any(kind.name == other.name for other in self.kinds()):
            hint = "give the kind a name of its own"
            wrong.append((f"the media kind {kind.name!r} is contributed twice", hint))
        for other in self.kinds():
            if shared := sorted(kind.media_types & other.media_types):
                found = f"the media kinds {other.name!r} and {kind.name!r} both have the media type"
                hint = "leave it to one of them: each file is described by one kind"
                wrong.append((f"{found} {', '.join(shared)}", hint))
        if not kind.media_types:
            hint = "name at least one"
            wrong.append((f"the media kind {kind.name!r} has no media types", hint))
        for component in binding.components:
            if not is_component(component) or issubclass(component, _NOT_OF_KINDS):
                found = f"components= of the media kind {kind.name!r} has {name_of(component)}"
                hint = "name classes that derive from Component or MultiComponent, and no markers"
                wrong.append((found, hint))
        return [*wrong, *_wrong_functions(binding)]

    def add(self, binding: KindBinding[Any]) -> None:
        """Add a kind."""
        self._bindings.append(binding)

    def add_rule(self, marker: type[MarkerComponent], wanted: Wanted) -> None:
        """Add a rule: the described assets that get `marker`."""
        self._rules.append((marker, wanted))

    def kinds(self) -> tuple[MediaKind[Any], ...]:
        """Return the kinds, in the order in which they were added."""
        return tuple(binding.kind for binding in self._bindings)

    def components(self) -> frozenset[type[AnyComponent]]:
        """Return every component that a kind may write."""
        return frozenset(each for binding in self._bindings for each in binding.components)

    def binding_of(self, media_type: str) -> KindBinding[Any] | None:
        """Return the binding of the kind that has this media type, or None."""
        kind = kind_of(self.kinds(), media_type)
        return next((binding for binding in self._bindings if binding.kind is kind), None)

    def described_by(self, media_type: str | None) -> str | None:
        """Return the names and versions of the kinds that describe a file of this type now.

        Examples: `image 1` for a picture; `stl 2` for a file of a generic type, if only the kind
        `stl` can recognise such files; None for a file that no kind knows. If nobody could tell the
        type (None), it may be a file of any kind, so all are named.
        """
        kind = kind_of(self.kinds(), media_type)
        if kind is not None:
            return _versions([kind])
        if media_type is None:
            return _versions(self.kinds())
        if media_type not in GENERIC_TYPES:
            return None
        return _versions([kind for kind in self.kinds() if kind.recognise is not None])

    def markers_after(self, media_type: str) -> list[type[MarkerComponent]]:
        """Return the markers that an asset gets when it was described as having this type."""
        kind = kind_of(self.kinds(), media_type)
        return [
            marker
            for marker, wanted in self._rules
            if (
                fnmatchcase(media_type, wanted)
                if isinstance(wanted, str)
                else kind is not None and _wants(marker, wanted, kind)
            )
        ]

    def types_before(self, marker: type[MarkerComponent]) -> set[str] | None:
        """Return the media types, or patterns of them, whose assets get a marker; None: no rule."""
        wanted = [wanted for each, wanted in self._rules if each is marker]
        return set(self._types(marker, wanted)) if wanted else None

    def _types(self, marker: type[MarkerComponent], wanted: list[Wanted]) -> Iterator[str]:
        for each in wanted:
            if isinstance(each, str):
                yield each
            else:
                for kind in self.kinds():
                    if _wants(marker, each, kind):
                        yield from kind.media_types


def _versions(kinds: Sequence[MediaKind[Any]]) -> str | None:
    """Return names and versions of kinds as one text that a column holds; None without kinds."""
    text = ", ".join(f"{kind.name} {kind.description_version}" for kind in kinds)
    return (text if len(text) <= _LONGEST else sha256(text.encode()).hexdigest()) or None


def _wants(
    marker: type[MarkerComponent], wanted: Callable[[MediaKind[Any]], bool], kind: MediaKind[Any]
) -> bool:
    try:
        return wanted(kind)
    except Exception as error:  # noqa: BLE001 - the boundary to a plugin's code
        raise_rule_fault(marker, wanted, error)
