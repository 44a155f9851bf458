"""Convert polls, events and carts of WhatsApp Web's, and what people answer to them. Pure."""

from datetime import UTC, datetime

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text, whole
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.content import Content

_LATEST_S = 100_000_000_000
"""Times beyond are no times."""


def poll(part: JsonObject) -> Content:
    """Convert a poll; 0 selectable options are any number."""
    options = tuple(text(obj(option).get("optionName")) for option in items(part.get("options")))
    several = whole(part.get("selectableOptionsCount")) != 1
    return kinds.Poll("\n".join([text(part.get("name")), *options]), options=options, several=several)


def order(part: JsonObject) -> Content:
    """Convert a cart, whose lines WhatsApp keeps: only their number comes along."""
    count, total = whole(part.get("itemCount")) or 1, whole(part.get("totalAmount1000"))
    currency = text(part.get("totalCurrencyCode")) or None
    line = kinds.OrderLine(text(part.get("orderTitle")), count, None if total is None else total / 1000, currency)
    return kinds.Order(text(part.get("message")) or f"an order of {count} item(s)", lines=(line,))


def event(part: JsonObject) -> Content:
    name, place = text(part.get("name")), obj(part.get("location"))
    return kinds.Event(
        "\n".join(word for word in (name, text(part.get("description"))) if word) or "event",
        name=name or None,
        starts_at=_moment(part.get("startTime")),
        ends_at=_moment(part.get("endTime")),
        place=text(place.get("name")) or text(place.get("address")) or None,
        canceled=part.get("isCanceled") is True,
    )


def _moment(value: object) -> datetime | None:
    seconds = whole(value) or 0
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST_S else None


def vote(part: JsonObject) -> Content:
    """Convert a vote, which is encrypted: only whose poll it is about is known."""
    return kinds.Vote(message_id=text(obj(part.get("pollCreationMessageKey")).get("ID")), secret=True)


def answer(part: JsonObject) -> Content:
    """Convert an answer to an event, which is encrypted too."""
    return kinds.EventAnswer(message_id=text(obj(part.get("eventCreationMessageKey")).get("ID")))
