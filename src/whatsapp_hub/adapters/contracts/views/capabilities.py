"""A provider's capabilities in the form of the API."""

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Rate
from whatsapp_hub.domain.messaging.content import MessageType


class RateView(View):
    """At most one send every `intervalSeconds` on average, `burst` of them at once."""

    interval_seconds: float
    burst: int

    @classmethod
    def of(cls, rate: Rate) -> "RateView":
        """Show a rate: seconds between sends, and how many at once."""
        return cls(rate.interval_s, rate.burst)


class CapabilitiesView(View):
    """A provider's abilities and limits. `replyWindowHours`: for how long after a customer's message free text may be
    sent; null: without a limit."""

    provider: str
    sends: list[MessageType]
    features: list[Feature]
    text_limit: int
    session_rate: RateView | None
    chat_rate: RateView | None
    reply_window_hours: int | None
    holds_socket: bool
    promises: list[str]

    @classmethod
    def of(cls, has: Capabilities) -> "CapabilitiesView":
        """Show what a provider can do."""
        return cls(
            provider=has.provider,
            sends=sorted(has.sends),
            features=sorted(has.features),
            text_limit=has.text_limit,
            session_rate=RateView.of(has.session_rate) if has.session_rate else None,
            chat_rate=RateView.of(has.chat_rate) if has.chat_rate else None,
            reply_window_hours=has.reply_window_h,
            holds_socket=has.holds_socket,
            promises=list(has.promises),
        )
