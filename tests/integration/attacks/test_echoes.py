"""What WAHA tells us of our own messages, when it did not tell us their id."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes.providers import PlainPlugin
from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.providers.waha.plugin import Waha
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, Origin
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.domain.conversations.conversation import FlowState
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy


def now() -> datetime:
    return datetime.now(UTC)


async def receive(world: World, session_id: Any, **payload: Any) -> None:
    body = json.dumps({"event": "message.any", "session": "default", "payload": payload}).encode()
    await world.hub.owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
           VALUES ($1, $2, $3, $4, 'WAHA', 'c', $5)""",
        *(str(session_id), uuid4().hex, world.tenant.id, session_id, body),
    )
    host: Any = None
    providers = Providers({"WAHA": Waha(now)}, host)
    follow = AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5)
    assert not await ReceiveEvents(world.hub.storage, providers, now, new_id, follow)(world.tenant.id)


@pytest.mark.parametrize(("source", "is_silenced"), [("api", False), ("app", True)])
async def test_only_what_was_typed_on_the_phone_silences_the_bot(world: World, source: str, is_silenced: bool) -> None:
    """The echo of a bot text whose send was answered without an id is nobody's typing."""
    session = await world.add_session("WAHA")
    customer, phone = "5511977776666@c.us", "5511977776666"
    asked: dict[str, Any] = {"chat": customer, "flow_state": FlowState.GREETING, "timeout_at": now()}
    conversation = await world.conversation(phone, session, **asked)
    id = f"true_{customer}_{uuid4().hex}"
    told = {"id": id, "from": customer, "fromMe": True, "body": "Escolha", "timestamp": now().timestamp()}
    await receive(world, session.id, source=source, **told)
    async with world.uow() as uow:
        stored = await uow.conversations.get(conversation.id)
    assert (stored.dialogue.silenced, stored.timeout_at is None) == (is_silenced, is_silenced)


class Past(PlainPlugin):
    """Tells one message of ours, typed on the phone long ago or just now."""

    def __init__(self, message: MessageSeen) -> None:
        super().__init__("META")
        self._message = message

    def translate(self, body: bytes) -> list[MessageSeen]:
        return [self._message]


@pytest.mark.parametrize("origin", list(Origin))
async def test_what_was_typed_long_ago_silences_nobody(world: World, origin: Origin) -> None:
    phone = "5511977776655"
    session = await world.add_session("META")
    asked: dict[str, Any] = {"flow_state": FlowState.GREETING, "timeout_at": now(), "unread_count": 2}
    conversation = await world.conversation(phone, session, chat=phone, **asked)
    identity, content = Identity.phone(phone), Text.plain("typed on the phone")
    typed = MessageSeen(uuid4().hex, phone, ChatKind.PERSON, (identity,), content, now(), from_me=True, origin=origin)
    await world.hub.owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
           VALUES ($1, $2, $3, $4, 'META', 'c', 'x')""",
        *(str(session.id), uuid4().hex, world.tenant.id, session.id),
    )
    host: Any = None
    plugins: Any = {"META": Past(typed)}
    receive = ReceiveEvents(
        world.hub.storage, Providers(plugins, host), now, new_id, AdvanceConnection(now, ReconnectPolicy(), lambda: 0.5)
    )
    assert not await receive(world.tenant.id)
    async with world.uow() as uow:
        stored = await uow.conversations.get(conversation.id)
    is_past = origin is Origin.HISTORY
    assert (stored.dialogue.silenced, stored.unread_count) == ((False, 2) if is_past else (True, 0))
    assert (stored.timeout_at is not None) == is_past
