"""The connection pools of a process, and the prelude that binds a connection to one tenant.

Connections start in their role (`hub_app` or `hub_system`) by a startup setting, which is checked when they connect
(isolation.py); each transaction of a tenant sets its role again. So no statement ever runs as the login's own role, and
a transaction without a tenant sees no rows. A broken connection is replaced at its next use; nothing else is needed
after PostgreSQL restarts. See docs/decisions/0002. Each transaction is logged when it ends (`transaction`, at DEBUG;
slow ones at WARNING), and each pool is checked every 30 s.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.audit import acting
from whatsapp_hub.adapters.postgres.engine.clock import ClockKeeper
from whatsapp_hub.adapters.postgres.engine.failures import Displaced, translated
from whatsapp_hub.adapters.postgres.engine.isolation import check_role, refusal
from whatsapp_hub.adapters.postgres.engine.write_probe import WriteProbe
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.operations.hub_time import HubTime
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.errors import StoresNothing, Unavailable
from whatsapp_hub.domain.ids import TenantId

T = TypeVar("T")

APP = "hub_app"
SYSTEM = "hub_system"
ACQUIRE_TIMEOUT_S = 10.0
SHARED_FROM = 6
"""The smallest pool of which companies have shares: a smaller one serves one command, or a test."""
CONNECT_TIMEOUT_S = 5.0
LEARNING_TIMEOUT_S = 15.0
"""Half a second of work for both sides, on a machine that may have ten things to do at once."""
STATEMENTS_CACHED = 1000
IDLE_CLOSED_AFTER_S = 300.0
KEPT_WARM = 2
ROLLBACK_TIMEOUT_S = 5.0
HEALTH_EVERY_S = 30.0
HEALTHY_WITHIN_S = 5.0
SLOW_S = 1.0
HUB_SCHEMA = "hub"
BEGIN = f"BEGIN; SET LOCAL ROLE {APP};"
# Statements that write use generic plans over indexes, however few rows a table had when they were planned: planning
# them anew for each array of ids took longer than running them. See docs/decisions/0007.
RANDOM_PAGE_COST = "1.1"
"""For SSDs; the server's default (4) makes lists sort what an index has in order."""
PLANNED_ONCE = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_SENT = ("bool", "bytea", "float8", "int2", "int4", "int8", "text", "timestamptz", "uuid")
_ALL_TYPES = "SELECT " + ", ".join(f"${n}::{name}[]" for n, name in enumerate(_SENT, start=1))
PLANNED_EACH_TIME = dict(zip(PLANNED_ONCE, ("auto", "on", "on", "on"), strict=True))

log = logging.getLogger(__name__)


def arguments_of(url: str) -> dict[str, Any]:
    """Return arguments of asyncpg's `connect` and `create_pool` for a DATABASE_URL. Raises BadAddress."""
    return PostgresAddress.parse(url).arguments


def prelude(tenant: Tenant) -> str:
    """Return SQL that begins a transaction of this tenant, in one round trip. Both values are checked types: a UUID and
    a schema that matches `pooled` or `client_[a-z0-9_]{1,48}`. `Database.begin` raises `Displaced` where the tenant's
    rows are not there (any more). The caller is for the audit triggers; empty for what the hub does by itself."""
    caller = (acting() or "").replace("'", "''")
    return f"{BEGIN} SELECT hub.enter('{tenant.id}', '{tenant.schema}', '{caller}')"


async def connect(url: str, role: str) -> Any:
    """Open a dedicated connection in a role. Raises Unavailable."""
    try:
        connection = await asyncpg.connect(
            **arguments_of(url),
            timeout=CONNECT_TIMEOUT_S,
            server_settings=_settings(role),
            statement_cache_size=STATEMENTS_CACHED,
        )
    except Exception as error:
        raise refusal(error) or translated(error) or error from error
    await _checked(connection, role)
    return connection


async def _checked(connection: Any, role: str) -> None:
    """Check that the connection works as `role`; else end it and raise Unavailable."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await check_role(connection, role)
    except BaseException as error:
        connection.terminate()  # a pool would say good-bye to it, and wait for an answer
        raise translated(error) or error from error


def planned_by_value(begin: str) -> str:
    """Extend a prelude for a read-only transaction with custom plans: selectivity depends on the filter's values."""
    return ", ".join([begin, *(f"set_config('{name}', '{value}', true)" for name, value in PLANNED_EACH_TIME.items())])


def within(seconds: float, begin: str) -> str:
    """Extend a prelude as `planned_by_value` does, with a bound for each statement."""
    return f"{planned_by_value(begin)}, set_config('statement_timeout', '{seconds * 1000:.0f}', true)"


