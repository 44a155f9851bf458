"""What finding out who signed a body may cost."""

from collections.abc import Mapping

import pytest

from tests.integration.attacks.test_names_without_secret import accepting, body, session, signed
from whatsapp_hub.adapters.providers.waha.plugin import WahaWebhooks
from whatsapp_hub.application.receiving import accept_webhook
from whatsapp_hub.domain.errors import Unauthenticated


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each body that was verified."""
    sizes: list[int] = []
    verify = WahaWebhooks.verify

    def counted(self: WahaWebhooks, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        sizes.append(len(body))
        return verify(self, settings, headers, body)

    monkeypatch.setattr(WahaWebhooks, "verify", counted)
    return sizes


@pytest.mark.parametrize("headers", [{}, {"x-webhook-hmac": ""}, {"x-webhook-hmac": "0" * 127}], ids=repr)
@pytest.mark.parametrize("name", ["unknown", "s1"])
async def test_an_unsigned_body_is_not_hashed(hashed: list[int], headers: dict[str, str], name: str) -> None:
    accept, kept = accepting(*(session(f"s{n}", f"k{n}") for n in range(50)))
    for content in (body(name, padding=1_000), b"nonsense"):
        with pytest.raises(Unauthenticated):
            await accept("WAHA", None, headers, content)
    assert hashed == []
    assert kept.rows == []


async def test_sessions_with_one_secret_are_tried_once(hashed: list[int]) -> None:
    accept, kept = accepting(*(session(f"s{n}", "shared") for n in range(50)))
    content = body("unknown")
    with pytest.raises(Unauthenticated):
        await accept("WAHA", None, signed("another", content), content)
    assert len(hashed) == 1
    await accept("WAHA", None, signed("shared", content), content)
    assert (len(hashed), len(kept.rows)) == (2, 1)


async def test_a_large_body_for_nobody_is_not_tried_with_every_secret(
    hashed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept_webhook, "TRIED_BYTES", 1_000_000)
    accept, _ = accepting(*(session(f"s{n}", f"k{n}") for n in range(50)))
    content = body("unknown", padding=99_000)
    with pytest.raises(Unauthenticated):
        await accept("WAHA", None, signed("another", content), content)
    assert 0 < sum(hashed) <= 1_000_000
