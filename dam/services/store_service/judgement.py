"""Judges whether the store of a world is there, and tells a missing store from first use.

If a disk is not mounted, the store's folder is empty or missing. A world that knows stored content
must have a store. If none of that content is found, the store is judged missing, and no command
creates another one unasked.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.read_only import ReadOnly
from dam.errors import ItemError, StoreNotThereError
from dam.models import IN_STORE, ContentHashSHA256Component, FileLocationComponent
from dam.services.world_service import found_owner, new_store
from dam.storage.content_store import ContentStore, StoreOwner

Verdict = Literal["first use", "there", "unmarked", "not there"]
"""The verdict on a store. "unmarked": it is there, but has no mark of this world."""

_LOOKS, _DIGESTS_A_LOOK, _IDS_A_LOOK, _MOST_DIGESTS = 9, 10, 500, 100

_place = FileLocationComponent
_IS_STORED = (_place.path_digest.is_(None), _place.storage == IN_STORE)
_DIGESTS = select(ContentHashSHA256Component.digest).join(
    _place, _place.entity_id == ContentHashSHA256Component.entity_id
)


@dataclass(frozen=True, kw_only=True)
class JudgedStore:
    """The verdict on a store, the world it was judged for, and how many digests were looked for.

    `is_back` is set for a store that the user had declared lost, or a copy of it.
    """

    verdict: Verdict
    owner: StoreOwner
    looked_for: int
    is_back: bool = False

    def require_there(self, store: ContentStore) -> None:
        """Raise `StoreNotThereError` if the judged store is not there."""
        if self.verdict == "not there":
            raise StoreNotThereError(store.local_roots()[0], self.looked_for)


async def judge_store(database: Database, store: ContentStore) -> JudgedStore:
    """Look for the world's mark and for up to 100 random digests that are recorded as stored.

    The store is there if it has one of these digests. A store that was begun anew after the user
    declared the former one lost need not have older content, if it is the very one that the
    database names. It is also there if nothing was stored since then, or if it has one of up to 100
    random digests stored since. Nothing is written.

    Raises:
        StoreUnusableError: The store cannot be read.
    """
    owner, new_name, digests = await database.read(_owner_and_few_digests, database.safe_url)
    if not digests:
        return JudgedStore(verdict="first use", owner=owner, looked_for=0)
    is_there = await asyncio.to_thread(_contains_any, store, digests)
    if not is_there:
        digests |= await database.read(_sample_digests)
        is_there = await asyncio.to_thread(_contains_any, store, digests)
    mark = await asyncio.to_thread(store.mark_of, owner.uuid)
    anew = None if mark is None else mark.anew
    is_new_one = anew is not None and anew.name == new_name
    if not is_there and anew is not None and is_new_one:
        newer = await database.read(_sample_digests, anew.first_place_id)
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


async def count_stored(session: ReadOnly[AsyncSession]) -> int:
    """Return the number of assets whose bytes are recorded as stored."""
    counted = select(func.count(func.distinct(_place.entity_id)))
    return (await session.scalars(counted.where(*_IS_STORED))).one()


async def last_place_id(session: ReadOnly[AsyncSession]) -> int:
    """Return the highest id of a place (`FileLocationComponent`), or 0 if there is none."""
    return (await session.scalars(select(func.max(_place.id)))).one() or 0


async def _owner_and_few_digests(
    session: AsyncSession, address: str
) -> tuple[StoreOwner, str | None, set[bytes]]:
    """Return the world, the store begun anew, and a few digests recorded as stored."""
    digests = await _near_random_id(session, 1) or await _any_stored(session, 1)
    return await found_owner(session, address), await new_store(session), digests


async def _sample_digests(session: AsyncSession, first_id: int = 1) -> set[bytes]:
    """Return about 100 stored digests from all parts of the table, or all if there are few.

    Only places with an id of at least `first_id` count.
    """
    digests: set[bytes] = set()
    for _ in range(_LOOKS):
        digests |= await _near_random_id(session, first_id)
    if len(digests) < _LOOKS * _DIGESTS_A_LOOK:
        digests |= await _any_stored(session, first_id)
    return digests


async def _near_random_id(session: AsyncSession, first_id: int) -> set[bytes]:
    """Return up to 10 stored digests from 500 ids after a random one; possibly none.

    Often there are none, because most places are pages in archives. Reading a fixed range of ids
    costs the same for every size of the table and every query plan.
    """
    last = max(first_id, await last_place_id(session))
    start = random.randint(first_id, last)  # noqa: S311 - not for security
    near = _place.id.between(start, start + _IDS_A_LOOK)
    chosen = _DIGESTS.where(_place.storage == IN_STORE, near)
    return set(await session.scalars(chosen.limit(_DIGESTS_A_LOOK)))


async def _any_stored(session: AsyncSession, first_id: int) -> set[bytes]:
    """Return up to 100 stored digests, from the first rows that the database finds.

    Places in the store have no path, and the index of paths has these rows side by side.
    """
    chosen = _DIGESTS.where(*_IS_STORED, _place.id >= first_id)
    return set(await session.scalars(chosen.limit(_MOST_DIGESTS)))


def _contains_any(store: ContentStore, digests: set[bytes]) -> bool:
    for digest in digests:
        try:
            if store.contains(digest):
                return True
        except ItemError:  # this entry cannot be read; another one may be
            continue
    return False
