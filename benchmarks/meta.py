"""Webhook bodies as Meta's Cloud API posts and signs them (Graph API, webhooks, messages field)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

SHARED_PATH = "/webhooks/whatsapp"
ACCOUNT_ID = "102290129340398"


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(secret: str, body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json", "X-Hub-Signature-256": signature(secret, body)}


def text_message(phone_number_id: str, customer: str, wamid: str, text: str, sent_at: int | None = None) -> bytes:
    """Return the body of one text message."""
    message = {
        "from": customer,
        "id": wamid,
        "timestamp": str(sent_at or int(time.time())),
        "text": {"body": text},
        "type": "text",
    }
    contact = {"profile": {"name": f"Customer {customer[-4:]}"}, "wa_id": customer}
    return _body(phone_number_id, {"contacts": [contact], "messages": [message]})


def file_message(phone_number_id: str, customer: str, wamid: str, kind: str, id: str, mime_type: str) -> bytes:
    """Return the body of one file, named by Meta's id."""
    file = {"id": id, "mime_type": mime_type, "sha256": "x"}
    message = {"from": customer, "id": wamid, "timestamp": str(int(time.time())), "type": kind, kind: file}
    contact = {"profile": {"name": f"Customer {customer[-4:]}"}, "wa_id": customer}
    return _body(phone_number_id, {"contacts": [contact], "messages": [message]})


def statuses(phone_number_id: str, several: Sequence[dict[str, Any]]) -> bytes:
    return _body(phone_number_id, {"statuses": list(several)})


def status(wamid: str, customer: str, state: str, callback_data: str | None = None) -> dict[str, Any]:
    """Return a receipt. `state`: sent, delivered or read. `callback_data`: the send's biz_opaque_callback_data."""
    one: dict[str, Any] = {"id": wamid, "status": state, "timestamp": str(int(time.time())), "recipient_id": customer}
    return one | ({"biz_opaque_callback_data": callback_data} if callback_data else {})


def _body(phone_number_id: str, value: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": phone_number_id}
    change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": "messages"}
    document = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": [change]}]}
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def request(path: str, secret: str, body: bytes, host: str = "127.0.0.1") -> bytes:
    """Return the whole HTTP/1.1 request as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: {signature(secret, body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
