"""Convert WAHA's answers to polls into the webhooks that it should have posted. Pure."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, instant, items, obj, text
from whatsapp_hub.adapters.providers.waha.inbound import split
from whatsapp_hub.application.ports.provider.events import RawUpdate

PAGE = 100
PIECE = 10
"""Messages converted at a time: a few milliseconds, between which the process does other work. A server may send more
than a page."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of a poll's overview, with the time of its last message."""

    id: str
    last_at: datetime


def chats_path(session: str, page: int) -> str:
    """Return the path of a page of chats, the latest first."""
    return f"/api/{session}/chats/overview?limit={PAGE}&offset={page * PAGE}"


def messages_path(session: str, chat: str, since: datetime, page: int) -> str:
    """Build the path of one page of a chat's messages since a time, oldest first."""
    query = {
        "limit": PAGE,
        "offset": page * PAGE,
        "sortBy": "timestamp",
        "sortOrder": "asc",
        "downloadMedia": "false",
        "filter.timestamp.gte": int(since.timestamp()),
    }
    return f"/api/{session}/chats/{quote(chat, safe='@')}/messages?{urlencode(query)}"


def chats(answer: object) -> list[Chat]:
    """Read the overview of chats; rows without an id are left out."""
    rows = [obj(row) for row in items(answer)]
    return [Chat(text(row["id"]), instant(obj(row.get("lastMessage")).get("timestamp"))) for row in rows if "id" in row]


def status(session: str, info: JsonObject, now: datetime) -> RawUpdate:
    """Make an update of the state, with an id of its own: the same state may be seen again later."""
    payload: JsonObject = {"name": session, "status": text(info.get("status"))}
    id = f"asked:{now.timestamp()}"
    [update] = split(_webhook("session.status", session, payload, now, me=info.get("me"), id=id))
    return update


def messages(session: str, rows: list[object], now: datetime) -> list[RawUpdate]:
    """Make updates of messages; rows without an id are none."""
    payloads = [payload for row in rows if (payload := obj(row)).get("id")]
    return [update for payload in payloads for update in split(_webhook("message.any", session, payload, now))]


def _webhook(event: str, session: str, payload: JsonObject, now: datetime, **more: object) -> bytes:
    envelope = {"event": event, "session": session, "timestamp": int(now.timestamp() * 1000), "payload": payload}
    return msgspec.json.encode(clean(envelope | more))
