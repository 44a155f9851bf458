"""The hub's webhook in a WAHA session's configuration. Pure.

WAHA's PUT replaces the whole configuration and restarts the session: everything else in it (other webhooks, proxy,
metadata, engine settings) is written back as it was read, and nothing is written if nothing differs.
Source: WAHA's OpenAPI description (SessionConfig, WebhookConfig).
"""

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text

PATH = "/webhooks/waha"
EVENTS = (
    *("session.status", "message.any", "message.reaction", "message.ack", "message.ack.group", "message.revoked"),
    *("message.edited", "poll.vote", "event.response", "call.received", "call.accepted", "call.rejected"),
)
BASIC_EVENTS = ("session.status", "message.any", "message.reaction", "message.ack")
"""Events that servers of every version know; they refuse a configuration with an unknown event."""
RETRIES = {"policy": "exponential", "delaySeconds": 2, "attempts": 15}


def with_webhook(config: JsonObject, url: str, key: str, events: tuple[str, ...] = EVENTS) -> JsonObject | None:
    """Return the configuration with the hub's webhook at `url`, signed with `key` unless that is empty; None if it has
    it already. A webhook of this session at an earlier address of the hub is moved, not doubled."""
    hooks = [obj(hook) for hook in items(config.get("webhooks"))]
    ours = next((hook for hook in hooks if is_ours(hook, url)), None)
    wanted = _webhook(ours or {"retries": RETRIES}, url, key, events)
    if ours is None:
        return {**config, "webhooks": [*hooks, wanted]}
    if ours == wanted:
        return None
    return {**config, "webhooks": [wanted if hook is ours else hook for hook in hooks]}


def without_webhook(config: JsonObject, session_id: str) -> JsonObject | None:
    """Return the configuration without this session's webhook; None if it has none."""
    hooks = [obj(hook) for hook in items(config.get("webhooks"))]
    others = [hook for hook in hooks if not is_ours(hook, f"{PATH}/{session_id}")]
    return {**config, "webhooks": others} if len(others) < len(hooks) else None


def is_ours(hook: JsonObject, url: str) -> bool:
    """Whether it posts to this session's own path, under any address of the hub."""
    _, found, own = url.partition(PATH)
    return bool(found) and text(hook.get("url")).rstrip("/").endswith(PATH + own)


def _webhook(hook: JsonObject, url: str, key: str, events: tuple[str, ...]) -> JsonObject:
    known = [text(event) for event in items(hook.get("events"))]
    missing = [] if "*" in known else [event for event in events if event not in known]
    signed: JsonObject = {"hmac": {**obj(hook.get("hmac")), "key": key}} if key else {}
    return {**hook, "url": url, "events": known + missing, **signed}
