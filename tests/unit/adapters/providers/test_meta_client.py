"""What goes out to Meta's Graph API, and what its answers are worth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.fakes.files import outgoing_file
from tests.fakes.graph import ACCOUNT, BAD_TOKEN, FakeGraph
from tests.fakes.http import Reply, Request, reply_json
from whatsapp_hub.adapters.providers.http_call import HttpPool
from whatsapp_hub.adapters.providers.meta_cloud.client import MetaClient
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.plugin import Accepted, Host, Outgoing, ReadMessage, SessionRef
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Scope,
    Transient,
)
from whatsapp_hub.domain.ids import MediaId, MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import (
    Audio,
    Choice,
    Contacts,
    Content,
    Document,
    Image,
    ListMenu,
    Location,
    MediaSource,
    Reaction,
    RemoteMedia,
    StoredMedia,
    Template,
    Text,
)
from whatsapp_hub.domain.sessions.session import SessionStatus

PHONE = "5511987650101"
TEXT = Text("Oi")


@pytest_asyncio.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph() as fake:
        yield fake


@pytest_asyncio.fixture
async def client(graph: FakeGraph) -> AsyncIterator[MetaClient]:
    provider = builtin_plugins(ProviderOptions(graph.url))["META"].connect(cast("Host", None))
    yield cast("MetaClient", provider)
    await provider.aclose()


def session(**changes: object) -> SessionRef:
    settings = {"phoneNumberId": "1065", "accessToken": "t", "appSecret": "s", "verifyToken": "v", **changes}
    decoded = builtin_plugins(ProviderOptions())["META"].decode_settings(settings)
    return SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", "META", decoded)


def outgoing(content: Content = TEXT, *recipient: Identity, **more: Any) -> Outgoing:
    return Outgoing(MessageId(uuid4()), more.pop("chat", PHONE), recipient or (Identity.phone(PHONE),), content, **more)


async def send(client: MetaClient, message: Outgoing | None = None, deadline_s: float = 2.0) -> Accepted:
    return await client.send(session(), message or outgoing(), deadline_s)


async def test_a_text_carries_our_own_id(client: MetaClient, graph: FakeGraph) -> None:
    message = outgoing(reply_to="wamid.0")
    accepted = await send(client, message)
    (sent,) = graph.sent
    assert sent.body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"body": "Oi"},
        "context": {"message_id": "wamid.0"},
        "biz_opaque_callback_data": str(message.message_id),
    }
    assert sent.phone_number_id == "1065"
    assert accepted == Accepted(sent.id, (Identity.phone(PHONE),))


async def test_a_bsuid_is_the_recipient_and_to_is_left_out(client: MetaClient, graph: FakeGraph) -> None:
    bsuid = Identity.bsuid("BR.123")
    accepted = await send(client, outgoing(TEXT, bsuid, chat="BR.123"))
    await send(client, Outgoing(MessageId(uuid4()), "BR.123", (), TEXT))
    assert [sent.body.get("recipient") for sent in graph.sent] == ["BR.123", "BR.123"]
    assert not any("to" in sent.body for sent in graph.sent)
    assert accepted.identities == (bsuid,)


async def test_an_identity_that_meta_does_not_know_is_passed_over(client: MetaClient, graph: FakeGraph) -> None:
    await send(client, outgoing(TEXT, Identity.lid("99"), Identity.phone(PHONE)))
    assert graph.sent[0].to == PHONE
    with pytest.raises(Rejected, match="no_address"):
        await send(client, outgoing(TEXT, Identity.lid("99"), chat="99@lid"))


async def test_a_number_is_written_as_it_was_seen(client: MetaClient, graph: FakeGraph) -> None:
    await send(client, outgoing(TEXT, Identity.phone("551187650101")))
    assert graph.sent[0].to == "551187650101"


async def test_a_group_is_told_as_one(client: MetaClient, graph: FakeGraph) -> None:
    await send(client, outgoing(TEXT, Identity.chat("Y2FwaV9n"), chat="Y2FwaV9n"))
    assert graph.sent[0].body["recipient_type"] == "group"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (
            Image("Look", media=RemoteMedia("https://x.example/a.jpg")),
            {"type": "image", "image": {"link": "https://x.example/a.jpg", "caption": "Look"}},
        ),
        (
            Audio("lost", source=MediaSource("7"), voice=True),
            {"type": "audio", "audio": {"id": "7", "voice": True}},
        ),
        (
            Document(media=RemoteMedia("https://x.example/a"), file_name="a.pdf"),
            {"type": "document", "document": {"link": "https://x.example/a", "filename": "a.pdf"}},
        ),
        (
            Template(name="hi", language="en", components=({"type": "body"},)),
            {
                "type": "template",
                "template": {"name": "hi", "language": {"code": "en"}, "components": [{"type": "body"}]},
            },
        ),
        (
            Reaction("", message_id="wamid.0"),
            {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": ""}},
        ),
        (
            ListMenu("Which?", button="See", sections=({"rows": []},)),
            {
                "type": "interactive",
                "interactive": {
                    "type": "list",
                    "body": {"text": "Which?"},
                    "action": {"button": "See", "sections": [{"rows": []}]},
                },
            },
        ),
    ],
)
async def test_each_type_has_its_part(
    client: MetaClient, graph: FakeGraph, content: Content, part: dict[str, Any]
) -> None:
    await send(client, outgoing(content))
    assert part.items() <= graph.sent[0].body.items()


@pytest.mark.parametrize(
    "content",
    [
        Image("no link"),
        Image(media=RemoteMedia("/media/1")),
        Template(name="hi"),
        Reaction("👍"),
        Choice("Which?"),
        Location("here"),
        Contacts("who"),
    ],
)
async def test_incomplete_content_never_leaves(client: MetaClient, graph: FakeGraph, content: Content) -> None:
    with pytest.raises(Rejected, match="incomplete_content"):
        await send(client, outgoing(content))
    assert not graph.sent


TABLE: list[tuple[type[ProviderError], list[int]]] = [
    (CredentialsInvalid, [0, 190]),
    (Transient, [1, 2, 4, 80007, 130429, 131056, 131000, 131016, 133004, 131057, 132069]),
    (Rejected, [3, 10, 200, 299, 131005, 33, 100, 131008, 131009, 131021, 131051, 135000, 368, 131031, 130497]),
    (Rejected, [131026, 131030, 131037, 131042, 131045, 133010, 131047, 131048, 131049, 130472, 131050, 131052]),
    (Rejected, [131053, 131062, 131063, 131064, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016]),
    (Rejected, [132068, 137000]),
]


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("error", "code"), [(error, code) for error, codes in TABLE for code in codes])
async def test_the_code_decides_whatever_the_http_status(
    client: MetaClient, graph: FakeGraph, error: type[ProviderError], code: int, status: int
) -> None:
    graph.fail_with(code, status)
    with pytest.raises(error) as raised:
        await send(client)
    assert raised.value.code == str(code)
    assert not graph.sent


@pytest.mark.parametrize(
    ("code", "scope"),
    [(131056, Scope.RECIPIENT), (130429, Scope.SESSION), (80007, Scope.SESSION), (4, Scope.APP)],
)
async def test_a_limit_reaches_as_far_as_meta_says(
    client: MetaClient, graph: FakeGraph, code: int, scope: Scope
) -> None:
    graph.fail_with(code)
    with pytest.raises(Transient) as raised:
        await send(client)
    assert raised.value.scope is scope


@pytest.mark.parametrize("code", [131048, 368, 131031, 131042, 131005, 10])
async def test_what_needs_an_operator_says_so(client: MetaClient, graph: FakeGraph, code: int) -> None:
    graph.fail_with(code)
    with pytest.raises(Rejected) as raised:
        await send(client)
    assert raised.value.alert


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"how": "status", "status": 400, "body": {"error": {"code": 987654}}}, Rejected),
        ({"how": "status", "status": 500, "body": {"error": {"code": 987654}}}, OutcomeUnknown),
        ({"how": "status", "status": 200, "body": {"error": {"code": 131026}}}, Rejected),
        ({"how": "status", "status": 200, "body": {}}, OutcomeUnknown),
        ({"how": "status", "status": 200, "body": {"messages": [{}]}}, OutcomeUnknown),
        ({"how": "text", "status": 200}, OutcomeUnknown),
        ({"how": "empty", "status": 201}, OutcomeUnknown),
        ({"how": "text", "status": 502}, OutcomeUnknown),
        ({"how": "text", "status": 503}, OutcomeUnknown),
        ({"how": "text", "status": 408}, OutcomeUnknown),
        ({"how": "text", "status": 429}, Transient),
        ({"how": "text", "status": 401}, CredentialsInvalid),
        ({"how": "text", "status": 404}, Rejected),
        ({"how": "text", "status": 302}, Rejected),
        ({"how": "reset"}, OutcomeUnknown),
        ({"how": "reset", "taken": True}, OutcomeUnknown),
        ({"how": "hang", "taken": True}, OutcomeUnknown),
        ({"how": "slow", "delay_s": 5.0}, OutcomeUnknown),
    ],
    ids=str,
)
async def test_no_answer_of_meta_s_own_is_judged_by_what_may_have_happened(
    client: MetaClient, graph: FakeGraph, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    graph.fail_next(**fault)
    with pytest.raises(error):
        await send(client, deadline_s=0.5)


async def test_a_refused_connection_is_certainly_not_sent(client: MetaClient, graph: FakeGraph) -> None:
    await graph.refuse()
    with pytest.raises(Transient) as raised:
        await send(client)
    assert raised.value.scope is Scope.SESSION
    await graph.listen()
    assert (await send(client)).provider_message_id


async def test_waiting_for_a_free_connection_is_certainly_not_sent(client: MetaClient, graph: FakeGraph) -> None:
    await client._http.aclose()
    client._http = HttpPool(pools=1, connections=1)
    graph.fail_next("hang")
    first = asyncio.create_task(send(client, deadline_s=1.0))
    await asyncio.sleep(0.2)
    with pytest.raises(Transient):
        await send(client, deadline_s=0.3)
    with pytest.raises(OutcomeUnknown):
        await first


async def test_a_slow_answer_within_the_deadline_is_an_answer(client: MetaClient, graph: FakeGraph) -> None:
    graph.fail_next("slow", delay_s=0.2)
    assert (await send(client)).provider_message_id == graph.sent[0].id


async def test_starting_subscribes_the_account_and_learns_the_number(client: MetaClient, graph: FakeGraph) -> None:
    seen = await client.start(session(businessAccountId=ACCOUNT))
    assert graph.subscribed == [ACCOUNT]
    assert (seen.status, seen.phone_number) == (SessionStatus.CONNECTED, "551140001000")
    await client.start(session())
    assert graph.subscribed == [ACCOUNT]


async def test_a_token_that_is_refused_stops_the_start(client: MetaClient) -> None:
    with pytest.raises(CredentialsInvalid):
        await client.start(session(accessToken=BAD_TOKEN))


async def test_read_marks_and_typing_name_the_newest_message(client: MetaClient, graph: FakeGraph) -> None:
    await client.mark_read(session(), PHONE, [ReadMessage("wamid.1"), ReadMessage("wamid.2")])
    await client.show_typing(session(), PHONE, "wamid.3")
    await client.show_typing(session(), PHONE, None)
    await client.mark_read(session(), PHONE, [])
    assert [mark["message_id"] for mark in graph.marks] == ["wamid.2", "wamid.3"]
    assert graph.marks[1]["typing_indicator"] == {"type": "text"}


async def test_receipts_come_back_signed_twice_and_before_the_answer_if_so_told(client: MetaClient) -> None:
    """The fake's own word: what load and chaos tests rely on."""
    async with FakeGraph() as sender, _Catcher() as catcher:
        script = {"callback": {"url": f"{catcher.url}/hook", "secret": "s", "when": "before", "duplicates": 1}}
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{sender.url}/_script", json=script)
            headers = {"Authorization": "Bearer t"}
            body = {"to": PHONE, "type": "text", "text": {"body": "x"}}
            await http.post(f"{sender.url}/v1/1065/messages", json=body, headers=headers)
            assert len((await http.get(f"{sender.url}/_sent")).json()) == 1
        webhooks = builtin_plugins(ProviderOptions())["META"].webhooks
        assert webhooks is not None
        assert len(catcher.got) == 6
        settings = session().settings
        assert all(webhooks.verify(settings, headers, body) for headers, body in catcher.got)


