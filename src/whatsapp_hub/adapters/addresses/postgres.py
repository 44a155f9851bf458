"""Parse a PostgreSQL address as libpq does (https://www.postgresql.org/docs/current/libpq-connect.html, URIs).

asyncpg, SQLAlchemy and Go's driver each understand a different part of that grammar. So an address is parsed here once,
and every client gets its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from whatsapp_hub.adapters.addresses.parts import BadAddress, parameters, port_number

DEFAULT_PORT = 5432
SOCKET_FOLDERS = ("/run/postgresql", "/var/run/postgresql", "/tmp", "/private/tmp")  # noqa: S108 - PostgreSQL's own
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TARGETS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")

_SCHEME = re.compile(r"(?:postgresql|postgres)(?:\+\w+)?://", re.IGNORECASE)
_PLACES = frozenset({"host", "hostaddr", "port", "user", "password", "dbname", "database"})
_IGNORED = re.compile(
    # parameters of libpq without a counterpart here, and those of frameworks whose addresses are pasted
    r"connect_timeout|keepalives\w*|tcp_user_timeout|gssencmode|gssdelegation|channel_binding|require_auth|client_encoding|replication"
    r"|fallback_application_name|requirepeer|requiressl|sslcompression|sslsni|sslcertmode|load_balance_hosts"
    r"|(min|max)_protocol_version|scram_\w+|servicefile"
    r"|prepared_statement\w*|pgbouncer|schema|connection_limit|pool_\w+|statement_cache_size|sslaccept|socket_timeout"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host name, an IP address, or the folder of a Unix socket (which begins with a slash)."""

    name: str
    port: int = DEFAULT_PORT

    @property
    def is_socket(self) -> bool:
        """Whether the host is a folder with a Unix socket, as libpq takes it."""
        return self.name.startswith("/")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A parsed address. The client chooses empty parts (PGUSER, PGHOST … and its usual defaults)."""

    hosts: tuple[Host, ...] = ()
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> PostgresAddress:
        """Parse an address. Raises BadAddress."""
        url = url.strip()
        if (scheme := _SCHEME.match(url)) is None:
            raise BadAddress("must begin with postgresql:// (or postgres://)")
        if "\0" in url or "%00" in url:
            raise BadAddress("must not contain NUL")
        whole, _, query = url[scheme.end() :].partition("?")
        authority, _, path = whole.partition("/")
        userinfo, at, hostspec = authority.rpartition("@")
        user, _, password = userinfo.partition(":") if at else ("", "", "")
        options = parameters(query)
        hosts = _hosts(hostspec) or tuple(_listed(options))
        address = cls(
            hosts,
            unquote(user) or options.get("user", ""),
            unquote(password) or options.get("password", ""),
            unquote(path) or options.get("dbname") or options.get("database") or "",
            _kept(options, several=len(hosts) > 1),
        )
        return address._checked()

    def _checked(self) -> PostgresAddress:
        for name, known in (("sslmode", SSL_MODES), ("target_session_attrs", TARGETS)):
            if (value := self.parameters.get(name)) is not None and value not in known:
                raise BadAddress(f"{name} must be one of {', '.join(known)}")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """Return keyword arguments for asyncpg's `connect` and `create_pool`."""
        options: dict[str, Any] = {"user": self.user, "password": self.password, "database": self.database}
        if self.hosts:
            options |= {"host": [host.name for host in self.hosts], "port": [host.port for host in self.hosts]}
        query = urlencode(self.parameters, quote_via=quote)
        return {"dsn": f"postgresql://?{query}", **{name: value for name, value in options.items() if value}}

    @property
    def url(self) -> str:
        """Return the address for libpq (psql, pg_dump), with the password."""
        options = {
            "host": ",".join(host.name for host in self.hosts),
            "port": ",".join(str(host.port) for host in self.hosts),
            "user": self.user,
            "password": self.password,
            "dbname": self.database,
            **self.parameters,
        }
        return f"postgresql://?{urlencode({n: v for n, v in options.items() if v}, quote_via=quote)}"

    def without_password(self) -> PostgresAddress:
        """Drop the password for a program's command line, which others can see; PGPASSWORD takes it instead."""
        return replace(self, password="")

    def of_database(self, name: str) -> PostgresAddress:
        """Return the address of another database on the same server."""
        return replace(self, database=name)

    def each_host(self) -> Iterator[PostgresAddress]:
        """Yield an address for each host, for a client that does not support lists."""
        for host in self.hosts or (_usual_host(),):
            yield replace(self, hosts=(host,))


def _hosts(hostspec: str) -> tuple[Host, ...]:
    return tuple(_host(one) for one in hostspec.split(",")) if hostspec else ()


def _host(spec: str) -> Host:
    if spec.startswith("["):
        name, bracket, rest = spec[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadAddress("an IPv6 address stands in brackets: [::1]:5432")
        return Host(unquote(name), port_number(rest[1:], DEFAULT_PORT))
    name, _, port = spec.partition(":")
    return Host(unquote(name) or "localhost", port_number(port, DEFAULT_PORT))


def _listed(options: Mapping[str, str]) -> Iterator[Host]:
    """Yield the hosts of `?host=a,b&port=1,2`; a single port applies to all. Some write `?host=a:1`."""
    names = [name for name in (options.get("host") or options.get("hostaddr") or "").split(",") if name]
    ports = options.get("port", "").split(",")
    if not names and options.get("port"):
        names = [_usual_host().name]
    if len(ports) not in (1, len(names)) and names:
        raise BadAddress(f"port must name one port, or {len(names)}")
    for name, port in zip_longest(names, ports * len(names) if len(ports) == 1 else ports):
        is_whole = name.startswith(("/", "[")) or name.count(":") != 1
        yield Host(name.strip("[]"), port_number(port, DEFAULT_PORT)) if is_whole else _host(name)


def _kept(options: Mapping[str, str], *, several: bool) -> dict[str, str]:
    """Return the options to pass on. Of several hosts the hub needs the one that takes writes."""
    kept = {name: value for name, value in options.items() if name not in _PLACES and not _IGNORED.fullmatch(name)}
    if (ssl := kept.pop("ssl", None)) is not None:  # as JDBC and SQLAlchemy write it
        kept.setdefault("sslmode", {"true": "require", "1": "require", "false": "disable"}.get(ssl, ssl))
    if several:
        kept.setdefault("target_session_attrs", "read-write")
    return kept


def _usual_host() -> Host:
    """Return the default that libpq uses without a host."""
    sockets = (folder for folder in SOCKET_FOLDERS if Path(folder, f".s.PGSQL.{DEFAULT_PORT}").exists())
    return Host(next(sockets, "localhost"))
