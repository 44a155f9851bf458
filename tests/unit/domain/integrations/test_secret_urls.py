"""Addresses that carry tokens."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.secret_urls import completed, is_shown, shown
from whatsapp_hub.domain.integrations.subscription import Secret, Webhook, WebhookFormat, check_url

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEPT = "https://hook.example/in?token=abc&room=7&token=def&bare"


@pytest.mark.parametrize(
    ("url", "as_shown"),
    [
        ("https://hook.example/in", "https://hook.example/in"),
        ("HTTPS://Hook.example/in?", "HTTPS://Hook.example/in?"),
        ("https://hook.example/in?token=abc", "https://hook.example/in?token=•••"),
        ("https://u:p@hook.example:8443/in?a=&b=1=2", "https://hook.example:8443/in?a=&b=•••"),
        ("https://hook.example/?secret", "https://hook.example/?•••"),
        (KEPT, "https://hook.example/in?token=•••&room=•••&token=•••&•••"),
        ("http://[", "•••"),
    ],
)
def test_credentials_and_the_values_of_a_query_are_hidden(url: str, as_shown: str) -> None:
    assert shown(url) == as_shown
    assert shown(as_shown) == as_shown


@pytest.mark.parametrize(
    ("given_url", "whole"),
    [
        (shown(KEPT), KEPT),
        (shown(KEPT).replace("•", "%E2%80%A2"), KEPT),
        ("https://hook.example:443/other?room=•••&token=•••", "https://hook.example:443/other?room=7&token=abc"),
        ("https://hook.example/in?token=new&room=•••", "https://hook.example/in?token=new&room=7"),
        ("https://other.example/in?token=new", "https://other.example/in?token=new"),
    ],
)
def test_a_shown_address_that_comes_back_keeps_what_was_hidden(given_url: str, whole: str) -> None:
    assert completed(given_url, KEPT) == whole


@pytest.mark.parametrize(
    "given_url",
    [
        "https://other.example/in?token=•••",
        "http://hook.example/in?token=•••",
        "https://hook.example:8443/in?token=•••",
        "https://hook.example/in?key=•••",
        "https://hook.example/in?token=•••&token=•••&token=•••",
        "https://hook.example/•••?token=abc",
    ],
)
def test_what_is_hidden_goes_nowhere_else(given_url: str) -> None:
    with pytest.raises(Invalid, match="anew"):
        completed(given_url, KEPT)


def test_without_an_address_from_before_nothing_can_be_hidden() -> None:
    with pytest.raises(Invalid) as refused:
        check_url(shown(KEPT), allow_private=False, field_name="webhookUrl")
    assert refused.value.flaws[0].pointer == "/webhookUrl"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("xyz•=%", max_size=6)), max_size=6))
def test_every_address_is_completed_from_what_is_shown_of_it(pairs: list[tuple[str, str]]) -> None:
    url = "https://hook.example/in?" + "&".join(f"{name}={value.replace('•', '')}" for name, value in pairs)
    assert completed(shown(url), url) == (url if is_shown(shown(url)) else shown(url))
    assert not is_shown(url)


def test_another_token_is_another_address() -> None:
    webhook = Webhook(WebhookId(uuid4()), TenantId(uuid4()), KEPT, NOW, NOW, (Secret("s"),))
    same = replace(webhook)
    same.move(check_url(shown(KEPT), False, kept=KEPT), WebhookFormat.STANDARD, NOW)
    assert (same.url, same.moves) == (KEPT, 0)
    same.move(check_url(KEPT.replace("abc", "xyz"), False, kept=KEPT), WebhookFormat.STANDARD, NOW)
    assert same.moves == 1
    assert same.shown_url == webhook.shown_url
