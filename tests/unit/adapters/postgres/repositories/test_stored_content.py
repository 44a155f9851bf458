"""Contents come back from PostgreSQL as they went in, and every row that was ever stored can be read."""

import json
from dataclasses import fields, replace
from datetime import UTC
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.postgres.repositories.stored_content import Stored, decode, encode
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.content import (
    NO_CONTEXT,
    NO_SOURCE,
    Audio,
    Button,
    Buttons,
    Call,
    CallState,
    Choice,
    Contacts,
    Content,
    Context,
    Document,
    Event,
    EventAnswer,
    Image,
    ListMenu,
    Location,
    MediaSource,
    MessageType,
    Order,
    OrderLine,
    Poll,
    Reaction,
    RemoteMedia,
    Revoke,
    Sticker,
    StoredMedia,
    System,
    Template,
    Text,
    Unsupported,
    Video,
    Vote,
)

FILE = UUID("0b5a8c1e-7d0c-4a55-9f5e-5f6d3b1c9a10")
KINDS = get_args(Content)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, min_size=1, max_size=3)
maybe = {"text": st.none() | texts, "whole": st.none() | st.integers(0, 2**40), "flag": st.none() | st.booleans()}
places = st.none() | st.floats(-180, 180)
tuples = st.lists(json_values, min_size=1, max_size=3).map(tuple)
some_texts = st.lists(texts, min_size=1, max_size=3).map(tuple)
lines = st.builds(OrderLine, texts, st.integers(0, 99), st.none() | st.floats(0, 99), maybe["text"])
moments = st.none() | st.datetimes(timezones=st.just(UTC))
rests = st.dictionaries(texts.map(lambda name: f"~{name}"), json_values, max_size=2)
contexts = st.just(NO_CONTEXT) | st.builds(
    Context,
    forwarded=st.booleans(),
    often=st.booleans(),
    mentions=st.just(()) | some_texts,
    edits=maybe["text"],
    referral=st.none() | objects,
    product=st.none() | objects,
).map(lambda context: NO_CONTEXT if context == NO_CONTEXT else context)
sources = st.just(NO_SOURCE) | st.builds(
    MediaSource, id=maybe["text"], url=maybe["text"], keys=st.none() | objects, error=maybe["text"]
)
media = st.none() | st.uuids().map(lambda id: StoredMedia(MediaId(id))) | texts.map(RemoteMedia)
file = {
    "media": media,
    "source": sources,
    "mime_type": maybe["text"],
    "file_name": maybe["text"],
    "size": maybe["whole"],
    "sha256": maybe["text"],
}
area = {"width": maybe["whole"], "height": maybe["whole"]}
OWN: dict[type[Any], dict[str, st.SearchStrategy[Any]]] = {
    Text: {"link": maybe["text"]},
    Image: {**file, **area, "view_once": maybe["flag"]},
    Video: {
        **file,
        **area,
        "seconds": maybe["whole"],
        "gif": maybe["flag"],
        "round": maybe["flag"],
        "view_once": maybe["flag"],
    },
    Audio: {**file, "seconds": maybe["whole"], "voice": maybe["flag"], "view_once": maybe["flag"]},
    Document: {**file, "pages": maybe["whole"]},
    Sticker: {**file, **area, "animated": maybe["flag"]},
    Location: {
        "latitude": places,
        "longitude": places,
        "live": st.booleans(),
        "name": maybe["text"],
        "address": maybe["text"],
        "url": maybe["text"],
    },
    Contacts: {"cards": st.just(()) | tuples, "vcards": st.just(()) | some_texts},
    Reaction: {"message_id": texts, "from_me": st.booleans()},
    Buttons: {"buttons": st.lists(st.builds(Button, texts, texts), min_size=1, max_size=3).map(tuple)},
    ListMenu: {"button": texts, "sections": tuples},
    Choice: {"kind": texts, "id": texts},
    Template: {"name": texts, "language": texts, "components": st.just(()) | tuples},
    Poll: {"options": some_texts, "several": st.booleans()},
    Vote: {"message_id": texts, "options": st.just(()) | some_texts, "secret": st.booleans()},
    Order: {"catalog": maybe["text"], "lines": st.just(()) | st.lists(lines, min_size=1, max_size=2).map(tuple)},
    Event: {
        "name": maybe["text"],
        "starts_at": moments,
        "ends_at": moments,
        "place": maybe["text"],
        "canceled": st.booleans(),
    },
    EventAnswer: {"message_id": texts, "answer": texts},
    Call: {"state": st.sampled_from(CallState), "video": st.booleans(), "seconds": maybe["whole"]},
    Revoke: {"message_id": texts, "from_me": st.booleans()},
    System: {"notice": st.none() | objects, "raw": st.none() | objects},
    Unsupported: {"raw": st.none() | objects},
}
contents = st.one_of(st.builds(kind, texts, context=contexts, extra=rests, **own) for kind, own in OWN.items())


