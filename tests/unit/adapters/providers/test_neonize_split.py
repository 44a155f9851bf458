"""From events to rows: whose chat, and which repeats are known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import neonize
from tests.fakes.neonize import AT_MS, GROUP, LID, PERSON, event, heard, message, receipt, text
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import STATUSES
from whatsapp_hub.adapters.providers.neonize.native.protobuf import encode
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.neonize.translate.inbound import translate
from whatsapp_hub.adapters.providers.neonize.translate.split import STATE_CHAT, Splitter
from whatsapp_hub.application.ports.provider.events import IdentitySeen, MessageSeen, Origin, RawUpdate, RedeliveredSeen


def cut(
    name: str, data: bytes, unique: str = "u1", *, history: bool = False, statuses: bool = False
) -> list[RawUpdate]:
    return Splitter(history, statuses)(heard(name, data), unique)


def key(name: str, data: bytes, unique: str = "u1") -> str:
    (row,) = cut(name, data, unique)
    return row.dedupe_key


def test_a_message_is_known_by_its_id_its_chat_and_who_wrote_it() -> None:
    first = key("Message", text("Oi"))
    assert first == key("Message", text("Oi", at_ms=AT_MS + 5), "u2")
    others = [text("Oi", id="3EB0AB"), text("Oi", chat=LID), text("Oi", from_me=True)]
    others += [text("Oi", chat=GROUP, sender=PERSON), text("Oi", chat=GROUP, sender=LID)]
    assert len({first, *(key("Message", other) for other in others)}) == 6


def again(chat: str, sender: str, *, statuses: bool = False) -> list[RawUpdate]:
    stored = StoredEvent("again", AT_MS, text="3EB0AA", names=[chat, sender, neonize.ME])
    return Splitter(statuses=statuses)(stored, "u1")


@pytest.mark.parametrize(
    ("chat", "sender", "first"),
    [
        (PERSON, PERSON, text("Oi")),
        (PERSON, f"{neonize.PHONE}:3@s.whatsapp.net", text("Oi")),
        (LID, LID, text("Oi", chat=LID)),
        (GROUP, LID, text("Oi", chat=GROUP, sender=LID)),
        (GROUP, neonize.ME, text("Oi", chat=GROUP, from_me=True)),
        (LID, neonize.ME, text("Oi", chat=LID, from_me=True)),
        ("1700000000@broadcast", PERSON, text("Oi", chat="1700000000@broadcast", sender=PERSON)),
    ],
)
def test_a_message_that_comes_again_names_its_first_copy_and_takes_nothing_from_it(
    chat: str, sender: str, first: bytes
) -> None:
    [row], [copy] = again(chat, sender), cut("Message", first)
    [seen] = translate(row.body)
    assert isinstance(seen, RedeliveredSeen)
    assert seen.dedupe_key == copy.dedupe_key != row.dedupe_key
    assert row.chat == copy.chat


def test_a_status_that_comes_again_counts_only_where_it_is_asked_for() -> None:
    assert again(STATUSES, PERSON) == []
    assert len(again(STATUSES, PERSON, statuses=True)) == 1


def test_what_a_customer_sends_to_a_broadcast_list_waits_behind_their_other_messages() -> None:
    listed = text("Oferta", chat="1700000000@broadcast", sender=PERSON)
    assert cut("Message", listed)[0].chat == PERSON


def test_a_contacts_status_is_taken_in_only_where_it_is_asked_for() -> None:
    status = text("Na praia", chat=STATUSES, sender=PERSON)
    undecryptable = event("UndecryptableMessage", info=neonize.info("3EB0AA", STATUSES, sender=PERSON))
    past = history(wire.ON_DEMAND, web("A", "ontem", 10), ID=STATUSES, lidJID="")
    seen = [("Message", status), ("UndecryptableMessage", undecryptable), ("HistorySync", past)]
    seen.append(("Receipt", receipt(4, "A", chat=STATUSES, sender=PERSON)))
    assert [row.chat for name, data in seen for row in cut(name, data)] == [PERSON]  # the history's phone and LID
    assert [len(cut(name, data, statuses=True)) for name, data in seen] == [1, 1, 2, 1]


def test_a_first_group_message_comes_twice_and_its_text_is_not_lost() -> None:
    """The first event holds only keys; both have the same id."""
    keys_only = message({"senderKeyDistributionMessage": {}, "messageContextInfo": {}}, chat=GROUP, sender=PERSON)
    with_text = message(
        {"senderKeyDistributionMessage": {}, "conversation": "Oi", "messageContextInfo": {}}, chat=GROUP, sender=PERSON
    )
    assert cut("Message", keys_only) == []
    assert len(cut("Message", with_text)) == 1


def test_an_undecryptable_message_does_not_hide_the_one_that_comes_later() -> None:
    data = event("UndecryptableMessage", info=neonize.info("3EB0AA"), isUnavailable=False)
    assert key("UndecryptableMessage", data) != key("Message", text("Oi"))


def test_a_receipt_is_known_by_its_messages_its_kind_and_who_gave_it() -> None:
    first = key("Receipt", receipt(4, "A", "B"))
    assert first == key("Receipt", receipt(4, "A", "B", at_s=7), "u2")
    others = [receipt(1, "A", "B"), receipt(4, "A"), receipt(4, "A", "B", chat=GROUP, sender=LID)]
    assert len({first, *(key("Receipt", other) for other in others)}) == 4


def test_many_messages_in_one_receipt_keep_the_key_short() -> None:
    assert len(key("Receipt", receipt(4, *(f"3EB0{n:020d}" for n in range(200))))) <= 300


def test_each_state_is_a_row_of_one_chat() -> None:
    rows = [cut("Connected", b"", unique)[0] for unique in ("u1", "u2")]
    assert {row.chat for row in rows} == {STATE_CHAT}
    assert len({row.dedupe_key for row in rows}) == 2


def test_messages_of_one_person_are_one_chat() -> None:
    assert cut("Message", text("Oi"))[0].chat == cut("Receipt", receipt(4, "A"))[0].chat == PERSON


def test_bytes_that_cannot_be_read_are_kept_for_quarantine() -> None:
    (row,) = cut("Message", b"\xff\xff\xff")
    assert row.dedupe_key == "x:u1"


def web(id: str, said: str, after_s: int, **key: Any) -> bytes:
    known = {"remoteJID": PERSON, "fromMe": False, "ID": id} | key
    at_s = AT_MS // 1000 + after_s
    told = {"key": known, "message": {"conversation": said}, "messageTimestamp": at_s, "pushName": "Ana"}
    return encode(wire.WEB_MESSAGE, told)


def history(sync_type: int, *messages: bytes, **conversation: Any) -> bytes:
    chat = {"ID": PERSON, "lidJID": LID, "messages": [{"message": data} for data in messages]} | conversation
    mappings = [{"pnJID": PERSON, "lidJID": LID}]
    return event(
        "HistorySync",
        data={"syncType": sync_type, "conversations": [chat], "phoneNumberToLidMappings": mappings},
    )


def test_a_history_becomes_one_row_a_message_oldest_first() -> None:
    data = history(0, web("B", "second", 20), web("A", "first", 10), web("C", "mine", 30, fromMe=True))
    rows = cut("HistorySync", data, history=True)
    seen = [found for row in rows for found in translate(row.body)]
    assert isinstance(seen[0], IdentitySeen)
    texts = [(m.content.text, m.origin, m.from_me) for m in seen[1:] if isinstance(m, MessageSeen)]
    past = Origin.HISTORY
    assert texts == [("first", past, False), ("second", past, False), ("mine", past, True)]


def test_a_message_of_a_history_has_the_key_that_it_had_live() -> None:
    rows = cut("HistorySync", history(0, web("3EB0AA", "Oi", 10)), history=True)
    assert rows[-1].dedupe_key == key("Message", text("Oi"))
    in_group = web("3EB0AA", "Oi", 10, remoteJID=GROUP, participant=PERSON)
    rows = cut("HistorySync", history(0, in_group, ID=GROUP, lidJID=""), history=True)
    assert rows[-1].dedupe_key == key("Message", text("Oi", chat=GROUP, sender=PERSON))


def test_nobody_gets_a_history_that_was_not_asked_for() -> None:
    rows = cut("HistorySync", history(0, web("A", "first", 10)))
    assert [type(found) for row in rows for found in translate(row.body)] == [IdentitySeen]
    assert len(cut("HistorySync", history(wire.ON_DEMAND, web("A", "first", 10)))) == 2


@pytest.mark.parametrize("name", sorted(set(wire.SHAPES) - {"HistorySync", "Message"}))
def test_every_event_becomes_a_row_that_is_understood(name: str) -> None:
    (row,) = cut(name, b"")
    assert translate(row.body)
    assert 0 < len(row.dedupe_key) <= 300
