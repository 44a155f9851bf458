import asyncio

from tests.fakes.openid import CLIENT_ID, OpenId
from whatsapp_hub.main.commands.doctor import examine


async def test_a_bare_environment_is_good_enough() -> None:
    assert [finding for finding in await examine({}) if finding.good is False] == []


async def test_variables_of_the_replaced_systems_are_named() -> None:
    findings = await examine({"SUPABASE_URL": "x", "NODE_ENV": "production", "NEXT_PUBLIC_API": "y"})
    says = next(finding.says for finding in findings if finding.subject == "environment")
    assert says == "not needed here, may go: NEXT_PUBLIC_API, NODE_ENV, SUPABASE_URL"


async def test_without_a_public_address_it_says_that_waha_must_be_told_by_hand() -> None:
    says = [finding for finding in await examine({}) if finding.subject == "webhooks"]
    assert [finding.good for finding in says] == [None]
    assert "HUB_PUBLIC_URL" in says[0].says
    known = await examine({"HUB_PUBLIC_URL": "https://hub.example.com"})
    assert not [finding for finding in known if finding.subject == "webhooks" and "not set" in finding.says]


async def test_a_database_that_does_not_answer_is_named() -> None:
    findings = await examine({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"})
    bad = {finding.subject: finding.says for finding in findings if finding.good is False}
    assert bad["database"].startswith("DATABASE_URL: nothing answers at 127.0.0.1:1")
    assert bad["redis"].startswith("REDIS_URL: 127.0.0.1:1 does not answer")


async def test_the_public_address_is_tried() -> None:
    async def asked(answer: bytes, path: str = "") -> tuple[bool | None, str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readline()
            assert request == f"GET {path}/health HTTP/1.1\r\n".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}/"
            found = await examine({"HUB_PUBLIC_URL": url})
        [said] = [one for one in found if one.subject == "webhooks"]
        return said.good, said.says.partition(":")[0]

    assert await asked(b'{"status": "ok", "version": "1"}', "/desk") == (True, "answers")
    assert await asked(b"<html>another site</html>") == (False, "HUB_PUBLIC_URL answers 200, but it is not a hub")
    [said] = [one for one in await examine({"HUB_PUBLIC_URL": "http://127.0.0.1:9"}) if one.subject == "webhooks"]
    assert (said.good, said.says.startswith("HUB_PUBLIC_URL does not answer")) == (None, True)


async def test_a_provider_that_is_chosen_without_a_number_is_told() -> None:
    """WHATSAPP_PROVIDER alone makes no session `default`: else it is looked for in vain."""
    for kind, needed in (("META", "WHATSAPP_ACCESS_TOKEN"), ("waha", "WAHA_API_URL")):
        [found] = [finding for finding in await examine({"WHATSAPP_PROVIDER": kind}) if finding.subject == "default"]
        assert (found.good, needed in found.says) == (None, True), found
    assert not [finding for finding in await examine({}) if finding.subject == "default"]


async def test_the_openid_provider_is_asked() -> None:
    """Whether it is the one that OIDC_ISSUER names; one that is away forbids nothing."""

    async def said(issuer: str) -> tuple[bool | None, str]:
        named = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT_ID, "FRONTEND_URL": "https://desk.example.com"}
        found = await examine({**named, "HUB_PUBLIC_URL": "http://127.0.0.1:9"})
        [one] = [finding for finding in found if finding.subject == "sign-in"]
        return one.good, one.says

    async with OpenId() as fake:
        good, says = await said(fake.issuer)
        assert (good, "http://127.0.0.1:9/api/auth/oidc/callback" in says) == (True, True)
        assert (await said(f"{fake.issuer}/"))[0] is False
        assert (await said(fake.url))[0] is False
    good, says = await said(fake.issuer)
    assert (good, "does not answer" in says) == (None, True)
    assert not [finding for finding in await examine({}) if finding.subject == "sign-in"]


async def test_proxies_that_are_everybody_are_named() -> None:
    for everybody in ("0.0.0.0/0", "10.0.0.0/8, ::/0"):
        [found] = [f for f in await examine({"TRUSTED_PROXIES": everybody}) if f.subject == "proxies"]
        assert (found.good, "anybody" in found.says) == (None, True)
    assert not [f for f in await examine({"TRUSTED_PROXIES": "10.0.0.0/8"}) if f.subject == "proxies"]
