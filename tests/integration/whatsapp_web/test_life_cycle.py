"""The whole life of a number, through the C functions that neonize's library calls, with neonize's own messages."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.contents import data_of
from tests.fakes.devices import add_device
from tests.fakes.go_calls import BlackHole
from tests.integration.whatsapp_web.conftest import Number, jid_message
from whatsapp_hub.adapters.providers.neonize import errors
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary, answered
from whatsapp_hub.adapters.providers.neonize.native.protobuf import encode
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, OtherSeen, ReceiptSeen, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import ReadMessage
from whatsapp_hub.domain.errors import Transient
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType, Revoke
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus

PERSON, LID = "5511987650101@s.whatsapp.net", "84500000000001@lid"
GROUP = "120363000000000001@g.us"
NOW_MS = int(time.time() * 1000)


def source(chat: str, sender: str = "", alt: str = "", *, from_me: bool = False) -> Any:
    from neonize.proto.Neonize_pb2 import MessageSource

    nobody = jid_message("@")
    return MessageSource(
        Chat=jid_message(chat),
        Sender=jid_message(sender or chat),
        IsFromMe=from_me,
        IsGroup=chat.endswith("@g.us"),
        SenderAlt=jid_message(alt) if alt else nobody,
        RecipientAlt=nobody,
        BroadcastListOwner=nobody,
    )


def message(content: dict[str, Any], id: str = "3EB0AA", **who: Any) -> Any:
    """A `Message` event as Go encodes it, every obligatory field there."""
    from neonize.proto.Neonize_pb2 import Message, MessageInfo
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message as Content

    info = MessageInfo(
        MessageSource=source(**({"chat": PERSON} | who)),
        ID=id,
        ServerID=0,
        Type="text",
        Pushname="Ana",
        Timestamp=NOW_MS,
        Category="",
        Multicast=False,
        MediaType="",
        Edit="",
    )
    flags = dict.fromkeys(
        (
            *("IsEphemeral", "IsViewOnce", "IsViewOnceV2", "IsViewOnceV2Extension"),
            *("IsDocumentWithCaption", "IsLottieSticker", "IsEdit"),
        ),
        False,
    )
    said = Content(**content)
    return Message(Info=info, Message=said, Raw=said, UnavailableRequestID="", RetryCount=0, **flags)


def receipt(type: str, *ids: str, **who: Any) -> Any:
    from neonize.proto.Neonize_pb2 import Receipt

    where = source(**({"chat": PERSON} | who))
    return Receipt(MessageSource=where, MessageIDs=ids, Timestamp=NOW_MS // 1000, Type=Receipt.ReceiptType.Value(type))


@pytest.mark.usefixtures("room_here")
async def test_a_number_is_paired_and_moves_in(number: Number) -> None:
    from neonize.proto.Neonize_pb2 import Connected, Device, PairStatus

    apart = await number.open()
    for code in ("2@first", "2@second"):
        await number.go.qr(apart, code)
    await number.until(lambda: len(number.states) == 2)
    assert [found.qr_code for found in number.seen if isinstance(found, SessionSeen)] == ["2@first", "2@second"]

    await add_device(number.owner, number.jid)  # whatsmeow stores the keys before it tells
    await number.go.login(apart, "success")
    me = jid_message(number.jid)
    device = Device(JID=me, Platform="android", BussinessName="", PushName="Shop", Initialized=True)
    await number.go.event(apart, device)
    paired = PairStatus(ID=me, BusinessName="", Platform="android", Status=PairStatus.SUCCESS)
    await number.go.event(apart, paired)
    await number.state(SessionStatus.CONNECTING, "paired")
    await number.go.event(apart, Connected(status=True))  # the room's own line, about to be ended

    here = await number.go.dial(number.session.id, 2)
    assert number.states[-1] == (SessionStatus.CONNECTING, "paired")
    await number.go.event(here, device)
    await number.go.event(here, Connected(status=True))
    await number.state(SessionStatus.CONNECTED)
    connected = [found for found in number.seen if isinstance(found, SessionSeen)][-1]
    assert connected.phone_number == number.jid.partition(":")[0]
    assert number.pulse.is_logged_in
    known = await number.owner.fetchval("SELECT jid FROM whatsmeow.devices WHERE session_id = $1", number.session.id)
    assert known == number.jid


@pytest.mark.usefixtures("room_here")
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("timeout", (SessionStatus.DISCONNECTED, "qr_timeout")),
        ("err-client-outdated", (SessionStatus.FAILED, "client_outdated")),
        ("error", (SessionStatus.DISCONNECTED, "pairing_failed: error")),
    ],
)
async def test_a_pairing_that_comes_to_nothing_says_why(
    number: Number, status: str, state: tuple[SessionStatus, str]
) -> None:
    apart = await number.open()
    await number.go.qr(apart, "2@first")
    await number.go.login(apart, status)
    await number.state(*state)
    await number.until(lambda: number.pulse is None)


@pytest.mark.usefixtures("room_here")
async def test_a_failed_pairing_is_explained_by_the_event_that_follows(number: Number) -> None:
    from neonize.proto.Neonize_pb2 import PairStatus

    apart = await number.open()
    await number.go.qr(apart, "2@first")
    await number.go.login(apart, "error")
    failed = PairStatus(
        ID=jid_message(number.jid), BusinessName="", Platform="", Status=PairStatus.ERROR, Error="signature mismatch"
    )
    await number.go.event(apart, failed)
    await number.state(SessionStatus.DISCONNECTED, "pairing_failed: signature mismatch")
    await number.until(lambda: number.pulse is None)


@pytest.mark.usefixtures("room_here")
async def test_a_pairing_code_asked_for_before_the_first_connection_waits_for_it(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: GoLibrary, uuid: str, params: bytes) -> bytes:
        return encode(wire.ANSWERS["PairPhone"], {"code": "ABCD-1234"})

    monkeypatch.setattr(GoLibrary, "pair_phone", answer)
    asked = asyncio.create_task(number.provider.pairing_code(number.session.id, "5511977770002"))
    await asyncio.sleep(0.1)
    apart = await number.open()
    await asyncio.sleep(0.1)
    assert not asked.done()
    await number.go.qr(apart, "2@first")
    await number.go.qr(apart, "2@second")
    assert await asyncio.wait_for(asked, 10) == "ABCD-1234"
    await number.until(lambda: len(number.states) == 2)
    lasts = [
        (found.until - found.at).total_seconds()
        for found in number.seen
        if isinstance(found, SessionSeen) and found.until
    ]
    assert lasts == [60, 20]


async def test_what_customers_write(number: Number) -> None:
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ContextInfo, ExtendedTextMessage, ImageMessage

    uuid = await number.connect()
    quote = ContextInfo(stanzaID="3EB0OURS", participant="5511900000001@s.whatsapp.net")
    image = ImageMessage(mimetype="image/jpeg", caption="Look", directPath="/v/t", mediaKey=b"key")
    brought = [
        message({"conversation": "Olá 👋"}, "A"),
        message({"imageMessage": image}, "B"),
        message({"extendedTextMessage": ExtendedTextMessage(text="Sim", contextInfo=quote)}, "C"),
        message({"conversation": "hidden"}, "D", chat=LID),
        message({"conversation": "in a group"}, "E", chat=GROUP, sender=LID, alt=PERSON),
    ]
    for event in brought:
        await number.go.event(uuid, event)
    await number.until(lambda: len([f for f in number.seen if isinstance(f, MessageSeen)]) == len(brought))
    text, picture, reply, hidden, group = (f for f in number.seen if isinstance(f, MessageSeen))
    assert (text.content.text, text.name, text.chat) == ("Olá 👋", "Ana", PERSON)
    assert text.at.timestamp() == NOW_MS / 1000
    assert (picture.content.type, picture.content.text) == (MessageType.IMAGE, "Look")
    assert data_of(picture.content)["media"] == {"directPath": "/v/t", "mediaKey": "a2V5"}
    assert (reply.content.text, reply.reply_to) == ("Sim", "3EB0OURS")
    assert hidden.chat_names == (Identity.lid("84500000000001"),)
    assert (group.kind, group.author, group.chat_names) == (ChatKind.GROUP, LID, (Identity.chat(GROUP),))


async def test_a_reaction_an_edit_a_revoke_and_a_first_group_message(number: Number) -> None:
    from neonize.proto.waCommon.WACommon_pb2 import MessageKey
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (
        Message,
        ProtocolMessage,
        ReactionMessage,
        SenderKeyDistributionMessage,
    )

    uuid = await number.connect()
    key = MessageKey(remoteJID=PERSON, fromMe=True, ID="3EB0OURS")
    edit = ProtocolMessage(key=key, type=ProtocolMessage.MESSAGE_EDIT, editedMessage=Message(conversation="better"))
    keys = SenderKeyDistributionMessage(groupID=GROUP, axolotlSenderKeyDistributionMessage=b"k")
    for event in (
        message({"reactionMessage": ReactionMessage(key=key, text="👍")}, "A"),
        message({"protocolMessage": edit}, "B"),
        message({"protocolMessage": ProtocolMessage(key=key, type=ProtocolMessage.REVOKE)}, "C"),
        message({"senderKeyDistributionMessage": keys}, "D", chat=GROUP, sender=PERSON),
        message({"senderKeyDistributionMessage": keys, "conversation": "first"}, "D", chat=GROUP, sender=PERSON),
    ):
        await number.go.event(uuid, event)
    await number.until(lambda: len([f for f in number.seen if isinstance(f, MessageSeen)]) == 4)
    reaction, edited, revoked, first = (f for f in number.seen if isinstance(f, MessageSeen))
    assert data_of(reaction.content) == {"messageId": "3EB0OURS", "emoji": "👍"}
    assert (edited.content.text, data_of(edited.content)) == ("better", {"edits": "3EB0OURS"})
    assert isinstance(revoked.content, Revoke)
    assert revoked.content.message_id == "3EB0OURS"
    assert first.content.text == "first"


async def test_receipts(number: Number) -> None:
    uuid = await number.connect()
    for event in (receipt("DELIVERED", "A", "B"), receipt("READ", "A"), receipt("SENDER", "C"), receipt("RETRY", "A")):
        await number.go.event(uuid, event)
    await number.until(lambda: any(isinstance(f, OtherSeen) and f.kind == "receipt_3" for f in number.seen))
    told = [(f.provider_message_id, f.status) for f in number.seen if isinstance(f, ReceiptSeen)]
    delivered, read, sent = MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.SENT
    assert told == [("A", delivered), ("B", delivered), ("A", read), ("C", sent)]


async def test_a_lost_line_is_dialled_again_by_the_library(number: Number) -> None:
    from neonize.proto.Neonize_pb2 import Connected, Disconnected, KeepAliveRestored, KeepAliveTimeout

    uuid = await number.connect()
    await number.go.event(uuid, KeepAliveTimeout(ErrorCount=1, LastSuccess=int(time.time()) - 40))
    await number.state(SessionStatus.RECONNECTING, "degraded")
    assert number.pulse.is_connected
    assert not number.pulse.is_logged_in
    assert 30 < number.pulse.silent_s < 60
    await number.go.event(uuid, KeepAliveRestored())
    await number.state(SessionStatus.CONNECTED)
    await number.go.event(uuid, Disconnected(status=True))
    await number.state(SessionStatus.RECONNECTING, "disconnected")
    assert not number.pulse.is_connected
    await number.go.event(uuid, Connected(status=True))
    await number.state(SessionStatus.CONNECTED)


async def test_what_ends_a_session(number: Number, hole: BlackHole) -> None:
    from neonize.proto.Neonize_pb2 import (
        ClientOutdated,
        ConnectFailureReason,
        LoggedOut,
        StreamReplaced,
        TemporaryBan,
    )

    await number.pair_beforehand()
    ends = [
        (StreamReplaced(), (SessionStatus.DISCONNECTED, "replaced")),
        (ClientOutdated(), (SessionStatus.FAILED, "client_outdated")),
        (TemporaryBan(Code=TemporaryBan.BLOCKED_BY_USERS, Expire=3600), (SessionStatus.BANNED, "blocked_by_users")),
        (
            LoggedOut(OnConnect=True, Reason=ConnectFailureReason.Value("MAIN_DEVICE_GONE")),
            (SessionStatus.LOGGED_OUT, "main_device_gone"),
        ),
    ]
    for event, state in ends:
        uuid = await number.open()
        await number.go.event(uuid, event)
        await number.state(*state)
        assert number.pulse is None
        hole.drop()  # the dial itself is still held
        await number.provider.close(number.session.id)
    assert await number.owner.fetchval("SELECT count(*) FROM whatsmeow.devices WHERE jid = $1", number.jid) == 0
    assert (
        await number.owner.fetchval("SELECT count(*) FROM whatsmeow.whatsmeow_device WHERE jid = $1", number.jid) == 0
    )
    banned = next(f for f in number.seen if isinstance(f, SessionSeen) and f.status is SessionStatus.BANNED)
    assert banned.until is not None
    assert 3590 < (banned.until - banned.at).total_seconds() < 3610


async def test_go_s_own_error_for_a_line_that_is_down_means_that_nothing_was_sent(
    number: Number, library: GoLibrary, hole: BlackHole
) -> None:
    uuid = await number.connect()
    number.provider._holder.lines[number.session.id].ending.set()  # nobody hangs up
    hole.release()
    message = encode(wire.MESSAGE, {"conversation": "Oi"})
    data = await asyncio.to_thread(library.send, uuid, "4915112345678@s.whatsapp.net", message)
    error = errors.of_send(str(answered("SendMessage", data)["error"]))
    assert isinstance(error, Transient)
    with pytest.raises(Transient):
        await number.provider.mark_read(number.session, PERSON, [ReadMessage("3EB0AA")])


async def test_calls_about_a_client_that_is_gone_do_not_reach_go(number: Number, library: GoLibrary) -> None:
    """It would read through a nil pointer, and the whole connector with all its sessions would be gone."""
    await number.pair_beforehand()
    for data, name in (
        (library.send("gone", PERSON, b""), "SendMessage"),
        (library.upload("gone", b"x", 0), "Upload"),
        (library.is_on_whatsapp("gone", "+1"), "IsOnWhatsApp"),
        (library.pair_phone("gone", b""), "PairPhone"),
    ):
        assert isinstance(errors.of_send(str(answered(name, data)["error"])), Transient)
    assert not library.is_known("gone")
    assert library.log_out("gone") == library.typing("gone", PERSON, is_typing=True) == "client is nil"
    assert library.mark_read("gone", ["A"], PERSON, PERSON, 0) == "client is nil"