def _settings(role: str) -> dict[str, str]:
    return {
        **PLANNED_ONCE,
        "role": role,
        "jit": "off",
        "random_page_cost": RANDOM_PAGE_COST,
        "search_path": "hub",
        "timezone": "UTC",
        "application_name": f"whatsapp-hub {role}",
        "idle_in_transaction_session_timeout": "60s",
    }


async def _learn_types(connection: Any) -> None:
    """Load the types that asyncpg would look up in the catalogue, 10 ms for each type and connection: all at once here,
    rather than while a caller waits for the first statement that needs one."""
    try:
        async with asyncio.timeout(LEARNING_TIMEOUT_S):
            await connection.prepare(_ALL_TYPES)
    except BaseException:
        connection.terminate()  # the pool would say good-bye to it, and wait for an answer
        raise


def _shares_of(connections: int) -> FairShares[TenantId]:
    """Half of the connections may be one company's, and the last one is for a company that has none: beside one that
    holds all it may (its transactions wait for each other), another has nearly as many."""
    if connections < SHARED_FROM:
        return FairShares(connections, connections)
    return FairShares(connections, connections // 2, 1)


async def _skip_reset(connection: Any) -> None:
    """Skip the reset of a pooled connection between two users: all our settings are transaction-local."""


class Database:
    """The pools of hub_app and hub_system: `await open()` warms them; `await close()` ends them."""

    def __init__(
        self,
        url: str,
        *,
        app_connections: int = 12,
        system_connections: int = 4,
    ) -> None:
        self.url = url
        self._sizes = {APP: app_connections, SYSTEM: system_connections}
        self._pools: dict[str, Any] = {}
        self._shares = _shares_of(app_connections)
        self._owners: dict[int, TenantId] = {}
        self._began: dict[int, tuple[float, str]] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._ours: WeakSet[Any] = WeakSet()
        self.time = HubTime()
        self._stores = WriteProbe(self.system)

    async def open(self) -> None:
        """Open the pools. Raises Unavailable; may be called again then."""
        for role, size in self._sizes.items():
            if role not in self._pools:
                self._pools[role] = await self._pool(role, size)
        if not self._watching:
            keeper = ClockKeeper(self.time, self.system, self._pids)
            await keeper.join()
            self._watching = [
                asyncio.create_task(self._watch(), name="database health"),
                asyncio.create_task(keeper.run(), name="clock"),
            ]

    async def _pool(self, role: str, size: int) -> Any:
        async def prepare(connection: Any) -> None:
            await _checked(connection, role)
            await _learn_types(connection)
            self._ours.add(connection)

        try:
            return await asyncpg.create_pool(
                **arguments_of(self.url),
                min_size=min(KEPT_WARM, size),
                max_size=size,
                timeout=CONNECT_TIMEOUT_S,
                max_inactive_connection_lifetime=IDLE_CLOSED_AFTER_S,
                max_queries=1_000_000,
                statement_cache_size=STATEMENTS_CACHED,
                max_cached_statement_lifetime=0,
                server_settings=_settings(role),
                init=prepare,
                reset=_skip_reset,
            )
        except Exception as error:
            raise refusal(error) or translated(error) or error from error

    def _pids(self) -> list[int]:
        return [connection.get_server_pid() for connection in self._ours if not connection.is_closed()]

    async def close(self) -> None:
        """Close both pools. Connections that do not end in time are cut."""
        for task in self._watching:
            task.cancel()
        self._watching = []
        for pool in self._pools.values():
            with suppress(TimeoutError):
                await asyncio.wait_for(pool.close(), 5)
        self._pools.clear()

    @property
    def connections(self) -> dict[str, int]:
        """Count the connections of both pools: open, in use, and the most that there may be."""
        pools = list(self._pools.values())
        is_open = sum(pool.get_size() for pool in pools)
        used = is_open - sum(pool.get_idle_size() for pool in pools)
        return {"pool_open": is_open, "pool_used": used, "pool_most": sum(self._sizes.values())}

    async def ping(self) -> float:
        """Return the seconds that the database takes to answer. Raises Unavailable; StoresNothing where it answers and
        takes no writes."""
        began = asyncio.get_running_loop().time()
        if await self.system(lambda connection: connection.fetchval("SHOW transaction_read_only")) == "on":
            raise StoresNothing("read-only")
        took_s = asyncio.get_running_loop().time() - began
        await self._stores()
        return took_s

    async def _watch(self) -> None:
        """Check the database regularly, so that an outage is known before a request finds it; replaces broken
        connections."""
        is_well = True
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            was_well, is_well = is_well, await self._is_well()
            if is_well != was_well:
                log.log(logging.INFO if is_well else logging.ERROR, "database.back" if is_well else "database.away")

    async def _is_well(self) -> bool:
        try:
            async with asyncio.timeout(HEALTHY_WITHIN_S):
                await self.ping()
                await self.give_back(APP, await self.begin(BEGIN, HUB_SCHEMA), open_transaction=True)
        except (Unavailable, TimeoutError):
            return False
        return True

    async def take(self, role: str, owner: TenantId | None = None) -> Any:
        """Take a connection from the pool; the caller returns it by `give_back`. A company gets no more than its share,
        so that its slow transactions, however many, leave connections to others. Raises Unavailable."""
        if role not in self._pools:
            raise Unavailable("the database is not open")
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):  # the pool's own time-out creates a task for each
                return await self._acquire(role, owner)
        except Exception as error:
            raise translated(error) or error from error

    async def _acquire(self, role: str, owner: TenantId | None) -> Any:
        if role != APP:
            return await self._pools[role].acquire()
        await self._shares.enter(owner)
        try:
            connection = await self._pools[role].acquire()
        except BaseException:
            self._shares.leave(owner)
            raise
        if owner is not None:
            self._owners[id(connection)] = owner
        return connection

    async def give_back(self, role: str, connection: Any, *, open_transaction: bool) -> None:
        """Return a connection to its pool; roll back an open transaction. A connection that cannot even do that is
        closed: its transaction ends with it. (The pool removes a lost connection by itself; the driver then reports it
        as released.)"""
        try:
            if open_transaction:
                async with asyncio.timeout(ROLLBACK_TIMEOUT_S):  # wait_for of Python 3.11 may swallow a cancellation
                    await connection.execute("ROLLBACK")
        except BaseException as error:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            if not isinstance(error, Exception):
                raise
        finally:
            self._ended(connection, "rolled_back" if open_transaction else "committed")
            owner = self._owners.pop(id(connection), None)
            try:
                await self._pools[role].release(connection, timeout=ROLLBACK_TIMEOUT_S)
            finally:
                if role == APP:
                    self._shares.leave(owner)

    def _ended(self, connection: Any, outcome: str) -> None:
        """Log the transaction that was begun on this connection, if any."""
        began, schema = self._began.pop(id(connection), (0.0, ""))
        if not schema:
            return
        took_s = time.perf_counter() - began
        level = logging.WARNING if took_s > SLOW_S else logging.DEBUG
        if log.isEnabledFor(level):
            fields = {"schema": schema, "took_ms": round(took_s * 1000, 2), "outcome": outcome}
            log.log(level, "transaction", extra=fields)

    async def begin(self, prelude: str, schema: str, owner: TenantId | None = None) -> Any:
        """Take a connection and begin a transaction by `prelude`; the caller returns it. `schema` is for the log,
        `owner` the company whose share it counts for. Raises Unavailable, Displaced.

        The first statement on a connection that PostgreSQL ended meanwhile fails: then all pooled ones are replaced."""
        for last in (False, True):
            connection = await self.take(APP, owner)
            self._began[id(connection)] = (time.perf_counter(), schema)
            try:
                await connection.execute(prelude)
            except BaseException as error:
                await self.give_back(APP, connection, open_transaction=True)
                away = translated(error)
                if away is None or last or isinstance(away, Displaced):
                    raise away or error from error
                await self._pools[APP].expire_connections()
            else:
                return connection
        raise AssertionError("unreachable")

    async def system(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run one statement (or a few, each a transaction) as hub_system. Raises Unavailable."""
        connection, ended_well = await self.take(SYSTEM), False
        self._began[id(connection)] = (time.perf_counter(), HUB_SCHEMA)
        try:
            found = await work(connection)
            ended_well = True
        except Exception as error:
            if away := translated(error):
                await self._pools[SYSTEM].expire_connections()
            raise away or error from error
        finally:
            if not ended_well:
                self._ended(connection, "failed")
            await self.give_back(SYSTEM, connection, open_transaction=False)
        return found

    @asynccontextmanager
    async def transaction(self, tenant: Tenant) -> AsyncIterator[Any]:
        """Open a transaction of this tenant for reading, committed when the block succeeds. Raises Unavailable."""
        begun = await self.begin(planned_by_value(prelude(tenant)), tenant.schema, tenant.id)
        async with self.begun(begun) as connection:
            yield connection

    @asynccontextmanager
    async def acting_for(self, tenant_id: TenantId) -> AsyncIterator[Any]:
        """Open one for the tables of the schema `hub` alone, wherever the tenant's own tables are."""
        prelude = f"{BEGIN} SELECT set_config('app.tenant_id', '{tenant_id}', true)"
        async with self.begun(await self.begin(prelude, HUB_SCHEMA, tenant_id)) as connection:
            yield connection

    @asynccontextmanager
    async def begun(self, connection: Any) -> AsyncIterator[Any]:
        """Run the rest of a transaction that `begin` began, committed when the block succeeds. Raises Unavailable."""
        is_open = True
        try:
            yield connection
            await connection.execute("COMMIT")
            is_open = False
        except Exception as error:
            raise translated(error) or error from error
        finally:
            await self.give_back(APP, connection, open_transaction=is_open)
