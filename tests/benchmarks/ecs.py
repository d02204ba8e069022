"""What the database layer and a command cost: `python -m tests.benchmarks.ecs [PART]`.

`life`: whole lives of assets in rows, without files, beside the same rows written by `sqlite3` and
by COPY. `start`: CPU of the smallest commands. `likeness`: a search among a million hashes, alone
and while another process adds and deletes. Read the ratios: the figures are those of the machine
and of what else it did.
"""

import argparse
import asyncio
import gc
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from dam.core.world import World
from dam.services.content_service import HashedFile
from dam.services.likeness_service import find_similar_to_entity
from tests.benchmarks import asset_life, million_hashes, raw_life
from tests.benchmarks.asset_life import config_for, made_up_files, with_world
from tests.benchmarks.engines import ENGINES, Engine, Engines, size_bytes
from tests.benchmarks.measure import Cost, interleaved, run
from tests.benchmarks.report import bar, say
from tests.command_line import home_variables
from tests.databases import postgres_server

_PROJECT = Path(__file__).parents[2]
_WARM_UP = 500
_DAM = (sys.executable, "-m", "dam", "--json")


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one run took; CPU is this process's, so without that of a server."""

    wall_s: float
    cpu_s: float
    bytes_per_asset: float


def compare_lives(engines: Engines, options: argparse.Namespace) -> None:
    """Print assets a second of our layer and of the driver alone, and what an asset takes."""
    few, many = (1000, 5000) if options.quick else (10_000, 100_000)
    say("\nWhole life of an asset in rows: import, two stages that claim and write")
    say(f"{'':12}{'assets':>9}{'raw/s':>9}{'dam/s':>9}{'ratio':>9}{'of CPU':>9}{'bytes/asset':>13}")
    rates: dict[tuple[Engine, int], float] = {}
    ratios: dict[tuple[Engine, int], float] = {}
    for engine in ENGINES:
        for way in _WAYS.values():
            _one_life(engines, engine, way, _WARM_UP)
        for count in (few, many):
            runs = [
                {name: _one_life(engines, engine, way, count) for name, way in _WAYS.items()}
                for _ in range(options.runs)
            ]
            raw, ours = (median(count / each[name].wall_s for each in runs) for name in _WAYS)
            ratio = median(each["raw"].wall_s / each["dam"].wall_s for each in runs)
            of_cpu = median(each["raw"].cpu_s / each["dam"].cpu_s for each in runs)
            size = median(each["dam"].bytes_per_asset for each in runs)
            rates[engine, count], ratios[engine, count] = ours, ratio
            figures = f"{raw:9,.0f}{ours:9,.0f}{ratio:9.2f}{of_cpu:9.2f}{size:13,.0f}"
            say(f"{engine:12}{count:>9,}{figures}")
    bar("of the rate of raw sqlite3", ratios["sqlite", many], at_least=0.25)
    for engine in ENGINES:
        grown = rates[engine, many] / rates[engine, few]
        bar(f"of the rate at {few:,} at {many:,}, {engine}", grown, at_least=0.8)


def _our_life(url: str, files: Sequence[HashedFile]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = config_for(url, Path(folder))
        asyncio.run(with_world(config, partial(asset_life.live, files=files)))


_Way = Callable[[str, Sequence[HashedFile]], object]
_WAYS: dict[str, _Way] = {"raw": raw_life.live, "dam": _our_life}


def _one_life(engines: Engines, engine: Engine, way: _Way, count: int) -> Life:
    files = made_up_files(count)
    gc.collect()
    gc.freeze()  # an import does not have all its files in memory for the collector to look at
    with engines.fresh(engine) as url:
        empty_bytes = size_bytes(url)
        wall, cpu = time.perf_counter(), time.process_time()
        way(url, files)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        grown_bytes = size_bytes(url) - empty_bytes
    gc.unfreeze()
    return Life(wall_s=wall, cpu_s=cpu, bytes_per_asset=grown_bytes / count)


def show_starts(engines: Engines, options: argparse.Namespace) -> None:
    """Print the CPU of the smallest commands, beside what they import."""
    with engines.fresh("sqlite") as url:
        settings = {"DAM_DATABASE_URL": url}
        million_hashes.fill(url, 1)
        digest = hashlib.sha256(b"1").hexdigest()
        python = [sys.executable, "-c"]
        costs = _costs(
            {
                "python": [*python, "pass"],
                "import sqlalchemy's asyncio": [
                    *python,
                    "import sqlalchemy.ext.asyncio, aiosqlite",
                ],
                "dam-cli --help": [*_DAM, "--help"],
                "dam-cli find-file-by-hash": [*_DAM, "find-file-by-hash", digest],
            },
            settings,
            runs=max(5, options.runs),
        )
    say("\nCPU of a whole process")
    for name, cost in costs.items():
        say(f"  {name:30}{cost.cpu_s:8.2f} s")
    bar("s CPU of --help", costs["dam-cli --help"].cpu_s, at_most=0.25)
    bar("s CPU of find-file-by-hash", costs["dam-cli find-file-by-hash"].cpu_s, at_most=0.7)


def _costs(
    commands: Mapping[str, Sequence[str]], settings: Mapping[str, str], *, runs: int
) -> dict[str, Cost]:
    """Return what each command costs, the first time not counted."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(_PROJECT),
            **home_variables(Path(home)),
            **settings,
        }
        contenders = {
            name: partial(run, command, environment=environment, cwd=Path(home))
            for name, command in commands.items()
        }
        interleaved(1, contenders)
        return interleaved(runs, contenders)


def show_likeness(engines: Engines, options: argparse.Namespace) -> None:
    """Print what a search among very many hashes takes beyond what the command itself does."""
    count = 10_000 if options.quick else 1_000_000
    say(f"\nfind-similar-images among {count:,} hashes, seconds beyond the start (worst)")
    for engine in ENGINES:
        with ExitStack() as stack:
            url = stack.enter_context(engines.fresh(engine))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            million_hashes.fill(url, count)
            config = config_for(url, folder)
            first, *later = asyncio.run(with_world(config, partial(_searches, 30)))
            say(f"{engine:12}first of all, which packs the hashes {first:8.3f}")
            _say_times("alone", later)
            with million_hashes.changing(url, folder):
                busy = asyncio.run(with_world(config, partial(_searches, 100)))
            _say_times("while others add and delete", busy)
            bar(f"s, {engine}", median(later), at_most=0.1)
            bar(f"s while others add and delete, {engine}", median(busy), at_most=0.1)


async def _searches(count: int, world: World) -> list[float]:
    """Search again and again; what is like the query for ever must be found each time."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        found = await find_similar_to_entity(world, million_hashes.QUERY)
        times.append(time.perf_counter() - started)
        distances = {one.entity_id: one.distance for one in found}
        assert million_hashes.EXPECTED.items() <= distances.items(), found
    return times


def _say_times(name: str, times: Sequence[float]) -> None:
    say(f"{'':12}{name:36}{median(times):8.3f} ({max(times):.3f})")


def main() -> None:
    """Run what the command line asks for."""
    parts = {"life": compare_lives, "start": show_starts, "likeness": show_likeness}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=parts, help="without it, all parts")
    parser.add_argument("--runs", type=int, default=3, help="take medians of so many rounds")
    parser.add_argument("--quick", action="store_true", help="few rows: does it work at all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        engines = Engines(Path(folder), server)
        for name, part in parts.items():
            if options.part in {None, name}:
                part(engines, options)


if __name__ == "__main__":
    main()
