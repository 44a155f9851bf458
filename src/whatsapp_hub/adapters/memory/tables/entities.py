"""The tables that several repositories read."""

from whatsapp_hub.adapters.memory.engine.database import Table
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.preferences import Preferences
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    DepartmentId,
    MessageId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session

TENANTS: Table[TenantId, Tenant] = Table("tenants")
"""The hub's own rows (`Transaction.of(None)`)."""
CONTACTS: Table[ContactId, Contact] = Table("contacts")
CONVERSATIONS: Table[ConversationId, Conversation] = Table("conversations")
ASSIGNMENTS: Table[int, tuple[int, Assignment]] = Table("assignments")
MESSAGES: Table[MessageId, Message] = Table("messages")
"""In the order in which they were added, which is their conversation's."""
EARLY: Table[MessageId, ProviderKey] = Table("early_changes")
"""Changes whose message is not known yet, and which it is."""
MARKED: Table[ConversationId, int] = Table("marked")
"""How far WhatsApp was told that a conversation's messages were read."""
DEPARTMENTS: Table[DepartmentId, Department] = Table("departments")
USERS: Table[UserId, User] = Table("users")
PREFERENCES: Table[UserId, Preferences] = Table("preferences")
SESSIONS: Table[SessionId, Session] = Table("sessions")
