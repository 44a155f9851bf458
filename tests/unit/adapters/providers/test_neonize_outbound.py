"""What is sent through WhatsApp Web, and what its errors mean."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.contents import content
from tests.fakes.neonize import GROUP, LID, PERSON, PHONE
from whatsapp_hub.adapters.providers.neonize import errors
from whatsapp_hub.adapters.providers.neonize.translate.media import mimetype_of, opus_seconds
from whatsapp_hub.adapters.providers.neonize.translate.outbound import Sending, Uploaded, sending, with_upload
from whatsapp_hub.adapters.providers.public_files import Fetched
from whatsapp_hub.application.ports.provider.plugin import Outgoing
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, ProviderError, Rejected, Scope, Transient
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType

NOW = 1_780_000_000_000
LINK = "https://files.example/a%20b.jpg?x=1"


def sent(type: MessageType, text: str = "", url: str | None = None, **more: Any) -> Sending:
    chat, reply_to = more.pop("chat", PERSON), more.pop("reply_to", None)
    author = more.pop("author", None)
    outgoing = Outgoing(MessageId(uuid4()), chat, more.pop("to", ()), content(type, text, url, **more), reply_to)
    return sending(outgoing, lambda id: author, NOW)


def test_a_text_goes_to_the_first_identity_that_has_an_address() -> None:
    what = sent(MessageType.TEXT, "Oi", to=(Identity.bsuid("BR.1"), Identity.lid("845"), Identity.phone(PHONE)))
    assert (what.to, what.message) == ("845@lid", {"conversation": "Oi"})
    assert sent(MessageType.TEXT, "Oi", chat=f"+{PHONE}").to == PERSON
    with pytest.raises(Rejected, match="no_address"):
        sent(MessageType.TEXT, "Oi", chat="nobody")


def test_a_reply_names_what_it_answers_and_who_wrote_it() -> None:
    quote = sent(MessageType.TEXT, "Sim", reply_to="3EB0ZZ").message["extendedTextMessage"]
    context = {"stanzaID": "3EB0ZZ", "participant": PERSON, "quotedMessage": {"conversation": ""}}
    assert quote == {"text": "Sim", "contextInfo": context}
    in_group = sent(MessageType.IMAGE, "", LINK, chat=GROUP, reply_to="3EB0ZZ", author=LID).message["imageMessage"]
    assert isinstance(in_group, dict)
    assert in_group["contextInfo"]["participant"] == LID


def test_a_reaction_is_to_the_other_side_s_message_unless_said_otherwise() -> None:
    key = {"remoteJID": PERSON, "fromMe": False, "ID": "3EB0ZZ"}
    reaction = sent(MessageType.REACTION, "👍", messageId="3EB0ZZ").message["reactionMessage"]
    assert reaction == {"key": key, "text": "👍", "senderTimestampMS": NOW}
    mine = sent(MessageType.REACTION, "", messageId="3EB0ZZ", fromMe=True).message["reactionMessage"]
    assert mine == {"key": key | {"fromMe": True}, "text": "", "senderTimestampMS": NOW}
    with pytest.raises(Rejected, match="messageId"):
        sent(MessageType.REACTION, "👍")


def test_a_file_is_uploaded_and_then_described() -> None:
    what = sent(MessageType.DOCUMENT, "see", LINK)
    assert what.file is not None
    assert (what.file.url, what.file.kind, what.file.mimetype) == (LINK, 3, "image/jpeg")
    whole = with_upload(what, Uploaded({"URL": "u", "mediaKey": b"k"}, "image/jpeg"))
    known = {"caption": "see", "fileName": "a b.jpg", "title": "a b.jpg", "URL": "u", "mediaKey": b"k"}
    assert whole == {"documentMessage": known | {"mimetype": "image/jpeg"}}


def test_an_ogg_is_a_voice_note_unless_said_otherwise() -> None:
    for said, voice in ((None, True), (True, True), (False, False)):
        more = {} if said is None else {"voice": said}
        whole = with_upload(sent(MessageType.AUDIO, "", LINK, **more), Uploaded({}, "audio/ogg; codecs=opus", 3))
        assert whole == {"audioMessage": {"PTT": voice, "mimetype": "audio/ogg; codecs=opus", "seconds": 3}}
    music = with_upload(sent(MessageType.AUDIO, "", LINK), Uploaded({}, "audio/mpeg"))
    assert music == {"audioMessage": {"PTT": False, "mimetype": "audio/mpeg"}}


def test_a_voice_note_s_length_is_read_from_its_last_page() -> None:
    page = b"OggS\0\4" + (48_000 * 7).to_bytes(8, "little") + bytes(20)
    assert opus_seconds(b"OggS\0\2" + bytes(22) + page) == 7
    assert opus_seconds(b"ID3") == 0


def test_a_file_s_kind_is_what_was_said_then_what_its_server_said() -> None:
    assert mimetype_of("image/png", Fetched(b"", "image/jpeg"), "image/webp") == "image/png"
    assert mimetype_of("", Fetched(b"", "image/jpeg"), "image/webp") == "image/jpeg"
    assert mimetype_of("", Fetched(b"", "application/octet-stream"), "image/webp") == "image/webp"
    assert mimetype_of("", Fetched(b"", "audio/ogg"), "") == "audio/ogg; codecs=opus"


def test_places_and_contacts() -> None:
    place = sent(MessageType.LOCATION, "Here", latitude=-23, longitude=46.5).message
    assert place == {"locationMessage": {"degreesLatitude": -23.0, "degreesLongitude": 46.5, "name": "Here"}}
    with pytest.raises(Rejected, match="latitude"):
        sent(MessageType.LOCATION, "Here", latitude=True, longitude=1)
    ready = sent(MessageType.CONTACTS, vCards=["BEGIN:VCARD\nFN:Bia\nEND:VCARD"]).message
    assert ready == {"contactMessage": {"displayName": "Bia", "vcard": "BEGIN:VCARD\nFN:Bia\nEND:VCARD"}}
    told = {"name": {"formatted_name": "Bia; Lima"}, "phones": [{"phone": "+55 11 9", "wa_id": "55119"}]}
    many = sent(MessageType.CONTACTS, contacts=[told, told]).message["contactsArrayMessage"]
    assert isinstance(many, dict)
    assert "FN:Bia\\; Lima\n" in many["contacts"][0]["vcard"]
    assert "TEL;type=CELL;waid=55119:+55 11 9\n" in many["contacts"][0]["vcard"]


@pytest.mark.parametrize("url", [None, "file:///etc/passwd", "ftp://x/y", "http://[bad"])
def test_a_file_needs_an_http_link(url: str | None) -> None:
    with pytest.raises(Rejected, match=r"http link|URL"):
        sent(MessageType.IMAGE, "", url)


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        ("websocket not connected", OutcomeUnknown, "no_answer"),
        ("no LID found for 551140028922@s.whatsapp.net from server", Rejected, "not_on_whatsapp"),
        ("failed to get LID for PN 44@s.whatsapp.net: pq: too many clients", Transient, "not_encrypted"),
        ("failed to get user info for 44@s.whatsapp.net to fill LID cache: EOF", Transient, "not_connected"),
        ("failed to fetch LID mappings: sql: database is closed", Transient, "not_encrypted"),
        ("failed to prefetch sessions: driver: bad connection", Transient, "not_encrypted"),
        ("failed to save cached sessions: driver: bad connection", Transient, "not_encrypted"),
        ("failed to encrypt group message to send 3EB0 to 12@g.us: no session", Transient, "not_encrypted"),
        ("can't encrypt message for device: no signal session established with 44", Transient, "not_encrypted"),
        ("failed to send message node: websocket not connected", Transient, "not_connected"),
        ("failed to get device list: info query timed out", Transient, "not_connected"),
        ("the store doesn't contain a device JID", CredentialsInvalid, "not_logged_in"),
        ("timed out waiting for message send response", OutcomeUnknown, "no_answer"),
        ("websocket disconnected before message send returned response", OutcomeUnknown, "no_answer"),
        ("failed to send message node: write tcp: broken pipe", OutcomeUnknown, "unknown_error"),
        ("something new", OutcomeUnknown, "unknown_error"),
        ("server returned error 463", Transient, "server_463"),
        ("server returned error 475", Transient, "server_475"),
        ("server returned error 479", Rejected, "server_479"),
        ("server returned error 429", Transient, "server_429"),
        ("server returned error 503", Transient, "server_503"),
        ("can't send message to unknown server foo", Rejected, "refused"),
    ],
)
def test_only_what_certainly_did_not_leave_is_tried_again(said: str, error: type[ProviderError], code: str) -> None:
    found = errors.of_send(said)
    assert type(found) is error
    assert found.code == code


@pytest.mark.parametrize("code", ["463", "475"])
def test_a_limited_account_holds_first_contacts_and_tries_them_hourly_for_a_day(code: str) -> None:
    found = errors.of_send(f"server returned error {code}")
    assert isinstance(found, Transient)
    assert (found.scope, found.retry_after_s, found.tries) == (Scope.FIRST_CONTACTS, 3600, 24)


def test_a_question_may_always_be_asked_again() -> None:
    assert isinstance(errors.of_query("something new"), Transient)
