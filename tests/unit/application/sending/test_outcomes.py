"""What becomes of a message: sent, failed, tried again, of unknown outcome; and what an operator makes of it."""

from __future__ import annotations

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.application.sending.complete_sends import CompleteSends, Result, SettleStale
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.reserve_id import ReserveId
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.errors import Conflict, CredentialsInvalid, OutcomeUnknown, Rejected, Scope, Transient
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.session import Session, SessionStatus


async def queued(office: Office) -> Message:
    conversation = await office.writes(a_phone(), "Oi")
    return await office.use(SendMessage)(office.admin, conversation.id, text("Hello"))


async def stored(office: Office, message: Message) -> Message:
    async with office.world.uow() as uow:
        return await uow.messages.get(message.id)


async def test_a_rejected_message_fails_with_the_providers_reason(office: Office) -> None:
    message = await queued(office)
    office.line.fails = [Rejected("131026", "undeliverable")]
    await office.sends()
    failed = await stored(office, message)
    assert failed.status is MessageStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "131026"


async def test_a_transient_failure_is_tried_again_later(office: Office) -> None:
    message = await queued(office)
    office.line.fails = [Transient("429", "slow down", retry_after_s=30, scope=Scope.RECIPIENT)]
    assert await office.sends() == []
    assert (await stored(office, message)).status is MessageStatus.PENDING
    office.clock.pass_(seconds=31)
    assert await office.sends() == ["Hello"]


async def test_a_failure_of_the_whole_session_holds_its_other_chats_too(office: Office) -> None:
    await queued(office)
    office.line.fails = [Transient("503", "down", retry_after_s=30, scope=Scope.SESSION)]
    await office.sends()
    await queued(office)
    assert await office.sends() == []
    office.clock.pass_(seconds=31)
    assert await office.sends() == ["Hello", "Hello"]


async def test_a_limited_account_is_told_once_and_shown_until_a_first_message_is_taken(office: Office) -> None:
    first, second = await queued(office), await queued(office)
    limited = Transient("server_463", "reach-out", retry_after_s=3600, scope=Scope.FIRST_CONTACTS, tries=24)
    office.line.fails = [limited, limited]
    assert await office.sends() == []
    assert (await shown(office)).status_reason == "reachout_timelock"
    assert (await shown(office)).status is SessionStatus.CONNECTED
    told = office.told()
    assert (told.count("session.alert"), told.count("notification.created")) == (1, 1)
    assert (await stored(office, first)).status is MessageStatus.PENDING
    office.clock.pass_(hours=1, seconds=1)
    assert len(await office.sends()) == 2
    assert (await stored(office, second)).status is MessageStatus.SENT
    assert (await shown(office)).status_reason is None
    assert office.told().count("session.alert") == 1


async def shown(office: Office) -> Session:
    async with office.world.uow() as uow:
        return await uow.sessions.get(office.session.id)


async def test_refused_credentials_stop_the_session_until_an_operator_acts(office: Office) -> None:
    message = await queued(office)
    office.line.fails = [CredentialsInvalid("190", "expired")]
    await office.sends()
    async with office.world.uow() as uow:
        session = await uow.sessions.get(office.session.id)
    assert session.status is SessionStatus.FAILED
    assert (await stored(office, message)).status is MessageStatus.PENDING
    office.clock.pass_(days=1)
    assert await office.sends() == []


async def test_a_refusal_of_the_whole_number_holds_what_waits_until_it_is_started_again(office: Office) -> None:
    refused, waiting = await queued(office), await queued(office)
    office.line.fails = [Rejected("131031", "locked", stops=True), Rejected("131031", "locked", stops=True)]
    await office.sends()
    assert (await stored(office, refused)).status is MessageStatus.FAILED
    later = await queued(office)
    office.clock.pass_(days=1)
    assert await office.sends() == []
    assert "session.alert" in office.told()
    await office.use(InitSession)(office.admin, office.session.id, again=True)
    assert await office.sends() == ["Hello"]
    assert [(await stored(office, m)).status for m in (waiting, later)] == [MessageStatus.FAILED, MessageStatus.SENT]


