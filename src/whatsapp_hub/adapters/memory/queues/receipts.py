"""Receipts that arrive before the provider's response to their send, and how messages were charged."""

from collections.abc import Iterable, Sequence

from whatsapp_hub.adapters.memory.engine.database import Rows
from whatsapp_hub.adapters.memory.tables.receipts import CHARGES, RECEIPTS, KeptReceipt
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.queues.inbox import Charge, ProviderKey
from whatsapp_hub.domain.ids import SessionId


class MemoryEarlyReceipts:
    """Implements `EarlyReceipts`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def lock(self, keys: Iterable[ProviderKey]) -> None:
        for key in sorted(set(keys)):
            await self._rows.lock_name("receipts", *key)

    async def keep(self, receipts: Sequence[tuple[SessionId, ReceiptSeen]]) -> None:
        for session_id, receipt in receipts:
            kept = KeptReceipt(session_id, receipt)
            if await self._rows.get(RECEIPTS, kept.key) is None:
                await self._rows.put(RECEIPTS, kept.key, kept)

    async def take(self, keys: Iterable[ProviderKey]) -> list[tuple[SessionId, ReceiptSeen]]:
        wanted = set(keys)
        found = [k for k in self._rows.each(RECEIPTS) if (k.session_id, k.receipt.provider_message_id) in wanted]
        for kept in found:
            await self._rows.drop(RECEIPTS, kept.key)
        return [(k.session_id, k.receipt) for k in sorted(found, key=lambda k: k.receipt.at)]


class MemoryCharges:
    """Implements `Charges`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, charges: Iterable[Charge]) -> None:
        for charge in sorted(charges, key=lambda c: (c.session_id, c.provider_message_id)):
            key = charge.session_id, charge.provider_message_id
            if await self._rows.get(CHARGES, key) is None:
                await self._rows.put(CHARGES, key, charge)
