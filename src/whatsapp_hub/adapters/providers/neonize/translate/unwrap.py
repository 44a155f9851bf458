"""Unwrap WhatsApp Web's messages: their envelopes, and what comes beside the content. Pure."""

from whatsapp_hub.adapters.providers.lenient import JsonObject, obj

_WRAPPERS = (
    "deviceSentMessage",
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "groupMentionedMessage",
    "botInvokeMessage",
    "lottieStickerMessage",
    "associatedChildMessage",
    "pollCreationMessageV4",
    "spoilerMessage",
)
KEYS_ONLY = frozenset(
    {"senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo"}
)
_NOTICES = frozenset({"pinInChatMessage", "keepInChatMessage", "encReactionMessage", "albumMessage"})
_DEPTH = 8


def unwrapped(message: JsonObject) -> JsonObject:
    """Return the message inside its envelopes (sent from another device, disappearing, view once, edited, …)."""
    for _ in range(_DEPTH):
        inner = next((obj(obj(message[name]).get("message")) for name in _WRAPPERS if name in message), None)
        if inner is None:
            return message
        message = inner
    return message


def is_empty(message: JsonObject) -> bool:
    """Whether it is nothing but keys: a sender's first group message has them in a separate event with the same id."""
    return not (unwrapped(message).keys() - KEYS_ONLY)


def is_notice(message: JsonObject) -> bool:
    """Whether a phone shows nothing of it: it only changes an earlier message (a pin), or is an album's frame, whose
    photos come alone."""
    return bool(_NOTICES & message.keys())


def context_of(message: JsonObject) -> JsonObject:
    """Return the context (quoted message, mentions), wherever its kind has it."""
    return next((obj(obj(part).get("contextInfo")) for part in message.values() if obj(part).get("contextInfo")), {})
