"""Fresh databases on both engines for benchmarks."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, get_args

import psycopg

from tests.databases import PostgresServer, create_schema

Engine = Literal["sqlite", "postgresql"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


class Engines:
    """Makes databases with the schema; a SQLite file is in `folder`."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._folder, self._server = folder, server
        self._template = folder / "template.sqlite"
        create_schema(f"sqlite:///{self._template}")

    @contextmanager
    def fresh(self, engine: Engine) -> Iterator[str]:
        """Yield the URL of a database of one's own, which goes with the block."""
        if engine == "postgresql":
            url = self._server.create_database(with_schema=True)
            yield url
            self._server.drop_database(url)
            return
        path = self._folder / "benchmark.sqlite"
        shutil.copyfile(self._template, path)
        yield f"sqlite:///{path}"
        for file in self._folder.glob(f"{path.name}*"):
            file.unlink()


def size_bytes(url: str) -> int:
    """Return what a database takes on disk, the log left out."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(path).stat().st_size
    with psycopg.connect(url) as server:
        row = server.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])