class _Catcher(FakeGraph):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def handle(self, request: Request) -> Reply:
        self.got.append((request.headers, request.body))
        return reply_json({})


PDF = Document(media=StoredMedia(MediaId(uuid4())), file_name="a.pdf")


def with_file(uploaded: str | None = None) -> Outgoing:
    return replace(outgoing(PDF), media=replace(outgoing_file(b"%PDF", "application/pdf", "a.pdf"), uploaded=uploaded))


async def test_a_file_that_meta_has_is_not_uploaded_again(client: MetaClient, graph: FakeGraph) -> None:
    first = await client.send(session(), with_file(), 2.0)
    again = await client.send(session(), with_file(first.uploaded), 2.0)
    assert (first.uploaded, again.uploaded, len(graph.uploads)) == ("media-1", None, 1)
    assert [sent.body["document"]["id"] for sent in graph.sent] == ["media-1", "media-1"]


@pytest.mark.parametrize("code", [100, 131009, 131052, 131053])
async def test_a_file_that_meta_lost_is_uploaded_anew_and_sent_once(
    client: MetaClient, graph: FakeGraph, code: int
) -> None:
    graph.fail_with(code)
    accepted = await client.send(session(), with_file("old"), 2.0)
    assert (accepted.uploaded, len(graph.uploads), len(graph.sent)) == ("media-1", 1, 1)


async def test_another_refusal_uploads_nothing(client: MetaClient, graph: FakeGraph) -> None:
    graph.fail_with(131026)
    with pytest.raises(Rejected):
        await client.send(session(), with_file("old"), 2.0)
    assert graph.uploads == []
