"""Repositories of what a company's administrators set up, in its unit of work (`ports/storage.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule
from whatsapp_hub.domain.ids import ApiKeyId, QuickReplyId, RuleId, UserId


class ApiKeys(Protocol):
    async def add(self, key: ApiKey) -> None: ...

    async def all(self) -> list[ApiKey]:
        """The newest first."""
        ...

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Locks. Raises NotFound."""
        ...

    async def save(self, key: ApiKey) -> None: ...


class PasswordResets(Protocol):
    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        """Keep it, in the place of an earlier one."""
        ...

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        """Use it up and say whose it is; None if there is none or it is too old."""
        ...

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        """Whose it is, without using it up; None if there is none or it is too old."""
        ...


class QuickReplies(Protocol):
    async def get(self, reply_id: QuickReplyId) -> QuickReply:
        """Locks. Raises NotFound."""
        ...

    async def add(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: a shortcut twice."""
        ...

    async def save(self, reply: QuickReply) -> None:
        """Store it. Raises Conflict: a shortcut twice."""
        ...

    async def remove(self, reply_id: QuickReplyId) -> None: ...


class Rules(Protocol):
    async def all(self) -> list[Rule]:
        """In their order."""
        ...

    async def save(self, rules: Sequence[Rule]) -> None:
        """New ones are added."""
        ...

    async def remove(self, rule_id: RuleId) -> None: ...
