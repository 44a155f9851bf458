"""What a connector does with its share of the sessions."""

from typing import Any, cast
from uuid import uuid4

from whatsapp_hub.application.connecting.connection_records import RecordConnections
from whatsapp_hub.application.connecting.keep_lease import KeepLease
from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId


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
