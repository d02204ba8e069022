"""`TagWriter`: how the tags that systems give are written; the runtime itself knows no tags."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.media.tag_name import TagText

TagsByEntity = Mapping[EntityId, Sequence[TagText]]
Refused = Mapping[EntityId, Exception]
"""The entities that cannot have one of their tags, each with its error."""

GiveTags = Callable[[AsyncSession, TagsByEntity, str], Awaitable[Refused]]
"""Writes the tags that one system gives, by entity; the text is their source."""


class WriteTags(Protocol):
    """Writes tags in place of those that the same system and source gave these entities before."""

    async def __call__(
        self, session: AsyncSession, tags: TagsByEntity, *, source: str, system: str
    ) -> Refused:
        """Write them in the caller's transaction; return the entities that cannot have theirs."""


@dataclass(frozen=True)
class TagWriter:
    """The resource by which the runtime writes tags; `dam.plugins.builtin` adds it."""

    write: WriteTags
