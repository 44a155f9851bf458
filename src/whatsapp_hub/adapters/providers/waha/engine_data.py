"""What WAHA's engines say of a message in their own form (`_data`), which WAHA's fields leave out. Pure.

WEBJS and WPP describe it in WhatsApp Web's words; NOWEB (`_data.message`) and GOWS (`_data.Message`) pass on WhatsApp's
own message, in the spelling of Baileys and of whatsmeow.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, number, obj, text, whole
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.content import CallState, Content, call

_WRAPPERS = (
    *("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "editedMessage"),
    *("documentWithCaptionMessage", "deviceSentMessage", "groupMentionedMessage", "associatedChildMessage"),
)
_ONCE = frozenset({"viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension"})
_ENVELOPES = frozenset({"messageContextInfo", "senderKeyDistributionMessage", "base64"})
_DEPTH = 8
_OFTEN = 5
"""So many times forwarded is "forwarded many times" on a phone."""
_POLLS = tuple(f"pollCreationMessage{version}" for version in ("", "V2", "V3", "V5", "V6"))


def proto_of(payload: JsonObject) -> JsonObject:
    """Return WhatsApp's own message, out of its envelopes; empty for other engines."""
    return _opened(payload)[0]


def _opened(payload: JsonObject) -> tuple[JsonObject, bool]:
    inner = obj(payload.get("_data"))
    message, once = obj(inner.get("message")) or obj(inner.get("Message")), False
    for _ in range(_DEPTH):
        name = next((name for name in _WRAPPERS if obj(obj(message.get(name)).get("message"))), None)
        if name is None:
            break
        message, once = obj(obj(message[name]).get("message")), once or name in _ONCE
    return message, once


def is_view_once(payload: JsonObject) -> bool | None:
    """Whether the phone shows it once; None where the engine does not say."""
    inner, (message, once) = obj(payload.get("_data")), _opened(payload)
    told = inner.get("isViewOnce") is True or any(obj(part).get("viewOnce") is True for part in message.values())
    return True if once or told else None


def is_envelope(payload: JsonObject) -> bool:
    """Whether a phone shows nothing of it: an album's frame (its photos come alone), or keys."""
    message = proto_of(payload)
    kind = text(obj(payload.get("_data")).get("type"))
    return kind == "album" or "albumMessage" in message or (bool(message) and not message.keys() - _ENVELOPES)


def forwarded(payload: JsonObject) -> tuple[bool, bool]:
    """Return whether it was forwarded, and whether many times."""
    inner, parts = obj(payload.get("_data")), [obj(part) for part in proto_of(payload).values()]
    contexts = [inner, *(obj(part.get("contextInfo")) for part in parts)]
    score = max((whole(context.get("forwardingScore")) or 0 for context in contexts), default=0)
    return score > 0 or any(context.get("isForwarded") is True for context in contexts), score >= _OFTEN


def content_in(payload: JsonObject) -> Content | None:
    """Convert what only the engine's form says; None where WAHA's own fields have it all, or nobody has."""
    message = proto_of(payload)
    for name, convert in _BY_FIELD.items():
        if part := obj(message.get(name)):
            return convert(part)
    inner = obj(payload.get("_data"))
    convert_kind = _BY_KIND.get(text(inner.get("type")))
    return convert_kind(inner) if convert_kind else None


def kinds_named(payload: JsonObject) -> list[str]:
    """Return the kinds that the engine names for a message that nobody here knows."""
    named = sorted(proto_of(payload).keys() - _ENVELOPES)
    return named or [kind for kind in [text(obj(payload.get("_data")).get("type"))] if kind]


def _poll(part: JsonObject) -> Content:
    options = tuple(text(obj(option).get("optionName")) for option in items(part.get("options")))
    return _made_poll(text(part.get("name")), options, whole(part.get("selectableOptionsCount")))


def _webjs_poll(inner: JsonObject) -> Content:
    options = tuple(text(obj(option).get("name")) for option in items(inner.get("pollOptions")))
    return _made_poll(text(inner.get("pollName")), options, whole(inner.get("pollSelectableOptionsCount")))


def _made_poll(name: str, options: tuple[str, ...], selectable: int | None) -> Content:
    return kinds.Poll("\n".join([name, *options]), options=options, several=selectable != 1)


def _event(part: JsonObject) -> Content:
    name, what = text(part.get("name")), text(part.get("description"))
    place = obj(part.get("location"))
    return kinds.Event(
        "\n".join(word for word in (name, what) if word) or "event",
        name=name or None,
        starts_at=_moment(part.get("startTime")),
        ends_at=_moment(part.get("endTime")),
        place=text(place.get("name")) or text(place.get("address")) or None,
        canceled=part.get("isCanceled") is True,
    )


