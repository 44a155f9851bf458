"""What goes out to WAHA, and what its answers are worth."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fakes.files import outgoing_file
from tests.fakes.waha import API_KEY, FakeWaha
from whatsapp_hub.adapters.providers.public_files import Fetched
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.adapters.providers.waha.client import WahaClient, sent_id
from whatsapp_hub.application.ports.provider.plugin import Host, Outgoing, ReadMessage, SessionRef
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Transient,
    Unsupported,
)
from whatsapp_hub.domain.ids import MediaId, MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import (
    Audio,
    Content,
    Document,
    Image,
    Reaction,
    RemoteMedia,
    StoredMedia,
    Text,
)
from whatsapp_hub.domain.sessions.session import SessionStatus

PHONE = "5511987650101"
CHAT = f"{PHONE}@c.us"
TEXT = Text("Oi")


@pytest_asyncio.fixture
async def waha() -> AsyncIterator[FakeWaha]:
    async with FakeWaha() as fake:
        yield fake


@pytest_asyncio.fixture
async def client() -> AsyncIterator[WahaClient]:
    provider = builtin_plugins(ProviderOptions(allow_private=True))["WAHA"].connect(cast("Host", None))
    yield cast("WahaClient", provider)
    await provider.aclose()


def session(waha: FakeWaha, **changes: object) -> SessionRef:
    settings = {"url": waha.url, "apiKey": API_KEY, "session": "default", **changes}
    decoded = builtin_plugins(ProviderOptions(allow_private=True))["WAHA"].decode_settings(settings)
    return SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", "WAHA", decoded)


def outgoing(content: Content = TEXT, *recipient: Identity, **more: Any) -> Outgoing:
    return Outgoing(MessageId(uuid4()), more.pop("chat", CHAT), recipient or (Identity.phone(PHONE),), content, **more)


@pytest.mark.parametrize(
    ("message", "chat"),
    [
        (outgoing(), CHAT),
        (outgoing(TEXT, Identity.lid("99")), "99@lid"),
        (outgoing(TEXT, Identity.chat("120363@g.us")), "120363@g.us"),
        (outgoing(TEXT, Identity.bsuid("BR.1"), Identity.phone(PHONE)), CHAT),
        (Outgoing(MessageId(uuid4()), "+5511", (), TEXT), "5511@c.us"),
        (Outgoing(MessageId(uuid4()), "5511@s.whatsapp.net", (), TEXT), "5511@c.us"),
    ],
)
async def test_the_chat_is_a_jid(client: WahaClient, waha: FakeWaha, message: Outgoing, chat: str) -> None:
    await client.send(session(waha), message, 2.0)
    assert waha.sent[0].body == {"session": "default", "chatId": chat, "text": "Oi"}


async def test_nobody_to_write_to_is_rejected(client: WahaClient, waha: FakeWaha) -> None:
    with pytest.raises(Rejected, match="no_address"):
        await client.send(session(waha), outgoing(TEXT, Identity.bsuid("BR.1"), chat="BR.1"), 2.0)


async def test_replies_and_reactions_name_the_message_in_full(client: WahaClient, waha: FakeWaha) -> None:
    await client.send(session(waha), outgoing(reply_to="AAA"), 2.0)
    reaction = Reaction("👍", message_id="AAA")
    await client.send(session(waha), outgoing(reaction), 2.0)
    assert waha.sent[0].body["reply_to"] == f"false_{CHAT}_AAA"
    assert waha.sent[1].body == {"session": "default", "messageId": f"false_{CHAT}_AAA", "reaction": "👍"}


async def test_media_go_by_link_with_their_kind(client: WahaClient, waha: FakeWaha) -> None:
    await client.send(session(waha), outgoing(Image("Look", media=RemoteMedia("https://x.example/a.png?x=1"))), 2.0)
    await client.send(session(waha), outgoing(Audio(media=RemoteMedia("https://x.example/a"))), 2.0)
    image, voice = waha.sent
    assert image.path == "/api/sendImage"
    assert image.body["file"] == {"url": "https://x.example/a.png?x=1", "mimetype": "image/png"}
    assert image.body["caption"] == "Look"
    assert (voice.path, voice.body["convert"]) == ("/api/sendVoice", True)


@pytest_asyncio.fixture
async def of_operator(waha: FakeWaha) -> AsyncIterator[WahaClient]:
    """A client of the server of WAHA_API_URL, which stands where companies must not reach."""
    async with aclosing(WahaClient(lambda: datetime.now(UTC), reach=Reach(known=waha.url))) as client:
        yield client


@pytest.mark.parametrize("url", ["{waha}/api/server/version", "http://169.254.169.254/latest", "http://localhost/x"])
async def test_the_operators_server_fetches_nothing_that_a_sender_names(
    of_operator: WahaClient, waha: FakeWaha, url: str
) -> None:
    named = outgoing(Image("Look", media=RemoteMedia(url.format(waha=waha.url))))
    with pytest.raises(Rejected, match="public address"):
        await of_operator.send(session(waha), named, 5.0)
    assert waha.sent == []


async def test_the_operators_server_gets_the_bytes_of_what_a_sender_names(
    of_operator: WahaClient, waha: FakeWaha, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(_: str) -> Fetched:
        return Fetched(b"picture", "image/png")

    monkeypatch.setattr(of_operator, "_fetch", fetch)
    await of_operator.send(session(waha), outgoing(Image("Look", media=RemoteMedia("https://x.example/a"))), 5.0)
    [sent] = waha.sent
    assert sent.body["file"] == {"data": base64.b64encode(b"picture").decode(), "mimetype": "image/png"}


LARGE = 2 * 1024 * 1024


def linked(size: int) -> Outgoing:
    """A message with a file of the hub's, and a hub that others reach."""
    file = replace(outgoing_file(b"x" * size, "application/pdf", "a.pdf"), link=lambda: "https://hub.example/f")
    ours = Document(media=StoredMedia(MediaId(uuid4())), mime_type="application/pdf", file_name="a.pdf")
    return replace(outgoing(ours), media=file)


