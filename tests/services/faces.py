"""The services as front ends see them: each with its face, the names that it offers."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from dam import services


def modules() -> list[str]:
    """Return the modules that are services."""
    return [module.name for module in pkgutil.iter_modules(services.__path__, "dam.services.")]


def names_of_face(module: str) -> list[str]:
    """Return the public names of a service: its `__all__`, or what a single module defines."""
    face = vars(import_module(module))
    defined = [
        name
        for name, value in face.items()
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module
    ]
    return sorted(face.get("__all__") or (name for name in defined if not name.startswith("_")))


def functions() -> Iterator[Any]:
    """Yield every function on a face, those of two names twice."""
    for module in modules():
        face = import_module(module)
        for name in names_of_face(module):
            if inspect.isfunction(value := getattr(face, name)):
                yield value
