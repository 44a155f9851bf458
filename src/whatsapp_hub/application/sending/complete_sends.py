"""CompleteSends: store providers' answers as the messages' status, and release the lanes.

SettleStale settles attempts whose process died: `outcome: unknown`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from whatsapp_hub.application.campaigns.opt_out import heed_refusals, refused_by
from whatsapp_hub.application.campaigns.pause_campaigns import pause_campaigns
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.provider.plugin import Accepted
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.application.ports.queues.lanes import Claim, Release
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.receiving.annotate import annotate_sent, keys_of
from whatsapp_hub.application.receiving.apply_receipts import apply_receipt
from whatsapp_hub.application.receiving.known_messages import KnownMessages
from whatsapp_hub.application.sessions.advance_connection import session_notice
from whatsapp_hub.domain.backoff import Backoff
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Scope,
    Transient,
    Unavailable,
)
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import MediaId, SessionId, TenantId
from whatsapp_hub.domain.messaging.content import stored_media
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.sessions.session import REACHOUT_TIMELOCK, AlertKind, Severity

log = logging.getLogger(__name__)

RECEIPT_WAIT_S = 60.0
LONGEST_BACK_OFF_S = 3600.0
WRITE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of one claim's provider call. `given_back`: the call was never made. `provider`: who was called; the
    session may have moved to another meanwhile."""

    claim: Claim
    accepted: Accepted | None = None
    error: ProviderError | None = None
    given_back: bool = False
    provider: str | None = None


