"""Requests that name what is another tenant's, what is over, or what is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.providers import PlainPlugin
from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.integrations.subscriptions import SessionWebhook, WebhookRules
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.serve_queue import ServeFreed, ServeQueue
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.application.sending.settle_message import RetryMessage
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession, SessionChanges, UpdateSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.conversation import FlowState
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import UserId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Limit
from whatsapp_hub.domain.messaging.content import MessageType, Text
from whatsapp_hub.domain.messaging.message import Outcome


def now() -> datetime:
    return datetime.now(UTC)


class Plugin(PlainPlugin):
    capabilities = Capabilities("SANDBOX", {MessageType.TEXT: Limit(4096)})

    def chat_of(self, identity: Any) -> str:
        return str(identity.value)


NOBODY: Any = None
PROVIDERS = Providers({"SANDBOX": Plugin("SANDBOX")}, NOBODY)  # type: ignore[dict-item]
WEBHOOK = SessionWebhook(new_id, WebhookRules(allow_private=False))


def admin(world: World, user_id: Any = None, role: Role = Role.ADMIN) -> Caller:
    return Caller(world.tenant.id, role, "user:somebody", user_id or UserId(new_id()), "a@example.com")


async def test_a_session_cannot_be_bound_to_anothers_department_or_user(world: World, new_world: Any) -> None:
    other = await new_world()
    department, user = await other.add_department(), await other.add_user()
    create = CreateSession(world.hub.storage, PROVIDERS, now, new_id, WEBHOOK)
    for field, given in (("/department_id", {"department_id": department.id}), ("/user_id", {"user_id": user.id})):
        with pytest.raises(Invalid) as refused:
            await create(admin(world), NewSession("x", "SANDBOX", **given))
        assert [flaw.pointer for flaw in refused.value.flaws] == [field]
    update = UpdateSession(world.hub.storage, PROVIDERS, now, WEBHOOK, NOBODY)
    with pytest.raises(Invalid):
        await update(admin(world), world.session.id, SessionChanges(department_id=department.id))


async def test_a_master_starts_a_conversation_for_a_tenant_without_being_its_user(world: World) -> None:
    commands: Any = None  # of no session that holds a socket
    start = StartConversation(
        world.hub.storage,
        PROVIDERS,
        now,
        new_id,
        ShowCustomer(PROVIDERS, commands, new_id, world.hub.storage),
        ReadNumber(LibraryPlans()),
        OpenRound(PROVIDERS, new_id),
    )
    master = admin(world, role=Role.MASTER)
    started = await start(master, world.session.id, "5511988887777", Text.plain("Oi"))
    assert started.assigned_user_id is None


async def test_what_is_resolved_is_not_assigned_even_to_whoever_had_it(world: World) -> None:
    user = await world.add_user()
    conversation = await world.conversation()
    async with world.uow() as uow:
        stored = await uow.conversations.get(conversation.id)
        stored.assign(user.id, None, now(), "test")
        stored.resolve(now())
        await uow.conversations.save([stored])
        await uow.commit()
    storage = world.hub.storage
    assign = AssignConversation(storage, now, new_id, ServeFreed(storage, ServeQueue(storage, now, new_id)))
    with pytest.raises(Conflict):
        await assign(admin(world, user.id), conversation.id)


async def test_a_message_of_a_deleted_session_is_not_retried(world: World) -> None:
    gone = await world.add_session()
    conversation = await world.conversation(session=gone)
    message = world.make_message(conversation, outcome=Outcome.UNKNOWN)
    async with world.uow() as uow:
        await uow.messages.add([message])
        await uow.sessions.remove(gone.id)
        await uow.commit()
    with pytest.raises(Conflict):
        await RetryMessage(world.hub.storage, now, new_id)(admin(world), message.id)


async def test_questions_of_a_deleted_session_do_not_keep_others_from_timing_out(world: World) -> None:
    late: dict[str, Any] = {"flow_state": FlowState.GREETING, "dialogue": Dialogue(asks=True, menu_tries=1)}
    gone = await world.add_session()
    for minutes in (3, 2):
        await world.conversation(session=gone, timeout_at=now() - timedelta(minutes=minutes), **late)
    mine = await world.conversation(timeout_at=now() - timedelta(minutes=1), **late)
    root = await world.add_department(is_root=True)
    async with world.uow() as uow:
        await uow.sessions.remove(gone.id)
        await uow.commit()
    expire = ExpireFlows(world.hub.storage, now, new_id)
    assert [await expire(world.tenant.id, limit=2) for _ in range(2)] == [3, 0]
    async with world.uow() as uow:
        assert (await uow.conversations.get(mine.id)).department_id == root.id
