"""Rows of the catalogue of message templates."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec

from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.template import MessageTemplate

_NAMES = (
    *("id", "tenant_id", "session_id", "name", "language", "status", "seen_at"),
    *("provider_id", "category", "quality", "reason", "components"),
)
COLUMNS = ", ".join(_NAMES)
ONE = f"SELECT {COLUMNS} FROM templates WHERE id = $1"
_NAMED = f"SELECT {COLUMNS} FROM templates WHERE session_id = $1 AND name = $2 ORDER BY language"
_APPROVED = f"""
    SELECT {COLUMNS} FROM templates WHERE session_id = $1 AND status = 'APPROVED' ORDER BY name, language LIMIT $2"""
_IS_KNOWN = "SELECT EXISTS (SELECT FROM templates WHERE session_id = $1)"
_SAVE = f"""
    INSERT INTO templates ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb)
    ON CONFLICT (session_id, name, language) DO UPDATE SET ({", ".join(_NAMES[5:])})
      = ({", ".join(f"excluded.{name}" for name in _NAMES[5:])})
    WHERE templates.seen_at <= excluded.seen_at"""
_DROP_UNSEEN = "DELETE FROM templates WHERE session_id = $1 AND seen_at < $2"
_REMOVE = "DELETE FROM templates WHERE id = $1"
_STALE = """
    SELECT s.id FROM hub.sessions s
    WHERE s.tenant_id = hub.tenant() AND s.provider = ANY($1) AND s.is_active AND (
      NOT EXISTS (SELECT FROM templates t WHERE t.session_id = s.id)
      OR EXISTS (SELECT FROM templates t WHERE t.session_id = s.id AND t.seen_at < $2))
    ORDER BY s.id"""

_components = msgspec.json.Decoder(tuple[dict[str, Any], ...])


def template_of(row: Any) -> MessageTemplate:
    """Build a template from its row."""
    values = dict(row)
    parts = values["components"]
    values["components"] = None if parts is None else _components.decode(parts)
    return MessageTemplate(**values)


def _values(template: MessageTemplate) -> list[object]:
    parts = None if template.components is None else msgspec.json.encode(template.components).decode()
    return [*(getattr(template, name) for name in _NAMES[:-1]), parts]


class PostgresTemplates:
    """Implements `Templates`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def get(self, template_id: TemplateId) -> MessageTemplate:
        if (row := await self._connection.fetchrow(ONE, template_id)) is None:
            raise NotFound("template", template_id)
        return template_of(row)

    async def named(self, session_id: SessionId, name: str) -> list[MessageTemplate]:
        return [template_of(row) for row in await self._connection.fetch(_NAMED, session_id, name)]

    async def approved(self, session_id: SessionId, limit: int) -> list[MessageTemplate]:
        return [template_of(row) for row in await self._connection.fetch(_APPROVED, session_id, limit)]

    async def is_known(self, session_id: SessionId) -> bool:
        return bool(await self._connection.fetchval(_IS_KNOWN, session_id))

    async def save(self, templates: Iterable[MessageTemplate]) -> None:
        await self._connection.executemany(_SAVE, [_values(template) for template in templates])

    async def drop_unseen(self, session_id: SessionId, since: datetime) -> int:
        done: str = await self._connection.execute(_DROP_UNSEEN, session_id, since)
        return int(done.rpartition(" ")[2])

    async def remove(self, template_id: TemplateId) -> None:
        await self._connection.execute(_REMOVE, template_id)

    async def stale(self, kinds: Collection[str], before: datetime) -> list[SessionId]:
        return [row["id"] for row in await self._connection.fetch(_STALE, list(kinds), before)]
