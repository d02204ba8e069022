"""Finds what a shell may offer at the press of TAB: the world is read, and nothing is changed.

A person waits for the answer. So nothing here needs SQLAlchemy, which takes longer to import than
all the rest: the drivers are asked themselves. A database is not created, upgraded or waited for.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from dam.core.database.read_only_file import way_to_read
from dam.errors import url_without_password
from dam.media.tag_name import tag_key
from dam.settings import WorldSettings, load_settings

EntityKind = Literal["asset", "comic", "variant", "failed"]
"""What the entities are that a command takes; `failed` has open failures."""

_MOST = 50
_MOST_ROWS = 5000
_LONGEST_ID = 18
_TIMEOUT_S = 1
_ENTITIES: Mapping[EntityKind, str] = {
    "asset": """
        SELECT entity_id, name_text FROM component_file_properties
        WHERE entity_id BETWEEN ? AND ? ORDER BY entity_id DESC LIMIT ?
    """,
    "comic": """
        SELECT entity_id, name FROM component_comic_book_concept
        WHERE entity_id BETWEEN ? AND ? ORDER BY entity_id DESC LIMIT ?
    """,
    "variant": """
        SELECT variant.entity_id, COALESCE(file.name_text, concept.name)
        FROM component_comic_book_variant variant
        LEFT JOIN component_file_properties file ON file.entity_id = variant.entity_id
        LEFT JOIN component_comic_book_concept concept
            ON concept.entity_id = variant.conceptual_entity_id
        WHERE variant.entity_id BETWEEN ? AND ? ORDER BY variant.entity_id DESC LIMIT ?
    """,
    "failed": """
        SELECT DISTINCT failure.entity_id, file.name_text
        FROM component_processing_error failure
        LEFT JOIN component_file_properties file ON file.entity_id = failure.entity_id
        WHERE failure.entity_id BETWEEN ? AND ? ORDER BY failure.entity_id DESC LIMIT ?
    """,
}
_ERRORS = (
    "SELECT error, count(*) FROM component_processing_error WHERE dismissed_at IS NULL "
    "GROUP BY error ORDER BY error"
)
_TAGS = """
    SELECT key, is_alias FROM component_tag_name WHERE key >= ? AND key < ?
    ORDER BY key LIMIT ?
