"""Nothing on PostgreSQL waits for ever: locks, clients that stand still, a network that is silent.

The time-outs are lowered where they can be waited for, as their users may set them.
"""

import asyncio
import re
import time
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.database import Database
from dam.core.ecs.components import Entity, EntityId
from dam.errors import DatabaseContendedError, DatabaseUnreachableError, ExitCode
from tests.core.worlds import CONTEXT, HANG_S, NOW, new_entities
from tests.proxy import proxied

_NAMES = ("lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")


def with_options(url: str, **options: str) -> str:
    said = " ".join(f"-c {name}={value}" for name, value in options.items())
    return f"{url}&options={quote(said)}"


async def shown(url: str) -> list[str]:
    database = Database(url, CONTEXT)
    async with database.reader() as session:
        found = [str(await session.scalar(text(f"SHOW {name}"))) for name in _NAMES]
    await database.close()
    return found


async def test_what_a_server_leaves_at_its_default_is_set(postgres_url: str) -> None:
    assert await shown(postgres_url) == ["20s", "35s", "0"]


async def test_what_somebody_has_set_stays(postgres_url: str) -> None:
    theirs = {"lock_timeout": "7s", "idle_in_transaction_session_timeout": "3min"}
    assert await shown(with_options(postgres_url, **theirs)) == ["7s", "3min", "0"]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET lock_timeout = '9s'")
        assert await shown(postgres_url) == ["9s", "35s", "0"]
        connection.execute(f"ALTER DATABASE {name} RESET lock_timeout")


async def touch(session: AsyncSession, entity_id: EntityId) -> None:
    await session.execute(update(Entity).where(Entity.id == entity_id).values(created_at=NOW))


async def test_a_lock_that_is_not_given_back_is_told_with_its_holder(postgres_url: str) -> None:
    database = Database(with_options(postgres_url, lock_timeout="100ms"), CONTEXT)
    (entity_id,) = await database.write(new_entities, 1)
    with psycopg.connect(postgres_url, application_name="editor") as holder:
        holder.execute("LOCK TABLE entities IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseContendedError) as caught:
            await database.write(touch, entity_id)
        pid = holder.info.backend_pid
    wanted = (
        f"the database {database.safe_url} failed: canceling statement due to lock timeout, "
        f"5 times in N s; open longest: server process {pid} "
        "(user dam, editor, idle in transaction), open for N s"
    )
    assert re.sub(r"\d+ s\b", "N s", caught.value.message) == wanted
    assert (
        caught.value.hint
        == "end that transaction or wait until it ends, then run the command again"
    )
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    await database.close()


async def test_a_lock_that_is_given_back_later_is_got(postgres_url: str) -> None:
    database = Database(with_options(postgres_url, lock_timeout="100ms"), CONTEXT)
    (entity_id,) = await database.write(new_entities, 1)
    tries = 0
    with psycopg.connect(postgres_url) as holder:

        async def take(session: AsyncSession) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                holder.rollback()
            await touch(session, entity_id)

        holder.execute("LOCK TABLE entities IN EXCLUSIVE MODE")
        await database.write(take)
    assert tries == 3
    await database.close()


async def wait_until_gone(url: str, server_process_id: int) -> None:
    """Wait until the server has ended a connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        there = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        deadline = time.monotonic() + HANG_S
        while connection.execute(there, [server_process_id]).fetchone():
            assert time.monotonic() < deadline


async def server_process(session: AsyncSession) -> int:
    return int(await session.scalar(text("SELECT pg_backend_pid()")))


async def test_who_stood_still_in_a_transaction_runs_it_again(postgres_url: str) -> None:
    url = with_options(postgres_url, idle_in_transaction_session_timeout="100ms")
    database = Database(url, CONTEXT)
    ended: list[int] = []

    async def stand_still(session: AsyncSession) -> list[EntityId]:
        ids = await new_entities(session, 1)
        if not ended:
            ended.append(await server_process(session))
            await wait_until_gone(postgres_url, ended[0])
        await touch(session, ids[0])
        return ids

    assert await database.write(stand_still) == [2]  # the first try's number is not used again
    await database.close()


async def test_a_connection_that_was_idle_for_too_long_is_made_anew(postgres_url: str) -> None:
    database = Database(with_options(postgres_url, idle_session_timeout="100ms"), CONTEXT)
    await wait_until_gone(postgres_url, await database.read(server_process))
    assert await database.write(new_entities, 1) == [1]
    await database.close()


@pytest.mark.parametrize("is_set_outside", [False, True])
async def test_a_server_that_falls_silent_is_given_up(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, *, is_set_outside: bool
) -> None:
    if is_set_outside:
        monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with proxied(postgres_url) as proxy:
        limits = "&tcp_user_timeout=300" + ("" if is_set_outside else "&connect_timeout=2")
        database = Database(proxy.url + limits, CONTEXT)

        async def ask(session: AsyncSession) -> None:
            await server_process(session)
            proxy.fall_silent()
            await server_process(session)

        for fn in (ask, server_process):  # the second finds nobody to connect to
            async with asyncio.timeout(HANG_S):
                with pytest.raises(DatabaseUnreachableError) as caught:
                    await database.write(fn)
            assert caught.value.exit_code is ExitCode.ENVIRONMENT
            if fn is ask:
                told = "the server did not answer for at least ([2-9]|[1-9][0-9]) s"
                assert re.fullmatch(told, caught.value.reason)
        await database.close()


async def test_a_server_that_takes_long_is_waited_for(postgres_url: str) -> None:
    with proxied(postgres_url) as proxy:
        database = Database(f"{proxy.url}&tcp_user_timeout=50&connect_timeout=2", CONTEXT)
        await database.write(AsyncSession.execute, text("SELECT pg_sleep(0.5)"))
        await database.close()
