"""The calls of the executor's benchmark; imports nothing that would count as a worker's memory."""

import os
import time


def nothing(item: int) -> int:
    return item


def two_milliseconds(item: int) -> int:
    """Use the CPU, holding the interpreter's lock."""
    end = time.thread_time() + 0.002
    while time.thread_time() < end:
        pass
    return item


def digest(item: int) -> int:
    """Hash, and return the worker's process id."""
    import hashlib  # noqa: PLC0415 - as heavy as the task, not as this module

    hashlib.sha256(bytes(1 << 20 | item)).digest()
    return os.getpid()


def shrink(item: int) -> int:
    """Shrink a small bitmap to an array, and return the worker's process id."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    np.asarray(Image.new("L", (256, 256 + item)).reduce(8)).sum()
    return os.getpid()