"""

# Only what is in the trash counts as hidden: the classes of plugins are not loaded.
_SHOWN = "entity_id NOT IN (SELECT entity_id FROM component_trashed)"
_QUERY_WORDS = {
    "saved": "SELECT name FROM saved_queries LIMIT ?",
    "ext": f"""
        SELECT name_text FROM component_file_properties WHERE {_SHOWN}
        ORDER BY entity_id DESC LIMIT ?
    """,  # noqa: S608 - a text of this module, as below
    "media_type": f"""
        SELECT coalesce(media_type, '') FROM component_file_properties WHERE {_SHOWN}
        ORDER BY entity_id DESC LIMIT ?
    """,  # noqa: S608
    "system": f"""
        SELECT DISTINCT system FROM component_processing_error
        WHERE dismissed_at IS NULL AND {_SHOWN} LIMIT ?
    """,  # noqa: S608
}


def find_worlds() -> list[tuple[str, str]]:
    """Return the names of all worlds, each with the address of its database."""
    worlds = load_settings().worlds.values()
    return [(world.name, url_without_password(world.database_url)) for world in worlds]


def find_entities(
    world: str | None, kinds: Sequence[EntityKind], prefix: str
) -> list[tuple[str, str]]:
    """Return the newest ids that begin so, at most 50, each with the name of its file or comic.

    Example: `find_entities("photos", ["asset"], "12")` gives `[("1204", "sea.jpg"), …]`.

    Args:
        world: The name of a world; None is the default one.
        kinds: What the entities may be.
        prefix: The first digits of the ids; the empty string for all.

    Raises:
        Exception: The settings are wrong, or the database cannot be read or has other tables.
    """
    found: dict[int, str] = {}
    with closing(_connected(load_settings().world(world))) as database:
        for kind in kinds:
            room = _MOST
            for lowest, highest in _ranges(prefix):
                rows = _rows(database, _ENTITIES[kind], (lowest, highest, room))
                found |= {int(entity_id): str(name or "") for entity_id, name in rows}
                room -= len(rows)
                if room <= 0:
                    break
    return [(str(entity_id), found[entity_id]) for entity_id in sorted(found, reverse=True)[:_MOST]]


def find_errors(world: str | None) -> list[tuple[str, str]]:
    """Return the names of the errors of open failures, each with their number.

    Raises:
        Exception: As in `find_entities`.
    """
    with closing(_connected(load_settings().world(world))) as database:
        rows = _rows(database, _ERRORS, ())
    return [(str(error), f"{count} failure{'s' * (count > 1)}") for error, count in rows]


def find_tags(world: str | None, prefix: str) -> list[tuple[str, str]]:
    """Return the names of tags, and aliases, that begin so, at most 50.

    Example: `find_tags("photos", "art")` gives `[("artist:moebius", ""), …]`.

    Args:
        world: The name of a world; None is the default one.
        prefix: The beginning of the names.

    Raises:
        Exception: As in `find_entities`.
    """
    key = tag_key(prefix)
    with closing(_connected(load_settings().world(world))) as database:
        rows = _rows(database, _TAGS, (key, f"{key}\U0010ffff", _MOST))
    return [(str(name), "alias" if is_alias else "") for name, is_alias in rows]


def find_query_words(world: str | None, text: str) -> list[tuple[str, str]]:
    """Return what the end of a query may become, each with its kind; what is before it stays.

    Fields of plugins are left out.

    Example: `find_query_words("photos", "-type:im")` gives `[("-type:image", "value")]`.

    Args:
        world: The name of a world; None is the default one.
        text: The query so far.

    Raises:
        Exception: As in `find_entities`.
    """
    from dam.services.search_service import complete_part, query_part  # noqa: PLC0415 - takes long

    part = query_part(text, len(text))
    if part is None:
        return []
    found: list[str] = []
    if part.look_up == "tag":
        found = [name for name, _ in find_tags(world, part.prefix)]
    elif part.look_up:
        with closing(_connected(load_settings().world(world))) as database:
            rows = _rows(database, _QUERY_WORDS[part.look_up], (_MOST_ROWS,))
        found = [str(name) for (name,) in rows]
    offered = complete_part(part, found)
    return [(text[: each.start] + each.text, each.kind) for each in offered]


def _ranges(prefix: str) -> Iterator[tuple[int, int]]:
    """Yield the first and the last id of each length that begins so, the longest ones first."""
    if not prefix:
        yield 0, 10**_LONGEST_ID
    elif prefix.isdecimal() and prefix.isascii():
        for zeros in range(_LONGEST_ID - len(prefix), -1, -1):
            lowest = int(prefix) * 10**zeros
            yield lowest, lowest + 10**zeros - 1


def _connected(world: WorldSettings) -> Any:  # noqa: ANN401 - a connection of either driver
    """Return a connection that cannot write; it does not make a database that is absent."""
    family, _, rest = world.database_url.partition("://")
    if family.startswith("sqlite"):
        path = rest.removeprefix("/").partition("?")[0]
        # Not `mode=ro` alone: that leaves a log and its index beside the database.
        return way_to_read(Path(unquote(path))).open(timeout=_TIMEOUT_S)
    import psycopg  # noqa: PLC0415 - an extra

    options = f"-c default_transaction_read_only=on -c statement_timeout={_TIMEOUT_S * 1000}"
    address = f"postgresql://{rest}"
    return psycopg.connect(address, connect_timeout=2 * _TIMEOUT_S, options=options)


def _rows(database: Any, statement: str, values: Sequence[int | str]) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as above
    marker = "?" if isinstance(database, sqlite3.Connection) else "%s"
    rows: list[tuple[Any, ...]] = database.execute(
        statement.replace("?", marker), values
    ).fetchall()
    return rows
