"""The states in which files were hashed in this run, for those that are to be worked on soon."""

from collections.abc import Iterable
from dataclasses import replace

from dam.storage.content_store import StoredFile
from dam.storage.contents.located import LocatedContent
from dam.storage.sources.file_state import FileState

_MOST = 50_000


class VouchedStates:
    """A state for each digest; of more than 50,000 the later ones are hashed once more instead.

    Work is done in the order in which files come in: where they come faster, the oldest states are
    those that are needed next, and what was worked on makes room.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._states: dict[bytes, FileState] = {}
        self._most = most

    def take(self, digest: bytes, state: FileState | None) -> None:
        """Note that a file in this state has these bytes."""
        if state is not None and (digest in self._states or len(self._states) < self._most):
            self._states[digest] = state

    def take_stored(self, outcomes: Iterable[object]) -> None:
        """Note it of all that was put."""
        for outcome in outcomes:
            if isinstance(outcome, StoredFile):
                self.take(outcome.sha256, outcome.state)

    def drop(self, digest: bytes) -> None:
        """Forget a file on which all the work is done."""
        self._states.pop(digest, None)

    def with_states(self, content: LocatedContent) -> LocatedContent:
        """Return the content with what is known of its files."""
        state = self._states.get(content.digest)
        return content if state is None else replace(content, vouched=(state,))
