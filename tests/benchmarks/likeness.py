"""Recall and false pairs of likeness by algorithm and threshold, and the time of a search.

`python -m tests.benchmarks.likeness` reads near_duplicates of the corpus (DAM_TEST_CORPUS names
its folder). A group's recall is the share of its pairs that are found; a column shows the mean over
groups. `8 ways` also compares the one picture turned and mirrored.
"""

import csv
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dam.errors import ItemError
from dam.media.image.entry import hash_query_image
from dam.media.image.values import PerceptualHashes, QueryHashes
from dam.media.likeness import DEFAULT_THRESHOLDS, nearest, pairs_within
from tests.benchmarks.pictures import CORPUS

_FOLDER = CORPUS / "near_duplicates"
_THRESHOLDS = {
    "phash": (4, 6, 8, 10, 12, 14, 16),
    "dhash": (4, 6, 8, 10, 12, 14),
    "ahash": (2, 4, 5, 6, 8, 10),
}
_SEARCH_COUNT, _PAIRS_COUNT, _RUNS = 1_000_000, 100_000, 20


@dataclass(frozen=True)
class _Picture:
    name: str
    group: str
    truth: str
    hashes: QueryHashes


@dataclass(frozen=True)
class _Pair:
    """Two pictures, and how far apart they are: as they are, and at best of 8 ways."""

    first: _Picture
    second: _Picture
    bits: int
    bits_8_ways: int

    @property
    def is_comparable(self) -> bool:
        return self.first.hashes.has_structure and self.second.hashes.has_structure


def main() -> None:
    """Print recall and false pairs, then times."""
    pictures, left_out = _read_pictures()
    one_colour = sum(not picture.hashes.has_structure for picture in pictures)
    _say(f"{len(pictures)} pictures, {one_colour} without structure; not pictures: {left_out}\n")
    _say("               recall          recall    false pairs    hard   one-colour")
    _say("       bits    positive        8 ways    as is  8 ways  neg.   pairs")
    for algorithm, thresholds in _THRESHOLDS.items():
        pairs = list(_pairs(pictures, algorithm))
        for threshold in thresholds:
            default = "*" if threshold == DEFAULT_THRESHOLDS[algorithm] else " "
            _say(f"{algorithm:6} {threshold:4}{default}   {_figures(pairs, threshold)}")
    _say("\n* the default. Recall is by group, the worst group in brackets.")
    _say("  8 ways cannot undo a turn by 30 degrees, which one group has.\n")
    _print_times()


def _say(line: str) -> None:
    print(line)


def _read_pictures() -> tuple[list[_Picture], dict[str, int]]:
    pictures: list[_Picture] = []
    left_out: dict[str, int] = defaultdict(int)
    for row in _rows("groups.csv"):
        try:
            hashes = hash_query_image(_FOLDER / row["file"])
        except ItemError as error:
            left_out[type(error).__name__] += 1
            continue
        pictures.append(_Picture(row["file"], row["group"], row["truth"], hashes))
    return pictures, dict(left_out)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / name).open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _pairs(pictures: list[_Picture], algorithm: str) -> Iterator[_Pair]:
    for first, second in combinations(pictures, 2):
        target = _hash(second.hashes.by_transform["none"], algorithm)
        ways = [
            (_hash(hashes, algorithm) ^ target).bit_count()
            for hashes in first.hashes.by_transform.values()
        ]
        yield _Pair(first, second, ways[0], min(ways))


def _hash(hashes: PerceptualHashes, algorithm: str) -> int:
    return int(getattr(hashes, algorithm))


def _figures(pairs: list[_Pair], threshold: int) -> str:
    usable = [pair for pair in pairs if pair.is_comparable]
    mean, worst = _recall_by_group(pairs, threshold, {"positive"}, eight_ways=False)
    mean_8, worst_8 = _recall_by_group(
        pairs, threshold, {"positive", "positive_geometric"}, eight_ways=True
    )
    strangers = [pair for pair in usable if pair.first.group != pair.second.group]
    false = sum(pair.bits <= threshold for pair in strangers)
    false_8 = sum(pair.bits_8_ways <= threshold for pair in strangers)
    hard = {
        frozenset((row["a"], row["b"])) for row in _rows("pairs.csv") if row["duplicate"] == "0"
    }
    hard_found = sum(
        pair.bits <= threshold and {pair.first.name, pair.second.name} in hard for pair in usable
    )
    flat_found = sum(
        "uniform" in pair.first.group and "uniform" in pair.second.group for pair in usable
    )
    return (
        f"{mean:.3f} ({worst:.2f})  {mean_8:.3f} ({worst_8:.2f})"
        f"  {false:5}  {false_8:6}  {hard_found:4}  {flat_found:5}"
    )


def _recall_by_group(
    pairs: list[_Pair], threshold: int, truths: set[str], *, eight_ways: bool
) -> tuple[float, float]:
    found_by_group: dict[str, list[bool]] = defaultdict(list)
    for pair in pairs:
        if (
            pair.first.group == pair.second.group
            and {pair.first.truth, pair.second.truth} <= truths
        ):
            bits = pair.bits_8_ways if eight_ways else pair.bits
            found_by_group[pair.first.group].append(pair.is_comparable and bits <= threshold)
    recalls = [sum(found) / len(found) for found in found_by_group.values()]
    return sum(recalls) / len(recalls), min(recalls)


def _print_times() -> None:
    hashes = np.random.default_rng(1).integers(0, 2**64, _SEARCH_COUNT, dtype=np.uint64)
    threshold = DEFAULT_THRESHOLDS["phash"]
    times = []
    for query in hashes[:_RUNS].tolist():
        start = time.perf_counter()
        nearest(hashes, query, threshold=threshold)
        times.append(time.perf_counter() - start)
    _say(f"search of {_SEARCH_COUNT:,} hashes: median {np.median(times) * 1e3:.1f} ms")
    start = time.perf_counter()
    found = sum(len(pairs.first) for pairs in pairs_within(hashes[:_PAIRS_COUNT], 8))
    seconds = time.perf_counter() - start
    _say(f"all pairs within 8 bits of {_PAIRS_COUNT:,} hashes: {seconds:.2f} s, {found} found")


if __name__ == "__main__":
    main()
