"""Which of the driver's errors mean that the database is away."""

import asyncpg
import pytest

from whatsapp_hub.adapters.postgres.engine.failures import TransactionConflict, translated
from whatsapp_hub.domain.errors import StoresNothing, Unavailable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidPasswordError("the password was changed, and not yet ours"),
        asyncpg.InvalidAuthorizationSpecificationError("may not log in just now"),
        asyncpg.ReadOnlySQLTransactionError("a standby"),
        asyncpg.CannotConnectNowError("starting up"),
        ConnectionRefusedError(),
    ],
)
def test_a_server_that_does_not_let_us_in_just_now_is_away(error: Exception) -> None:
    away = translated(error)
    assert isinstance(away, Unavailable)
    assert not isinstance(away, TransactionConflict)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (asyncpg.DiskFullError("could not extend file"), "disk full"),
        (asyncpg.OutOfMemoryError("x"), "out of memory"),
        (asyncpg.ReadOnlySQLTransactionError("a standby"), "read-only"),
        (asyncpg.PostgresIOError("could not read block 7"), "input/output error"),
    ],
)
def test_a_server_that_cannot_write_says_why(error: Exception, reason: str) -> None:
    away = translated(error)
    assert isinstance(away, StoresNothing)
    assert away.reason == reason


@pytest.mark.parametrize("error", [asyncpg.TooManyConnectionsError("x"), asyncpg.ConfigurationLimitExceededError("x")])
def test_a_server_at_one_of_its_limits_is_away(error: Exception) -> None:
    away = translated(error)
    assert isinstance(away, Unavailable)
    assert not isinstance(away, StoresNothing | TransactionConflict)


def test_a_statement_that_is_wrong_is_not_the_servers_fault() -> None:
    assert translated(asyncpg.UndefinedTableError("x")) is None
