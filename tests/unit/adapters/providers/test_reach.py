"""What companies name is called at public addresses only, whatever name leads elsewhere."""

import socket
from typing import Any

import pytest

from tests.fakes.waha import API_KEY, FakeWaha
from whatsapp_hub.adapters.providers.http_call import Call, HttpPool, exchange
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.domain.errors import Invalid, Transient

NAMED = {"apiKey": API_KEY, "session": "default"}
INSIDE = [
    "http://127.0.0.1:3000",
    "http://localhost:3000",
    "http://2130706433:3000",
    "http://0x7f000001",
    "http://[::1]:3000",
    "http://[::ffff:127.0.0.1]",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.8:9200",
    "http://[fd00::1]",
]


def plugin(**options: Any) -> Any:
    return builtin_plugins(ProviderOptions(**options))["WAHA"]


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name lead there; return the names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("url", INSIDE)
def test_a_company_names_no_server_inside(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        plugin().decode_settings({**NAMED, "url": url})
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/settings/url"]
    assert plugin(allow_private=True).decode_settings({**NAMED, "url": url}).url == url


@pytest.mark.parametrize("end", ["/?", "/#", "/x?y=1", "/x#y"])
def test_a_servers_address_takes_no_path_away_from_the_hub(end: str) -> None:
    with pytest.raises(Invalid, match="no query and no fragment"):
        plugin().decode_settings({**NAMED, "url": f"https://waha.example.com{end}"})


def test_every_company_may_name_the_operators_own_server() -> None:
    known = plugin(waha_url="http://waha:3000/")
    assert known.decode_settings({**NAMED, "url": "http://waha:3000"}).url == "http://waha:3000"
    own = plugin(waha_url="http://10.0.0.8:3000")
    assert own.decode_settings({**NAMED, "url": "http://10.0.0.8:3000"}).url == "http://10.0.0.8:3000"
    with pytest.raises(Invalid):
        own.decode_settings({**NAMED, "url": "http://10.0.0.8:9200"})


async def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeWaha() as inside:
        port = inside.url.rpartition(":")[2]
        asked = leads_to(monkeypatch, "127.0.0.1")
        pool = HttpPool(1, reach=Reach())
        with pytest.raises(Transient) as refused:
            await exchange(pool, Call("GET", f"http://inside.example:{port}/api/sessions", {}, None), 5)
        await pool.aclose()
    assert asked == ["inside.example"]
    assert refused.value.code == "not_public"
    assert "WAHA_API_URL" in str(refused.value)


async def test_of_mixed_addresses_only_the_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """And by their number: asked once, so that the name cannot lead elsewhere a moment later."""
    tried: list[str] = []

    async def connect(_: object, address: str, port: int, *__: object) -> Any:
        tried.append(address)
        raise OSError("no network here")

    asked = leads_to(monkeypatch, "10.0.0.1", "93.184.216.34", "::1", "169.254.169.254")
    monkeypatch.setattr("anyio.connect_tcp", lambda remote_host, remote_port, **_: connect(0, remote_host, remote_port))
    pool = HttpPool(1, reach=Reach())
    with pytest.raises(Transient) as refused:
        await exchange(pool, Call("GET", "http://mixed.example/", {}, None), 5)
    await pool.aclose()
    assert (asked, tried, refused.value.code) == (["mixed.example"], ["93.184.216.34"], "connection")


async def test_the_operators_server_is_called_wherever_it_is() -> None:
    async with FakeWaha() as waha:
        pool = HttpPool(1, reach=Reach(known=waha.url))
        answer = await exchange(pool, Call("GET", f"{waha.url}/api/server/version", {"X-Api-Key": API_KEY}, None), 5)
        await pool.aclose()
    assert answer.status == 200


async def test_no_proxy_of_the_environment_is_asked_for_a_companys_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would resolve the name itself, past the check of the address."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    pool = HttpPool(pools=1, reach=Reach())
    asked = leads_to(monkeypatch, "127.0.0.1")
    with pytest.raises(Transient) as refused:
        await exchange(pool, Call("GET", "http://waha.example.com/", {}, idempotent=True), 5)
    await pool.aclose()
    assert (refused.value.code, asked) == ("not_public", ["waha.example.com"])