def test_every_kind_with_every_field_is_tried() -> None:
    assert set(OWN) == set(KINDS)
    for kind, own in OWN.items():
        assert {field.name for field in fields(kind)} == own.keys() | {"text", "context", "extra"}


@given(contents)
def test_a_content_comes_back_as_it_went_in(content: Content) -> None:
    assert decode(*encode(content)) == content


@given(
    st.sampled_from([*MessageType, "HOLOGRAM"]),
    texts,
    st.none() | texts | st.just(f"/api/media/{FILE}"),
    st.none() | st.uuids(),
    st.none()
    | st.dictionaries(
        texts
        | st.sampled_from(
            sorted(
                {
                    "mediaId",
                    "mimeType",
                    "url",
                    "media",
                    "voice",
                    "latitude",
                    "emoji",
                    "messageId",
                    "buttons",
                    "sections",
                    "kind",
                    "options",
                    "language",
                    "components",
                    "edits",
                    "forwarded",
                    "mentions",
                    "raw",
                    "blob",
                    "size",
                    "vCards",
                }
            )
        ),
        json_values,
        max_size=5,
    ),
)
def test_any_row_can_be_read_and_loses_nothing_when_it_is_written_again(
    type: str, text: str, url: str | None, media_id: UUID | None, data: dict[str, Any] | None
) -> None:
    read = decode(type, text, url, media_id, json.dumps(data) if data is not None else None)
    again = encode(read)
    assert decode(*again) == read
    assert (again.content, again.type) == (text, "UNSUPPORTED" if type == "HOLOGRAM" else type)
    assert (data or {}).keys() - {"blob"} <= json.loads(again.data or "{}").keys()