async def test_a_large_file_goes_by_an_address_at_the_hub_and_a_small_one_inside(
    client: WahaClient, waha: FakeWaha
) -> None:
    for size in (LARGE, 10):
        await client.send(session(waha), linked(size), 2.0)
    large, small = (sent.body["file"] for sent in waha.sent)
    assert large == {"url": "https://hub.example/f", "mimetype": "application/pdf", "filename": "a.pdf"}
    assert small == {"data": base64.b64encode(b"x" * 10).decode(), "mimetype": "application/pdf", "filename": "a.pdf"}


@pytest.mark.parametrize(
    "said",
    ["connect ECONNREFUSED 10.0.0.1:4000", "getaddrinfo ENOTFOUND hub.example", "Request failed with status code 404"],
)
async def test_where_waha_does_not_reach_the_hub_the_file_goes_inside_and_is_not_tried_again(
    client: WahaClient, waha: FakeWaha, said: str
) -> None:
    here = session(waha)
    waha.fail_next("status", status=500, body={"exception": {"message": said, "name": "AxiosError", "config": {}}})
    for _ in range(2):
        assert (await client.send(here, linked(LARGE), 5.0)).provider_message_id
    assert [next(iter(sent.body["file"])) for sent in waha.sent] == ["data", "data"]


ECHO = {"request": {"body": {"caption": "Request failed with status code 500, connect ECONNREFUSED 10.0.0.1:4000"}}}
"""WAHA's answer to a failure repeats what it was asked."""


@pytest.mark.parametrize(
    "body",
    [
        {"exception": {"message": "Protocol error"}},
        {"exception": {"message": "Timed out", "name": "Error", "config": {}}, **ECHO},
        {"exception": {"message": "Evaluation failed: Error: connect ECONNREFUSED 10.0.0.1:4000", "config": {}}},
        {"exception": {"message": "connect ECONNREFUSED 10.0.0.1:5432", "address": "10.0.0.1", "port": 5432}},
        {"exception": {"message": "14 UNAVAILABLE: read ETIMEDOUT", "code": 14}},
    ],
    ids=["engine", "echo of what a person wrote", "inside another", "a store", "the engine's own connection"],
)
async def test_another_failure_of_a_large_file_stays_unknown(
    client: WahaClient, waha: FakeWaha, body: dict[str, object]
) -> None:
    waha.fail_next("status", status=500, body=body)
    with pytest.raises(OutcomeUnknown):
        await client.send(session(waha), linked(LARGE), 5.0)
    assert waha.sent == []


@pytest.mark.parametrize(
    ("answer", "id"),
    [
        ({"id": "true_1@c.us_AA"}, "AA"),
        ({"id": "AA"}, "AA"),
        ({"id": {"_serialized": "true_1@c.us_AA"}}, "AA"),
        ({"key": {"id": "AA"}}, "AA"),
        ({"_data": {"id": {"_serialized": "true_1@c.us_AA"}}}, "AA"),
        ("true_1@c.us_AA", "AA"),
        ({}, None),
        (None, None),
        ([], None),
    ],
    ids=str,
)
def test_every_engine_s_answer_gives_the_bare_id(answer: object, id: str | None) -> None:
    assert sent_id(answer) == id


