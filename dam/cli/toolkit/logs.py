"""The log on stderr: each record's message, then its facts."""

import logging
from typing import TYPE_CHECKING

from dam.cli.toolkit.command import State
from dam.cli.toolkit.output import complain, write_error_text
from dam.errors import report_without_passwords
from dam.stopping import requested_stop

if TYPE_CHECKING:
    from dam.app import Settings

log = logging.getLogger(__name__)

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def begin_logs(state: State, settings: "Settings") -> None:
    """Write logs as `--debug` or the settings ask for; with `--debug`, the settings come first.

    Args:
        state: The options of the command.
        settings: All settings; those of the command's world are logged, with their origins.

    Raises:
        UnknownNameError: The command's world does not exist.
    """
    write_logs("DEBUG" if state.is_debug else settings.log_level)
    if not log.isEnabledFor(logging.DEBUG):
        return
    from dam.services.config_service import settings_of

    for one in settings_of(settings, state.world):
        facts = {"setting": one.name, "value": one.value, "origin": one.origin}
        log.debug("a setting", extra=facts)


def write_logs(level: str) -> None:
    """Write to stderr what `dam` logs at this level or above, and warnings of other packages.

    Args:
        level: A name such as `WARNING`.
    """
    handler = _StderrHandler()
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger("dam").setLevel(level)
    logging.captureWarnings(capture=True)
    # Python warnings are for programmers, so only --debug shows them.
    logging.getLogger("py.warnings").setLevel("WARNING" if level == "DEBUG" else "ERROR")


class _StderrHandler(logging.Handler):
    """Looks up `sys.stderr` for each record, because a progress bar replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and requested_stop():  # the stop caused it, and is reported itself
            return
        facts = {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS}
        words = [record.levelname.lower(), f"{record.name}:", record.getMessage()]
        line = " ".join([*words, *(f"{key}={value}" for key, value in facts.items())])
        complain(report_without_passwords(line))
        if record.exc_info:
            found = logging.Formatter().formatException(record.exc_info)
            write_error_text(report_without_passwords(found) + "\n")
