"""`SyncWorld` in scripts of their own: how they end."""

import signal
import subprocess
import sys

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

IMPORTS = """
import asyncio
from dam.app import World
from dam.services.ecs_service import count_entities, create_entity
from dam.sync import SyncWorld
"""


def start(dam_cli: DamCli, script: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", IMPORTS + script],
        env=dam_cli.environment,
        cwd=dam_cli.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_plain_script_makes_its_world_and_ends(dam_cli: DamCli) -> None:
    script = "with SyncWorld() as world:\n    print(world.run(create_entity))"
    process = start(dam_cli, script)
    assert process.communicate(timeout=60) == ("1\n", "")
    assert process.returncode == 0


def test_a_script_that_forgets_to_close_ends(dam_cli: DamCli) -> None:
    process = start(dam_cli, "world = SyncWorld()\nprint(world.run(create_entity))")
    assert process.communicate(timeout=60) == ("1\n", "")
    assert process.returncode == 0


def test_ctrl_c_in_a_script_closes_the_world_first(dam_cli: DamCli) -> None:
    script = """
async def wait(world: World):
    try:
        print("working", flush=True)
        await asyncio.Event().wait()
    finally:
        print("stopped", flush=True)

try:
    with SyncWorld() as world:
        world.run(wait)
except KeyboardInterrupt:
    print("closed")
"""
    process = start(dam_cli, script)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("stopped\nclosed\n", "")