async def test_an_unknown_outcome_is_never_sent_again_by_itself(office: Office) -> None:
    message = await queued(office)
    office.line.fails = [OutcomeUnknown("timeout", "no answer")]
    await office.sends()
    unknown = await stored(office, message)
    assert (unknown.status, unknown.outcome) == (MessageStatus.PENDING, Outcome.UNKNOWN)
    office.clock.pass_(days=1)
    assert await office.sends() == []


async def test_an_operator_retries_or_fails_what_is_unknown(office: Office) -> None:
    retried, failed = await queued(office), await queued(office)
    office.line.fails = [OutcomeUnknown("timeout", ""), OutcomeUnknown("timeout", "")]
    await office.sends()
    await office.use(RetryMessage)(office.admin, retried.id)
    await office.use(FailMessage)(office.admin, failed.id)
    office.clock.pass_(minutes=5)
    assert await office.sends() == ["Hello"]
    assert (await stored(office, retried)).status is MessageStatus.SENT
    assert (await stored(office, failed)).status is MessageStatus.FAILED
    with pytest.raises(Conflict):
        await office.use(RetryMessage)(office.admin, retried.id)
    with pytest.raises(Conflict):
        await office.use(FailMessage)(office.admin, failed.id)


async def test_a_receipt_that_overtook_the_answer_is_applied_with_it(office: Office) -> None:
    message = await queued(office)
    read = ReceiptSeen("line.1", MessageStatus.READ, office.clock())
    await office.sees(office.plugins[LINE].sees("ana", read))
    await office.sends()
    assert (await stored(office, message)).status is MessageStatus.READ


async def test_an_attempt_whose_process_died_has_an_unknown_outcome(office: Office) -> None:
    message = await queued(office)
    await office.done(lambda uow: uow.lanes.claim({LINE: Pacing(None, None)}, 9, 45))
    assert await office.use(SettleStale)(office.id) == 0
    office.clock.pass_(seconds=46)
    assert await office.use(SettleStale)(office.id) == 1
    assert (await stored(office, message)).outcome is Outcome.UNKNOWN
    assert await office.sends() == []


async def test_an_id_of_ours_is_stored_before_the_call(office: Office) -> None:
    office.line.reserves = True
    message = await queued(office)
    office.line.fails = [OutcomeUnknown("timeout", "")]
    await office.sends()
    reserved = (await stored(office, message)).whatsapp_message_id
    assert reserved is not None
    assert reserved.startswith("own.")
    receipt = ReceiptSeen(reserved, MessageStatus.DELIVERED, office.clock())
    await office.sees(office.plugins[LINE].sees("ana", receipt))
    settled = await stored(office, message)
    assert (settled.status, settled.outcome) == (MessageStatus.DELIVERED, None)


async def test_results_that_wait_together_are_stored_together(office: Office) -> None:
    messages = [await queued(office) for _ in range(3)]
    claimed = await office.done(lambda uow: uow.lanes.claim({LINE: Pacing(None, None)}, 9, 45))
    complete = CompleteSends(office.storage, office.clock, office.storage.new_id, lambda _: None)
    for claim in claimed.claims:
        await complete(office.id, Result(claim))
    await complete.drain()
    assert {(await stored(office, m)).status for m in messages} == {MessageStatus.SENT}


async def test_a_process_takes_no_more_calls_than_it_has_room_for(office: Office) -> None:
    for _ in range(3):
        await queued(office)
    drain = office.use(DrainLanes, pacing={LINE: Pacing(None, None)}, at_once=3)
    assert await drain(office.id) == 2
    assert await drain(office.id) == 0
    await drain.aclose()
    assert await drain(office.id) == 1
    await drain.aclose()
    assert drain.under_way == 0


async def test_an_id_is_not_reserved_for_a_claim_that_is_no_longer_ours(office: Office) -> None:
    office.line.reserves = True
    await queued(office)
    claimed = await office.done(lambda uow: uow.lanes.claim({LINE: Pacing(None, None)}, 9, 45))
    [claim], message = claimed.claims, claimed.claims[0].message
    await office.done(lambda uow: uow.lanes.abandon(office.session.id))
    outgoing = Outgoing(message.id, message.chat, (), message.content)
    reserved = await office.use(ReserveId)(claim, office.line, office.ref(office.session), outgoing)
    assert not reserved.is_ours
