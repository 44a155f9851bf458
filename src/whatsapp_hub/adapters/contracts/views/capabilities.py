"""A provider's capabilities in the form of the API."""

from whatsapp_hub.domain.messaging.capabilities import Capabilities, Rate


def capabilities(has: Capabilities) -> dict[str, object]:
    return {
        "provider": has.provider,
        "sends": sorted(has.sends),
        "features": sorted(has.features),
        "textLimit": has.text_limit,
        "sessionRate": _rate(has.session_rate),
        "chatRate": _rate(has.chat_rate),
        "replyWindowHours": has.reply_window_h,
        "holdsSocket": has.holds_socket,
        "promises": list(has.promises),
    }


def _rate(rate: Rate | None) -> dict[str, object] | None:
    return {"intervalSeconds": rate.interval_s, "burst": rate.burst} if rate else None
