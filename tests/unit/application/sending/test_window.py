"""WhatsApp's 24-hour window: judged at the request and again before a message that waited is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.ports.provider.events import AlarmSeen
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.domain.errors import Scope, Transient, WindowClosed
from whatsapp_hub.domain.messaging.content import Template
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import AlertKind, Severity


@pytest.fixture(autouse=True)
def windowed(office: Office) -> None:
    plugin = office.plugins[LINE]
    plugin.capabilities = replace(plugin.capabilities, reply_window_h=24)


async def test_inside_the_window_everything_is_sent(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    assert conversation.window_closes_at is not None
    office.clock.pass_(hours=23)
    await office.use(SendMessage)(office.admin, conversation.id, text("Bom dia"))


async def test_after_it_only_a_template(office: Office) -> None:
    phone = a_phone()
    conversation = await office.writes(phone, "Oi")
    office.clock.pass_(hours=24)
    with pytest.raises(WindowClosed):
        await office.use(SendMessage)(office.admin, conversation.id, text("Bom dia"))
    with pytest.raises(WindowClosed):
        await office.use(StartConversation)(office.admin, office.session.id, f"+{phone}", text("Bom dia"))
    await office.use(SendMessage)(office.admin, conversation.id, Template(name="hello", language="pt_BR"))


async def test_the_customers_next_message_opens_it_again(office: Office) -> None:
    phone = a_phone()
    conversation = await office.writes(phone, "Oi")
    office.clock.pass_(hours=30)
    await office.writes(phone, "Oi?")
    await office.use(SendMessage)(office.admin, conversation.id, text("Bom dia"))


async def test_a_stranger_is_the_providers_to_judge(office: Office) -> None:
    await office.use(StartConversation)(office.admin, office.session.id, f"+{a_phone()}", text("Bom dia"))


async def test_what_waited_past_it_fails_and_says_so(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await office.use(SendMessage)(office.admin, conversation.id, text("Bom dia"))
    office.line.fails = [Transient("503", "down", retry_after_s=30, scope=Scope.RECIPIENT)]
    await office.sends()
    office.clock.pass_(hours=25)
    assert await office.sends() == []
    async with office.world.uow() as uow:
        failed = await uow.messages.get(message.id)
    assert failed.status is MessageStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "window_closed"


async def test_an_alarm_is_told_and_administrators_hear_of_what_is_worse(office: Office) -> None:
    for severity in (Severity.INFO, Severity.CRITICAL):
        seen = AlarmSeen(AlertKind.ACCOUNT_RESTRICTED, severity, "the account", office.clock())
        await office.sees(office.plugins[LINE].sees("account", seen))
    assert office.told().count("session.alert") == 2
    assert office.told().count("notification.created") == 1
