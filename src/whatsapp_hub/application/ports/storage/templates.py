"""The catalogue of message templates: each session's copy of what its account has at the provider."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.template import MessageTemplate


class Templates(Protocol):
    """The catalogues of the transaction's tenant. One session has a name in one language once; a session that is
    deleted (`Sessions.remove`) takes its catalogue along."""

    async def get(self, template_id: TemplateId) -> MessageTemplate:
        """Return one. Raises NotFound."""
        ...

    async def named(self, session_id: SessionId, name: str) -> list[MessageTemplate]:
        """Return the languages in which a session has this name, by language."""
        ...

    async def approved(self, session_id: SessionId, limit: int) -> list[MessageTemplate]:
        """Return approved templates by name and language."""
        ...

    async def is_known(self, session_id: SessionId) -> bool:
        """Return whether anything is known of the session's catalogue."""
        ...

    async def save(self, templates: Iterable[MessageTemplate]) -> None:
        """Add or replace by name and language, keeping the id of one that is there; one that was seen later than the
        new one (`seen_at`) stays as it is."""
        ...

    async def drop_unseen(self, session_id: SessionId, since: datetime) -> int:
        """Delete the session's templates that were last seen before that time; return how many."""
        ...

    async def remove(self, template_id: TemplateId) -> None:
        """Delete one. Idempotent."""
        ...

    async def stale(self, kinds: Collection[str], before: datetime) -> list[SessionId]:
        """List the started sessions of these providers that have no catalogue, or one of which a part was last seen
        before that time; by id."""
        ...
