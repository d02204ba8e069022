"""`python -m dam` is `dam-cli`."""

import os
import sys


def run() -> None:
    """Run the command line of this process and end it, whenever Ctrl-C is pressed."""
    try:
        from dam.cli import app  # noqa: PLC0415 - it takes long enough to be interrupted
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; nothing was begun\n")
        sys.stderr.flush()
        os._exit(130)  # `sys.exit` may end by SIGINT nevertheless: see `dam.cli`
    app()


if __name__ == "__main__":
    run()
