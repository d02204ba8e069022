"""Prints the tables of all parts, or of those that are named: `… truth camera streams`."""

import importlib
import pkgutil
import sys

from tests.benchmarks import truth
from tests.benchmarks.truth.table import show

_NO_TABLES = ("__main__", "plain_texts", "table")


def main(names: list[str]) -> None:
    """Print the tables; each module has a `TITLE` and a function `table`, which returns rows."""
    known = [module.name for module in pkgutil.iter_modules(truth.__path__)]
    for name in names or [name for name in known if name not in _NO_TABLES]:
        module = importlib.import_module(f"{truth.__name__}.{name}")
        show(module.TITLE, module.table())


if __name__ == "__main__":
    main(sys.argv[1:])
