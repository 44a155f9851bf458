"""What a connector does with its share of the sessions."""

import asyncio
import time
from typing import Any, cast
from uuid import uuid4

import pytest

from whatsapp_hub.application.connecting.connection_records import RecordConnections
from whatsapp_hub.application.connecting.keep_lease import KeepLease
from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId, DesiredConnection
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId, TenantId


class HangingLeases:
    """The database answers only after this connector has hung up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lease: KeepLease | None = None

    async def reap_expired(self) -> None:
        assert self.lease is not None
        self.lease.connector = None

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        raise AttributeError(name)


async def test_a_connector_that_hung_up_while_it_looked_takes_nothing() -> None:
    leases, me = HangingLeases(), Connector(ConnectorId(uuid4()), "host:1", ("NEONIZE",), 80)
    leases.lease = KeepLease(cast("Any", leases), lambda: me, connector=me)
    records = RecordConnections(cast("Any", None), cast("Any", leases), cast("Any", None))
    await ReconcileSessions(leases.lease, records, cast("Any", None), cast("Any", None), 0).reconcile()
    assert leases.asked == []


class Held:
    """Sessions that a connector is to hold, in memory. `opened`: the dials, in their order."""

    def __init__(self, count: int) -> None:
        self.me = Connector(ConnectorId(uuid4()), "host:1", ("NEONIZE",), 80)
        self.wanted = {SessionId(uuid4()): 1 for _ in range(count)}
        self.opened: list[SessionId] = []
        self.is_due = True

    # -- leases

    async def reap_expired(self) -> None: ...

    async def loads(self, kinds: object) -> tuple[list[Any], int]:
        return [], 0

    async def held(self, connector_id: ConnectorId) -> list[DesiredConnection]:
        tenant = TenantId(uuid4())
        return [
            DesiredConnection(id, tenant, "NEONIZE", fence, is_due=self.is_due, must_forget=False, is_wanted=True)
            for id, fence in self.wanted.items()
        ]

    # -- records

    @property
    def leases(self) -> Any:
        return self

    async def about_to_dial(self, connection: DesiredConnection, me: ConnectorId, *, takes_over: bool) -> SessionRef:
        return SessionRef(connection.session_id, connection.tenant_id, "shop", "NEONIZE", None, fence=connection.fence)

    # -- the provider

    def live(self, kind: str) -> Any:
        return self

    async def open(self, session: SessionRef, *, unclean: bool = False) -> None:
        self.opened.append(session.id)

    async def close(self, session_id: SessionId) -> None: ...

    async def forget(self, session_id: SessionId) -> None: ...

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        return ""

    async def log_out(self, session_id: SessionId) -> None: ...

    def pulse(self, session_id: SessionId) -> None: ...


async def test_only_the_first_dials_of_a_connector_are_staggered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated dial has made its pause, and waits for no session that is still to be restored."""
    held, sleep, pauses = Held(2), asyncio.sleep, asyncio.Queue[float]()

    async def pause(seconds: float) -> None:
        pauses.put_nowait(seconds)
        await sleep(0)

    hold = ReconcileSessions(
        KeepLease(cast("Any", held), lambda: held.me), cast("Any", held), cast("Any", held), cast("Any", None), 60.0
    )
    hold.lease.connector, hold.lease._renewed_at = held.me, time.monotonic()
    monkeypatch.setattr("whatsapp_hub.application.connecting.reconcile_sessions.asyncio.sleep", pause)
    dialling = asyncio.create_task(hold._dial())
    await hold.reconcile()
    first, second = await pauses.get(), await pauses.get()
    assert min(first, second) > 50.0
    known = held.opened[1]
    held.wanted, held.is_due = {SessionId(uuid4()): 1, known: 2}, False
    await hold.reconcile()
    while hold.held:
        await sleep(0)
    held.is_due = True
    await hold.reconcile()
    assert await pauses.get() == 0.0
    assert held.opened[2] == known
    assert await pauses.get() > 50.0
    dialling.cancel()
