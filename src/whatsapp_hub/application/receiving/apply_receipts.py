"""ApplyReceipts: advance a message's status by its receipt, or keep the receipt until the message is known."""

from collections.abc import Callable

from whatsapp_hub.application.campaigns.opt_out import heed_refusals, refused_by
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import Price, ReceiptSeen
from whatsapp_hub.application.ports.queues.inbox import Charge
from whatsapp_hub.application.receiving.batch import Batch, Seen
from whatsapp_hub.domain.ids import ContactId, MediaId, SessionId
from whatsapp_hub.domain.messaging.content import stored_media
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome

CountryOf = Callable[[str], str | None]
"""Of an international number (digits): its country."""
_CHARGED = (MessageStatus.DELIVERED, MessageStatus.READ)
"""A message is charged once it is delivered; `delivered` may never come."""


class ApplyReceipts:
    """Apply the receipts of one batch inside its transaction."""

    def __init__(self, batch: Batch, changes: Changes, country_of: CountryOf) -> None:
        self._batch = batch
        self._changes = changes
        self._country_of = country_of
        self._charges: list[Charge] = []
        self._early: list[tuple[SessionId, ReceiptSeen]] = []
        self._settled: list[Message] = []
        self._refused: set[ContactId] = set()
        self._lost_files: set[tuple[MediaId, SessionId]] = set()

    def __call__(self, seen: Seen, event: ReceiptSeen) -> None:
        """Apply a receipt to an outbound message, or keep it for `write`."""
        if event.price and event.status in _CHARGED:
            self._charges.append(self._charge(seen, event, event.price))
        message = self._message(seen, event)
        if message is None:
            self._early.append((seen.session_id, event))
        else:
            self._apply(message, event)

    def _charge(self, seen: Seen, event: ReceiptSeen, price: Price) -> Charge:
        country = self._country_of(price.receiver) if price.receiver.isdecimal() else None
        message = (seen.session_id, event.provider_message_id, event.at)
        return Charge(*message, price.category, price.kind, price.is_billable, country)

    def _message(self, seen: Seen, event: ReceiptSeen) -> Message | None:
        known = self._batch.messages.sent(seen.session_id, event.provider_message_id)
        if known is None and event.sent_as:
            known = self._batch.own.get(event.sent_as)
            if known and known.session_id != seen.session_id:
                return None
        return known

    def _apply(self, message: Message, event: ReceiptSeen) -> None:
        was_unknown = message.outcome is Outcome.UNKNOWN
        if self._sends_once_more(message, event) or apply_receipt(message, event, self._changes):
            self._batch.messages.add(message)
            self._refused |= refused_by([message])
        media_id = stored_media(message.content)
        if event.is_file_lost and media_id:
            self._lost_files.add((media_id, message.session_id))
        if was_unknown and message.outcome is None:
            self._settled.append(message)

    def _sends_once_more(self, message: Message, event: ReceiptSeen) -> bool:
        """Put a message whose file the provider lost at the end of its lane, once; its upload is forgotten by then."""
        session = self._batch.sessions.get(message.session_id)
        if not event.is_undelivered or session is None or not stored_media(message.content):
            return False
        if not message.send_once_more(event.provider_message_id):
            return False
        self._changes.requeue(message, session.provider)
        return True

    async def write(self) -> None:
        """Keep early receipts and what was charged, release the lanes that waited for one, record who opted out, and
        forget uploads that the provider lost."""
        await heed_refusals(self._batch.uow, self._refused, self._changes.now)
        for media_id, session_id in sorted(self._lost_files):
            await self._batch.uow.media.forget_upload(session_id, media_id)
        if self._charges:
            await self._batch.uow.charges.add(self._charges)
        if self._early:
            await self._batch.uow.receipts.keep(self._early)
        if self._settled:
            await self._batch.uow.lanes.settled(self._settled)


def apply_receipt(message: Message, receipt: ReceiptSeen, changes: Changes) -> bool:
    """Advance the message to the receipt's status; True if anything changed."""
    if message.lost_id == receipt.provider_message_id:
        return False  # of the attempt whose file was lost
    learned = message.whatsapp_message_id is None or message.whatsapp_message_id == message.lost_id
    if learned:
        message.whatsapp_message_id = receipt.provider_message_id
    moved = message.advance(receipt.status, changes.now, receipt.error)
    if learned or moved:
        changes.message(message)
    return learned or moved
