"""Sessions that move to another provider: what waits, what is refused, what comes late, what moves by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from tests.contracts.storage.world import a_phone, eventually
from tests.unit.application.office import CODED, HELD, LINE, Office, text
from whatsapp_hub.adapters.memory.storage import MemoryStorage
from whatsapp_hub.application.moving import pause
from whatsapp_hub.application.moving.move_session import Destination, ForeseeMove, Moved, MoveSession
from whatsapp_hub.application.moving.pause import HOLD_S
from whatsapp_hub.application.moving.plan_move import MakePlannedMoves, PlanMove
from whatsapp_hub.application.ports.provider.events import AlarmSeen, ReceiptSeen, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    Forbidden,
    Invalid,
    NotFound,
    OutcomeUnknown,
    Scope,
    Transient,
    Unavailable,
)
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.history import HistoryKind
from whatsapp_hub.domain.sessions.moving import LossCode
from whatsapp_hub.domain.sessions.session import AlertKind, Session, SessionStatus, Severity

META = "META"
FREE = {kind: Pacing(None, None) for kind in (LINE, CODED, META)}


async def answers(office: Office, *written: str, phone: str | None = None) -> tuple[Conversation, list[Message]]:
    """A customer whom we answer; the answers wait."""
    round_ = await office.writes(phone or a_phone(), "Oi")
    send = office.use(SendMessage)
    return round_, [await send(office.admin, round_.id, text(one)) for one in written]


async def moves(office: Office, to: str = META, **settings: Any) -> Moved:
    return await office.use(MoveSession)(office.admin, office.session.id, Destination(to, settings))


async def stored(office: Office) -> Session:
    async with office.world.uow() as uow:
        return (await uow.sessions.peek([office.session.id]))[office.session.id]


async def message(office: Office, of: Message) -> Message:
    async with office.world.uow() as uow:
        return (await uow.messages.by_id([of.id]))[of.id]


async def drains(office: Office) -> None:
    drain = office.use(DrainLanes, pacing=FREE)
    while await drain(office.id):
        await drain.aclose()
    await drain.aclose()


def texts(office: Office, kind: str) -> list[str]:
    return [sent.content.text for sent in office.plugins[kind].line.sent if not sent.content.text.startswith("Ol")]


async def test_what_waits_is_sent_by_the_new_provider_once_and_in_order() -> None:
    office = await Office.opened()
    await drains(office)
    _, first = await answers(office, "um", "dois", "três")
    await answers(office, "quatro")
    moved = await moves(office)
    assert (moved.left, moved.session.provider, moved.under_way) == (LINE, META, 0)
    assert moved.waiting >= 4
    assert moved.session.status is SessionStatus.CONNECTED
    before = len(office.line.sent)
    await drains(office)
    assert len(office.line.sent) == before
    out = [m.content.text for m in office.plugins[META].line.sent]
    assert [one for one in out if one in ("um", "dois", "três")] == ["um", "dois", "três"]
    assert out.count("quatro") == 1
    assert (await message(office, first[0])).status is MessageStatus.SENT


async def test_a_move_is_told_and_written_down() -> None:
    office = await Office.opened()
    await answers(office, "um")
    await moves(office)
    [event] = [e for e in office.storage.events(office.id) if e.type is EventType.SESSION_MOVED]
    assert (event.detail["left"], event.subjects["session"].provider) == (LINE, META)  # type: ignore[attr-defined]
    assert event.detail["waiting"] >= 1  # type: ignore[operator]
    assert event.detail["paused_ms"] >= 0  # type: ignore[operator]
    async with office.world.uow() as uow:
        noted = [one.entry for one in await uow.session_history.newest(office.session.id, 9)]
    assert HistoryKind.MOVED in [entry.kind for entry in noted]
    assert ("stop", office.session.key) in office.line.shown


async def test_the_call_under_way_ends_at_the_old_provider_first(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.opened()
    await drains(office)
    _, [one, two] = await answers(office, "um", "dois")
    gate, original = asyncio.Event(), office.line.send

    async def slow(*given: Any) -> Any:
        await gate.wait()
        return await original(*given)

    monkeypatch.setattr(office.line, "send", slow)
    drain = office.use(DrainLanes, pacing=FREE)
    await drain(office.id)
    moving = asyncio.create_task(moves(office))
    await asyncio.sleep(0.2)
    assert not moving.done()
    assert await drain(office.id) == 0, "nothing is claimed meanwhile"
    gate.set()
    moved = await moving
    await drains(office)
    assert moved.paused.total_seconds() >= 0.2
    assert ("um" in texts(office, LINE), "dois" in texts(office, META)) == (True, True)
    assert [(await message(office, m)).status for m in (one, two)] == [MessageStatus.SENT] * 2


async def test_an_attempt_that_failed_at_the_old_one_is_tried_at_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its credentials nor its throttle say anything of the new one."""
    monkeypatch.setattr(pause, "SETTLE_WITHIN_S", 0.0)
    for error in (CredentialsInvalid("190", "expired"), Transient("away", retry_after_s=0, scope=Scope.SESSION)):
        office = await Office.opened()
        await drains(office)
        _, [one] = await answers(office, "um")
        drain = office.use(DrainLanes, pacing=FREE)
        gate = asyncio.Event()

        async def refused(*_: Any, error: Exception = error, gate: asyncio.Event = gate) -> Any:
            await gate.wait()
            raise error

        office.line.send = refused  # type: ignore[method-assign]
        await drain(office.id)
        assert (await moves(office)).under_way == 1
        gate.set()
        await drain.aclose()
        assert (await stored(office)).status is SessionStatus.CONNECTED
        office.clock.pass_(seconds=61)
        await drains(office)
        assert (await message(office, one)).status is MessageStatus.SENT
        assert texts(office, META) == ["um"]


