"""MediaLinks: addresses that open files without a credential, for a while."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId, TenantId

PATH = "/api/media/links/"
LIFETIME = timedelta(hours=1)
FOR_PROGRAMS = timedelta(hours=24)
"""Of those in webhooks and in what gateways' clients hear: as long as a webhook is tried."""
MOST_CHARACTERS = 1_000
_SEALED_AS = "media link"


@dataclass(frozen=True, slots=True)
class Link:
    """An address, and until when it is good."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MediaLinks:
    """The address holds company, file and time, sealed with HUB_SECRET_KEY: nothing of it can be guessed or changed,
    and nothing is stored. `base`: the hub's address as others reach it."""

    box: SecretBox
    clock: Clock
    base: str

    def to(self, tenant_id: TenantId, media_id: MediaId, lifetime: timedelta = LIFETIME) -> Link:
        """Make a link to a file."""
        until = self.clock() + lifetime
        sealed = self.box.seal(json.dumps([tenant_id.hex, media_id.hex, int(until.timestamp())]).encode(), _SEALED_AS)
        token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        return Link(f"{self.base}{PATH}{token}", datetime.fromtimestamp(int(until.timestamp()), UTC))

    def for_program(self, tenant_id: TenantId, media_id: MediaId) -> str:
        """Make a link for who has no credential at hand when it fetches the file."""
        return self.to(tenant_id, media_id, FOR_PROGRAMS).url

    def opened(self, token: str) -> tuple[TenantId, MediaId]:
        """Return company and file of a link. Raises NotFound: none of ours, or too old."""
        try:
            if len(token) > MOST_CHARACTERS:
                raise ValueError
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            tenant, media, until = json.loads(self.box.open(sealed, _SEALED_AS))
        except (ValueError, binascii.Error):
            raise NotFound("link", "to a file") from None
        if self.clock().timestamp() > until:
            raise NotFound("link", "to a file")
        return TenantId(UUID(tenant)), MediaId(UUID(media))
