"""A program that imports a folder: `python -m tests.storage.importer STORE FOLDER MODE`.

Prints a line for each batch that is safe, then its greatest use of memory in KiB.
"""

import resource
import sys
from pathlib import Path

from dam.storage.addresses import open_store
from dam.storage.content_store import ImportMode, StoredFile, StoreOwner

_BATCH = 4
_OWNER = StoreOwner(uuid="0" * 32, database="none")
_MODES: dict[str, ImportMode] = {"copy": "copy", "hardlink": "hardlink", "move": "move"}


def main(store_folder: str, source_folder: str, mode: str) -> None:
    store = open_store(store_folder)
    store.make()
    paths = sorted(Path(source_folder).iterdir())
    with store.importing(_OWNER):
        for start in range(0, len(paths), _BATCH):
            outcomes = store.put_many(paths[start : start + _BATCH], _MODES[mode])
            new = sum(outcome.is_new for outcome in outcomes if isinstance(outcome, StoredFile))
            print(len(outcomes), new, flush=True)  # noqa: T201 - its talk with the test
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # noqa: T201 - as above


if __name__ == "__main__":
    main(*sys.argv[1:])