@dataclass(slots=True)
class CompleteSends:
    """Store results, one transaction at a time per tenant; `freed` is called after each."""

    storage: Storage
    clock: Clock
    new_id: NewId
    freed: Callable[[TenantId], None]
    _waiting: dict[TenantId, list[Result]] = field(default_factory=dict)
    _writers: dict[TenantId, asyncio.Task[None]] = field(default_factory=dict)

    async def __call__(self, tenant_id: TenantId, result: Result) -> None:
        """Queue a result, to be written with all others that wait. Returns at once."""
        self._waiting.setdefault(tenant_id, []).append(result)
        if tenant_id not in self._writers:
            self._writers[tenant_id] = asyncio.create_task(self._write_all(tenant_id))

    async def drain(self) -> None:
        """Wait until every queued result is written."""
        while self._writers:
            await asyncio.wait(self._writers.values())

    async def _write_all(self, tenant_id: TenantId) -> None:
        try:
            while results := self._waiting.pop(tenant_id, None):
                await self._persist(tenant_id, results)
                self.freed(tenant_id)
        finally:
            del self._writers[tenant_id]

    async def _persist(self, tenant_id: TenantId, results: list[Result]) -> None:
        """Write, waiting while the database is unavailable: this process alone knows these answers. A result that can
        never be stored is dropped: its attempt becomes `outcome: unknown` when its lease ends."""
        delay_s, refused = 0.05, 0
        while refused < WRITE_TRIES:
            try:
                await self.write(tenant_id, results)
                return
            except Unavailable:
                log.warning("lanes.completion_waits", extra={"results": len(results)})
            except Exception:
                log.exception("lanes.completion_failed", extra={"results": len(results)})
                if len(results) > 1:
                    for result in results:
                        await self._persist(tenant_id, [result])
                    return
                refused += 1
                if refused == WRITE_TRIES - 1:
                    # The id may be another message's by now: its echo came first and matched no send.
                    results = [replace(results[0], accepted=None)]
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, 5.0)

    async def write(self, tenant_id: TenantId, results: list[Result]) -> None:
        """Write statuses, early receipts, lanes and events in one transaction. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            keys = _provider_keys(results)
            # What ours change, and what waits for ours; locked before ours, which are newer.
            changed = keys_of(r.claim.message for r in results)
            await uow.receipts.lock({*keys, *changed})
            known = KnownMessages.of(await uow.messages.known([*keys, *changed]) if keys or changed else ())
            messages = await uow.messages.by_id({r.claim.message.id for r in results})
            releases = []
            for result in results:
                message = messages[result.claim.message.id]
                releases.append(self._apply(result, message, changes))
            await self._apply_early_receipts(uow, keys, messages.values(), changes)
            await annotate_sent(uow, known, list(messages.values()), changes)
            for result in results:
                await self._hold(uow, result, changes)
            await uow.lanes.release(releases)
            await changes.write()
            await heed_refusals(uow, refused_by(messages.values()), changes.now)
            await self._keep_uploads(uow, results, changes)
            await uow.commit()

    async def _keep_uploads(self, uow: UnitOfWork, results: list[Result], changes: Changes) -> None:
        """Store the ids of files that were uploaded: the next message with the same file needs no upload."""
        told: dict[MediaId, tuple[SessionId, str]] = {}
        for result in results:
            media_id = stored_media(result.claim.message.content)
            if media_id and result.accepted and result.accepted.uploaded:
                told[media_id] = (result.claim.lane.session_id, result.accepted.uploaded)
        for media_id, (session_id, provider_id) in sorted(told.items()):
            await uow.media.keep_upload(session_id, media_id, provider_id, changes.now)

    def _apply(self, result: Result, message: Message, changes: Changes) -> Release:
        """Update the message and return what its lane does next."""
        claim, now = result.claim, changes.now
        if result.given_back:
            return Release(claim, settled=False)
        match result.error:
            case None:
                message.sent(result.accepted.provider_message_id if result.accepted else None, now)
                release = Release(claim)
            case OutcomeUnknown() as error:
                message.mark_outcome_unknown(now, Failure.of(error))
                release = Release(claim, again_in_s=RECEIPT_WAIT_S, awaits_receipt=True)
            case Transient() as error if claim.tries < error.tries:
                release = Release(claim, settled=False, again_in_s=_back_off(error, claim.tries))
            case CredentialsInvalid():
                release = Release(claim, settled=False)
            case error:
                message.advance(MessageStatus.FAILED, now, Failure.of(error))
                release = Release(claim)
        changes.message(message)
        return release

    async def _apply_early_receipts(
        self, uow: UnitOfWork, keys: list[ProviderKey], messages: Iterable[Message], changes: Changes
    ) -> None:
        by_key = {(m.session_id, m.whatsapp_message_id): m for m in messages}
        for session_id, receipt in await uow.receipts.take(keys):
            if message := by_key.get((session_id, receipt.provider_message_id)):
                apply_receipt(message, receipt, changes)

    async def _hold(self, uow: UnitOfWork, result: Result, changes: Changes) -> None:
        """Hold the whole session, or alert an administrator, where the error concerns more than its message."""
        session_id = result.claim.lane.session_id
        if result.error and await self._has_moved(uow, result):
            return  # it says nothing of the provider that the session has now
        match result.error:
            case Transient(scope=Scope.SESSION | Scope.APP) as error:
                await uow.lanes.hold(session_id, _back_off(error, result.claim.tries))
            case Transient(scope=Scope.FIRST_CONTACTS) as error:
                await self._limit(uow, session_id, error, changes)
            case None if result.accepted and result.claim.tries > 1:
                await self._lift_limit(uow, session_id, changes)
            case CredentialsInvalid() as error:
                # Locked before its pace, in the order of starting and stopping.
                session = await uow.sessions.get(session_id)
                session.break_credentials(str(error), changes.now)
                await uow.sessions.save(session)
                await uow.lanes.hold(session_id, None)
            case Rejected(alert=True) as error:
                uow.publish([_alert(result, error, changes)])
                if error.stops:
                    await self._stop(uow, session_id, error, changes)
            case _:
                pass

    async def _has_moved(self, uow: UnitOfWork, result: Result) -> bool:
        session_id = result.claim.lane.session_id
        session = (await uow.sessions.peek([session_id])).get(session_id)
        return session is not None and result.provider not in (None, session.provider)

    async def _stop(self, uow: UnitOfWork, session_id: SessionId, error: Rejected, changes: Changes) -> None:
        """Hold all that waits until the session is started again, and say so."""
        session = await uow.sessions.get(session_id)
        detail = f"all that the number sends is refused ({error}): what waits is held until it is started again"
        session.alert(AlertKind.SENDING_STOPPED, Severity.CRITICAL, detail, changes.now)
        await uow.sessions.save(session)
        await pause_campaigns(uow, session_id, AlertKind.SENDING_STOPPED, detail, changes.now)
        await uow.lanes.hold(session_id, None)

    async def _limit(self, uow: UnitOfWork, session_id: SessionId, error: Transient, changes: Changes) -> None:
        """Hold what goes to new people, and say so once."""
        session = await uow.sessions.get(session_id)
        detail = f"WhatsApp lets it write to nobody new for now ({error.code}): first messages wait, tried hourly"
        if session.limit(changes.now, detail):
            await uow.sessions.save(session)
            uow.publish([session_notice(session, changes.now, "session.limited")])
        await uow.lanes.hold_first_contacts(session_id, error.retry_after_s)

    async def _lift_limit(self, uow: UnitOfWork, session_id: SessionId, changes: Changes) -> None:
        """A message that had been refused was taken: show it no more, and let the others go."""
        shown = (await uow.sessions.peek([session_id])).get(session_id)
        if shown is None or shown.status_reason != REACHOUT_TIMELOCK:
            return
        session = await uow.sessions.get(session_id)
        if session.lift_limit(changes.now):
            await uow.sessions.save(session)
            await uow.lanes.hold_first_contacts(session_id, None)


@dataclass(frozen=True, slots=True)
class SettleStale:
    """Set attempts whose process died to `outcome: unknown`. Their lanes go on after a wait for a receipt."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 100) -> int:
        """Settle up to `limit`; return how many. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            messages = await uow.lanes.stale(limit, RECEIPT_WAIT_S)
            for message in messages:
                message.mark_outcome_unknown(changes.now)
                changes.message(message)
            await changes.write()
            await uow.commit()
        return len(messages)


def _provider_keys(results: list[Result]) -> list[ProviderKey]:
    named = ((r.claim.lane.session_id, r.accepted.provider_message_id) for r in results if r.accepted)
    return [(session_id, name) for session_id, name in named if name]


def outcome_of(result: Result) -> str:
    """Return the outcome as the label of a metric."""
    match result.error:
        case None:
            return "sent"
        case OutcomeUnknown():
            return "unknown"
        case Transient() as error if result.claim.tries < error.tries:
            return "retried"
        case CredentialsInvalid():
            return "paused"
        case _:
            return "failed"


def _back_off(error: Transient, tries: int) -> float:
    return Backoff(error.retry_after_s, LONGEST_BACK_OFF_S).after(tries)


def _alert(result: Result, error: Rejected, changes: Changes) -> Event:
    message = result.claim.message
    detail = {"kind": "message.rejected", "role": "ADMIN", "error": str(error)}
    return Event(
        EventType.NOTIFICATION_CREATED,
        message.tenant_id,
        changes.now,
        message.session_id,
        message.conversation_id,
        {"message": message},
        detail,
    )
