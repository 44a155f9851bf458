"""Whatever comes is either refused as Malformed, or understood: never a crash, never a loss."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import META_BODIES, WAHA_BODIES
from tests.fuzz.translators import storable
from whatsapp_hub.adapters.providers.lenient import clean
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.events import Malformed, MessageSeen
from whatsapp_hub.application.ports.provider.plugin import Plugin
from whatsapp_hub.domain.text import is_storable

PLUGINS = builtin_plugins(ProviderOptions())
META, WAHA = PLUGINS["META"], PLUGINS["WAHA"]

KNOWN = st.sampled_from(
    ["text", "image", "system", "edit", "5511987650101", "1780000000", "false_5511@c.us_AA", "1@lid"]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | KNOWN
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KNOWN | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in inside for place in places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path or not isinstance(value, dict | list):
        return new
    copy = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    if path[0] in copy:
        copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy if isinstance(value, dict) else list(copy.values())


@st.composite
def spoilt(draw: st.DrawFn, bodies: list[dict[str, Any]]) -> Any:
    """A real body with up to three places, chosen from all, holding something else."""
    body: Any = draw(st.sampled_from(bodies))
    for _ in range(draw(st.integers(0, 3))):
        body = put(body, draw(st.sampled_from(places(body))), draw(JSON))
    return body


META_BODY = spoilt(META_BODIES)
WAHA_BODY = spoilt(WAHA_BODIES)
quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def understand(plugin: Plugin, body: bytes) -> None:
    assert plugin.webhooks is not None
    try:
        updates = plugin.webhooks.split(body)
    except Malformed:
        return
    assert [u.dedupe_key for u in plugin.webhooks.split(body)] == [u.dedupe_key for u in updates]
    for update in updates:
        assert 0 < len(update.dedupe_key) <= 300
        assert update.dedupe_key.isascii()
        assert update.dedupe_key.isprintable()
        assert 0 < len(update.chat) <= 200
        assert all(route.isprintable() and len(route) <= 220 for route in update.routes)
        for event in plugin.translate(update.body):
            if isinstance(event, MessageSeen):
                storable(event)


@quick
@given(JSON)
@pytest.mark.parametrize("plugin", [META, WAHA], ids=["META", "WAHA"])
def test_any_json(plugin: Plugin, value: Any) -> None:
    understand(plugin, json.dumps(value).encode())


@quick
@given(META_BODY)
def test_anything_in_meta_s_envelope(value: Any) -> None:
    understand(META, json.dumps(value).encode())


@quick
@given(META_BODY)
def test_anything_in_meta_s_envelope_unescaped(value: Any) -> None:
    understand(META, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@quick
@given(WAHA_BODY)
def test_anything_in_waha_s_envelope(value: Any) -> None:
    understand(WAHA, json.dumps(value).encode())


@quick
@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    for plugin in (META, WAHA):
        understand(plugin, body)
        with contextlib.suppress(Malformed):
            assert plugin.translate(body)


@quick
@given(JSON)
def test_cleaned_values_can_be_stored_as_they_are(value: Any) -> None:
    cleaned = clean(value)
    assert is_storable(json.dumps(cleaned, allow_nan=False, ensure_ascii=False).replace("\\u0000", "\x00"))
    assert clean(cleaned) == cleaned


def test_nesting_is_cut_off() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    assert json.dumps(clean(deep)).count("[") == 64


@pytest.mark.parametrize("body", META_BODIES)
def test_an_odd_neighbour_changes_nothing_about_the_others(body: dict[str, Any]) -> None:
    """A body as documented is cut in one pass, any other level by level: with the same result."""
    assert META.webhooks
    alone = META.webhooks.split(json.dumps(body).encode())
    *beside, odd = META.webhooks.split(json.dumps({**body, "entry": [*body["entry"], 5]}).encode())
    assert beside == alone
    assert odd.body


@pytest.mark.parametrize(
    ("plugin", "body"),
    [
        (WAHA, put(WAHA_BODIES[2], ("payload", "location"), {"a\x00b": 1, "c": {"\x00": 2}})),
        (
            META,
            put(
                META_BODIES[5],
                ("entry", 0, "changes", 0, "value", "messages", 0, "interactive", "list_reply"),
                {"a\x00": 1},
            ),
        ),
        (
            META,
            put(META_BODIES[2], ("entry", 0, "changes", 0, "value", "messages", 0, "location"), {"name": {"\x00": 1}}),
        ),
    ],
)
def test_a_nul_in_a_name_inside_a_part_is_replaced(plugin: Plugin, body: Any) -> None:
    """PostgreSQL refuses it in jsonb: the message would be quarantined."""
    assert "\\u0000" in json.dumps(body)
    understand(plugin, json.dumps(body).encode())
