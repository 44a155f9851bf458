"""A session's settings at rest: encoded by the provider's plugin, sealed by the hub's key, bound to the session. Those
of providers that it left, or moves to by itself, too."""

import logging
from typing import Any
from uuid import UUID

import msgspec
from cachetools import LRUCache

from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.moving import OtherProvider, OtherRole
from whatsapp_hub.domain.sessions.session import REACHOUT_TIMELOCK, UNREADABLE, SessionStatus

log = logging.getLogger(__name__)

_REMEMBERED = 10_000

_KEEP = """
    INSERT INTO hub.session_providers (session_id, tenant_id, role, provider, settings, routes, since, until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (session_id, role, provider) DO UPDATE SET
      settings = excluded.settings, routes = excluded.routes, since = excluded.since, until = excluded.until"""
_OTHER = """
    SELECT session_id, role, provider, settings, since, until FROM hub.session_providers
    WHERE session_id = $1 AND role = ANY($2::text[]) AND ($3::text IS NULL OR provider = $3)
      AND (until IS NULL OR until > (SELECT now FROM hub.time)) ORDER BY role LIMIT 1"""
_ARRIVED = "DELETE FROM hub.session_providers WHERE session_id = $1 AND role = 'arriving'"
_CANCEL = "DELETE FROM hub.session_providers WHERE session_id = $1 AND role = 'planned' RETURNING true"
PLANNED_AND_DUE = f"""
    FROM hub.session_providers o JOIN hub.sessions s ON s.id = o.session_id
    WHERE o.role = 'planned' AND (s.status = '{SessionStatus.BANNED}' OR s.status_reason = '{REACHOUT_TIMELOCK}')"""
# In any order: those that cannot move yet hold up no others.
_RESTRICTED = f"SELECT s.id {PLANNED_AND_DUE} ORDER BY random() LIMIT $1"


class SettingsVault:
    """Sealed settings, opened once and cached: unsealing and decoding would cost time at every webhook. `sealed` counts
    the settings that this process wrote: a copy made at another count is out of date."""

    def __init__(self, box: SecretBox, providers: Providers) -> None:
        self.box = box
        self._providers = providers
        self._opened: LRUCache[tuple[UUID, str, bytes], object] = LRUCache(_REMEMBERED)
        self.sealed = 0

    def seal(self, session_id: UUID, provider: str, settings: object) -> bytes:
        """Seal settings. Raises KeyError for a provider that this hub does not have."""
        self.sealed += 1
        shown = self._providers.plugin(provider).encode_settings(settings, secrets=True)
        return self.box.seal(msgspec.json.encode(shown), _context(session_id))

    def open(self, session_id: UUID, provider: str, sealed: bytes) -> object:
        """Open sealed settings. None for a provider that this hub does not have (any more); UNREADABLE with a wrong
        key, which is logged once: one session's broken settings must not disturb the others."""
        key = (session_id, provider, sealed)
        if key in self._opened:
            return self._opened[key]
        if provider not in self._providers.plugins:
            return None
        settings = self._opened[key] = self._open(session_id, provider, sealed)
        return settings

    def _open(self, session_id: UUID, provider: str, sealed: bytes) -> object:
        try:
            plain = msgspec.json.decode(self.box.open(sealed, _context(session_id)), type=dict[str, object])
            return self._providers.decode_stored(provider, plain)
        except (ValueError, msgspec.MsgspecError, Invalid) as error:
            log.error("session.settings_unreadable", extra={"session_id": str(session_id), "why": type(error).__name__})
            return UNREADABLE

    def holds_socket(self, provider: str) -> bool:
        """Whether connectors hold sessions of this provider."""
        return self._providers.holds_socket(provider)

    def routes(self, provider: str, settings: object) -> tuple[str, ...]:
        """Return the names by which webhooks of such a session may address it."""
        return self._providers.plugin(provider).routes(settings)


def _context(session_id: UUID) -> str:
    return f"session:{session_id}"


class PostgresOtherProviders:
    """Implements `OtherProviders`."""

    def __init__(self, connection: Any, tenant_id: TenantId, vault: SettingsVault) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._vault = vault

    async def keep(self, other: OtherProvider) -> None:
        """Insert or replace it, with the routes by which late webhooks find it."""
        sealed = self._vault.seal(other.session_id, other.provider, other.settings)
        routes = list(self._vault.routes(other.provider, other.settings))
        if other.role is OtherRole.PLANNED:
            await self.cancel(other.session_id)
        values = (other.session_id, self._tenant_id, other.role, other.provider, sealed, routes)
        await self._connection.execute(_KEEP, *values, other.since, other.until)

    async def beside(self, session_id: SessionId, provider: str) -> OtherProvider | None:
        """Read one that is still kept, the newest settings first."""
        return await self._one(session_id, [OtherRole.ARRIVING, OtherRole.LEFT], provider)

    async def arrived(self, session_id: SessionId) -> None:
        """Delete what was kept for the length of a move."""
        await self._connection.execute(_ARRIVED, session_id)

    async def planned(self, session_id: SessionId) -> OtherProvider | None:
        """Read where it moves by itself."""
        return await self._one(session_id, [OtherRole.PLANNED], None)

    async def cancel(self, session_id: SessionId) -> bool:
        """Delete the plan."""
        return bool(await self._connection.fetchval(_CANCEL, session_id))

    async def due(self, limit: int) -> list[SessionId]:
        """Find planned ones by the states of their sessions."""
        return [row["id"] for row in await self._connection.fetch(_RESTRICTED, limit)]

    async def _one(self, session_id: SessionId, roles: list[OtherRole], provider: str | None) -> OtherProvider | None:
        row = await self._connection.fetchrow(_OTHER, session_id, roles, provider)
        if row is None:
            return None
        settings = self._vault.open(row["session_id"], row["provider"], row["settings"])
        when = (row["since"], row["until"])
        return OtherProvider(row["session_id"], OtherRole(row["role"]), row["provider"], settings, *when)