async def test_an_unknown_outcome_of_the_old_provider_is_settled_by_its_late_receipt() -> None:
    office = await Office.opened()
    await drains(office)
    _, [one, two] = await answers(office, "um", "dois")
    office.line.fails = [OutcomeUnknown("timeout")]
    await office.sends()
    assert (await message(office, one)).outcome is Outcome.UNKNOWN
    await moves(office)
    receipt = ReceiptSeen("line.late", MessageStatus.DELIVERED, office.clock(), sent_as=one.id)
    await office.sees(office.plugins[LINE].sees("x", receipt))
    assert (await message(office, one)).status is MessageStatus.DELIVERED
    await drains(office)
    assert (await message(office, two)).status is MessageStatus.SENT
    assert texts(office, META) == ["dois"]


async def test_what_the_old_provider_says_late_of_its_connection_changes_nothing() -> None:
    office = await Office.opened()
    await moves(office)
    now = office.clock()
    late = (
        SessionSeen(SessionStatus.FAILED, now, "stopped there"),
        AlarmSeen(AlertKind.BANNED, Severity.CRITICAL, "banned", now),
    )
    for event in late:
        await office.sees(office.plugins[LINE].sees("x", event))
    assert (await stored(office)).status is SessionStatus.CONNECTED
    assert EventType.SESSION_ALERT.value not in office.told()


async def test_a_customer_who_wrote_to_the_old_provider_is_answered_by_the_new_one() -> None:
    office = await Office.opened()
    await office.department(is_root=True)
    await moves(office)
    before = len(office.plugins[META].line.sent)
    await office.writes(a_phone(), "Oi, ainda pelo antigo")
    await drains(office)
    assert len(office.plugins[META].line.sent) > before


async def test_late_webhooks_find_the_session_that_left_unless_another_has_the_number() -> None:
    office = await Office.opened()
    directory, route = office.storage.directory, office.plugins[LINE].routes(office.session.settings)[0]
    await moves(office)
    [target] = (await directory.targets(LINE, [route]))[route]
    assert (target.session_id, target.provider, target.settings) == (office.session.id, LINE, office.session.settings)
    assert (await directory.target(office.session.id, LINE)).provider == LINE  # type: ignore[union-attr]
    other = await office.world.add_session(LINE, settings=office.session.settings)
    assert [t.session_id for t in (await directory.targets(LINE, [route]))[route]] == [other.id]
    office.clock.pass_(days=9)
    assert (await directory.target(office.session.id, LINE)).provider == META  # type: ignore[union-attr]


