"""What workers answer: decoded by the annotated type, and never more than a value."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dam.errors import (
    DamError,
    ExitCode,
    FolderGoneError,
    ItemError,
    LostPagesError,
    StoreInUseError,
    UnknownTagError,
    WorkerAnswerError,
)
from dam.media.camera.values import CameraFacts, TakenAt
from dam.media.image.kind import IMAGE
from dam.media.image.values import ImageDescription, PictureFacts
from dam.storage.content_store import ContentState
from dam.storage.local.store import LocalContentStore
from dam.tasks.archives import ArchiveContents, ArchivePage, MemberFailure
from dam.tasks.files import DescribeFile, FileDescription, FileTasks
from dam.workers.answer_types import decoder_for, read_answer
from dam.workers.answers import UnfitError, encoded_error, encoded_value
from dam.workers.pool import WorkerPool
from tests.workers import jobs

T = TypeVar("T")
PAGE = ArchivePage(
    name="1\udc80.jpg",
    raw_name=b"1\x80.jpg",
    size_bytes=1 << 70,
    sha256=bytes(32),
    extra_digests={"md5": b"5"},
    is_picture=True,
)
LOST = MemberFailure(name="2", raw_name=b"2", error=LostPagesError([("a", "torn")]))


class Colour(Enum):
    RED = "red"


class Pair(NamedTuple):
    first: int
    second: Path | None = None


@dataclass
class Holder:
    many: list[Pair]
    late: int = field(default=0, init=False)


def returning(annotation: object) -> Callable[[], object]:
    """Return a function that is annotated with this."""

    def fn() -> object:
        raise NotImplementedError  # nobody calls it: its annotation alone is looked at

    fn.__annotations__["return"] = annotation
    return fn


def held(late: int) -> Holder:
    holder = Holder([Pair(1, Path("a")), Pair(2)])
    holder.late = late
    return holder


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (None, None),
        (float, 0.1),
        (str | bytes | None, b"\0\xff"),
        (str | Path, Path("a/\udc80")),
        (Colour, Colour.RED),
        (ContentState, "missing"),
        (Literal[1, "1"], "1"),
        (Sequence[int], [1, 2]),
        (Sequence[int], (1, 2)),
        (tuple[int, ...], (1, 2, 3)),
        (tuple[int, str], (1, "a")),
        (Mapping[Path, frozenset[int]], {Path("a"): frozenset({1})}),
        (Holder, held(7)),
        (ArchivePage | MemberFailure, PAGE),
        (ArchiveContents, ArchiveContents(format="cbz", pages=(PAGE,), comic_infos=(b"<a/>",))),
    ],
)
def test_values_arrive_as_they_were(annotation: object, value: object) -> None:
    succeeded, found = read_answer(decoder_for(returning(annotation)), encoded_value(value))

    assert succeeded
    assert found == value
    assert type(found) is type(value)


def test_fields_that_have_their_defaults_are_not_sent_and_all_others_are_needed() -> None:
    decode = decoder_for(returning(Sized[int]))
    sent = encoded_value(Sized(1))
    name = json.loads(sent)[1]["o"]

    assert json.loads(sent) == [1, {"o": name, "f": {"value": 1}}]
    for fields in ({}, {"other": 1}, {"value": 1, "another": 1}):
        with pytest.raises(UnfitError):
            read_answer(decode, json.dumps([1, {"o": name, "f": fields}]).encode())


def test_a_fault_within_a_value_arrives_with_what_it_knows() -> None:
    _, found = read_answer(decoder_for(returning(ArchivePage | MemberFailure)), encoded_value(LOST))

    assert isinstance(found, MemberFailure)
    assert isinstance(found.error, LostPagesError)
    assert vars(found.error) == vars(LOST.error)
    assert str(found.error) == str(LOST.error)


def test_faults_of_ours_and_of_python_arrive_as_what_they_are() -> None:
    decode = decoder_for(jobs.echo)
    gone = FolderGoneError(Path("/mnt/disk"))

    succeeded, found = read_answer(decode, encoded_error(gone))
    assert not succeeded
    assert isinstance(found, FolderGoneError)
    assert (vars(found), found.args, found.requirement) == (vars(gone), gone.args, gone.requirement)

    _, found = read_answer(decode, encoded_error(FileNotFoundError(2, "no such file", "a")))
    assert isinstance(found, FileNotFoundError)
    assert (found.errno, found.filename) == (2, "a")


@pytest.mark.parametrize("error", [StoreInUseError(Path("/store")), UnknownTagError("a")])
def test_an_error_that_no_task_raises_is_no_answer(error: DamError) -> None:
    """It would end the whole command, or be taken for the user's fault."""
    with pytest.raises(UnfitError, match=f"an error that no task raises: .*{type(error).__name__}"):
        read_answer(decoder_for(jobs.echo), encoded_error(error))


def test_what_the_functions_of_files_return_can_be_decoded() -> None:
    for fn in (
        FileTasks.analyse,
        FileTasks.check,
        FileTasks.read_and_copy_archive,
        FileTasks.copy_archive,
        FileTasks.unpack_members,
    ):
        decoder_for(fn)


@dataclass(frozen=True, slots=True)
class Sized(Generic[T]):
    """An answer that holds a value of any one type."""

    value: T
    other: T | None = None


