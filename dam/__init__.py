"""dam: digital assets as entities, components and systems, over a content-addressed store."""

# Not from `typing`: as long as that is imported, Ctrl-C is answered by a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:  # `dam-cli --help` imports this package and must stay quick
    from contextlib import AbstractAsyncContextManager

    from dam.app import Settings, World

__all__ = ["__version__", "open_world"]

__version__ = "0.1.0"


def open_world(
    name: str | None = None, *, settings: "Settings | None" = None, plugins: bool = True
) -> "AbstractAsyncContextManager[World]":
    """Open a world by name, or the default world; see `dam.app.open_world`.

    Example: `async with open_world("photos") as world: …`.
    """
    from dam.app import open_world as open_it  # noqa: PLC0415 - see above

    return open_it(name, settings=settings, plugins=plugins)
