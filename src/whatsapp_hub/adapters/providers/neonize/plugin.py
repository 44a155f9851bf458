"""neonize's plugin: kind, capabilities, settings. Importing it loads neither neonize nor its Go library."""

from collections.abc import Mapping

from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.native import jids
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings, decode, encode
from whatsapp_hub.adapters.providers.neonize.translate import inbound
from whatsapp_hub.adapters.providers.neonize.translate.content import SENDS
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.application.ports.provider.events import ProviderEvent
from whatsapp_hub.application.ports.provider.plugin import Host, ReceivesWebhooks
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Rate
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

KIND = "NEONIZE"

CAPABILITIES = Capabilities(
    provider=KIND,
    sends=SENDS,
    features=frozenset(
        {
            *(Feature.QR_CODE, Feature.PAIRING_CODE, Feature.TYPING, Feature.MARK_READ),
            *(
                Feature.REPLY,
                Feature.EDIT,
                Feature.REVOKE,
                Feature.GROUPS,
                Feature.HISTORY,
                Feature.DOWNLOAD,
                Feature.BLOCK,
            ),
        }
    ),
    session_rate=Rate(interval_s=3.0, burst=1),
    holds_socket=True,
    promises=(
        "A message is stored before it is acknowledged to WhatsApp; ticks (delivered, read) are acknowledged at once,"
        " and can be lost if a connector is killed.",
        "No message id can be chosen: a send whose answer was lost is settled by an answer that comes late, or by a"
        " person.",
    ),
    addresses=frozenset({IdentityKind.PHONE, IdentityKind.LID}),
)


class Neonize:
    """The plugin. `store_url`: where connectors keep the devices' keys; `allow_private`: files to send may be at
    private addresses."""

    kind = KIND
    capabilities = CAPABILITIES
    webhooks: ReceivesWebhooks | None = None

    def __init__(self, store_url: str, *, allow_private: bool = False) -> None:
        self._store_url = store_url
        self._allow_private = allow_private

    def decode_settings(self, settings: Mapping[str, object]) -> NeonizeSettings:
        return decode(settings)

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        settings = own(NeonizeSettings, settings)
        return encode(settings, secrets=secrets)

    def routes(self, settings: object) -> tuple[str, ...]:
        return ()

    def takes_statuses(self, settings: object) -> bool:
        return own(NeonizeSettings, settings).statuses

    def chat_of(self, identity: Identity) -> str:
        """Return a JID; a BSUID has none and stays as it is."""
        return jids.chat_of(identity) or identity.value

    def translate(self, body: bytes) -> list[ProviderEvent]:
        return inbound.translate(body)

    def connect(self, host: Host) -> NeonizeClient:
        return NeonizeClient(host, HttpFetch(allow_private=self._allow_private), lambda: DeviceStore(self._store_url))
