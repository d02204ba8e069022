"""Runs pending work: marked entities, outdated results, and failures to be retried."""

from dam.services.process_service.processing import (
    STAGES,
    Processed,
    ProcessObserver,
    process,
    with_systems,
)
from dam.services.process_service.retrying import Retried, retry

__all__ = ["STAGES", "ProcessObserver", "Processed", "Retried", "process", "retry", "with_systems"]
