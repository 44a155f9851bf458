"""The hub's webhook in a WAHA session's configuration: everything else in it stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.providers.waha.registering import BASIC_EVENTS, EVENTS, with_webhook

ID = "0193c1f0-0000-7000-8000-000000000001"
URL = f"https://hub.example.com/webhooks/waha/{ID}"
OTHER: dict[str, Any] = {"url": "https://n8n.example.com/hook", "events": ["message"], "retries": None}
CONFIG: dict[str, Any] = {
    "metadata": {"user.id": "7"},
    "proxy": {"server": "proxy.example.com:3128", "username": "u", "password": "p"},
    "noweb": {"markOnline": False},
    "debug": False,
    "webhooks": [OTHER],
}

HOOKS = st.fixed_dictionaries(
    {"url": st.sampled_from([URL, "https://n8n.example.com/hook", f"https://old.example.com/webhooks/waha/{ID}"])},
    optional={
        "events": st.lists(st.sampled_from([*EVENTS, "group.join", "*"]), unique=True),
        "hmac": st.sampled_from([None, {"key": "theirs"}, {}]),
        "customHeaders": st.just([{"name": "X-A", "value": "1"}]),
        "retries": st.sampled_from([None, {"policy": "constant", "delaySeconds": 1, "attempts": 3}]),
    },
)
CONFIGS = st.fixed_dictionaries(
    {}, optional={"webhooks": st.none() | st.lists(HOOKS, max_size=3), "metadata": st.just({"a": "b"})}
)


def test_it_is_added_beside_what_is_there() -> None:
    changed = with_webhook(CONFIG, URL, "key-1")
    assert changed is not None
    [first, ours] = changed.pop("webhooks")  # type: ignore[misc]
    assert (first, changed) == (OTHER, {k: v for k, v in CONFIG.items() if k != "webhooks"})
    assert (ours["url"], ours["hmac"]) == (URL, {"key": "key-1"})
    assert set(BASIC_EVENTS) <= set(ours["events"])


@pytest.mark.parametrize("key", ["", "key-1"])
def test_a_session_without_a_key_gets_a_webhook_without_a_signature(key: str) -> None:
    changed = with_webhook({}, URL, key)
    assert changed is not None
    [ours] = changed["webhooks"]  # type: ignore[misc]
    assert ("hmac" in ours) is bool(key)


def test_the_hub_s_new_address_takes_the_old_one_s_place() -> None:
    old = with_webhook(CONFIG, f"https://old.example.com/webhooks/waha/{ID}", "key-1")
    assert old is not None
    moved = with_webhook(old, URL, "key-1")
    assert moved is not None
    assert [hook["url"] for hook in moved["webhooks"]] == [OTHER["url"], URL]  # type: ignore[attr-defined]


@given(CONFIGS, st.sampled_from(["", "key-1"]), st.sampled_from([EVENTS, BASIC_EVENTS]))
def test_what_was_written_once_needs_no_writing_again(
    config: dict[str, Any], key: str, events: tuple[str, ...]
) -> None:
    once = with_webhook(config, URL, key, events)
    now = config if once is None else once
    assert with_webhook(now, URL, key, events) is None
    hooks = now["webhooks"]
    assert isinstance(hooks, list)
    assert len(hooks) in (len(config.get("webhooks") or ()), len(config.get("webhooks") or ()) + 1)
    theirs = [hook for hook in config.get("webhooks") or () if not hook["url"].endswith(ID)]
    assert [hook for hook in hooks if not hook["url"].endswith(ID)] == theirs
    assert {k: v for k, v in now.items() if k != "webhooks"} == {k: v for k, v in config.items() if k != "webhooks"}
