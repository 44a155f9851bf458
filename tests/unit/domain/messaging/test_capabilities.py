import pytest

from whatsapp_hub.domain.errors import NotSupported
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Limit
from whatsapp_hub.domain.messaging.content import MessageType

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
