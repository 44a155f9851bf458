"""The Queries port: each call a transaction of its own as hub_app, without locks."""

from typing import Any

from whatsapp_hub.adapters.postgres import contacts, conversations, departments, messages, sessions, users
from whatsapp_hub.adapters.postgres.queries import conversation_list
from whatsapp_hub.adapters.postgres.queries.cursors import Newer, Older, read_older, written
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import ConversationFilter, Page, Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.contact import Contact
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.department import Department
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, MessageId, SessionId, TenantId, UserId
from whatsapp_hub.domain.message import Message
from whatsapp_hub.domain.session import Session
from whatsapp_hub.domain.tenant import Tenant
from whatsapp_hub.domain.user import OnlineStatus, Role, User

_CONVERSATION = f"SELECT {conversations.COLUMNS} FROM conversations WHERE id = $1"
_QUEUE = f"""
    SELECT {conversations.COLUMNS} FROM conversations WHERE department_id = $1 AND status = 'OPEN'
    ORDER BY routed_at, id"""
_MESSAGES = f"""
    SELECT {messages.COLUMNS}, seq FROM messages WHERE conversation_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"""
_USERS = f"""
    {users.SELECT} WHERE u.tenant_id = hub.tenant()
      AND ($1::text IS NULL OR u.role = $1) AND ($2::bool IS NULL OR u.is_active = $2)
      AND ($3::text IS NULL OR u.online_status = $3) AND ($4::uuid IS NULL OR u.department_id = $4)
    ORDER BY lower(u.name), u.id"""


class PostgresQueries:
    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def _rows(self, tenant_id: TenantId, statement: str, *arguments: object) -> list[Any]:
        async with self._storage.connection(tenant_id) as connection:
            rows: list[Any] = await connection.fetch(statement, *arguments)
            return rows

    async def _one(self, tenant_id: TenantId, kind: str, key: object, statement: str) -> Any:
        rows = await self._rows(tenant_id, statement, key)
        if not rows:
            raise NotFound(kind, key)
        return rows[0]

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        return await self._storage.known_tenant(tenant_id)

    async def conversations(
        self, tenant_id: TenantId, sight: Sight, filter: ConversationFilter, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        sql, arguments = conversation_list.statement(tenant_id, sight, filter, limit + 1, cursor)
        rows = await self._rows(tenant_id, sql, *arguments)
        page = [conversations.conversation_of(row) for row in rows[:limit]]
        return Page(page, written(Newer(page[-1].updated_at, page[-1].id)) if len(rows) > limit else None)

    async def conversation(self, tenant_id: TenantId, sight: Sight, conversation_id: ConversationId) -> Conversation:
        row = await self._one(tenant_id, "conversation", conversation_id, _CONVERSATION)
        conversation = conversations.conversation_of(row)
        if not is_in(sight, conversation):
            raise NotFound("conversation", conversation_id)
        return conversation

    async def messages(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Message]:
        before = read_older(cursor).seq if cursor is not None else 2**63 - 1
        async with self._storage.connection(tenant_id) as connection:
            rows = await connection.fetch(_MESSAGES, conversation_id, before, limit + 1)
            if not rows and not await connection.fetchval(_CONVERSATION, conversation_id):
                raise NotFound("conversation", conversation_id)
        page = [messages.message_of(row) for row in reversed(rows[:limit])]
        return Page(page, written(Older(rows[limit - 1]["seq"])) if len(rows) > limit else None)

    async def message(self, tenant_id: TenantId, message_id: MessageId) -> Message:
        return messages.message_of(
            await self._one(tenant_id, "message", message_id, f"{messages.SELECT} WHERE id = $1")
        )

    async def contact_of(self, tenant_id: TenantId, conversation_id: ConversationId) -> Contact:
        async with self._storage.connection(tenant_id) as connection:
            row = await connection.fetchrow(contacts.OF_CONVERSATION, conversation_id)
            if row is None:
                raise NotFound("conversation", conversation_id)
            names = await connection.fetch(contacts.IDENTITIES, [row["id"]])
        return contacts.contact_of(row, map(contacts.identity_of, names))

    async def users(
        self,
        tenant_id: TenantId,
        role: Role | None = None,
        active: bool | None = None,
        online_status: OnlineStatus | None = None,
        department_id: DepartmentId | None = None,
    ) -> list[User]:
        rows = await self._rows(tenant_id, _USERS, role, active, online_status, department_id)
        return [users.user_of(row) for row in rows]

    async def user(self, tenant_id: TenantId, user_id: UserId) -> User:
        return users.user_of(await self._one(tenant_id, "user", user_id, f"{users.SELECT} WHERE id = $1"))

    async def departments(self, tenant_id: TenantId) -> list[Department]:
        return [departments.department_of(row) for row in await self._rows(tenant_id, departments.ALL)]

    async def department(self, tenant_id: TenantId, department_id: DepartmentId) -> Department:
        return departments.department_of(await self._one(tenant_id, "department", department_id, departments.ONE))

    async def queue(self, tenant_id: TenantId, department_id: DepartmentId) -> list[Conversation]:
        async with self._storage.connection(tenant_id) as connection:
            if not await connection.fetchrow(departments.ONE, department_id):
                raise NotFound("department", department_id)
            return [conversations.conversation_of(row) for row in await connection.fetch(_QUEUE, department_id)]

    async def sessions(self, tenant_id: TenantId) -> list[Session]:
        rows = await self._rows(tenant_id, f"{sessions.SELECT} ORDER BY created_at, id")
        return [sessions.session_of(row, self._storage.kit.vault) for row in rows]

    async def session(self, tenant_id: TenantId, session_id: SessionId) -> Session:
        row = await self._one(tenant_id, "session", session_id, f"{sessions.SELECT} WHERE id = $1")
        return sessions.session_of(row, self._storage.kit.vault)
