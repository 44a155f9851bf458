"""Entities in a usual state, and a chat between a customer and the bot."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.flow import Route, Script, Step
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    DepartmentId,
    MessageId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.menu.phrases import PHRASES
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing, Session

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def user_id(number: int) -> UserId:
    return UserId(UUID(int=number))


def message(**fields: Any) -> Message:
    """An outbound text that waits to be sent."""
    usual: dict[str, Any] = {
        "id": MessageId(UUID(int=2)),
        "tenant_id": TENANT,
        "session_id": SessionId(UUID(int=3)),
        "conversation_id": ConversationId(UUID(int=4)),
        "contact_id": ContactId(UUID(int=5)),
        "direction": Direction.OUTBOUND,
        "content": Text("Bom dia"),
        "created_at": NOW,
        "timestamp": NOW,
        "status": MessageStatus.PENDING,
        "chat": "5511987654321@c.us",
    }
    return Message(**usual | fields)


def conversation(**fields: Any) -> Conversation:
    """A round that has just been opened by a new contact."""
    usual: dict[str, Any] = {
        "id": ConversationId(UUID(int=4)),
        "tenant_id": TENANT,
        "session_id": SessionId(UUID(int=3)),
        "contact_id": ContactId(UUID(int=5)),
        "chat": "5511987654321@c.us",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Conversation(**usual | fields)


def session(**fields: Any) -> Session:
    usual: dict[str, Any] = {
        "id": SessionId(UUID(int=3)),
        "tenant_id": TENANT,
        "key": "shop",
        "name": "Shop",
        "provider": "SANDBOX",
        "routing": Routing.DEPARTMENTS,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Session(**usual | fields)


def contact(*identities: Identity, **fields: Any) -> Contact:
    return Contact(
        ContactId(UUID(int=5)), TENANT, identities or (Identity.phone("5511987654321"),), created_at=NOW, **fields
    )


def department(number: int, name: str, **fields: Any) -> Department:
    return Department(DepartmentId(UUID(int=100 + number)), TENANT, name, f"d{number}", NOW, **fields)


def user(number: int, **fields: Any) -> User:
    """An agent who is ONLINE."""
    usual: dict[str, Any] = {
        "id": user_id(number),
        "tenant_id": TENANT,
        "email": f"agent{number}@example.com",
        "name": f"Agent {number}",
        "password_hash": "-",
        "role": Role.AGENT,
        "created_at": NOW,
        "online_status": OnlineStatus.ONLINE,
    }
    return User(**usual | fields)


def candidate(number: int, load: int = 0, **fields: Any) -> Candidate:
    return Candidate(user(number, **fields), load)


SALES = department(1, "Vendas")
SUPPORT = department(2, "Suporte Técnico", is_root=True, response_timeout_minutes=7)
MONEY = department(3, "Financeiro")
ROOTLESS = (SALES, MONEY)


def script(*departments: Department, language: Language = Language.PT_BR, greeting: str | None = None) -> Script:
    """The bot of a tenant with three departments, Support being the root, unless others are given."""
    phrases = PHRASES[language]
    return Script(departments or (SALES, SUPPORT, MONEY), phrases, greeting or phrases.greeting)


@dataclass
class Chat:
    """A customer and the bot: each step is carried out as the use case does, and nobody is free.

    `said` are the bot's texts, `routes` where the conversation was sent, `told` what supervisors heard.
    """

    script: Script = field(default_factory=script)
    conversation: Conversation = field(default_factory=conversation)
    now: datetime = NOW
    said: list[str] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @classmethod
    def returning(cls, script: Script, last: Department, attendant: UserId | None = None) -> "Chat":
        """A contact whose last round was resolved in `last`."""
        return cls(script, conversation(last_department_id=last.id, last_attendant_id=attendant))

    def write(self, *texts: str) -> Step | None:
        step = None
        for text in texts:
            self.conversation.customer_wrote(self.now, None)
            step = self._carry_out(flow.customer_wrote(self.conversation, text, self.script, self.now))
        return step

    def wait(self, how_long: timedelta) -> Step | None:
        """Time passes, and the sweep over time-outs comes by."""
        self.now += how_long
        return self._carry_out(flow.timed_out(self.conversation, self.script, self.now))

    def _carry_out(self, step: Step | None) -> Step | None:
        if step is None:
            return None
        chat = self.conversation
        chat.follow(step.state, step.timeout_at, step.menu_tries, step.confirm_tries, self.now)
        if step.say and chat.may_say(self.now):
            self.said.append(step.say)
            chat.bot_said(self.now)
            if step.greets:
                chat.greeting_sent_at = chat.greeting_sent_at or self.now
        if step.route:
            self.routes.append(step.route)
            to = step.route.department
            chat.queue(to.id, self.now, to.response_timeout, step.route.reason)
        if step.notify_supervisors:
            self.told.append(step.notify_supervisors)
        return step

    @property
    def department(self) -> Department | None:
        return self.routes[-1].department if self.routes else None

    @property
    def is_settled(self) -> bool:
        """Somebody other than the bot has it or knows of it."""
        return bool(self.routes or self.told)
