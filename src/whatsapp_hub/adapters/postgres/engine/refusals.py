"""Say in one line why a PostgreSQL cannot be used, and what to do about it."""

import socket
import ssl
from collections.abc import Callable

import asyncpg

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress

RIGHTS = "docs/database.md lists the rights that the hub needs"


class DatabaseUnusable(Exception):
    """The database at DATABASE_URL cannot be used as it is. The message is one line, without the password."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"DATABASE_URL: {reason}")


def refusal(error: BaseException, address: PostgresAddress) -> DatabaseUnusable | None:
    """Explain an error of connecting to the address, or of the first statement there. None: not a known fault of the
    server, its address or its rights."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            user = f"user {address.user!r}" if address.user else "this user"
            values = {"where": place(address), "user": user, "error": error, "kind": type(error).__name__}
            database = address.database or address.user
            message = reason(str(error)) if callable(reason) else reason
            return DatabaseUnusable(" ".join(message.format(**values, owner=address.user, database=database).split()))
    return None


def place(address: PostgresAddress) -> str:
    """Name the hosts of an address for a message."""
    named = (host.name if host.is_socket else f"{host.name}:{host.port}" for host in address.hosts)
    return ", ".join(named) or "the usual socket"


READ_ONLY = "{where} is read-only (a standby, or default_transaction_read_only): name the primary server"


def _not_let_in(reply: str) -> str:
    if "does not exist" in reply:
        return "{where} knows no {user}: create it, or correct the user's name"
    if "no encryption" in reply:
        return "{where} does not let {user} in without TLS, or not at all: add ?sslmode=require, or see its pg_hba.conf"
    return "{where} does not let {user} in: see its pg_hba.conf"


def _broken(reply: str) -> str:
    if "rejected SSL upgrade" in reply:
        return "{where} offers no TLS, which the address asks for: ?sslmode=disable where the way is safe, or enable it"
    return "what answers at {where} broke off ({kind}): is it a PostgreSQL server?"


_REASONS: tuple[tuple[type[BaseException], str | Callable[[str], str]], ...] = (
    # errors of PostgreSQL itself
    (asyncpg.InvalidPasswordError, "{where} refuses the password of {user}: correct it (in a URL @ is %40, / is %2F)"),
    (asyncpg.InvalidAuthorizationSpecificationError, _not_let_in),
    (
        asyncpg.InvalidCatalogNameError,
        "there is no database {database!r} at {where}: create it (createdb --owner={owner} {database})",
    ),
    (asyncpg.InsufficientPrivilegeError, f"{{user}} lacks rights at {{where}} ({{error}}); {RIGHTS}"),
    (asyncpg.TooManyConnectionsError, "{where} has no connection left: raise max_connections, or end what holds them"),
    (asyncpg.CannotConnectNowError, "{where} is not ready ({error}): try again when it has started"),
    (asyncpg.ReadOnlySQLTransactionError, READ_ONLY),
    (asyncpg.TargetServerAttributeNotMatched, "none of the servers at {where} takes writes: name the primary server"),
    (asyncpg.ClientConfigurationError, "{error}"),
    # errors of the network
    (socket.gaierror, "the host of {where} is not known: correct its name, or the name server"),
    (
        ssl.SSLCertVerificationError,
        "the certificate of {where} is not accepted ({error.verify_message}): give ?sslrootcert=FILE",
    ),
    (ssl.SSLError, "TLS with {where} failed ({error.reason}): see ?sslmode and the certificates"),
    (FileNotFoundError, "there is no PostgreSQL at the socket {where}: start it, or correct the folder"),
    (ConnectionRefusedError, "nothing answers at {where}: start PostgreSQL there, or correct host and port"),
    (TimeoutError, "no answer from {where} in time: see host, port and firewall"),
    (ConnectionError, _broken),
    (asyncpg.InterfaceError, _broken),
    (asyncpg.InternalClientError, _broken),
    (OSError, "{where} cannot be reached: {error.strerror}"),
)
"""Messages by error; the first match wins. `refusal` fills the braces."""