async def test_there_and_back_again() -> None:
    office = await Office.opened()
    await drains(office)
    await answers(office, "um", "dois")
    await moves(office)
    back = await moves(office, LINE, **office.session.settings)  # type: ignore[arg-type]
    assert (back.left, back.session.provider) == (META, LINE)
    await drains(office)
    assert [one for one in texts(office, LINE) if one in ("um", "dois")] == ["um", "dois"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (CredentialsInvalid("190", "expired"), Invalid),
        (Transient("503", retry_after_s=1, scope=Scope.SESSION), Unavailable),
        (OutcomeUnknown("timeout"), Unavailable),
    ],
)
async def test_a_provider_that_does_not_start_leaves_all_as_it_was(error: Exception, raised: type[Exception]) -> None:
    office = await Office.opened()
    _, [one] = await answers(office, "um")
    office.plugins[META].line.fails = [error]
    with pytest.raises(raised):
        await moves(office)
    session = await stored(office)
    assert (session.provider, session.status) == (LINE, SessionStatus.CONNECTED)
    office.clock.pass_(seconds=6)
    await drains(office)
    assert (await message(office, one)).status is MessageStatus.SENT
    assert "um" in texts(office, LINE)


async def test_bad_input_is_refused_before_anything_is_held() -> None:
    office = await Office.opened()
    move = office.use(MoveSession)
    with pytest.raises(Invalid, match="provider"):
        await move(office.admin, office.session.id, Destination("PIGEON"))
    with pytest.raises(Conflict) as refused:
        await move(office.admin, office.session.id, Destination(LINE))
    assert refused.value.code == "same_provider"
    with pytest.raises(NotFound):
        await move(office.admin, SessionId(UUID(int=1)), Destination(META))
    agent = await office.person(await office.department())
    with pytest.raises(Forbidden):
        await move(office.as_(agent), office.session.id, Destination(META))
    await answers(office, "um")
    await drains(office)
    assert "um" in texts(office, LINE)


async def test_of_two_moves_at_once_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    office, both = await Office.opened(), asyncio.Barrier(2)

    async def start(_: object) -> SessionSeen:
        await both.wait()
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    for kind in (META, CODED):
        monkeypatch.setattr(office.plugins[kind].line, "start", start)
    ended = await asyncio.gather(moves(office, META), moves(office, CODED), return_exceptions=True)
    won = [one for one in ended if isinstance(one, Moved)]
    lost = [one for one in ended if isinstance(one, Conflict)]
    assert (len(won), len(lost)) == (1, 1)
    assert (await stored(office)).provider == won[0].session.provider


async def test_a_stopped_session_moves_and_stays_stopped() -> None:
    office = await Office.opened()
    await office.use(StopSession)(office.admin, office.session.id)
    moved = await moves(office)
    assert (moved.session.is_active, moved.session.status) == (False, SessionStatus.DISCONNECTED)
    assert "start" not in [what[0] for what in office.plugins[META].line.shown]


async def test_a_provider_that_needs_a_phone_pauses_until_it_is_linked() -> None:
    office = await Office.opened()
    await answers(office, "um")
    office.plugins[CODED].line.state, office.plugins[CODED].line.code = SessionStatus.QR_PENDING, "2@code"
    moved = await moves(office, CODED)
    assert (moved.session.status, moved.session.qr_code) == (SessionStatus.QR_PENDING, "2@code")
    await drains(office)
    assert texts(office, CODED) == []


async def test_a_held_connection_is_closed_and_its_keys_are_forgotten() -> None:
    office = await Office.opened()
    office.world.session = await office.world.add_session(HELD, settings={"phone": "1"})
    moved = await moves(office)
    assert moved.session.status is SessionStatus.CONNECTED
    back = await moves(office, HELD, phone="1")
    assert back.session.status is SessionStatus.CONNECTING


async def test_a_dry_run_changes_nothing_and_says_what_would_be_lost() -> None:
    office = await Office.opened()
    await answers(office, "um", "dois")
    foresee = office.use(ForeseeMove)
    found = await foresee(office.admin, office.session.id, Destination(META))
    assert (found.session.provider, found.to) == (LINE, META)
    assert found.queued >= 2
    assert LossCode.WEBHOOK in {loss.code for loss in found.losses}
    assert (await stored(office)).provider == LINE
    assert office.plugins[META].line.shown == []
    with pytest.raises(Conflict):
        await foresee(office.admin, office.session.id, Destination(LINE))


async def banned(office: Office, which: Session | None = None) -> None:
    async with office.world.uow() as uow:
        session = await uow.sessions.get((which or office.session).id)
        session.move(SessionStatus.BANNED, office.clock(), "banned")
        await uow.sessions.save(session)
        await uow.commit()


