"""Judges whether the store of a world is there: absence is not first use.

A disk that is not mounted leaves an empty folder, or none. A world that knows stored content has
had a store; so where none of that content is, the store is not there, and nobody makes another one.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.errors import ItemError, StoreNotThereError
from dam.models import IN_STORE, ContentHashSHA256Component, FileLocationComponent
from dam.services.world_service import found_owner, new_store
from dam.storage.content_store import ContentStore, StoreOwner

Verdict = Literal["first use", "there", "unmarked", "not there"]
"""What a store is to a world: `unmarked` is there and does not say that it is this world's."""

_LOOKS, _DIGESTS_A_LOOK, _IDS_A_LOOK, _MOST_DIGESTS = 9, 10, 500, 100

_place = FileLocationComponent
_IS_STORED = (_place.path_digest.is_(None), _place.storage == IN_STORE)
_DIGESTS = select(ContentHashSHA256Component.digest).join(
    _place, _place.entity_id == ContentHashSHA256Component.entity_id
)


@dataclass(frozen=True, kw_only=True)
class JudgedStore:
    """The verdict, the world that it is for, and how many digests were looked for in vain.

    `is_back` says that this is the store which somebody has said was lost, or a copy of it.
    """

    verdict: Verdict
    owner: StoreOwner
    looked_for: int
    is_back: bool = False

    def require_there(self, store: ContentStore) -> None:
        """Raise `StoreNotThereError` where the store that was judged is not there."""
        if self.verdict == "not there":
            raise StoreNotThereError(store.local_roots()[0], self.looked_for)


async def judge_store(database: Database, store: ContentStore) -> JudgedStore:
    """Look for the mark of the world and for up to 100 random digests that it knows as stored.

    It is there if one of them is. If somebody has said that the store before was lost, and it is
    this very one that was begun anew then, it need not have what was stored before that: it is
    there, too, if nothing was stored since, or one of up to 100 random digests of what was. Nothing
    is made or written.

    Raises:
        StoreUnusableError: The store cannot be looked into.
    """
    owner, new_name, digests = await database.read(_glance, database.safe_url)
    if not digests:
        return JudgedStore(verdict="first use", owner=owner, looked_for=0)
    is_there = await asyncio.to_thread(_contains_any, store, digests)
    if not is_there:
        digests |= await database.read(_look_all_over)
        is_there = await asyncio.to_thread(_contains_any, store, digests)
    mark = await asyncio.to_thread(store.mark_of, owner.uuid)
    anew = None if mark is None else mark.anew
    is_new_one = anew is not None and anew.name == new_name
    if not is_there and anew is not None and is_new_one:
        newer = await database.read(_look_all_over, anew.first_place_id)
        digests |= newer
        is_there = not newer or await asyncio.to_thread(_contains_any, store, newer)
    verdict: Verdict = "there" if is_there else "not there"
    if is_there and mark is None:
        verdict = "unmarked"
    return JudgedStore(
        verdict=verdict,
        owner=owner,
        looked_for=len(digests),
        is_back=is_there and new_name is not None and not is_new_one,
    )


async def count_stored(session: AsyncSession) -> int:
    """Return of how many assets the database says that their bytes are in the store."""
    counted = select(func.count(func.distinct(_place.entity_id)))
    return (await session.scalars(counted.where(*_IS_STORED))).one()


async def last_place_id(session: AsyncSession) -> int:
    """Return the highest id of a place, 0 where there is none."""
    return (await session.scalars(select(func.max(_place.id)))).one() or 0


async def _glance(session: AsyncSession, address: str) -> tuple[StoreOwner, str | None, set[bytes]]:
    """Return the world, the store begun anew, and a few digests known as stored, if any are."""
    digests = await _near_random_id(session, 1) or await _any_stored(session, 1)
    return await found_owner(session, address), await new_store(session), digests


async def _look_all_over(session: AsyncSession, first_id: int = 1) -> set[bytes]:
    """Return up to 100 digests from all over the table, or all there are where these are few.

    With `first_id`, only those of places that have this id or a higher one.
    """
    digests: set[bytes] = set()
    for _ in range(_LOOKS):
        digests |= await _near_random_id(session, first_id)
    if len(digests) < _LOOKS * _DIGESTS_A_LOOK:
        digests |= await _any_stored(session, first_id)
    return digests


async def _near_random_id(session: AsyncSession, first_id: int) -> set[bytes]:
    """Return a few digests whose rows are next to each other, or none: most pages are in archives.

    That a few hundred ids are all that is looked at costs the same however large the table is, and
    however the server plans it.
    """
    last = max(first_id, await last_place_id(session))
    start = random.randint(first_id, last)  # noqa: S311 - nobody is to be kept from guessing
    near = _place.id.between(start, start + _IDS_A_LOOK)
    chosen = _DIGESTS.where(_place.storage == IN_STORE, near)
    return set(await session.scalars(chosen.limit(_DIGESTS_A_LOOK)))


async def _any_stored(session: AsyncSession, first_id: int) -> set[bytes]:
    """Return digests of the first rows that are found.

    What is stored has no path, and the index of the paths has all rows without one side by side.
    """
    chosen = _DIGESTS.where(*_IS_STORED, _place.id >= first_id)
    return set(await session.scalars(chosen.limit(_MOST_DIGESTS)))


def _contains_any(store: ContentStore, digests: set[bytes]) -> bool:
    for digest in digests:
        try:
            if store.contains(digest):
                return True
        except ItemError:  # this one cannot be looked at; another may be
            continue
    return False
