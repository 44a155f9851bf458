"""What clients of sockets send, checked. Raises Invalid with the field's name."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId


def origins(frontend_url: str | None) -> Callable[[str | None, dict[str, Any]], bool]:
    """Our own pages, and those of `frontend_url`."""
    frontend = frontend_url.rstrip("/") if frontend_url else None

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST")}
        return origin is not None and (origin == frontend or urlsplit(origin).netloc in hosts - {None})

    return allowed


def after(value: object) -> int | None:
    """The last position a client saw, as a number or its text; Invalid if it is none."""
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid.field("after", "must be a position of the log")
    return int(text)


def text(data: Any, name: str, default: str) -> str:
    """A value given alone or in an object."""
    value = data.get(name, default) if isinstance(data, dict) else data or default
    if not isinstance(value, str):
        raise Invalid.field(name, "must be text")
    return value


def conversation_id(data: Any) -> ConversationId:
    try:
        return ConversationId(UUID(text(data, "conversationId", "")))
    except ValueError:
        raise Invalid.field("conversationId", "must be a UUID") from None
