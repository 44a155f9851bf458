"""The rows of receipts whose message is not known yet, and of how messages were charged."""

from dataclasses import dataclass

from whatsapp_hub.adapters.memory.engine.database import Table
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.queues.inbox import Charge, ProviderKey
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.message import MessageStatus

_Key = tuple[SessionId, str, MessageStatus]


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    session_id: SessionId
    receipt: ReceiptSeen

    @property
    def key(self) -> _Key:
        return self.session_id, self.receipt.provider_message_id, self.receipt.status


RECEIPTS: Table[_Key, KeptReceipt] = Table("early_receipts")
CHARGES: Table[ProviderKey, Charge] = Table("charges")
