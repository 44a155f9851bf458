"""Validate what socket clients send. Raises Invalid with the field's name."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from whatsapp_hub.domain.errors import Conflict, HubError, Invalid, Unauthenticated
from whatsapp_hub.domain.ids import ConversationId
from whatsapp_hub.domain.text import is_storable, storable

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

ANY_ORIGIN = "*"
BROWSER = "whatsapp_hub.browser"
"""Key of the environ: the token of a browser's cookie, where a page of the hub's own opens the socket."""


def origins(frontend_url: str | None) -> Callable[[str | None, dict[str, Any]], bool]:
    """Allow our own pages and those of `frontend_url` (`*`: all)."""
    frontend = frontend_url.rstrip("/") if frontend_url else None

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        if frontend == ANY_ORIGIN:
            return True
        hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST")}
        return origin is not None and (origin == frontend or urlsplit(origin).netloc in hosts - {None})

    return allowed


def token(said: dict[str, Any]) -> str:
    """Return the credential of `auth: {token}`, given alone or as `Bearer …`. Raises Unauthenticated."""
    value = said.get("token")
    if not isinstance(value, str) or not is_storable(value):
        raise Unauthenticated("auth: {token} is needed")
    scheme, _, credential = value.strip().partition(" ")
    bare = credential.strip() if scheme.lower() == "bearer" else value.strip()
    if not bare:
        raise Unauthenticated("auth: {token} is needed")
    return bare


def credential(said: dict[str, Any], environ: dict[str, Any]) -> str:
    """Return the credential of `auth: {token}`, else that of the browser's cookie. Raises Unauthenticated."""
    held = environ.get(BROWSER)
    return str(held) if held and "token" not in said else token(said)


def address(environ: dict[str, Any]) -> str | None:
    """Return the socket's client address, as trusted proxies report it; None over a Unix socket."""
    client = environ.get("asgi.scope", {}).get("client")
    return str(client[0]) if client else None


def company(said: dict[str, Any]) -> str | None:
    """Return the company of `auth: {companyId}` that a MASTER wants to act for."""
    value = said.get("companyId")
    return str(value) if value else None


def after(value: object) -> int | None:
    """Read the last position a client saw, as a number or its text. Raises Invalid."""
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid.field("after", "must be a position of the log")
    return int(text)


def text(data: Any, name: str, default: str) -> str:
    """Read a text sent alone or in an object."""
    return _storable(data.get(name, default) if isinstance(data, dict) else data or default, name)


def field(data: Any, name: str) -> object:
    """Return a field of any type; None if it is missing."""
    return data.get(name) if isinstance(data, dict) else None


def needed(data: Any, name: str) -> str:
    """Read a required text of an object."""
    return _storable(field(data, name), name)


def moment(data: Any, name: str) -> datetime | None:
    """Read an optional time in RFC 3339 form, in UTC where it has no zone. Raises Invalid."""
    value = field(data, name)
    if value is None:
        return None
    try:
        at = msgspec.convert(value, datetime)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (msgspec.ValidationError, OverflowError):
        raise Invalid.field(name, "must be a time such as 2026-12-01T12:00:00Z") from None


def _storable(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Invalid.field(name, "must be text")
    if not is_storable(value):
        raise Invalid.field(name, "must not contain NUL or lone surrogates")
    return value


def named(data: Any, *names: str) -> str:
    """Return the first of these fields that is text, to name in a refusal what the client asked for."""
    given = [data.get(name) for name in names] if isinstance(data, dict) else [data]
    return storable(next((value for value in given if isinstance(value, str)), "")[:128])


def code_of(error: HubError) -> str:
    """Return an error's code: `not_found`, `forbidden` …; a Conflict has a code of its own."""
    return error.code if isinstance(error, Conflict) else _CAPITAL.sub("_", type(error).__name__).lower()


def conversation_id(data: Any) -> ConversationId:
    """Read the required `conversationId`. Raises Invalid."""
    try:
        return ConversationId(UUID(text(data, "conversationId", "")))
    except ValueError:
        raise Invalid.field("conversationId", "must be a UUID") from None
