"""Files of messages: what is known of them, and the record of those that the file store holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from whatsapp_hub.application.ports.storage.files import ABANDONED, UNNAMED
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId, SessionId
from whatsapp_hub.domain.messaging.media import Digest, Media

SIZE = "coalesce(size, octet_length(content), 0)::bigint"
COLUMNS = f"id, tenant_id, mime_type, file_name, {SIZE} AS size, sha256, created_at, thumbnail, thumbnail_size"
ONE = f"SELECT {COLUMNS} FROM media WHERE id = $1"
_UPLOAD = """
    SELECT uploads -> $2::text ->> 'id' FROM media
    WHERE id = $1 AND (uploads -> $2::text ->> 'at')::timestamptz >= $3"""
_KEEP_UPLOAD = """
    UPDATE media SET uploads = coalesce(uploads, '{}')
      || jsonb_build_object($2::text, jsonb_build_object('id', $3::text, 'at', $4::timestamptz))
    WHERE id = $1"""
_FORGET_UPLOAD = "UPDATE media SET uploads = uploads - $2::text WHERE id = $1 AND uploads ? $2::text"
# A file that is sent again is locked: the erasure of the message that had it checks for others.
_ADD = """
    INSERT INTO media (id, tenant_id, mime_type, file_name, size, sha256, created_at, thumbnail, thumbnail_size)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, size = excluded.size, sha256 = excluded.sha256,
      thumbnail = coalesce(excluded.thumbnail, media.thumbnail),
      thumbnail_size = coalesce(excluded.thumbnail_size, media.thumbnail_size), content = NULL
    RETURNING xmax = 0 AS is_new"""
FREED = """
    freed AS (
      UPDATE hub.media_use SET bytes = greatest(bytes - (SELECT coalesce(sum(size), 0) FROM gone), 0)
      WHERE tenant_id = hub.tenant()),
    unnamed AS (
      UPDATE files SET look_at = greatest(look_at, (SELECT now FROM hub.time))
      WHERE tenant_id = hub.tenant() AND sha256 IN (SELECT sha256 FROM gone UNION ALL SELECT thumbnail FROM gone))"""
"""Part of a statement that deletes rows of files (`gone`, with `size`, `sha256` and `thumbnail` of each): frees the
company's quota, and has the store's files looked at."""

_ANNOUNCE = """
    INSERT INTO files AS f (tenant_id, sha256, size, look_at)
    VALUES (hub.tenant(), $1, $2, (SELECT now FROM hub.time) + $3)
    ON CONFLICT (tenant_id, sha256) DO UPDATE SET look_at = excluded.look_at WHERE f.doomed_at IS NULL RETURNING true"""
_DUE = """
    SELECT sha256 FROM files WHERE tenant_id = hub.tenant() AND look_at <= (SELECT now FROM hub.time)
      AND (doomed_at IS NULL OR doomed_at <= (SELECT now FROM hub.time) - $2::interval)
    ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED"""
_NAMED = """
    UPDATE files f SET look_at = NULL WHERE tenant_id = hub.tenant() AND sha256 = ANY ($1::text[]) AND doomed_at IS NULL
      AND (EXISTS (SELECT FROM media m WHERE m.tenant_id = f.tenant_id AND m.sha256 = f.sha256)
        OR EXISTS (SELECT FROM media m WHERE m.tenant_id = f.tenant_id AND m.thumbnail = f.sha256))"""
_DOOM = """
    UPDATE files SET doomed_at = (SELECT now FROM hub.time)
    WHERE tenant_id = hub.tenant() AND sha256 = ANY ($1::text[]) AND look_at IS NOT NULL RETURNING sha256"""
_FORGET = """
    DELETE FROM files WHERE tenant_id = hub.tenant() AND sha256 = ANY ($1::text[]) AND doomed_at IS NOT NULL"""

_OLD = "SELECT id FROM media WHERE tenant_id = hub.tenant() AND content IS NOT NULL ORDER BY id LIMIT $1"
_PIECE = "SELECT substring(content FROM $2 FOR $3) FROM media WHERE id = $1"
_MOVED = """
    UPDATE media SET sha256 = $2, size = $3, content = NULL WHERE id = $1 AND octet_length(content) = $3"""


def media_of(row: Any) -> Media:
    """Build a file from its row."""
    values = dict(row)
    small, size = values.pop("thumbnail"), values.pop("thumbnail_size")
    return Media(**values, thumbnail=Digest(small, size) if small else None)


class PostgresMedia:
    """Implements `MediaFiles`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def get(self, media_id: MediaId) -> Media:
        """Read what is known of a file. Raises NotFound."""
        row = await self._connection.fetchrow(ONE, media_id)
        if row is None:
            raise NotFound("media", media_id)
        return media_of(row)

    async def add(self, media: Media) -> bool:
        """Insert a file; False: its id is there already."""
        m = media
        small = (m.thumbnail.sha256, m.thumbnail.size) if m.thumbnail else (None, None)
        values = (m.id, m.tenant_id, m.mime_type, m.file_name, m.size, m.sha256, m.created_at, *small)
        is_new: bool = await self._connection.fetchval(_ADD, *values)
        return is_new

    async def upload(self, session_id: SessionId, media_id: MediaId, since: datetime) -> str | None:
        found: str | None = await self._connection.fetchval(_UPLOAD, media_id, str(session_id), since)
        return found

    async def keep_upload(self, session_id: SessionId, media_id: MediaId, provider_id: str, at: datetime) -> None:
        await self._connection.execute(_KEEP_UPLOAD, media_id, str(session_id), provider_id, at)

    async def forget_upload(self, session_id: SessionId, media_id: MediaId) -> None:
        await self._connection.execute(_FORGET_UPLOAD, media_id, str(session_id))


class PostgresStoredFiles:
    """Implements `StoredFiles`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def announce(self, file: Digest, unnamed: timedelta = UNNAMED) -> bool:
        """Insert the file, or postpone the look at it; False while it is being deleted."""
        return bool(await self._connection.fetchval(_ANNOUNCE, file.sha256, file.size, unnamed))

    async def take_unnamed(self, limit: int, abandoned: timedelta = ABANDONED) -> list[str]:
        """Lock what is due, so that an announcement waits; then look for rows that name it."""
        due = [row["sha256"] for row in await self._connection.fetch(_DUE, limit, abandoned)]
        if not due:
            return []
        await self._connection.execute(_NAMED, due)
        return [row["sha256"] for row in await self._connection.fetch(_DOOM, due)]

    async def forget(self, sha256s: Sequence[str]) -> None:
        """Delete the rows of deleted files."""
        await self._connection.execute(_FORGET, list(sha256s))


class PostgresOldFiles:
    """Implements `OldFiles`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def some(self, limit: int) -> list[MediaId]:
        """Read ids along an index of such rows alone."""
        return [MediaId(row["id"]) for row in await self._connection.fetch(_OLD, limit)]

    async def piece(self, media_id: MediaId, start: int, size: int) -> bytes | None:
        """Read bytes; PostgreSQL fetches no more than these."""
        found: bytes | None = await self._connection.fetchval(_PIECE, media_id, start + 1, size)
        return found

    async def moved(self, media_id: MediaId, file: Digest) -> None:
        """Name the stored file in the place of the bytes, if it is all of them."""
        await self._connection.execute(_MOVED, media_id, file.sha256, file.size)
