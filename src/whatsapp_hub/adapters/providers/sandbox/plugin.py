"""The sandbox's plugin: kind, capabilities, and no settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.providers.sandbox import inbound
from whatsapp_hub.adapters.providers.sandbox.client import Sandbox
from whatsapp_hub.adapters.providers.sandbox.outbound import SENDS
from whatsapp_hub.adapters.providers.settings import Fields
from whatsapp_hub.application.ports.edge.sandbox import SandboxPhones
from whatsapp_hub.application.ports.provider.events import ProviderEvent
from whatsapp_hub.application.ports.provider.plugin import Host, ReceivesWebhooks
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature
from whatsapp_hub.domain.messaging.contact import Identity

KIND = "SANDBOX"

CAPABILITIES = Capabilities(
    provider=KIND,
    sends=SENDS,
    features=frozenset({Feature.REPLY, Feature.EDIT, Feature.REVOKE}),  # accepted; the phone shows only texts
    promises=("A message and its receipts are stored in one transaction: none is lost.",),
    id_prefix="sandbox.",
)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """No settings."""


class SandboxPlugin:
    """Implements `Plugin`; nothing leaves the hub."""

    kind = KIND
    capabilities = CAPABILITIES
    webhooks: ReceivesWebhooks | None = None

    def __init__(self, phones: SandboxPhones, now: Callable[[], datetime], new_id: Callable[[], UUID]) -> None:
        self._phones = phones
        self._now = now
        self._new_id = new_id

    def decode_settings(self, settings: Mapping[str, object]) -> SandboxSettings:
        """Raise Invalid for any setting: the sandbox has none."""
        Fields(settings, frozenset()).done()
        return SandboxSettings()

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        """Return no settings."""
        return {}

    def routes(self, settings: object) -> tuple[str, ...]:
        """Return no routes: the sandbox posts no webhooks."""
        return ()

    def chat_of(self, identity: Identity) -> str:
        """Return a phone's digits."""
        return identity.address or identity.value

    def translate(self, body: bytes) -> list[ProviderEvent]:
        """Convert a stored update into events."""
        return inbound.translate(body)

    def connect(self, host: Host) -> Sandbox:
        """Make the client over the hub's simulated phones."""
        return Sandbox(self._phones, self._now, self._new_id)
