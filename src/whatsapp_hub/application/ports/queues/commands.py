"""Commands to the connector that holds a session, and their answers, through PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from whatsapp_hub.application.ports.connections.connections import ConnectorId
from whatsapp_hub.application.ports.provider.plugin import ReadMessage
from whatsapp_hub.domain.ids import SessionId, TenantId

FORGET_AGAIN_S = 30.0
"""A FORGET that failed is tried again after so long."""


class CommandKind(StrEnum):
    """FORGET is for sessions that were deleted, or moved to another provider: their last holder does it, or any
    connector once that one is gone. One that comes back forgets before its first dial instead. MARK_READ
    takes a `ReadMark`, TYPING a `TypingSign`, BLOCK what `tell_blocks.named` gives. No caller waits for the answers of
    FORGET and TYPING."""

    PAIRING_CODE = "pairing_code"
    LOG_OUT = "log_out"
    FORGET = "forget"
    MARK_READ = "mark_read"
    TYPING = "typing"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class ReadMark:
    """Messages of a chat that were read."""

    chat: str
    messages: tuple[ReadMessage, ...]

    def as_argument(self) -> str:
        """Encode it; a message without an author is its id alone, as connectors of the version before expect."""
        return json.dumps([self.chat, *((m if m.author else m.provider_message_id) for m in self.messages)])

    @classmethod
    def of_argument(cls, argument: str) -> "ReadMark":
        """Decode what `as_argument` gave."""
        chat, *messages = json.loads(argument)
        return cls(chat, tuple(ReadMessage(m) if isinstance(m, str) else ReadMessage(*m) for m in messages))


@dataclass(frozen=True, slots=True)
class TypingSign:
    """An agent types in a chat, or stopped typing. `last_inbound_id`: the customer's newest message."""

    chat: str
    is_typing: bool = True
    last_inbound_id: str | None = None

    def as_argument(self) -> str:
        """Encode as JSON text, the form in which commands are stored."""
        return json.dumps([self.chat, self.is_typing, self.last_inbound_id])

    @classmethod
    def of_argument(cls, argument: str) -> "TypingSign":
        """Decode what `as_argument` gave."""
        return cls(*json.loads(argument))


@dataclass(frozen=True, slots=True)
class Command:
    """An order to the holder of one session."""

    id: UUID
    tenant_id: TenantId
    session_id: SessionId
    provider: str
    order: CommandKind
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is a code (`error_detail` a sentence) if it failed."""

    text: str | None = None
    error: str | None = None
    error_detail: str | None = None


class Commands(Protocol):
    """Role hub_system; each call is a transaction. All raise Unavailable."""

    async def ask(self, command: Command, expires_s: float) -> None:
        """Store a command for the connector that holds the session before the command expires."""
        ...

    async def answer_of(self, command_id: UUID) -> Answer | None:
        """Return the answer, once; None: not yet. Its error is `holder_died` if the connector that took it is gone."""
        ...

    async def withdraw(self, command_id: UUID) -> None:
        """Drop a command for whose answer no caller waits any more; one that was begun is not stopped."""
        ...

    async def take(self, connector_id: ConnectorId, kinds: Sequence[str], limit: int) -> list[Command]:
        """Take commands for sessions that this connector holds, and FORGET ones. Each is taken once; a FORGET whose
        taker died is taken again, and one that failed after FORGET_AGAIN_S."""
        ...

    async def answer(self, command_id: UUID, answer: Answer) -> None:
        """Store the answer for its caller; a command without one is deleted, unless it is a FORGET that failed."""
        ...

    async def is_asked(self, command_id: UUID) -> bool:
        """Return whether the command is still to be done: it was not withdrawn, and its session did not come back."""
        ...
