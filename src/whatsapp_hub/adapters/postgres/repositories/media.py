"""Files of messages, in PostgreSQL until media have their own store: any host that sends one can read it."""

from typing import Any

from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.media import Media

_COLUMNS = "id, tenant_id, mime_type, file_name, content, created_at"
ONE = f"SELECT {_COLUMNS} FROM media WHERE id = $1"
# A file that is sent again is locked: the erasure of the message that had it checks for others.
_AGAIN = "ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at RETURNING xmax = 0 AS is_new"
FREED = """
    freed AS (
      UPDATE hub.media_use SET bytes = greatest(bytes - (SELECT coalesce(sum(size), 0) FROM gone), 0)
      WHERE tenant_id = hub.tenant())"""
"""Part of a statement that deletes files (`gone`, with the `size` of each): frees the company's quota."""
_ADD = f"INSERT INTO media ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) {_AGAIN}"


def media_of(row: Any) -> Media:
    """Build a file from its row."""
    return Media(**dict(row))


class PostgresMedia:
    """Implements `MediaFiles`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def get(self, media_id: MediaId) -> Media:
        """Read a file with its bytes. Raises NotFound."""
        row = await self._connection.fetchrow(ONE, media_id)
        if row is None:
            raise NotFound("media", media_id)
        return media_of(row)

    async def add(self, media: Media) -> bool:
        """Insert a file; False: its id is there already."""
        m, values = media, (media.content, media.created_at)
        is_new: bool = await self._connection.fetchval(_ADD, m.id, m.tenant_id, m.mime_type, m.file_name, *values)
        return is_new
