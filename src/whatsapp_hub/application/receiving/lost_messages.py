"""find_lost: of messages that came again and cannot be read again, find those of which no copy was stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whatsapp_hub.application.ports.provider.events import RedeliveredSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.receiving.batch import HeldChat, Seen
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind

FIRST_COPY_WITHIN = timedelta(seconds=5)
"""A first copy that was read may be stored so much later than the news that it came again."""


@dataclass(slots=True)
class Redelivered:
    """`waiting`: updates whose first copy may still come, and their `chats`. `lost`: messages without one."""

    waiting: set[int] = field(default_factory=set)
    chats: set[HeldChat] = field(default_factory=set)
    lost: int = 0


async def find_lost(uow: UnitOfWork, seen: Sequence[Seen], now: datetime) -> Redelivered:
    """Note the lost ones in their sessions' histories."""
    found, lost = Redelivered(), Counter[SessionId]()
    asked = {(one.session_id, one.event.dedupe_key) for one in seen if isinstance(one.event, RedeliveredSeen)}
    known = await uow.inbox.known(asked) if asked else set()
    for one in seen:
        if not isinstance(one.event, RedeliveredSeen) or (one.session_id, one.event.dedupe_key) in known:
            continue
        if one.item and now - one.item.received_at < FIRST_COPY_WITHIN:
            found.waiting.add(one.item.id)
            found.chats.add((one.session_id, one.item.chat))
        else:
            lost[one.session_id] += 1
    for session_id, count in sorted(lost.items()):
        await uow.session_history.add(session_id, [HistoryEntry.of(HistoryKind.LOST_MESSAGES, now, count=count)])
    found.lost = lost.total()
    return found
