"""Columns of value objects of conversations, departments and tenants: service clocks, reasons, ratings, dialogues."""

import json
from typing import Any

from whatsapp_hub.adapters.contracts.wire import level_shown, read_level
from whatsapp_hub.adapters.postgres.engine.bulk import array
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.rating import Rating
from whatsapp_hub.domain.conversations.reasons import Reason, ReasonPart, parts_of
from whatsapp_hub.domain.conversations.service_clock import ServiceClock
from whatsapp_hub.domain.menu.burst import BurstEntry
from whatsapp_hub.domain.service.deadlines import Deadline, Deadlines, Target
from whatsapp_hub.domain.service.service_level import ServiceLevel

COLUMNS: dict[str, str | tuple[str, str]] = {
    "routing_reason_parts": "text",
    "first_customer_at": "timestamptz",
    "first_response_at": "timestamptz",
    "first_response_due_at": "timestamptz",
    "first_response_warn_at": "timestamptz",
    "resolution_due_at": "timestamptz",
    "resolution_warn_at": "timestamptz",
    "target_look_at": "timestamptz",
    "breaches": ("text", "text[]"),
    "pauses": ("text", "timestamptz[]"),
    "rating_asked_at": "timestamptz",
    "rating": "smallint",
    "rated_at": "timestamptz",
    "rated_user_id": "uuid",
    "menu_tries": "int",
    "confirm_tries": "int",
    "asks": "bool",
    "silenced": "bool",
    "bot_texts": ("text", "timestamptz[]"),
    "heard_at": "timestamptz",
    "media_at": "timestamptz",
}


def values_of(conversation: Conversation) -> dict[str, object]:
    """Map the values by column. Those that most conversations lack are null, which the partial indexes leave out."""
    targets, rating, dialogue = conversation.targets, conversation.rating, conversation.dialogue
    return {
        "routing_reason_parts": stored_parts(conversation.routing_reason),
        "first_customer_at": conversation.clock.first_customer_at,
        "first_response_at": conversation.clock.first_response_at,
        "first_response_due_at": targets.first_response.due_at,
        "first_response_warn_at": targets.first_response.warn_at,
        "resolution_due_at": targets.resolution.due_at,
        "resolution_warn_at": targets.resolution.warn_at,
        "target_look_at": conversation.target_look_at,
        "breaches": array(targets.breaches) if targets.breaches else None,
        "pauses": array(t.isoformat() for pause in targets.pauses for t in pause) if targets.pauses else None,
        "rating_asked_at": rating.asked_at,
        "rating": rating.value,
        "rated_at": rating.given_at,
        "rated_user_id": rating.user_id,
        "menu_tries": dialogue.menu_tries,
        "confirm_tries": dialogue.confirm_tries,
        "asks": dialogue.asks,
        "silenced": dialogue.silenced,
        "bot_texts": array(at.isoformat() for at in dialogue.texts),
        "heard_at": dialogue.heard.at,
        "media_at": dialogue.heard.media_at,
    }


def read(values: dict[str, Any]) -> dict[str, Any]:
    """Decode a row's values; these columns become `clock`, `rating` and `dialogue`."""
    mine = {name: values.pop(name) for name in COLUMNS}
    values["routing_reason"] = reason_of(values["routing_reason"], mine["routing_reason_parts"])
    times = mine["pauses"] or ()
    targets = Deadlines(
        Deadline(mine["first_response_due_at"], mine["first_response_warn_at"]),
        Deadline(mine["resolution_due_at"], mine["resolution_warn_at"]),
        tuple(Target(name) for name in mine["breaches"] or ()),
        tuple(zip(times[::2], times[1::2], strict=True)),
    )
    values["clock"] = ServiceClock(mine["first_customer_at"], mine["first_response_at"], targets)
    heard = BurstEntry(mine["heard_at"], mine["media_at"])
    tries = mine["menu_tries"], mine["confirm_tries"]
    values["dialogue"] = Dialogue(mine["asks"], *tries, heard, mine["silenced"], tuple(mine["bot_texts"]))
    values["rating"] = Rating(mine["rating_asked_at"], mine["rating"], mine["rated_at"], mine["rated_user_id"])
    return values


def stored_parts(reason: str | None) -> str | None:
    """Encode a reason's codes and values to store; None without any."""
    parts = [[part.code, part.values] for part in parts_of(reason)]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")) if parts else None


def reason_of(sentence: str | None, parts: str | None) -> str | None:
    """Decode a reason; one from before there were codes is its sentence alone."""
    if sentence is None or parts is None:
        return sentence
    return Reason(sentence, (ReasonPart(code, values) for code, values in json.loads(parts)))


def level_of(stored: str) -> ServiceLevel:
    """Decode a stored service level."""
    return read_level(json.loads(stored))


def stored_level(level: ServiceLevel) -> str:
    """Encode a service level to store, without unset values."""
    return json.dumps({name: value for name, value in level_shown(level).items() if value is not None})