async def test_a_restricted_session_moves_by_itself_where_that_was_planned() -> None:
    office = await Office.opened()
    _, [one] = await answers(office, "um")
    plan, make = office.use(PlanMove), office.use(MakePlannedMoves)
    await plan(office.admin, office.session.id, Destination(CODED))
    await plan(office.admin, office.session.id, Destination(META))
    assert (await plan.shown(office.admin, office.session.id)).to == META  # type: ignore[union-attr]
    await make(office.id)
    assert (await stored(office)).provider == LINE
    await banned(office)
    await make(office.id)
    assert (await stored(office)).provider == META
    await drains(office)
    assert (await message(office, one)).status is MessageStatus.SENT
    assert await plan.shown(office.admin, office.session.id) is None


async def test_a_planned_move_that_is_refused_is_told_once_and_over() -> None:
    office = await Office.opened()
    plan, make = office.use(PlanMove), office.use(MakePlannedMoves)
    await plan(office.admin, office.session.id, Destination(META))
    await banned(office)
    meta = office.plugins[META].line
    meta.fails = [Transient("503", retry_after_s=1, scope=Scope.SESSION)]
    await make(office.id)
    assert await plan.shown(office.admin, office.session.id), "it is tried again"
    meta.fails = [CredentialsInvalid("190", "expired")]
    await make(office.id)
    await make(office.id)
    alerts = [e for e in office.storage.events(office.id) if e.type is EventType.SESSION_ALERT]
    assert [alert.detail["kind"] for alert in alerts] == [AlertKind.MOVE_FAILED.value]
    assert (await stored(office)).provider == LINE


async def test_a_provider_that_hangs_at_a_planned_move_holds_up_no_other_move_of_the_company(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, hangs = await Office.opened(), asyncio.Event()
    plan, make = office.use(PlanMove), office.use(MakePlannedMoves)
    slow = office.session
    other = await office.world.add_session(LINE, settings={"phone": "2"})
    for session, to in ((slow, META), (other, CODED)):
        await plan(office.admin, session.id, Destination(to))
        await banned(office, session)
    start = office.plugins[META].line.start

    async def never(session: SessionRef) -> SessionSeen:
        await hangs.wait()
        return await start(session)

    monkeypatch.setattr(office.plugins[META].line, "start", never)
    moving = asyncio.create_task(make(office.id))

    async def moved() -> bool:
        async with office.world.uow() as uow:
            return (await uow.sessions.peek([other.id]))[other.id].provider == CODED

    await eventually(moved)
    hangs.set()
    assert await moving is False
    assert (await stored(office)).provider == META


async def test_a_plan_is_cancelled() -> None:
    office = await Office.opened()
    plan = office.use(PlanMove)
    with pytest.raises(NotFound):
        await plan.cancel(office.admin, office.session.id)
    await plan(office.admin, office.session.id, Destination(META))
    await plan.cancel(office.admin, office.session.id)
    await banned(office)
    await office.use(MakePlannedMoves)(office.id)
    assert (await stored(office)).provider == LINE


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_process_that_dies_in_the_middle_leaves_the_session_here_or_there(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stops, all that waits is sent, once and in order, by the provider that the session then has."""
    office = await Office.opened()
    await drains(office)
    _, sent = await answers(office, "um", "dois", "três")
    before, tenant = len(office.line.sent), MemoryStorage.tenant

    @asynccontextmanager
    async def slowly(storage: MemoryStorage, tenant_id: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(0)
        async with tenant(storage, tenant_id) as uow:
            commit = uow.commit

            async def committed() -> None:
                await asyncio.sleep(0)
                await commit()
                await asyncio.sleep(0)

            uow.commit = committed  # type: ignore[method-assign]
            yield uow
        await asyncio.sleep(0)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStorage, "tenant", slowly)
        moving = asyncio.create_task(moves(office))
        for _ in range(steps):
            await asyncio.sleep(0)
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)
    office.clock.pass_(seconds=HOLD_S + 1)
    await drains(office)
    provider = (await stored(office)).provider
    out = [m.content.text for m in (*office.line.sent[before:], *office.plugins[META].line.sent)]
    assert [one for one in out if one in ("um", "dois", "três")] == ["um", "dois", "três"]
    assert {(await message(office, one)).status for one in sent} == {MessageStatus.SENT}
    assert provider in (LINE, META)
    assert (await stored(office)).may_send
