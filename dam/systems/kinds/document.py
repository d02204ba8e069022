"""Documents: what they state of themselves, their pages, and their text."""

from datetime import UTC, datetime

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.media.document.facts import DocumentFacts
from dam.media.document.kind import DOCUMENT
from dam.models import DocumentPropertiesComponent, DocumentTextComponent


def write_document(commands: Commands, asset: EntityId, document: DocumentFacts) -> None:
    """Give a document its facts and its text."""
    commands.set_values(
        asset,
        DocumentPropertiesComponent,
        page_count=document.page_count,
        is_encrypted=document.is_encrypted,
        created_at=_time(document.created_at),
        modified_at=_time(document.modified_at),
    )
    if document.text is not None:
        commands.set_values(asset, DocumentTextComponent, text=document.text)


def _time(text: str | None) -> datetime | None:
    """Return a time as the database takes it: without an offset it counts as UTC."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


DOCUMENTS = KindBinding(
    kind=DOCUMENT,
    components=(DocumentPropertiesComponent, DocumentTextComponent),
    write=write_document,
)
