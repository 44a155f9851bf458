"""An event in memory forgets an erased contact as the log does: its position stays."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import ConversationId, TenantId

OURS, THEIRS = TenantId(uuid4()), TenantId(uuid4())


def event(position: int, tenant_id: TenantId, type: str, round: UUID | None, **body: object) -> LoggedEvent:
    conversation_id = ConversationId(round) if round else None
    return LoggedEvent(position, tenant_id, type, None, conversation_id, datetime.now(UTC), json.dumps(body).encode())


def test_what_was_about_an_erased_contact_is_blank() -> None:
    recent, contact, round, other = EventBuffer(), uuid4(), uuid4(), uuid4()
    recent.begin(0)
    recent.add(event(1, OURS, "message.received", round, text="words"))
    recent.add(event(2, OURS, "message.received", other, text="another's"))
    recent.add(event(3, OURS, "contact.updated", None, contact={"id": str(contact), "name": "Ana"}))
    recent.add(event(4, THEIRS, "message.received", round, text="another company's"))
    told = {"contactId": str(contact), "conversationIds": [str(round)]}
    recent.add(event(5, OURS, "contact.erased", None, **told))
    seen = recent.since(0, OURS, 10)
    assert seen is not None
    assert [(one.position, one.type) for one in seen] == [
        (1, "event.erased"),
        (2, "message.received"),
        (3, "event.erased"),
        (5, "contact.erased"),
    ]
    assert [one.body for one in seen if one.type == "event.erased"] == [b"{}", b"{}"]
    theirs = recent.since(0, THEIRS, 10)
    assert theirs
    assert b"another company's" in theirs[0].body
