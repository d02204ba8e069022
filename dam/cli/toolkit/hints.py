"""Commands that a message names get the `--world` that was given to this one."""

import re
import shlex
from contextvars import ContextVar

_WORLD: ContextVar[str | None] = ContextVar("world", default=None)
_COMMAND = re.compile(r"`dam-cli (?!-w |--world|--help|-h\b)")
_JSON_WORDS = re.compile(r'"(?:hint|message)": "(?:[^"\\]|\\.)*"')
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")


def remember_world(name: str | None) -> None:
    """Name this world in the commands of all later messages; None if none was given."""
    _WORLD.set(name)


def naming_world(text: str) -> str:
    """Return a message whose commands work in the same world as this one.

    Example: with `-w scans`, "run `dam-cli process`" becomes "run `dam-cli -w scans process`".
    """
    world = _WORLD.get()
    if world is None or "`dam-cli " not in text:
        return text
    return _COMMAND.sub(lambda _: f"`dam-cli -w {shlex.quote(world)} ", text)


def in_json(text: str) -> str:
    """Return JSON text whose hints and messages are changed as `naming_world` does."""
    world = _WORLD.get()
    if world is None or not _PLAIN_NAME.fullmatch(world):  # a name that no world can have
        return text
    return _JSON_WORDS.sub(lambda found: naming_world(found[0]), text)
