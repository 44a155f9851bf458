"""A provider's capabilities as data: the API shows them and use cases check them."""

from dataclasses import dataclass, field
from enum import StrEnum

from whatsapp_hub.domain.errors import NotSupported
from whatsapp_hub.domain.messaging.content import MessageType


class Feature(StrEnum):
    """Optional features; most have a protocol of their own in `application/ports/provider/plugin.py`."""

    QR_CODE = "qr_code"
    PAIRING_CODE = "pairing_code"
    WEBHOOKS = "webhooks"
    TEMPLATES = "templates"
    TYPING = "typing"
    MARK_READ = "mark_read"
    REPLY = "reply"
    EDIT = "edit"
    REVOKE = "revoke"
    GROUPS = "groups"
    HISTORY = "history"
    POLLING = "polling"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most one send every `interval_s` seconds on average, `burst` of them at once."""

    interval_s: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One provider's abilities and limits.

    `session_rate` and `chat_rate` are the provider's own limits (None: none known); `holds_socket`: a connector
    process must hold the session; `reply_window_h`: hours after a customer's message in which free text may be sent.
    """

    provider: str
    sends: frozenset[MessageType]
    features: frozenset[Feature] = frozenset()
    text_limit: int = 4096
    session_rate: Rate | None = None
    chat_rate: Rate | None = None
    reply_window_h: int | None = None
    holds_socket: bool = False
    promises: tuple[str, ...] = field(default=())

    def require_type(self, kind: MessageType) -> None:
        """Raise NotSupported unless the provider sends this type."""
        if kind not in self.sends:
            raise NotSupported(self.provider, f"sending {kind}")

    def require(self, feature: Feature) -> None:
        """Raise NotSupported unless the provider has the feature."""
        if feature not in self.features:
            raise NotSupported(self.provider, feature)
