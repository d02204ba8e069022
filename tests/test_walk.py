"""The benchmark that counts changes of module counts what its docstring says."""

import os
import sys
from pathlib import Path

import pytest

from tests.benchmarks.walk import changes_of
from tests.command_line import home_variables

_PROJECT = Path(__file__).parents[1]

_A = """
import asyncio, subprocess, sys, threading
from greenlet import greenlet
from house import b, c
from house.c import Value

def main():
    for number in range(3):
        b.plain()
        b.plain()
    sorted([2, 1], key=b.through_a_library)
    [b.in_comprehension() for _ in range(2)]
    sum(b.rows())
    b.takes(number for number in range(3))
    Value()
    own()
    asyncio.run(b.waits())
    greenlet(b.in_greenlet).switch()
    thread = threading.Thread(target=b.in_thread)
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-c", "from house.b import in_worker; in_worker()"], check=True)

def own():
    from house import e
"""
_B = """
import asyncio
from house import c

@c.decorates
def plain():
    c.deep()

def through_a_library(number):
    return number

def in_comprehension():
    pass

def rows():
    for number in range(3):
        yield number

def takes(numbers):
    return list(numbers)

async def waits():
    for _ in range(3):
        await asyncio.sleep(0)

def in_thread():
    c.of_thread()

def in_worker():
    c.of_worker()

def in_greenlet():
    pass
"""
_C = """
from dataclasses import dataclass, field
from house import d

@dataclass
class Value:
    number: int = field(default_factory=d.default)

def decorates(function):
    d.at_import()
    return function

def deep():
    pass

def of_thread():
    pass

def of_worker():
    pass
"""
_D = """
def at_import():
    pass

def default():
    return 1
"""
_E = """
from house import b

b.plain()
"""
_CHANGES = {
    ("a:main", "b:plain"),
    ("a:main", "b:through_a_library"),
    ("a:main", "b:in_comprehension"),
    ("a:main", "b:rows"),
    ("a:main", "b:takes"),
    ("a:main", "b:waits"),
    ("a:main", "b:in_greenlet"),
    ("a:main", "d:default"),
    ("b:plain", "c:deep"),
    ("b:in_thread", "c:of_thread"),
    ("b:in_worker", "c:of_worker"),
}


@pytest.mark.slow
def test_each_pair_of_functions_of_two_modules_is_one_change(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    for name, source in {"__init__": "", "a": _A, "b": _B, "c": _C, "d": _D, "e": _E}.items():
        (house / f"{name}.py").write_text(source)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(_PROJECT))),
        **home_variables(tmp_path),
    }
    changes = changes_of(
        [sys.executable, "-c", "from house.a import main; main()"],
        environment=environment,
        cwd=tmp_path,
        package="house",
    )
    assert changes == {(f"house.{caller}", f"house.{callee}") for caller, callee in _CHANGES}
