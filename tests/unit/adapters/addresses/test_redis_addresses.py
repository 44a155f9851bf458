from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import ConnectionPool

from whatsapp_hub.adapters.addresses.parts import BadAddress
from whatsapp_hub.adapters.addresses.redis import redis_url

words = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)


def seen(url: str) -> dict[str, object]:
    """What redis-py understands."""
    pool = ConnectionPool.from_url(redis_url(url))
    names = ("host", "port", "path", "username", "password", "db")
    found = {name: pool.connection_kwargs[name] for name in names if name in pool.connection_kwargs}
    return {**found, "class": pool.connection_class.__name__}


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("redis://cache", {"host": "cache", "port": 6379, "db": 0, "class": "Connection"}),
        ("redis://", {"host": "localhost", "port": 6379, "db": 0, "class": "Connection"}),
        ("redis://cache:6380/2", {"host": "cache", "port": 6380, "db": 2, "class": "Connection"}),
        ("valkey://cache/?db=3", {"host": "cache", "port": 6379, "db": 3, "class": "Connection"}),
        ("valkeys://c", {"host": "c", "port": 6379, "db": 0, "class": "SSLConnection"}),
        ("redis://[::1]:6380/0", {"host": "::1", "port": 6380, "db": 0, "class": "Connection"}),
        ("redis://h?username=u&password=p", {"username": "u", "password": "p", "host": "h", "port": 6379, "db": 0}),
        ("unix:///run/v.sock?db=4", {"path": "/run/v.sock", "db": 4, "class": "UnixDomainSocketConnection"}),
        ("unix:///run/a@b.sock", {"path": "/run/a@b.sock", "db": 0}),
        ("unix://u:p@/run/v.sock", {"path": "/run/v.sock", "username": "u", "password": "p"}),
        ("rediss://h?ssl_cert_reqs=CERT_NONE", {"host": "h", "class": "SSLConnection"}),
    ],
)
def test_every_form_is_understood(url: str, understood: dict[str, object]) -> None:
    assert seen(url).items() >= understood.items()


@pytest.mark.parametrize("password", ["p@ss", "p#ss", "p:ss", "p+ss", "50%", "redis:", "%2f"])
def test_a_password_may_have_signs(password: str) -> None:
    assert seen(f"redis://:{password}@h")["password"] == {"%2f": "/"}.get(password, password)


@given(user=words, password=words)
def test_a_login_reaches_redis_unchanged(user: str, password: str) -> None:
    for place in ("h:1/0", "/run/v.sock"):
        scheme = "unix" if place.startswith("/") else "redis"
        found = seen(f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{place}")
        assert (found["username"], found["password"]) == (user, password)


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(rest: str) -> None:
    try:
        url = redis_url(f"redis://{rest}")
    except BadAddress:
        return
    assert redis_url(url) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h", "must begin with redis://"),
        ("cache:6379", "must begin with redis://"),
        ("redis://:se/cret@h", "must be a number"),
        ("redis://h:99999", "must be a number"),
        ("redis://h/first", "the database after the host"),
        ("redis://a,b", "one host"),
        ("redis://h?decode_responses=true", "'decode_responses' is not known"),
        ("unix://run/v.sock", "begins with a slash"),
    ],
)
def test_what_cannot_be_read_says_why(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        redis_url(url)
    assert "cret" not in str(caught.value)
