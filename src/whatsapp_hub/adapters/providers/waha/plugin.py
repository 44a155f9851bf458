"""WAHA's plugin: kind, capabilities, settings, webhooks."""

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import routes, scan
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.waha import inbound, names
from whatsapp_hub.adapters.providers.waha.client import WahaClient
from whatsapp_hub.adapters.providers.waha.content import SENDS
from whatsapp_hub.adapters.providers.waha.settings import (
    WahaSettings,
    decode,
    decode_partial,
    encode,
    missing,
    unbound,
    warnings,
)
from whatsapp_hub.application.ports.provider.events import ProviderEvent, RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Host, ReceivesWebhooks
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Rate
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

KIND = "WAHA"
_NAMES_LOOKED_AT = 8
_SIGNATURE = re.compile(r"[0-9A-Fa-f]{128}")

CAPABILITIES = Capabilities(
    provider=KIND,
    sends=SENDS,
    features=frozenset(
        {
            Feature.QR_CODE,
            Feature.WEBHOOKS,
            Feature.TYPING,
            Feature.MARK_READ,
            Feature.REPLY,
            Feature.EDIT,
            Feature.REVOKE,
            Feature.DOWNLOAD,
            Feature.GROUPS,
            Feature.POLLING,
            Feature.BLOCK,
        }
    ),
    session_rate=Rate(interval_s=3.0, burst=3),
    promises=(
        "WAHA repeats a webhook as often as its own retry policy says, then forgets it.",
        "Where the engine takes no id of ours, a send whose answer was lost or empty is matched by its echo's words.",
    ),
    addresses=frozenset({IdentityKind.PHONE, IdentityKind.LID}),
)


@dataclass(frozen=True, slots=True)
class WahaWebhooks:
    """Implements `ReceivesWebhooks`: HMAC-SHA512 over the raw body, in `x-webhook-hmac`."""

    def split(self, body: bytes) -> list[RawUpdate]:
        """Split a body into updates."""
        return inbound.split(body)

    def names(self, body: bytes) -> frozenset[str]:
        """Scan the raw body for session names, before anything is verified or parsed."""
        return frozenset(routes(*(("name", name) for name in scan(body, "session", most=_NAMES_LOOKED_AT))))

    def verify(self, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        """Verify the HMAC-SHA512 over the raw bytes; True without a key, since WAHA then signs nothing."""
        settings = own(WahaSettings, settings)
        if not settings.hmac_key:
            return True
        expected = hmac.digest(settings.hmac_key.encode(), body, "sha512").hex()
        given = headers.get("x-webhook-hmac", "").lower()
        return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())

    def secret_of(self, settings: object) -> str:
        """Return the session's HMAC key; empty: its webhooks are not signed."""
        settings = own(WahaSettings, settings)
        return settings.hmac_key

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        """Whether the request has a header that looks like a signature."""
        return _SIGNATURE.fullmatch(headers.get("x-webhook-hmac", "")) is not None

    def handshake(self, settings: object, query: Mapping[str, str]) -> str | None:
        """Return None: WAHA has no handshake."""
        return None


class Waha:
    """The plugin. `now` gives the time at which a session's state was seen; `public_url` is where WAHA reaches the
    hub; `reach`: which servers companies may name."""

    kind = KIND
    capabilities = CAPABILITIES
    webhooks: ReceivesWebhooks | None = WahaWebhooks()

    def __init__(self, now: Callable[[], datetime], public_url: str = "", reach: Reach | None = None) -> None:
        self._now = now
        self._public_url = public_url
        self._reach = reach or Reach()

    def decode_settings(self, settings: Mapping[str, object]) -> WahaSettings:
        """Decode all settings, and check that the server's address may be called. Raises Invalid."""
        decoded = decode(settings)
        self._reach.check(decoded.url, "settings/url")
        return decoded

    def decode_partial(self, settings: Mapping[str, object]) -> WahaSettings:
        """Decode what is there; `missing` names the rest."""
        return decode_partial(settings)

    def missing(self, settings: object) -> Mapping[str, str]:
        """Name each variable that is still needed, with what lacks without it."""
        settings = own(WahaSettings, settings)
        return missing(settings)

    def warnings(self, settings: object) -> Mapping[str, str]:
        """Name settings that work but are unsafe, with the reason."""
        settings = own(WahaSettings, settings)
        return warnings(settings)

    def unbound(self, settings: object, changes: Mapping[str, object]) -> Collection[str]:
        return unbound(own(WahaSettings, settings), changes)

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        """Encode for the database (`secrets`) or for the API."""
        settings = own(WahaSettings, settings)
        return encode(settings, secrets=secrets)

    def routes(self, settings: object) -> tuple[str, ...]:
        """Return the session's name on its server, by which its webhooks address it."""
        settings = own(WahaSettings, settings)
        return routes(("name", settings.session))

    def takes_statuses(self, settings: object) -> bool:
        return own(WahaSettings, settings).statuses

    def chat_of(self, identity: Identity) -> str:
        """Return a JID; a BSUID has none and stays as it is."""
        return names.chat_of(identity) or identity.value

    def translate(self, body: bytes) -> list[ProviderEvent]:
        """Convert a stored update into events."""
        return inbound.translate(body)

    def connect(self, host: Host) -> WahaClient:
        """Make the client, one for all sessions."""
        return WahaClient(self._now, self._public_url, self._reach)
