"""The plugin of Meta's Cloud API: kind, capabilities, settings, webhooks."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import routes, scan
from whatsapp_hub.adapters.providers.meta_cloud import inbound
from whatsapp_hub.adapters.providers.meta_cloud.client import MetaClient
from whatsapp_hub.adapters.providers.meta_cloud.content import SENDS
from whatsapp_hub.adapters.providers.meta_cloud.settings import MetaSettings, decode, decode_partial, encode, missing
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.application.ports.provider.events import ProviderEvent, RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Host, ReceivesWebhooks
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Rate
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

KIND = "META"
_SIGNATURE_HEADER = "x-hub-signature-256"
_IDS_LOOKED_AT = 8
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}").fullmatch

_NO_SECRET = "\0no app secret"  # noqa: S105 - no secret at all
"""Replaces a missing secret: it matches no signature, so that all webhooks of such a number are refused (Meta repeats
them for days). An empty one would mean that nothing is checked."""

CAPABILITIES = Capabilities(
    provider=KIND,
    sends=SENDS,
    features=frozenset(
        {
            Feature.WEBHOOKS,
            Feature.TEMPLATES,
            Feature.TYPING,
            Feature.MARK_READ,
            Feature.REPLY,
            Feature.DOWNLOAD,
            Feature.GROUPS,
            Feature.HISTORY,
            Feature.THREADS,
            Feature.BSUID,
            Feature.BLOCK,
        }
    ),
    session_rate=Rate(interval_s=1 / 80, burst=20),
    chat_rate=Rate(interval_s=6.0, burst=45),
    reply_window_h=24,
    promises=(
        "Meta repeats a webhook for up to 7 days until we have stored it.",
        "A send whose answer was lost is settled by its receipt, which carries our own id back.",
    ),
    addresses=frozenset({IdentityKind.PHONE, IdentityKind.BSUID}),
    id_prefix="wamid.",
)


@dataclass(frozen=True, slots=True)
class MetaWebhooks:
    """One app secret signs for every number of a Meta app."""

    def split(self, body: bytes) -> list[RawUpdate]:
        return split(body)

    def names(self, body: bytes) -> frozenset[str]:
        """Return phone number ids found anywhere; without one (account events), the first ids that may be accounts'."""
        if phones := frozenset([f"phone:{id}" for id in scan(body, "phone_number_id")]):
            return phones
        return frozenset([f"waba:{id}" for id in scan(body, "id", most=_IDS_LOOKED_AT) if id.isdigit()])

    def verify(self, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        """Verify over the raw bytes: Meta signs its own escaping of them."""
        settings = own(MetaSettings, settings)
        if not settings.app_secret:
            return False
        expected = "sha256=" + hmac.digest(settings.app_secret.encode(), body, "sha256").hex()
        return _same(headers.get(_SIGNATURE_HEADER, ""), expected)

    def secret_of(self, settings: object) -> str:
        settings = own(MetaSettings, settings)
        return settings.app_secret or _NO_SECRET

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return _SIGNATURE(headers.get(_SIGNATURE_HEADER, "")) is not None

    def handshake(self, settings: object, query: Mapping[str, str]) -> str | None:
        settings = own(MetaSettings, settings)
        if query.get("hub.mode") != "subscribe" or not settings.verify_token:
            return None
        if not _same(query.get("hub.verify_token", ""), settings.verify_token):
            return None
        return query.get("hub.challenge", "")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


class MetaCloud:
    """The plugin. `now` gives the time at which a session was seen to be up."""

    kind = KIND
    capabilities = CAPABILITIES
    webhooks: ReceivesWebhooks | None = MetaWebhooks()

    def __init__(self, graph_url: str, version: str, now: Callable[[], datetime]) -> None:
        self._base = f"{graph_url.rstrip('/')}/{version.strip('/')}".rstrip("/")
        self._now = now

    def decode_settings(self, settings: Mapping[str, object]) -> MetaSettings:
        return decode(settings)

    def decode_partial(self, settings: Mapping[str, object]) -> MetaSettings:
        return decode_partial(settings)

    def missing(self, settings: object) -> Mapping[str, str]:
        settings = own(MetaSettings, settings)
        return missing(settings)

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        settings = own(MetaSettings, settings)
        return encode(settings, secrets=secrets)

    def routes(self, settings: object) -> tuple[str, ...]:
        settings = own(MetaSettings, settings)
        return routes(("phone", settings.phone_number_id), ("waba", settings.business_account_id))

    def chat_of(self, identity: Identity) -> str:
        """Return the phone's digits, a BSUID, or a group's id."""
        return identity.address or identity.value

    def translate(self, body: bytes) -> list[ProviderEvent]:
        return inbound.translate(body)

    def connect(self, host: Host) -> MetaClient:
        return MetaClient(self._base, self._now)
