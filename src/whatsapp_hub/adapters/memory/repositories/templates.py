"""The catalogue of message templates."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.template import APPROVED, MessageTemplate

TEMPLATES: Table[TemplateId, MessageTemplate] = Table("templates")


class MemoryTemplates:
    """Implements `Templates`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def _of(self, session_id: SessionId) -> list[MessageTemplate]:
        found = (t for t in self._rows.each(TEMPLATES) if t.session_id == session_id)
        return sorted(found, key=lambda t: (t.name, t.language))

    async def get(self, template_id: TemplateId) -> MessageTemplate:
        if (found := self._rows.peek(TEMPLATES, template_id)) is None:
            raise NotFound("template", template_id)
        return found

    async def named(self, session_id: SessionId, name: str) -> list[MessageTemplate]:
        return [t for t in self._of(session_id) if t.name == name]

    async def approved(self, session_id: SessionId, limit: int) -> list[MessageTemplate]:
        return [t for t in self._of(session_id) if t.status == APPROVED][:limit]

    async def is_known(self, session_id: SessionId) -> bool:
        return bool(self._of(session_id))

    async def save(self, templates: Iterable[MessageTemplate]) -> None:
        for new in templates:
            await self._rows.lock_name("template", new.session_id, new.key)
            present = next((t for t in self._of(new.session_id) if t.key == new.key), None)
            if present is None:
                await self._rows.put(TEMPLATES, new.id, new)
            elif present.seen_at <= new.seen_at:
                await self._rows.put(TEMPLATES, present.id, replace(new, id=present.id))

    async def drop_unseen(self, session_id: SessionId, since: datetime) -> int:
        unseen = [t for t in self._of(session_id) if t.seen_at < since]
        for one in unseen:
            await self._rows.drop(TEMPLATES, one.id)
        return len(unseen)

    async def remove(self, template_id: TemplateId) -> None:
        await self._rows.drop(TEMPLATES, template_id)

    async def stale(self, kinds: Collection[str], before: datetime) -> list[SessionId]:
        started = [s.id for s in self._rows.each(SESSIONS) if s.provider in kinds and s.is_active]
        return sorted(s for s in started if not (own := self._of(s)) or any(t.seen_at < before for t in own))
