from datetime import UTC, datetime
from uuid import UUID

import pytest

from whatsapp_hub.domain.errors import Invalid, NotSupported
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.capabilities import MB, Capabilities, Feature, Limit
from whatsapp_hub.domain.messaging.content import Document, Image, MessageType, Text
from whatsapp_hub.domain.messaging.media import Digest, Media

PLAIN = Capabilities("SANDBOX", sends={MessageType.TEXT: Limit(5)}, features=frozenset({Feature.REPLY}))


def test_what_a_provider_can_do_is_let_through() -> None:
    PLAIN.require_type(MessageType.TEXT)
    PLAIN.require(Feature.REPLY)


@pytest.mark.parametrize("kind", [kind for kind in MessageType if kind is not MessageType.TEXT])
def test_a_type_that_a_provider_cannot_send_is_refused_by_name(kind: MessageType) -> None:
    with pytest.raises(NotSupported, match=f"SANDBOX does not support sending {kind}"):
        PLAIN.require_type(kind)


@pytest.mark.parametrize("feature", [feature for feature in Feature if feature is not Feature.REPLY])
def test_a_feature_that_a_provider_lacks_is_refused_by_name(feature: Feature) -> None:
    with pytest.raises(NotSupported) as caught:
        PLAIN.require(feature)
    assert (caught.value.provider, caught.value.feature) == ("SANDBOX", feature)


MOST = Capabilities("META", {MessageType.IMAGE: Limit(3, 2 * MB), MessageType.DOCUMENT: Limit(3)})


def file(size: int, mime_type: str = "image/png") -> Media:
    return Media.uploaded(TenantId(UUID(int=1)), Digest("ab", size), mime_type, "a", datetime(2026, 1, 1, tzinfo=UTC))


def test_what_is_within_the_limits_of_its_type_fits() -> None:
    PLAIN.require_fits(Text("12345"))
    MOST.require_fits(Image("123"), file(2 * MB))
    MOST.require_fits(Document("123"), file(3 * MB, "a/b"))
    assert (PLAIN.text_limit, MOST.text_limit) == (5, 0)


@pytest.mark.parametrize(
    ("content", "media", "flaw"),
    [
        (Image("1234"), None, ("/content", "must have at most 3 characters")),
        (Image("1234"), file(1), ("/caption", "must have at most 3 characters, without NUL")),
        (Image("\0"), file(1), ("/caption", "must have at most 3 characters, without NUL")),
        (Image(), file(2 * MB + 1), ("/file", "must have at most 2 MB")),
    ],
)
def test_what_is_over_a_provider_s_limit_is_refused_by_its_field(
    content: Image, media: Media | None, flaw: tuple[str, str]
) -> None:
    with pytest.raises(Invalid) as caught:
        MOST.require_fits(content, media)
    assert [(found.pointer, found.reason) for found in caught.value.flaws] == [flaw]


def test_a_type_that_is_not_sent_does_not_fit() -> None:
    with pytest.raises(NotSupported, match="META does not support sending TEXT"):
        MOST.require_fits(Text("1"))
