"""The event log: every committed event, in one dense order."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.errors import Expired
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import ConversationId, TenantId

Encode = Callable[[Event], bytes]


def plain_body(event: Event) -> bytes:
    """Encode an event as JSON: its details, and the ids of its subjects. Contract F's bodies need `msgspec`:
    `adapters.contracts.events.bodies.body`."""
    subjects = {name: str(getattr(subject, "id", subject)) for name, subject in event.subjects.items()}
    return json.dumps({"type": event.type, **subjects, **event.detail}, default=str).encode()


@dataclass(slots=True)
class MemoryEventLog:
    """Implements `EventLog`, and keeps the events themselves. A position is given with the commit."""

    encode: Encode = plain_body
    _kept: list[tuple[LoggedEvent, Event]] = field(default_factory=list)
    _head: int = 0

    def append(self, events: Iterable[Event]) -> None:
        """Give the events of a commit their positions."""
        for event in events:
            self._head += 1
            where = (self._head, event.tenant_id, event.type.value, event.session_id, event.conversation_id)
            self._kept.append((LoggedEvent(*where, event.occurred_at, self.encode(event)), event))

    def events(self, after: int = 0, tenant_id: TenantId | None = None) -> Sequence[tuple[int, Event]]:
        """Return the events after a position, each with its own."""
        kept = ((logged, event) for logged, event in self._kept if logged.position > after)
        return [(logged.position, event) for logged, event in kept if tenant_id in (None, logged.tenant_id)]

    def logged(self, after: int, tenant_id: TenantId | None) -> Sequence[LoggedEvent]:
        newer = (logged for logged, _ in self._kept if logged.position > after)
        return [logged for logged in newer if tenant_id in (None, logged.tenant_id)]

    def keeps(self, position: int) -> bool:
        return any(logged.position == position for logged, _ in self._kept)

    async def read(self, after: int | None, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        tail = self._kept[0][0].position if self._kept else self._head + 1
        if after is not None and not tail - 1 <= after <= self._head:
            raise Expired(after, tail)
        return list(self.logged(after or 0, tenant_id)[:limit])

    async def before(
        self, position: int | None, limit: int, tenant_id: TenantId, types: Collection[str] = ()
    ) -> tuple[list[LoggedEvent], int | None]:
        older = [logged for logged, _ in reversed(self._kept) if position is None or logged.position < position]
        own = [logged for logged in older if logged.tenant_id == tenant_id and (not types or logged.type in types)]
        return own[:limit], own[limit - 1].position if len(own) >= limit else None

    async def conversation_at(self, conversation_id: ConversationId, position: int) -> bytes | None:
        bodies = [
            logged.body
            for logged, _ in self._kept
            if logged.position <= position and logged.conversation_id == conversation_id
            and logged.type.startswith("conversation.")
        ]  # fmt: skip
        return bodies[-1] if bodies else None

    def erase(self, conversations: Collection[ConversationId]) -> None:
        """Blank the events about these conversations; their positions stay."""
        self._kept = [
            (_blank(logged), replace(event, type=EventType.EVENT_ERASED, conversation_id=None, subjects={}, detail={}))
            if logged.conversation_id in conversations
            else (logged, event)
            for logged, event in self._kept
        ]

    async def head(self) -> int:
        return self._head

    async def trim(self, older_than: datetime, needed_from: int) -> int:
        newer = (logged.position for logged, _ in self._kept if logged.occurred_at >= older_than)
        keep_from = min(next(newer, self._head + 1), needed_from)
        before = len(self._kept)
        self._kept = [one for one in self._kept if one[0].position >= keep_from]
        return before - len(self._kept)


def _blank(logged: LoggedEvent) -> LoggedEvent:
    return replace(logged, type=EventType.EVENT_ERASED.value, conversation_id=None, body=b"{}")