async def test_an_empty_answer_is_accepted_without_an_id(client: WahaClient, waha: FakeWaha) -> None:
    waha.engine = "silent"
    assert (await client.send(session(waha), outgoing(), 2.0)).provider_message_id is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"how": "status", "status": 401}, CredentialsInvalid),
        ({"how": "status", "status": 404}, CredentialsInvalid),
        ({"how": "status", "status": 400, "body": {"message": ["text must be a string"]}}, Rejected),
        ({"how": "status", "status": 422, "body": {"message": "bad"}}, Rejected),
        ({"how": "status", "status": 422, "body": {"expected": ["WORKING"]}}, Transient),
        ({"how": "status", "status": 429}, Transient),
        ({"how": "status", "status": 501}, Unsupported),
        ({"how": "status", "status": 500}, OutcomeUnknown),
        ({"how": "text", "status": 502}, OutcomeUnknown),
        ({"how": "text", "status": 201}, OutcomeUnknown),
        ({"how": "reset", "taken": True}, OutcomeUnknown),
        ({"how": "hang"}, OutcomeUnknown),
    ],
    ids=str,
)
async def test_answers_are_judged_by_what_may_have_happened(
    client: WahaClient, waha: FakeWaha, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    waha.fail_next(**fault)
    with pytest.raises(error):
        await client.send(session(waha), outgoing(), 0.5)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"statusCode": 400, "message": ["text must be a string", "no chat"]}, "text must be a string; no chat"),
        ({"statusCode": 400, "message": "x" * 5_000}, "x" * 200),
        ({"message": "an internal service's own words"}, ""),
        ({"error": "an internal service's own words", "statusCode": 500}, ""),
        (["an internal service's own words"], ""),
    ],
)
async def test_only_waha_s_own_words_are_passed_on(
    client: WahaClient, waha: FakeWaha, body: object, detail: str
) -> None:
    waha.fail_next(how="status", status=400, body=body)
    with pytest.raises(Rejected) as caught:
        await client.send(session(waha), outgoing(), 2.0)
    assert caught.value.detail == detail


async def test_a_session_that_is_not_up_sends_later(client: WahaClient, waha: FakeWaha) -> None:
    waha.sessions["default"] = "STARTING"
    with pytest.raises(Transient):
        await client.send(session(waha), outgoing(), 2.0)


async def test_a_server_that_is_away_is_certainly_not_reached(client: WahaClient, waha: FakeWaha) -> None:
    await waha.refuse()
    with pytest.raises(Transient):
        await client.send(session(waha), outgoing(), 2.0)


async def test_starting_makes_a_session_that_is_missing_and_fetches_its_code(
    client: WahaClient, waha: FakeWaha
) -> None:
    waha.after_start = "SCAN_QR_CODE"
    seen = await client.start(session(waha, session="new"))
    assert waha.sessions["new"] == "SCAN_QR_CODE"
    assert (seen.status, seen.qr_code) == (SessionStatus.QR_PENDING, waha.qr_code)
    waha.qr_code = "x" * 2001  # no code of WhatsApp's: drawing it would take minutes
    assert (await client.start(session(waha, session="other"))).qr_code is None


async def test_starting_a_session_that_works_tells_its_number(client: WahaClient, waha: FakeWaha) -> None:
    seen = await client.start(session(waha))
    assert (seen.status, seen.phone_number) == (SessionStatus.CONNECTED, "5511400010000")


async def test_a_wrong_key_is_told(client: WahaClient, waha: FakeWaha) -> None:
    with pytest.raises(CredentialsInvalid):
        await client.start(session(waha, apiKey="wrong"))


async def test_reading_and_typing(client: WahaClient, waha: FakeWaha) -> None:
    await client.mark_read(session(waha), CHAT, [ReadMessage("AAA")])
    await client.mark_read(session(waha), "1@g.us", [ReadMessage("AAA")])
    await client.show_typing(session(waha), CHAT, None)
    assert waha.calls == [
        ("/api/sendSeen", {"session": "default", "chatId": CHAT, "messageIds": [f"false_{CHAT}_AAA"]}),
        ("/api/sendSeen", {"session": "default", "chatId": "1@g.us"}),
        ("/api/startTyping", {"session": "default", "chatId": CHAT}),
    ]


@pytest.mark.parametrize("engine", ["NOWEB", "GOWS"])
async def test_a_text_goes_out_under_the_id_that_the_engine_made_for_it(
    client: WahaClient, waha: FakeWaha, engine: str
) -> None:
    waha.engine = engine
    id = await client.new_message_id(session(waha), outgoing())
    accepted = await client.send(session(waha), outgoing(own_id=id), 2.0)
    assert id is not None
    assert (waha.sent[0].body["id"], accepted.provider_message_id) == (id, id)


