"""Webhooks' addresses that stand in clear, as hub_system."""

from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.webhooks import sealed_url
from whatsapp_hub.application.ports.edge.security import SecretBox

_PAGE = """
    SELECT id, url FROM hub.webhooks
    WHERE sealed_url IS NULL AND url LIKE '%?%' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2"""
_SEAL = """
    WITH one AS (
      UPDATE hub.webhooks SET url = $3, sealed_url = $4 WHERE id = $1 AND url = $2 AND sealed_url IS NULL
      RETURNING session_id, of_session, of_bot)
    UPDATE hub.sessions s SET
      webhook_url = CASE WHEN one.of_session THEN $3 ELSE s.webhook_url END,
      bot = CASE WHEN one.of_bot THEN jsonb_set(s.bot, '{url}', to_jsonb($3::text)) ELSE s.bot END
    FROM one WHERE s.id = one.session_id AND (one.of_session OR one.of_bot)"""


class PostgresClearAddresses:
    """Implements `ClearAddresses`."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def page(self, after: UUID | None, limit: int) -> list[tuple[UUID, str]]:
        """Return ids and addresses stored in clear, by id."""
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_PAGE, after, limit))
        return [(row["id"], row["url"]) for row in rows]

    async def seal(self, webhook_id: UUID, url: str, as_shown: str) -> None:
        """Replace the address by its sealed form, if it is still the one that was read."""
        sealed = sealed_url(self._box, webhook_id, url)
        await self._database.system(lambda c: c.execute(_SEAL, webhook_id, url, as_shown, sealed))
