"""QR codes of sessions that no connector holds: renewed, expired, timed out, whatever provider has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.postgres.conftest import World, new_world, world
from whatsapp_hub.adapters.postgres.queries.session_finder import PostgresSessionFinder
from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.open_sessions import OpenRules, ShowCode
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing, TendPairings
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit, StopSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import NotFound, Scope, Transient
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Session, SessionStatus

__all__ = ["new_world", "world"]
RULES = ReconnectPolicy(pairing=timedelta(seconds=300), code=timedelta(seconds=60))
S = SessionStatus


@dataclass
class Shop:
    """A provider's server with one session: what it answers, and how often it was asked."""

    clock: Any
    status: SessionStatus = S.CONNECTING
    code: str | None = None
    reason: str | None = None
    is_away: bool = False
    calls: list[str] = field(default_factory=list)

    async def send(self, *_: object) -> Any: ...

    async def aclose(self) -> None: ...

    async def start(self, session: SessionRef) -> SessionSeen:
        return self._seen("start")

    async def stop(self, session: SessionRef) -> SessionSeen:
        return self._seen("stop")

    def _seen(self, call: str) -> SessionSeen:
        self.calls.append(call)
        if self.is_away:
            raise Transient("connection", "away", retry_after_s=2, scope=Scope.SESSION)
        return SessionSeen(self.status, self.clock(), self.reason, qr_code=self.code)


class AskedShop(Shop):
    async def show_code(self, session: SessionRef) -> SessionSeen:
        return self._seen("show_code")


class Plugin:
    kind = "THIRD"
    capabilities = Capabilities("THIRD", frozenset(), frozenset({Feature.QR_CODE}))
    webhooks = None

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        return dict(settings)

    def connect(self, host: object) -> Shop:
        return self._shop