@pytest.mark.parametrize("why", ["an engine without", "an old server", "a file"])
async def test_where_no_id_is_taken_none_is_given(client: WahaClient, waha: FakeWaha, why: str) -> None:
    waha.engine, waha.gives_ids = "WEBJS" if why == "an engine without" else "NOWEB", why != "an old server"
    image = Image(media=RemoteMedia("https://example.com/a.jpg"))
    message = outgoing(image if why == "a file" else TEXT)
    assert await client.new_message_id(session(waha), message) is None
    waha.engine, waha.gives_ids = "NOWEB", True
    assert await client.new_message_id(session(waha), message) is None, "it is not asked each time"


async def test_a_server_that_is_away_gives_no_id(client: WahaClient, waha: FakeWaha) -> None:
    await waha.refuse()
    assert await client.new_message_id(session(waha), outgoing()) is None


@pytest_asyncio.fixture
async def public() -> AsyncIterator[WahaClient]:
    """Of a hub that knows its public address."""
    options = ProviderOptions(public_url="https://hub.example.com/", allow_private=True)
    provider = builtin_plugins(options)["WAHA"].connect(cast("Host", None))
    yield cast("WahaClient", provider)
    await provider.aclose()


OTHERS: dict[str, Any] = {
    "metadata": {"user.id": "7"},
    "proxy": {"server": "proxy:3128"},
    "webhooks": [{"url": "https://n8n.example.com", "events": ["message"]}],
}


async def test_starting_registers_the_session_s_own_webhook_and_keeps_everything_else(
    public: WahaClient, waha: FakeWaha
) -> None:
    ref = session(waha, hmacKey="key-1-of-twenty-four-letters")
    waha.configs["default"], waha.apps["default"] = OTHERS, [{"app": "chatwoot", "config": {}}]
    await public.start(ref)
    [put] = waha.puts
    assert put["apps"] == [{"app": "chatwoot", "config": {}}]
    [theirs, ours] = put["config"].pop("webhooks")
    assert (theirs, put["config"]) == (
        OTHERS["webhooks"][0],
        {k: v for k, v in OTHERS.items() if k != "webhooks"},
    )
    assert (ours["url"], ours["hmac"]) == (
        f"https://hub.example.com/webhooks/waha/{ref.id}",
        {"key": "key-1-of-twenty-four-letters"},
    )


async def test_a_configuration_that_is_right_is_not_written_again(public: WahaClient, waha: FakeWaha) -> None:
    """Each writing restarts the session."""
    ref = session(waha)
    await public.start(ref)
    await public.start(ref)
    assert len(waha.puts) == 1


async def test_a_session_that_is_made_has_its_webhook_from_the_start(public: WahaClient, waha: FakeWaha) -> None:
    ref = session(waha, session="new-one")
    await public.start(ref)
    assert waha.puts == []
    [hook] = waha.configs["new-one"]["webhooks"]
    assert hook["url"].endswith(f"/webhooks/waha/{ref.id}")


@pytest.mark.parametrize("name", ["default", "new-one"])
async def test_an_older_server_gets_the_events_that_it_knows(public: WahaClient, waha: FakeWaha, name: str) -> None:
    waha.unknown_events = {"call.received", "message.edited"}
    seen = await public.start(session(waha, session=name))
    assert seen.status is SessionStatus.CONNECTED
    [hook] = waha.configs[name]["webhooks"]
    assert not waha.unknown_events & set(hook["events"])


async def test_without_a_public_address_nothing_is_registered(client: WahaClient, waha: FakeWaha) -> None:
    waha.configs["default"] = OTHERS
    await client.start(session(waha))
    await client.start(session(waha, session="new-one"))
    assert (waha.puts, waha.configs) == ([], {"default": OTHERS, "new-one": None})


async def test_a_server_that_takes_no_webhook_is_started_all_the_same(public: WahaClient, waha: FakeWaha) -> None:
    waha.unknown_events = {"session.status"}
    seen = await public.start(session(waha))
    assert seen.status is SessionStatus.CONNECTED


async def test_a_session_that_failed_is_started_anew(client: WahaClient, waha: FakeWaha) -> None:
    waha.sessions["default"] = "FAILED"
    assert (await client.start(session(waha))).status is SessionStatus.CONNECTED


async def test_what_was_registered_is_taken_back_and_everything_else_stays(
    public: WahaClient, client: WahaClient, waha: FakeWaha
) -> None:
    ref = session(waha)
    waha.configs["default"], waha.apps["default"] = OTHERS, [{"app": "chatwoot", "config": {}}]
    await public.start(ref)
    waha.puts.clear()
    for _ in range(2):
        await client.unregister(ref)  # by a hub that no longer knows its address, too
    assert waha.puts == [{"apps": [{"app": "chatwoot", "config": {}}], "config": OTHERS}]
    await client.unregister(session(waha, session="gone"))
