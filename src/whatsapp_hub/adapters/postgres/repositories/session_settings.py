"""A session's settings at rest: encoded by the provider's plugin, sealed by the hub's key, bound to the session."""

import logging
from uuid import UUID

import msgspec
from cachetools import LRUCache

from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.sessions.session import UNREADABLE

log = logging.getLogger(__name__)

_REMEMBERED = 10_000


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