class Sizing:
    """A task whose answers depend on what it was made with."""

    def __init__(self, answer_type: object) -> None:
        self._answer_type = answer_type

    @property
    def answer_type(self) -> object:
        return self._answer_type

    def __call__(self, _: object) -> Any:
        return Sized(1)


def test_a_task_may_tell_the_type_of_its_answers() -> None:
    decode = decoder_for(partial(Sizing(Sized[int | Pair]), 1))
    for answer in (Sized(1), Sized(Pair(1, Path("a")), 3)):
        assert read_answer(decode, encoded_value(answer)) == (True, answer)
    with pytest.raises(UnfitError):
        read_answer(decode, encoded_value(Sized("1")))
    with pytest.raises(TypeError, match="cannot be decoded"):
        decoder_for(Sizing(object))


def test_the_facts_of_every_kind_can_be_decoded() -> None:
    task = DescribeFile(FileTasks(LocalContentStore(Path("/nowhere")), (), (IMAGE,)))
    description = ImageDescription(
        format="PNG",
        width_px=1,
        height_px=2,
        orientation=1,
        mode="L",
        bit_depth=8,
        has_alpha=False,
        frame_count=1,
        is_animated=False,
    )
    camera = CameraFacts(taken_at=TakenAt(local_time="x", utc_offset_minutes=0, source="y"))
    facts = PictureFacts(description=description, camera=camera)
    for answer in (FileDescription("image/png", facts), FileDescription("text/plain")):
        assert read_answer(decoder_for(task), encoded_value(answer)) == (True, answer)


@pytest.mark.parametrize(
    ("fn", "reason"),
    [
        (jobs.unannotated, "there is none"),
        (len, "there is none"),
        (jobs.vaguely_annotated, "object cannot be decoded"),
        (returning(T), "~T cannot be decoded"),
        (returning(Any), "Any cannot be decoded"),
        (returning(Iterator[int]), "Iterator"),
        (returning("Nowhere"), "name 'Nowhere' is not defined"),
    ],
)
def test_a_function_that_does_not_say_what_it_returns_is_refused_at_the_call(
    fn: Callable[..., object], reason: str
) -> None:
    with WorkerPool(1) as pool, pytest.raises(TypeError) as caught:
        pool.submit(fn)

    text = str(caught.value)
    assert text.startswith("the return annotation of ")
    assert "cannot be used to decode what worker processes answer: " in text
    assert reason in text
    assert "write one of None, bool, int," in text


@pytest.mark.parametrize("payload", [None, b"[1,{}]", b"[1,1,1]", b"[3,1]", b"\xff", b"[" * 9999])
async def test_an_answer_that_is_none_runs_nothing_and_costs_its_call(
    tmp_path: Path, payload: bytes | None
) -> None:
    touched = tmp_path / "touched"
    with WorkerPool(1) as pool:
        (outcome,) = await pool.map_items(jobs.answer_in_our_stead, [(str(touched), payload)])

        assert isinstance(outcome, WorkerAnswerError)
        assert outcome.message.startswith("the worker process gave no valid answer: ")
        assert not touched.exists()
        assert await pool.map_items(jobs.echo, [5]) == [5]


async def test_an_answer_of_another_type_or_of_endless_length_is_said_to_be_so() -> None:
    with WorkerPool(1) as pool:
        wrong = pool.submit(jobs.return_words).exception()
        (endless,) = await pool.map_items(jobs.claim_an_endless_answer, [1])

    assert str(wrong) == "the worker process gave no valid answer: expected int, found 'seven'"
    assert str(endless) == (
        "the worker process gave no valid answer: "
        "1,099,511,627,776 bytes; at most 67,108,864 are allowed"
    )


@pytest.mark.parametrize(
    "state",
    [
        {"message": 5, "hint": None},
        {"message": "a"},
        {"message": "a", "hint": None, "exit_code": 0},
        {"message": "a", "hint": None, "__class__": 1},
        {"message": "a", "hint": None, "details": "abc"},
        {"message": "a", "hint": None, "x": {"o": "os.system", "f": {}}},
    ],
)
def test_a_forged_fault_is_refused(state: dict[str, object]) -> None:
    forged = json.dumps([0, {"o": "dam.errors.base.ItemError", "e": state}]).encode()

    with pytest.raises(UnfitError):
        read_answer(decoder_for(jobs.echo), forged)


def test_a_fault_that_nobody_knows_here_is_words() -> None:
    state = {"message": "torn", "hint": None}
    _, found = read_answer(
        decoder_for(jobs.echo), json.dumps([0, {"o": "theirs.TornError", "e": state}]).encode()
    )

    assert isinstance(found, RuntimeError)
    assert str(found) == "theirs.TornError: torn"
    assert ItemError.exit_code is ExitCode.ITEMS_FAILED


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("bptsmofe"), inner),
)


@settings(max_examples=40)
@given(kind=st.sampled_from([0, 1]), rest=_JSON)
def test_any_answer_is_a_value_of_the_type_or_refused(kind: int, rest: object) -> None:
    decode = decoder_for(returning(Holder | tuple[bytes, ...] | dict[str, Path]))
    try:
        succeeded, found = read_answer(decode, json.dumps([kind, rest]).encode())
    except UnfitError:
        return
    assert isinstance(found, Holder | tuple | dict) if succeeded else isinstance(found, Exception)
