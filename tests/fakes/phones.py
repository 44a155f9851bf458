"""The sandbox's phones in memory."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from whatsapp_hub.application.ports.edge.sandbox import ShownMessage
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import MessageId, SessionId


class FakePhones:
    """`away`: the next delivery finds nothing stored; `delay_s`: deliveries take that long."""

    def __init__(self) -> None:
        self.screens: dict[tuple[SessionId, str], list[ShownMessage]] = defaultdict(list)
        self.receipts: list[RawUpdate] = []
        self.away = False
        self.delay_s = 0.0

    async def deliver(
        self,
        session: SessionRef,
        phone: str,
        shown: ShownMessage,
        receipts: Sequence[RawUpdate],
        sent_as: MessageId | None,
    ) -> None:
        await asyncio.sleep(self.delay_s)
        if self.away:
            raise Unavailable("no database")
        self.screens[session.id, phone].append(shown)
        self.receipts += receipts

    async def messages(self, session: SessionRef, phone: str) -> list[ShownMessage]:
        return list(self.screens[session.id, phone])
