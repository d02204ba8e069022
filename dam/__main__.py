"""Runs the command line: `python -m dam` is the same as `dam-cli`."""

import os
import sys

from dam.stopping import StoppedBySignalError, handle_stops, raise_stop, repeat_lost_stops


def run() -> None:
    """Run the command line; a signal to stop ends it properly, even while Python still imports."""
    try:
        handle_stops(raise_stop)
        repeat_lost_stops(raise_stop)
        from dam.cli import app  # noqa: PLC0415 - it takes long enough to be stopped

        app()
    except KeyboardInterrupt:  # Ctrl-C came before our handlers were in place
        _end("SIGINT", 130)
    except StoppedBySignalError as error:
        _end(error.signal.name, 128 + error.signal)


def _end(signal_name: str, code: int) -> None:
    """Report a signal that came before the command, as `dam.cli.toolkit.faults` would, and end."""
    error, how = _WORDS[signal_name]
    message = f"{how}; nothing was begun"
    line = f"error: {message}"
    if "--json" in sys.argv or "--jsonl" in sys.argv:
        line = f'{{"error": "{error}", "message": "{message}", "hint": null}}'
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
    os._exit(code)  # `sys.exit` may end by SIGINT nevertheless: see `dam.cli.main`


_WORDS = {
    "SIGINT": ("StoppedByUserError", "interrupted"),
    "SIGTERM": ("TerminatedError", "stopped by SIGTERM"),
    "SIGHUP": ("HungUpError", "stopped by SIGHUP"),
}

if __name__ == "__main__":
    run()
