"""What somebody else wrote is stored no longer than WhatsApp's longest text."""

from dataclasses import fields

import pytest

from whatsapp_hub.domain.messaging.bounds import LONGEST, bounded
from whatsapp_hub.domain.messaging.content import Contacts, Content, Context, Document, MediaSource, Text, Unsupported

LONG = "x" * 4_000_000


def test_what_whatsapp_carries_stays_as_it_is() -> None:
    for content in (Text("x" * LONGEST, extra={"a": [1, None, "b"]}), Unsupported(raw={"a": {"b": "c" * 60_000}})):
        assert bounded(content) is content


@pytest.mark.parametrize(
    "content",
    [
        Text(LONG, link=LONG, extra={"a": [LONG]}),
        Text("short", context=Context(mentions=(LONG,), referral={"a": LONG})),
        Document("caption", file_name=LONG, source=MediaSource(url=LONG)),
        Contacts("names", cards=({"a": LONG},) * 3, vcards=(LONG, LONG)),
        Unsupported("", raw=[["x"] * 2_000_000]),
    ],
)
def test_nothing_in_it_is_longer(content: Content) -> None:
    cut = bounded(content)
    assert type(cut) is type(content)
    assert len(repr(cut)) < 3 * LONGEST
    for f in fields(content):
        value = getattr(content, f.name)
        if len(repr(value)) <= LONGEST:
            assert getattr(cut, f.name) == value
