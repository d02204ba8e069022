"""Vouched states: states of files that were hashed in this run and will be processed soon."""

from collections.abc import Iterable
from dataclasses import replace

from dam.storage.content_store import StoredFile
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.file_state import FileState

_MOST = 50_000


class VouchedStates:
    """A file state for each digest, at most 50,000; files beyond that are hashed once more.

    When it is full, new states are dropped, not old ones. Files are processed in the order in which
    they are imported, so the oldest states are needed first, and processed files make room.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._states: dict[bytes, FileState] = {}
        self._most = most

    def take(self, digest: bytes, state: FileState | None) -> None:
        """Note that a file in this state has these bytes."""
        if state is not None and (digest in self._states or len(self._states) < self._most):
            self._states[digest] = state

    def take_stored(self, outcomes: Iterable[object]) -> None:
        """Note the states of all files that were put; other outcomes are ignored."""
        for outcome in outcomes:
            if isinstance(outcome, StoredFile):
                self.take(outcome.sha256, outcome.state)

    def drop(self, digest: bytes) -> None:
        """Forget the state of a file that is processed."""
        self._states.pop(digest, None)

    def with_states(self, content: LocatedContent) -> LocatedContent:
        """Return the content, with the state that was noted for its digest as vouched."""
        state = self._states.get(content.digest)
        return content if state is None else replace(content, vouched=(state,))