@dataclass
class Bench:
    world: World
    shop: Shop
    session: Session
    providers: Providers
    now: datetime

    def clock(self) -> datetime:
        return self.now

    async def started(self) -> Session:
        leases: Leases = None  # type: ignore[assignment]  # of no session that holds a socket
        follow = AdvanceConnection(self.clock, RULES, lambda: 0.5)
        start = InitSession(self.world.hub.storage, self.providers, self.clock, follow, leases, SessionLimit(1))
        return await start(self.caller, self.session.id)

    @property
    def caller(self) -> Caller:
        return Caller(self.world.tenant.id, Role.ADMIN, "key:1")

    async def later(self, seconds: float) -> Session:
        """So much later, all that was due meanwhile is done, step by step."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=4))
            await self.mind()
        return await self.stored()

    async def mind(self) -> None:
        mind = TendPairings(self.world.hub.storage, self.providers, self.clock, self.follow)
        await self.world.hub.owner.execute(
            "UPDATE hub.pairings SET look_at = '-infinity' WHERE session_id = $1", self.session.id
        )
        await mind()
        await mind.drain()

    @property
    def follow(self) -> FollowPairing:
        return FollowPairing(self.providers, self.clock, RULES)

    async def reports(self, status: SessionStatus, code: str | None = None, reason: str | None = None) -> Session:
        async with self.world.uow() as uow:
            session = await uow.sessions.get(self.session.id)
            await self.follow.reported(uow, session, SessionSeen(status, self.now, reason, qr_code=code))
            await uow.commit()
        return session

    async def stored(self) -> Session:
        async with self.world.uow() as uow:
            return (await uow.sessions.peek([self.session.id]))[self.session.id]

    async def told(self) -> Sequence[str | None]:
        """The codes of all `session.qr` events."""
        await self.world.hub.owner.execute("SELECT 1")
        rows = await self.world.hub.owner.fetch(
            """SELECT convert_from(body, 'UTF8')::json->'session'->>'qrCode' AS code FROM (
                 SELECT position AS n, session_id, type, body FROM hub.events
                 UNION ALL SELECT id + (1::bigint << 62), session_id, type, body FROM hub.outbox) AS happened
               WHERE session_id = $1 AND type = $2 ORDER BY n""",
            self.session.id,
            EventType.SESSION_QR.value,
        )
        return [row["code"] for row in rows]


@pytest_asyncio.fixture(params=[AskedShop, Shop], ids=["asked", "tells by itself"])
async def bench(world: World, request: pytest.FixtureRequest) -> Bench:
    async def at() -> datetime:
        return datetime.now(UTC)

    made = Bench(world, None, None, None, await at())  # type: ignore[arg-type]
    made.shop = request.param(made.clock)
    host: Any = None
    made.providers = Providers({"THIRD": Plugin(made.shop)}, host)  # type: ignore[dict-item]
    made.session = await world.add_session("SANDBOX", connected=False)
    await world.hub.owner.execute("UPDATE hub.sessions SET provider = 'THIRD' WHERE id = $1", made.session.id)
    return made


def is_asked(bench: Bench) -> bool:
    return isinstance(bench.shop, AskedShop)


async def shown(bench: Bench, code: str) -> Session:
    """The provider has a new code."""
    bench.shop.status, bench.shop.code = S.QR_PENDING, code
    return await (bench.later(10) if is_asked(bench) else bench.reports(S.QR_PENDING, code))


async def test_a_code_is_shown_renewed_and_scanned(bench: Bench) -> None:
    await bench.started()
    assert (await shown(bench, "2@a")).qr_code == "2@a"
    assert (await bench.reports(S.QR_PENDING)).qr_code == "2@a", "a code that is known is not wiped"
    assert (await shown(bench, "2@b")).qr_code == "2@b"
    assert await bench.told() == ["2@a", "2@b"]
    session = await bench.reports(S.CONNECTED)
    assert (session.status, session.qr_code) == (S.CONNECTED, None)
    asked = len(bench.shop.calls)
    await bench.later(400)
    assert (await bench.stored()).status is S.CONNECTED
    assert len(bench.shop.calls) == asked


async def test_a_code_that_is_not_renewed_is_hidden_when_it_is_too_old(bench: Bench) -> None:
    await bench.started()
    await shown(bench, "2@a")
    session = await bench.later(70)
    assert (session.status, session.qr_code) == (S.QR_PENDING, None)
    assert (await shown(bench, "2@b")).qr_code == "2@b"
    assert await bench.told() == ["2@a", "2@b"]


async def test_a_code_is_given_with_its_end_and_not_after_it(bench: Bench) -> None:
    rules = OpenRules("THIRD", RULES.code, lambda _: {})
    show = ShowCode(PostgresSessionFinder(bench.world.hub.storage), rules, bench.clock)
    await bench.started()
    with pytest.raises(NotFound):
        await show(bench.caller, str(bench.session.id))
    await shown(bench, "2@a")
    code = await show(bench.caller, str(bench.session.id))
    assert code.session.qr_code == "2@a"
    assert timedelta() < code.expires_at - bench.now <= RULES.code
    bench.now = code.expires_at
    with pytest.raises(NotFound):
        await show(bench.caller, str(bench.session.id))


async def test_a_session_that_nobody_scans_is_closed_and_says_why(bench: Bench) -> None:
    await bench.started()
    for n in range(7):
        await shown(bench, f"2@{n}")
        await bench.later(45)
    session = await bench.stored()
    assert (session.status, session.status_reason, session.is_active) == (S.DISCONNECTED, "qr_timeout", False)
    assert bench.shop.calls[-1] == "stop"
    await bench.reports(S.DISCONNECTED)
    await bench.reports(S.QR_PENDING, "2@late")
    session = await bench.stored()
    assert (session.status, session.status_reason, session.qr_code) == (S.DISCONNECTED, "qr_timeout", None)


async def test_one_that_never_comes_up_fails_and_says_why(bench: Bench) -> None:
    await bench.started()
    session = await bench.later(310)
    assert (session.status, session.status_reason) == (S.FAILED, "no_answer")


async def test_a_linked_session_whose_server_is_slow_to_come_back_is_not_stopped_there(bench: Bench) -> None:
    """A server that starts many sessions one after the other may take longer than a person has to scan a code."""
    await bench.started()
    await bench.reports(S.CONNECTED)
    await bench.reports(S.CONNECTING)
    session = await bench.later(310)
    assert (session.status, session.status_reason) == (S.FAILED, "no_answer")
    assert "stop" not in bench.shop.calls
    assert (await bench.reports(S.CONNECTED)).may_send


async def test_codes_that_are_used_up_are_followed_by_new_ones(bench: Bench) -> None:
    await bench.started()
    await shown(bench, "2@a")
    await bench.later(150)
    bench.shop.status, bench.shop.code = S.CONNECTING, None
    session = await bench.reports(S.FAILED, reason="WAHA reports FAILED")
    assert session.status is S.QR_PENDING
    await bench.later(3)
    assert bench.shop.calls.count("start") == 2
    assert (await shown(bench, "2@b")).qr_code == "2@b"


async def test_a_failure_before_the_codes_can_be_used_up_is_one(bench: Bench) -> None:
    await bench.started()
    await shown(bench, "2@a")
    session = await bench.reports(S.FAILED, reason="WAHA reports FAILED")
    assert (session.status, session.status_reason) == (S.FAILED, "WAHA reports FAILED")


async def test_a_stopped_session_asks_for_nothing_more(bench: Bench) -> None:
    await bench.started()
    await shown(bench, "2@a")
    follow = AdvanceConnection(bench.clock, RULES, lambda: 0.5)
    await StopSession(bench.world.hub.storage, bench.providers, bench.clock, follow)(bench.caller, bench.session.id)
    calls = len(bench.shop.calls)
    session = await bench.later(400)
    assert (session.status, session.status_reason) == (S.DISCONNECTED, "stopped")
    assert len(bench.shop.calls) == calls


async def test_a_server_that_is_away_for_a_while_is_asked_again(bench: Bench) -> None:
    await bench.started()
    bench.shop.is_away = True
    await bench.later(20)
    bench.shop.is_away = False
    assert (await shown(bench, "2@a")).qr_code == "2@a"


async def test_a_start_whose_process_died_is_made_up_for(bench: Bench) -> None:
    async with bench.world.uow() as uow:
        session = await uow.sessions.get(bench.session.id)
        session.start(bench.now)
        await bench.follow.begin(uow, session)
        await uow.sessions.save(session)
        await uow.commit()
    await bench.later(20)
    assert bench.shop.calls == []
    await bench.later(15)
    assert bench.shop.calls[0] == "start"
    assert (await shown(bench, "2@a")).qr_code == "2@a"


async def test_a_phone_that_is_linked_before_the_start_was_answered_stays_linked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook overtakes the answer. It would be stopped as one that nobody scanned, where nobody can ask again."""
    real = bench.shop.start

    async def overtaken(session: SessionRef) -> SessionSeen:
        seen = await real(session)
        await bench.reports(S.CONNECTED)
        return seen

    monkeypatch.setattr(bench.shop, "start", overtaken)
    assert (await bench.started()).status is S.CONNECTED
    assert (await bench.later(400)).status is S.CONNECTED
    assert bench.shop.calls == ["start"]


async def test_two_processes_ask_once(bench: Bench) -> None:
    await bench.started()
    await bench.world.hub.owner.execute("UPDATE hub.pairings SET look_at = '-infinity'")
    directory = bench.world.hub.directory
    first, second = [await directory.due_pairings(bench.world.tenant.id, 1000, 45) for _ in range(2)]
    assert [one.session_id for one in first].count(bench.session.id) == 1
    assert second == []
