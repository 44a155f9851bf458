"""Where webhooks may go: no form of a private address passes, and the address that was checked is the one used."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_address
from uuid import uuid4

import pytest

from tests.fakes.receiver import FakeReceiver
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard, Refused
from whatsapp_hub.adapters.outgoing_webhooks.sender import HttpWebhookSender
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.addresses import is_private_host, is_public
from whatsapp_hub.domain.integrations.subscription import Secret, Webhook, check_url

NOW = datetime.now(UTC)
SECRET = "whsec_" + "A" * 32

PRIVATE = [
    *("127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.5.4", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
    *("2002:7f00:1::", "2002:0a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
    *("2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1"),
    *("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "64:ff9b:1:ffff::808:808", "2002:a9fe:a9fe::", "2002:c0a8:101::1"),
    *("fe80::1%eth0", "::1%lo", "2606:4700::1%eth0", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:127.0.0.1"),
    *("3fff::1", "5f00::1", "100::1", "4000::1", "8000::1", "192.88.99.1", "168.63.129.16", "192.0.0.8", "0.1.2.3"),
]
NUMBERS = ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "10.1", "0xa9fea9fe"]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_in_any_form_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("host", [*PRIVATE, *NUMBERS, "fe80::1%25eth0", "LOCALHOST.", "a.localhost"])
def test_a_literal_that_leads_inside_is_refused_when_it_is_given(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", [*PUBLIC, "example.com", "134744072", "x.127.0.0.1.example"])
def test_names_and_public_literals_may_be_given(host: str) -> None:
    assert not is_private_host(host)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://localhost/x",
            "http://LOCALHOST.:80/",
            "https://a.localhost/",
            "http://127.0.0.1/",
            "http://[::1]:4/",
        ),
        *("http://10.1.2.3/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data"),
        *("ftp://example.com/", "file:///etc/passwd", "//example.com", "example.com", "http://", "http:///x", ""),
        *("http://user:pw@localhost/", "http://user@10.1.2.3/", "http://example.com/#x", "http://example.com/a b"),
        *("http://example.com:99999/", "http://[::1", "http://example.com/\n", "http://exämple.com/", "gopher://x/"),
        *("http://example.com/" + "x" * 2048, "http://example.com/\x00"),
    ],
)
def test_addresses_that_are_refused_at_once(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(url, allow_private=False)
    assert refused.value.flaws[0].pointer == "/url"


def test_addresses_that_may_be_given() -> None:
    for url in ("https://example.com/hook?x=1", "http://example.com:8080/", "https://[2606:4700:4700::1111]/x"):
        assert check_url(url, allow_private=False).url == url
    assert check_url("http://127.0.0.1:8000/x", allow_private=True)


def resolving(*addresses: str) -> Guard:
    async def resolve(host: str, port: int, owner: str) -> list[str]:
        return list(addresses)

    return Guard(False, resolve)


async def test_of_several_addresses_only_public_ones_are_used() -> None:
    assert await resolving("10.0.0.1", "2606:4700::1", "8.8.8.8").addresses("x.example", 443) == [
        "8.8.8.8",
        "2606:4700::1",
    ]
    for addresses in ((), ("127.0.0.1", "::1"), ("fe80::1%eth0",)):
        with pytest.raises(Refused):
            await resolving(*addresses).addresses("x.example", 443)


async def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused):
        await Guard(allow_private=True).addresses("nobody-knows-this.invalid", 80)


def a_webhook(url: str) -> Webhook:
    return Webhook(WebhookId(uuid4()), TenantId(uuid4()), url, NOW, NOW, (Secret(SECRET),))


async def test_a_name_that_leads_inside_is_not_posted_to() -> None:
    async with FakeReceiver() as inside:
        sender = HttpWebhookSender(resolving("127.0.0.1"), lambda: datetime.now(UTC), 2)
        async with sender.receiver() as receiver:
            attempt = await receiver.ping(a_webhook(f"http://innocent.example:{inside.port}/x"))
        assert (attempt.status, attempt.error and attempt.error.startswith("not posted")) == (None, True)
        assert "WEBHOOK_ALLOW_PRIVATE" in (attempt.error or "")
        assert inside.posted == []


async def test_a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_used() -> None:
    """Rebinding: checked as public, connected to as private. Here the first answer is where the receiver stands."""
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3"]]

    async def resolve(host: str, port: int, owner: str) -> list[str]:
        return answers.pop(0)

    async with FakeReceiver(secret=SECRET) as inside:
        sender = HttpWebhookSender(Guard(True, resolve), lambda: datetime.now(UTC), 2)
        async with sender.receiver() as receiver:
            attempt = await receiver.ping(a_webhook(f"http://rebinding.example:{inside.port}/x"))
        assert attempt.is_delivered
        assert len(answers) == 2
        [posted] = inside.posted
        assert posted.headers["host"] == f"rebinding.example:{inside.port}"
        assert (posted.json()["type"], inside.refused_signatures) == ("webhook.test", 0)


async def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    async def resolve(host: str, port: int, owner: str) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with FakeReceiver() as inside:
        sender = HttpWebhookSender(Guard(True, resolve), lambda: datetime.now(UTC), 2)
        async with sender.receiver() as receiver:
            assert (await receiver.ping(a_webhook(f"http://two.example:{inside.port}/"))).is_delivered


async def test_a_name_server_that_hangs_costs_the_deadline_and_no_more() -> None:
    async def resolve(host: str, port: int, owner: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    sender = HttpWebhookSender(Guard(False, resolve), lambda: datetime.now(UTC), 0.1)
    async with sender.receiver() as receiver:
        attempt = await receiver.ping(a_webhook("http://slow.example/"))
    assert (attempt.error, attempt.took_s < 1) == ("no answer within 0.1 s", True)
