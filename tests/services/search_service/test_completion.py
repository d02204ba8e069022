"""What a query that is being written may become: in the window, and at the press of Tab."""

from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.core.ecs.components import ProcessingErrorComponent
from dam.core.world import World
from dam.errors import QuerySyntaxError
from dam.services import ecs_service, tag_service
from dam.services.completion_service import find_query_words
from dam.services.search_service import (
    Completion,
    QueryPart,
    complete_part,
    complete_query,
    parse_query,
    query_part,
    save_query,
)
from tests.services.conftest import Add
from tests.services.search_service.query.queries import any_text, queries, written

TAGS = ["cat", "artist:Jean Giraud", 'a"b*', "x>3", "Ünique"]


def offered(text: str, position: int | None = None) -> list[str]:
    """Return what queries would be after each completion that needs no database."""
    part = query_part(text, len(text) if position is None else position)
    return [put(text, each) for each in complete_part(part, ())] if part else []


def put(text: str, completion: Completion) -> str:
    return text[: completion.start] + completion.text + text[completion.end :]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heig", ["height:"]),
        ("a (-HEIG", ["a (-height:"]),
        ("type:im", ["type:image"]),
        ("-Type:V", ["-Type:video"]),
        ("in:", ["in:archive", "in:managed", "in:referenced", "in:trash"]),
        ("orientation:x", []),
        ("added:", ["added:today", "added:yesterday"]),
        ("width:3", []),
        ("sort:-wi", ["sort:-width"]),
        ("has:trash", ["has:TrashedComponent"]),
        ("missing:lang", ["missing:language"]),
        ("imagedim", ["ImageDimensionsComponent."]),
        ("ImageDimensions.w", ["ImageDimensionsComponent.width:"]),
        ("TagName.is_alias:y", ["TagName.is_alias:yes"]),
        ("nothing:x", []),
        ('"type:im', []),
        ("a ", ...),
    ],
)
def test_names_and_words_of_the_program(text: str, expected: object) -> None:
    found = offered(text)
    if expected is ...:
        assert {"a type:", "a width:", "a tag:", "a sort:"} <= set(found)
    else:
        assert found == expected


def test_what_is_behind_the_position_is_replaced_as_far_as_it_belongs_to_it() -> None:
    assert offered("heixx:>3 b", 3) == ["height:>3 b"]
    assert offered("a type:imxx b", 9) == ["a type:image b"]
    assert offered("(heig) b", 5) == ["(height:) b"]


def test_the_prefix_is_what_the_quotes_mean() -> None:
    assert query_part(r'tag:"a \"b', 10) == QueryPart(4, 10, 'a "b', "tag", "tag")
    assert query_part("-@Big", 5) == QueryPart(1, 5, "big", None, "saved")
    assert query_part("tag:rating>=4", 13) is None
    for text in ("a\0", "\udc80", "a" * 2000, " " * 1_000_001):
        assert query_part(text, len(text)) is None


@given(any_text | written | queries, st.integers(-3, 30))
def test_any_text_has_completions_within_it(text: str, position: int) -> None:
    part = query_part(text, position)
    for each in complete_part(part, TAGS) if part else ():
        assert 0 <= each.start <= each.end <= len(text)


@pytest.fixture
async def filled(world: World, add: Add, tmp_path: Path) -> World:
    """A world with tags, files, an open and a dismissed failure, and saved queries."""
    ids = []
    for name in ("a.JPG", "b.txt", "c d.tar.gz", "none", "odd.x y"):
        (tmp_path / name).write_text(name)
        ids.append(await add(tmp_path / name))
    await world.run(tag_service.tag_entities, ids[:1], TAGS)
    await world.run(tag_service.add_alias, "cat", "Kitty")
    now = world.context.now()
    for system, dismissed_at in (("make_x", None), ("make_dismissed", now)):
        failure = ProcessingErrorComponent(
            system=system, error="E", message="m", occurred_at=now, dismissed_at=dismissed_at
        )
        await world.run(ecs_service.add_component, ids[0], failure)
    await world.run(save_query, "Big ones", "width:>3000")
    return world


EXPECTED = {
    "tag:c": ["tag:cat"],
    "tag:KIT": ["tag:kitty"],
    "tag:artist:j": ['tag:"artist:Jean Giraud"'],
    'tag:"Artist:jean g': ['tag:"artist:Jean Giraud"'],
    'tag:a\\"': [r'tag:"a\"b\*"'],
    "tag:x": ['tag:"x>3"'],
    "tag:ün": ["tag:Ünique"],
    "ca": [
        *("camera:", "camera_make:", "camera_model:", "CameraPropertiesComponent.", "tag:cat"),
    ],
    "ext:": ["ext:gz", "ext:jpg", "ext:txt"],
    "ext:.T": ["ext:txt"],
    "-failed:m": ["-failed:make_x"],
    "@b": ['@"Big ones"'],
    '@"big o': ['@"Big ones"'],
    "@x": [],
}


async def test_words_of_the_world(filled: World) -> None:
    found = {text: await filled.run(complete_query, text, len(text)) for text in EXPECTED}
    completed = {text: [put(text, each) for each in found[text]] for text in EXPECTED}
    assert completed == EXPECTED
    for query in chain.from_iterable(completed.values()):
        if query[-1] not in ":.":  # its value is still to be written
            await filled.run(parse_query, query)


async def test_the_shell_is_offered_the_same(
    filled: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAM_DATABASE_URL", database_url)
    for text in ("tag:KIT", "ext:", "-failed:m", "@b", "type:im", "mime:"):
        found = await filled.run(complete_query, text, len(text))
        assert [word for word, _ in find_query_words(None, text)] == [
            put(text, each) for each in found
        ]


async def test_no_text_is_an_error(filled: World) -> None:
    for text in ("a\0", "tag:\udc80", "@\ud800", "tag:%", "ext:'", "%", "tag:_", "(" * 500, '"'):
        await filled.run(complete_query, text, len(text))
    assert await filled.run(complete_query, "tag:%", 5) == []
    with pytest.raises(QuerySyntaxError):
        await filled.run(parse_query, "a\0")
