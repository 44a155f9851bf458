"""A message is shown whole."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.unit.domain.build import NOW, message
from whatsapp_hub.adapters.contracts.views.messages import MessageView, phone_of
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.annotations import Annotations, Author, Edit, Mark, MarkKind, Revocation
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import Quoted

ANA = Author("5511988887777@c.us", "Ana", "5511988887777")
SINCE = Annotations(
    (
        Mark(MarkKind.REACTION, ANA, NOW, "R1", ("👍",)),
        Mark(MarkKind.REACTION, Author(), NOW, "R2", ("❤",)),
        Mark(MarkKind.REACTION, Author("1@lid"), NOW, "R3", ()),
    ),
    (Edit(NOW + timedelta(minutes=1), "E1", "Bom dia!"),),
    Revocation(NOW + timedelta(minutes=2), "D1", ANA),
    "Bom dai",
)


def shown(**fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(MessageView.of(message(**fields))))
    return found


def test_what_happened_since_stands_with_the_message() -> None:
    found = shown(annotations=SINCE)
    ana = {"name": "Ana", "phone": "5511988887777", "identity": "5511988887777@c.us"}
    assert [(one["emoji"], one["by"]) for one in found["reactions"]] == [("👍", ana), ("❤", None)]
    assert (found["editedAt"], found["revokedAt"]) == ("2026-03-02T09:31:00Z", "2026-03-02T09:32:00Z")


def test_a_plain_text_has_nothing_of_it() -> None:
    found = shown()
    assert (found["reactions"], found["editedAt"], found["revokedAt"], found["replyTo"]) == ([], None, None, None)
    assert (found["author"], found["forwarded"], found["referral"], found["seq"]) == (None, False, None, None)
    assert found["data"] == {"kind": "text", "link": None}


def test_the_answered_message_is_named_even_where_the_hub_lacks_it() -> None:
    quoted = Quoted(MessageId(UUID(int=9)), MessageType.IMAGE, "Look")
    known = {"id": str(UUID(int=9)), "whatsappMessageId": "W1", "type": "IMAGE", "preview": "Look"}
    assert shown(reply_to="W1", quoted=quoted)["replyTo"] == known
    assert shown(reply_to="W1")["replyTo"] == dict.fromkeys(known) | {"whatsappMessageId": "W1"}


def test_the_author_in_a_group_has_name_and_number() -> None:
    found = shown(author="5511988887777@c.us", author_name="Ana")
    assert found["author"] == {"name": "Ana", "phone": "5511988887777", "identity": "5511988887777@c.us"}
    hidden = shown(author="123@lid", author_phone="5511977776666")
    assert hidden["author"] == {"name": None, "phone": "5511977776666", "identity": "123@lid"}


@pytest.mark.parametrize(
    ("identity", "phone"),
    [
        ("5511988887777@s.whatsapp.net", "5511988887777"),
        ("+5511988887777", "5511988887777"),
        ("5511988887777:12@c.us", "5511988887777"),
        ("123@lid", None),
        ("BR.ABC1", None),
        (None, None),
    ],
)
def test_the_number_in_an_identity(identity: str | None, phone: str | None) -> None:
    assert phone_of(identity) == phone


def test_an_advertisement_is_shown() -> None:
    referral = {"source_type": "ad", "source_id": "42", "headline": "Sale", "ctwa_clid": "c1", "image": {"id": "1"}}
    found = shown(content=kinds.Text("oi", context=kinds.Context(forwarded=True, referral=referral)))
    assert found["forwarded"] is True
    assert {name: value for name, value in found["referral"].items() if value} == {
        "sourceType": "ad",
        "sourceId": "42",
        "headline": "Sale",
        "clickId": "c1",
    }


def test_cards_are_shown_alike_in_both_forms() -> None:
    meta = {"name": {"formatted_name": "Bia"}, "phones": [{"phone": "+55 11 9"}], "org": {"company": "Shop"}}
    vcard = "BEGIN:VCARD\nVERSION:3.0\nFN:Bia\nitem1.TEL;waid=55119:+55 11 9\nORG:Shop\nEND:VCARD"
    card = {"name": "Bia", "phones": ["+55 11 9"], "emails": [], "organization": "Shop"}
    for content in (kinds.Contacts("Bia", cards=(meta,)), kinds.Contacts("Bia", vcards=(vcard,))):
        assert shown(content=content)["data"] == {"kind": "contacts", "cards": [card]}
