"""Bodies that nobody's secret signed: refused, or bounded, before anything parses them."""

import time
from collections.abc import Mapping

import pytest

from tests.integration.attacks.test_names_without_secret import accepting, body, session, signed
from whatsapp_hub.adapters.providers.meta_cloud.plugin import MetaWebhooks
from whatsapp_hub.adapters.providers.waha.plugin import WahaWebhooks
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.receiving.accept_webhook import UNSIGNED_BYTES
from whatsapp_hub.domain.errors import Unauthenticated

CRUMBS = b'{"entry":[' + b"[]," * 1_300_000 + b"1]}"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each body that was parsed."""
    sizes: list[int] = []
    for kind in (WahaWebhooks, MetaWebhooks):
        split = kind.split

        def counted(self: object, body: bytes, split: object = split) -> list[RawUpdate]:
            sizes.append(len(body))
            return split(self, body)  # type: ignore[operator, no-any-return] # the method that was there

        monkeypatch.setattr(kind, "split", counted)
    return sizes


@pytest.mark.parametrize("headers", [{}, {"x-webhook-hmac": "0" * 128}], ids=["no signature", "a made-up one"])
@pytest.mark.parametrize("name", ["s1", "unknown"])
async def test_what_no_secret_signed_is_not_parsed(parsed: list[int], headers: Mapping[str, str], name: str) -> None:
    accept, kept = accepting(*(session(f"s{n}", f"k{n}") for n in range(5)))
    for content in (body(name), CRUMBS, b"nonsense", b'{"session":"s1","session":"' + b"[" * 100_000):
        with pytest.raises(Unauthenticated):
            await accept("WAHA", None, headers, content)
    assert (parsed, kept.rows) == ([], [])


@pytest.mark.parametrize("path", ["shared", "own"])
async def test_where_nobody_has_a_secret_a_body_is_bounded(parsed: list[int], path: str) -> None:
    alone = session("alone")
    accept, kept = accepting(alone)
    to = alone.session_id if path == "own" else None
    with pytest.raises(Unauthenticated, match="at most"):
        await accept("WAHA", to, {}, body("alone", padding=UNSIGNED_BYTES))
    assert parsed == []
    await accept("WAHA", to, {}, body("alone", padding=100_000))
    assert kept.owners == [alone.session_id]


async def test_a_name_that_another_session_has_inside_a_payload_holds_up_nobody() -> None:
    mine = session("mine")
    accept, kept = accepting(mine, session("theirs", "key"))
    await accept("WAHA", None, {}, body("mine").replace(b'"body"', b'"deep": {"session": "theirs"}, "body"'))
    assert kept.owners == [mine.session_id]


async def test_a_signed_body_of_any_size_is_taken() -> None:
    mine = session("mine", "key")
    accept, kept = accepting(mine)
    content = body("mine", padding=3_000_000)
    await accept("WAHA", None, signed("key", content), content)
    assert kept.owners == [mine.session_id]


@pytest.mark.parametrize(
    "crumbs",
    [
        CRUMBS,
        b'"phone_number_id"' * 240_000,
        b'"phone_number_id" : ' * 200_000,
        b'"id":"1",' * 430_000,
        b'"session":"' + b"x" * 4_000_000,
        b'"session"' + b" " * 4_000_000,
    ],
    ids=["crumbs", "keys", "colons", "ids", "a long value", "blanks"],
)
def test_a_scan_is_short_whatever_the_bytes_are(crumbs: bytes) -> None:
    """Bounded by counts, seen here by processor time: half a second for what takes some milliseconds."""
    began = time.process_time()
    assert len(MetaWebhooks().names(crumbs)) <= 64
    assert len(WahaWebhooks().names(crumbs)) <= 64
    assert time.process_time() - began < 0.5
