"""Translate the driver's errors into those that the ports declare.

A lost connection or a refused one is `Unavailable`. A deadlock, a serialisation failure, a lock not obtained in time or
a transaction that idled too long is `TransactionConflict`, which is an `Unavailable` too: the transaction is gone,
nothing was stored, the same call may be made again at once (`ReceiveEvents` and tasks do; the API answers 503 with
Retry-After). A server that answers and cannot write (no room, read-only, a failing disk) is `StoresNothing`, with the
reason. The one exception to "nothing was stored": a connection that breaks during COMMIT may have committed;
idempotency keys and dedupe keys cover that.
"""

import asyncpg

from whatsapp_hub.domain.errors import Contention, StoresNothing, TookTooLong, Unavailable


class TransactionConflict(Contention):
    """PostgreSQL aborted this transaction in favour of another. Retry at once."""


class Displaced(Contention):
    """The tenant's rows are being moved, or were moved: look up their schema, and begin again."""


_DISPLACED = frozenset({"HUB03", "HUB04"})
"""What `hub.enter` raises."""
_CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
_STORES_NOTHING = {
    asyncpg.DiskFullError: "disk full",
    asyncpg.OutOfMemoryError: "out of memory",
    asyncpg.ReadOnlySQLTransactionError: "read-only",  # a standby, or a server that was made read-only for a while
    asyncpg.PostgresSystemError: "input/output error",  # a disk that fails, or a file of it that is gone
}
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, terminated by an operator
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,  # a password changed on the server first: ours was accepted once
    asyncpg.InterfaceError,  # the driver's error for a connection or pool closed meanwhile
    asyncpg.InternalClientError,
)


def translated(error: BaseException) -> Unavailable | None:
    """Return the domain's error for a failure of the database itself (also for one that was translated already); None
    for any other."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, _CONFLICTS):
        return TransactionConflict(f"transaction conflict: {type(error).__name__}")
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate in _DISPLACED:
        return Displaced(str(error))
    if isinstance(error, asyncpg.DataError):  # an InterfaceError as well, when the driver finds it
        return None
    return _away(error)


def _away(error: BaseException) -> Unavailable | None:
    if isinstance(error, asyncpg.QueryCanceledError):  # `reading` gave it up, or an operator cancelled it
        return TookTooLong("the database took too long for it; ask for less at a time")
    for kind, reason in _STORES_NOTHING.items():
        if isinstance(error, kind):
            return StoresNothing(reason)
    if isinstance(error, _AWAY):
        return Unavailable(f"PostgreSQL is away: {type(error).__name__}")
    return None