def _moment(value: object) -> datetime | None:
    """Read seconds since 1970, which some engines write as text."""
    seconds = number(int(value) if isinstance(value, str) and value.isdigit() and len(value) < 12 else value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < 1e11 else None


def _order(part: JsonObject) -> Content:
    """Convert a cart, whose lines WhatsApp keeps: only their number comes along."""
    count, total = whole(part.get("itemCount")), number(part.get("totalAmount1000"))
    currency = text(part.get("totalCurrencyCode")) or None
    line = kinds.OrderLine(text(part.get("orderTitle")), count or 1, None if total is None else total / 1000, currency)
    said = text(part.get("message")) or f"an order of {count or 1} item(s)"
    return kinds.Order(said, lines=(line,))


def _choice(kind: str, title: str, id: str) -> Callable[[JsonObject], Content]:
    def convert(part: JsonObject) -> Content:
        said = text(part.get(title)) or text(part.get("title"))
        chosen = text(part.get(id)) or text(part.get(id.replace("Id", "ID")))
        return kinds.Choice(said or chosen, kind=kind, id=chosen)

    return convert


def _list_choice(part: JsonObject) -> Content:
    reply = obj(part.get("singleSelectReply"))
    id = text(reply.get("selectedRowId")) or text(reply.get("selectedRowID"))
    return kinds.Choice(text(part.get("title")) or id, kind="list", id=id)


def _flow_choice(part: JsonObject) -> Content:
    flow = obj(part.get("nativeFlowResponseMessage"))
    try:
        given = obj(json.loads(text(flow.get("paramsJson")) or text(flow.get("paramsJSON")) or "{}"))
    except (ValueError, RecursionError):
        given = {}
    said, id = text(obj(part.get("body")).get("text")), text(given.get("id"))
    more: dict[str, Any] = {"name": text(flow.get("name")), "params": clean(given)}
    return kinds.Choice(said or id or "a form", kind="flow", id=id, extra=more)


def _live_location(part: JsonObject) -> Content:
    return kinds.Location(
        text(part.get("caption")),
        latitude=number(part.get("degreesLatitude")),
        longitude=number(part.get("degreesLongitude")),
        live=True,
    )


def _template(part: JsonObject) -> Content | None:
    hydrated = obj(part.get("hydratedTemplate")) or obj(part.get("hydratedFourRowTemplate"))
    said = text(hydrated.get("hydratedContentText"))
    return kinds.Template(said) if said else None


def _buttons(part: JsonObject) -> Content | None:
    said = text(part.get("contentText"))
    buttons = tuple(_button(obj(button)) for button in items(part.get("buttons")))
    return kinds.Buttons(said, buttons=buttons) if said and buttons else None


def _button(part: JsonObject) -> kinds.Button:
    title = text(obj(part.get("buttonText")).get("displayText"))
    return kinds.Button(text(part.get("buttonId")) or text(part.get("buttonID")), title)


def _call_log(inner: JsonObject) -> Content:
    """Convert WhatsApp Web's entry of a call that is over."""
    seconds = whole(inner.get("callDuration")) or None
    state = CallState.ACCEPTED if seconds else CallState.MISSED
    return call(state, video=inner.get("isVideoCall") is True, seconds=seconds)


def _list(part: JsonObject) -> Content:
    said = text(part.get("description")) or text(part.get("title"))
    return kinds.ListMenu(said, button=text(part.get("buttonText")), sections=tuple(items(clean(part.get("sections")))))


_BY_FIELD: dict[str, Callable[[JsonObject], Content | None]] = {
    **dict.fromkeys(_POLLS, _poll),
    "eventMessage": _event,
    "orderMessage": _order,
    "buttonsResponseMessage": _choice("button", "selectedDisplayText", "selectedButtonId"),
    "templateButtonReplyMessage": _choice("button", "selectedDisplayText", "selectedId"),
    "listResponseMessage": _list_choice,
    "interactiveResponseMessage": _flow_choice,
    "liveLocationMessage": _live_location,
    "templateMessage": _template,
    "buttonsMessage": _buttons,
    "listMessage": _list,
}
_BY_KIND: dict[str, Callable[[JsonObject], Content | None]] = {
    "poll_creation": _webjs_poll,
    "call_log": _call_log,
    "buttons_response": _choice("button", "body", "selectedButtonId"),
    "template_button_reply": _choice("button", "body", "selectedId"),
    "list_response": lambda inner: _list_choice(obj(inner.get("listResponse")) or inner),
}
