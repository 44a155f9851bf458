from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from asyncpg.connect_utils import _parse_connect_dsn_and_args
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.addresses.parts import BadAddress
from whatsapp_hub.adapters.addresses.postgres import Host, PostgresAddress

parse = PostgresAddress.parse
words = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)


def seen_by_asyncpg(address: PostgresAddress) -> tuple[list[Any], Any]:
    """Hosts and parameters as asyncpg understands our arguments."""
    rest = dict.fromkeys(("passfile", "ssl", "service", "servicefile", "direct_tls", "server_settings"))
    rest |= dict.fromkeys(("target_session_attrs", "krbsrvname", "gsslib", "host", "port", "user", "password"))
    rest |= {"database": None, "direct_tls": False}
    found: tuple[list[Any], Any] = _parse_connect_dsn_and_args(**{**rest, **address.arguments})
    return found


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2", "POSTGRESQL"]
)
def test_the_schemes_that_people_paste_are_one(scheme: str) -> None:
    address = parse(f"{scheme}://postgres:secret@db.example/hub")
    assert address == PostgresAddress((Host("db.example"),), "postgres", "secret", "hub")


@pytest.mark.parametrize("user", ["postgres", "postgresql", "postgres:", "postgresql+asyncpg", "a/b", "ü", "a b"])
def test_a_user_may_have_any_name(user: str) -> None:
    assert parse(f"postgresql://{quote(user, safe='')}:secret@host/db").user == user


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("p%40ss", "p@ss"),
        ("p%2Fq%3Fr%23s", "p/q?r#s"),
        ("a@b", "a@b"),
        ("a#b", "a#b"),
        ("a:b", "a:b"),
        ("a+b", "a+b"),
        ("50%", "50%"),
        ("100%25", "100%"),
        ("postgres:postgresql:", "postgres:postgresql:"),
        ("$&!*()=;,~'\"", "$&!*()=;,~'\""),
    ],
)
def test_a_password_may_have_signs(written: str, meant: str) -> None:
    address = parse(f"postgresql://hub:{written}@host:5433/db")
    assert (address.user, address.password, address.hosts, address.database) == (
        "hub",
        meant,
        (Host("host", 5433),),
        "db",
    )


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://", ()),
        ("postgresql:///db", ()),
        ("postgresql://host", (Host("host"),)),
        ("postgresql://host:5433/db", (Host("host", 5433),)),
        ("postgresql://[::1]/db", (Host("::1"),)),
        ("postgresql://u@[2001:db8::1]:5433/db", (Host("2001:db8::1", 5433),)),
        ("postgresql://a,b:5433,c/db", (Host("a"), Host("b", 5433), Host("c"))),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/db", (Host("/var/run/postgresql"),)),
        ("postgresql://u@%2Ftmp:5433/db", (Host("/tmp", 5433),)),
        ("postgresql://u@/db?host=/run/pg&port=5433", (Host("/run/pg", 5433),)),
        ("postgresql:///db?host=%2Frun%2Fpg", (Host("/run/pg"),)),
        ("postgresql:///db?host=a,b&port=1,2", (Host("a", 1), Host("b", 2))),
        ("postgresql:///db?host=a,b&port=7", (Host("a", 7), Host("b", 7))),
        ("postgresql:///db?host=a:1,b:2", (Host("a", 1), Host("b", 2))),
        ("postgresql:///db?host=::1", (Host("::1"),)),
        ("postgresql:///db?hostaddr=10.0.0.1", (Host("10.0.0.1"),)),
    ],
)
def test_hosts_may_be_names_addresses_sockets_and_several(url: str, hosts: tuple[Host, ...]) -> None:
    assert parse(url).hosts == hosts


def test_parameters_may_name_what_the_rest_leaves_open() -> None:
    address = parse("postgresql://?host=h&user=u%40x&password=p%26q+r&dbname=d%20b&sslmode=require&application_name=x")
    assert address == PostgresAddress(
        (Host("h"),), "u@x", "p&q+r", "d b", {"sslmode": "require", "application_name": "x"}
    )
    assert parse("postgresql://host/a?dbname=b").database == "a"
    assert parse("postgresql://host/db@x").database == "db@x"


def test_parameters_of_other_clients_do_not_reach_the_server() -> None:
    pasted = (
        "connect_timeout=10&channel_binding=require&keepalives_idle=30&gssencmode=disable&pgbouncer=true&schema=public"
        "&connection_limit=5&client_encoding=utf8&sslmode=require&statement_timeout=5000"
    )
    assert parse(f"postgresql://h/d?{pasted}").parameters == {"sslmode": "require", "statement_timeout": "5000"}
    assert parse("postgresql://h/d?ssl=true").parameters == {"sslmode": "require"}


def test_of_several_hosts_the_one_that_takes_writes_is_wanted() -> None:
    assert parse("postgresql://a,b/d").parameters == {"target_session_attrs": "read-write"}
    assert parse("postgresql://a,b/d?target_session_attrs=any").parameters == {"target_session_attrs": "any"}
    assert [one.hosts for one in parse("postgresql://a,b:1/d").each_host()] == [(Host("a"),), (Host("b", 1),)]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://h/d", "must begin with postgresql://"),
        ("host=h dbname=d", "must begin with postgresql://"),
        ("postgresql://u:p/w@host/d", "must be a number"),
        ("postgresql://u:secret?x@host/d", "must be a number"),
        ("postgresql://host:99999/d", "must be a number"),
        ("postgresql://host:0/d", "must be a number"),
        ("postgresql://[::1/d", "brackets"),
        ("postgresql://h/d?sslmode=on", "sslmode must be one of"),
        ("postgresql://h/d?target_session_attrs=master", "target_session_attrs must be one of"),
        ("postgresql:///d?host=a,b&port=1,2,3", "port must name"),
        ("postgresql://h/d%00", "NUL"),
    ],
)
def test_what_cannot_be_read_says_why_without_the_password(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        parse(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(user=words, password=words, database=words, socket=st.booleans())
def test_every_address_reaches_asyncpg_and_libpq_unchanged(
    user: str, password: str, database: str, socket: bool
) -> None:
    host = Host("/run/some folder", 5433) if socket else Host("db.example", 5433)
    address = PostgresAddress((host, Host("b")), user, password, database, {"target_session_attrs": "any"})
    [first, _], seen = seen_by_asyncpg(address)
    assert first == ("/run/some folder/.s.PGSQL.5433" if socket else ("db.example", 5433))
    assert (seen.user, seen.password, seen.database) == (user, password, database)
    assert parse(address.url) == address
    e = {"safe": ""}
    written = (
        f"postgresql://{quote(user, **e)}:{quote(password, **e)}@{quote(host.name, **e)}:5433/{quote(database, **e)}"
    )
    assert parse(written) == PostgresAddress((host,), user, password, database)


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(rest: str) -> None:
    try:
        address = parse(f"postgresql://{rest}")
    except BadAddress:
        return
    assert all(1 <= host.port <= 65535 for host in address.hosts)
    assert "\0" not in address.user + address.password + address.database


def test_a_password_is_not_in_what_is_logged_nor_on_a_command_line() -> None:
    address = parse("postgresql://u:secret@h/d?sslpassword=secret")
    assert "secret" not in repr(address)
    assert "password=" not in parse("postgresql://u:secret@h/d").without_password().url
