"""Contents of messages for tests: any kind by its type and stored form, and the stored form of any."""

from __future__ import annotations

import json
from typing import Any

from whatsapp_hub.adapters.postgres.repositories import stored_content
from whatsapp_hub.domain.messaging.content import Content, MessageType


def content(type: MessageType, text: str = "", media_url: str | None = None, **data: Any) -> Content:
    return stored_content.decode(type.value, text, media_url, None, json.dumps(data) if data else None)


def data_of(content: Content) -> dict[str, Any]:
    """Return what is stored of a content beside type, text and file."""
    data = stored_content.encode(content).data
    return json.loads(data) if data else {}