META_PHOTO = {"mediaId": "7", "mimeType": "image/jpeg", "sha256": "abc", "url": "https://x.example/f"}
WEB_KEYS = {"directPath": "/v/t", "mediaKey": "a2V5", "sha256": "x", "encryptedSha256": "y"}
STORED_BEFORE: list[tuple[Stored, Content]] = [
    (Stored("TEXT", "Oi", None, None, None), Text("Oi")),
    (Stored("TEXT", "Oi", None, None, '{"link": "https://a.b"}'), Text("Oi", link="https://a.b")),
    (Stored("TEXT", "better", None, None, '{"edits": "wamid.5"}'), Text("better").editing("wamid.5")),
    (Stored("TEXT", "better", None, None, '{"edits": ""}'), Text("better").editing("")),
    (
        Stored("TEXT", "Oi", None, None, '{"forwarded": true, "mentions": ["1@lid"]}'),
        Text("Oi", context=Context(forwarded=True, mentions=("1@lid",))),
    ),
    (
        Stored("TEXT", "Oi", None, None, '{"referral": {"source_id": "AD1"}, "product": {"id": "p"}}'),
        Text("Oi", context=Context(referral={"source_id": "AD1"}, product={"id": "p"})),
    ),
    (
        Stored("IMAGE", "Look", None, None, json.dumps(META_PHOTO)),
        Image("Look", source=MediaSource("7", "https://x.example/f"), mime_type="image/jpeg", sha256="abc"),
    ),
    (
        Stored("IMAGE", "", None, None, '{"url": "http://waha/f.png", "mimeType": "image/png", "error": "gone"}'),
        Image(source=MediaSource(url="http://waha/f.png", error="gone"), mime_type="image/png"),
    ),
    (
        Stored(
            "DOCUMENT",
            "veja",
            f"/api/media/{FILE}",
            FILE,
            json.dumps({"blob": str(FILE), "mimeType": "application/pdf", "fileName": "a.pdf"}),
        ),
        Document("veja", media=StoredMedia(MediaId(FILE)), mime_type="application/pdf", file_name="a.pdf"),
    ),
    (
        Stored("AUDIO", "", None, None, json.dumps({"media": WEB_KEYS, "voice": True, "seconds": 4, "size": 9})),
        Audio(source=MediaSource(keys=WEB_KEYS), voice=True, seconds=4, size=9),
    ),
    (Stored("AUDIO", "", "https://x.example/a.ogg", None, None), Audio(media=RemoteMedia("https://x.example/a.ogg"))),
    (
        Stored("VIDEO", "", None, None, '{"seconds": 3, "gif": true, "round": true, "width": 2, "height": 1}'),
        Video(seconds=3, gif=True, round=True, width=2, height=1),
    ),
    (Stored("VIDEO", "", None, None, '{"voice": false}'), Video(extra={"voice": False})),
    (Stored("STICKER", "", None, None, '{"animated": false}'), Sticker(animated=False)),
    (
        Stored("LOCATION", "Bar", None, None, '{"latitude": "-23.5", "longitude": -46, "name": "Bar", "live": true}'),
        Location("Bar", latitude=-23.5, longitude=-46, name="Bar", live=True),
    ),
    (Stored("CONTACTS", "Bia", None, None, '{"vCards": ["BEGIN:VCARD"]}'), Contacts("Bia", vcards=("BEGIN:VCARD",))),
    (Stored("CONTACTS", "", None, None, '{"contacts": [{"name": {}}]}'), Contacts(cards=({"name": {}},))),
    (Stored("REACTION", "👍", None, None, '{"messageId": "A", "emoji": "👍"}'), Reaction("👍", message_id="A")),
    (Stored("REACTION", "", None, None, '{"messageId": "A", "fromMe": true}'), Reaction(message_id="A", from_me=True)),
    (
        Stored("INTERACTIVE", "Which?", None, None, '{"buttons": [{"id": "1", "title": "Sales"}]}'),
        Buttons("Which?", buttons=(Button("1", "Sales"),)),
    ),
    (
        Stored("INTERACTIVE", "Which?", None, None, '{"button": "See", "sections": [{"rows": []}]}'),
        ListMenu("Which?", button="See", sections=({"rows": []},)),
    ),
    (
        Stored("INTERACTIVE", "Help", None, None, '{"kind": "list_reply", "id": "r1", "description": "bills"}'),
        Choice("Help", kind="list_reply", id="r1", extra={"description": "bills"}),
    ),
    (
        Stored("TEMPLATE", "", None, None, '{"name": "hi", "language": "pt_BR", "components": [{"type": "body"}]}'),
        Template(name="hi", language="pt_BR", components=({"type": "body"},)),
    ),
    (
        Stored("TEMPLATE", "", None, None, '{"name": "hi", "language": {"code": "en"}}'),
        Template(name="hi", language="en"),
    ),
    (
        Stored("UNSUPPORTED", "Quando?\nHoje", None, None, '{"kind": "poll", "options": ["Hoje"]}'),
        Poll("Quando?\nHoje", options=("Hoje",)),
    ),
    (Stored("UNSUPPORTED", "", None, None, '{"raw": {"kinds": ["x"]}}'), Unsupported(raw={"kinds": ["x"]})),
    (Stored("SYSTEM", "changed", None, None, '{"system": {"type": "t"}}'), System("changed", notice={"type": "t"})),
    (Stored("SYSTEM", "", None, None, '{"raw": {"body": null}}'), System(raw={"body": None})),
    (Stored("HOLOGRAM", "Bea", None, None, '{"seconds": 0}'), Unsupported("Bea", extra={"seconds": 0})),
]
"""Forms that stood in the table before contents had kinds of their own, and one of a version to come."""


@pytest.mark.parametrize(("row", "content"), STORED_BEFORE, ids=[row.type for row, _ in STORED_BEFORE])
def test_an_older_row_is_read(row: Stored, content: Content) -> None:
    assert decode(*row) == content


def test_a_plain_text_stores_nothing_but_itself() -> None:
    assert encode(Text("Oi")) == Stored("TEXT", "Oi", None, None, None)
    assert encode(replace(Text("Oi"), context=NO_CONTEXT)) == Stored("TEXT", "Oi", None, None, None)
