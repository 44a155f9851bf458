"""Static headers of subscriptions: which are refused by name, what a URL's credentials become, what a move keeps."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.headers import HOP_BY_HOP, check_headers
from whatsapp_hub.domain.integrations.subscription import (
    Address,
    Secret,
    Webhook,
    WebhookFormat,
    check_url,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = (("x-key", "k1"),)
SECRET = (Secret("whsec_" + "A" * 32),)
WEBHOOK = Webhook(WebhookId(uuid4()), TenantId(uuid4()), "https://a.example/x", NOW, NOW, SECRET, headers=KEY)
STANDARD = WebhookFormat.STANDARD


@pytest.mark.parametrize(
    "name",
    [*sorted(HOP_BY_HOP), "Host", "Content-Length", "content-type", "Expect", "webhook-id", "Webhook-Signature",
     "webhook-timestamp", "X-Webhook-Hmac", "", "a b", "a:b", "ü", "a\r\nb", "n" * 101],
)  # fmt: skip
def test_a_header_that_is_not_the_givers_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_headers({"X-Fine": "1", name: "x"})
    [flaw] = refused.value.flaws
    assert flaw.pointer == f"/headers/{name[:100]}"


@pytest.mark.parametrize("value", ["", " ", " a", "a ", "a\r\nX-Evil: 1", "a\nb", "ü", "\x00", "v" * 4097])
def test_a_value_that_cannot_be_sent_as_it_is_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        check_headers({"X-Key": value})


def test_names_are_kept_in_lower_case_and_one_given_twice_is_refused() -> None:
    assert check_headers({"X-B": "2", "Authorization": "Bearer t"}) == (("authorization", "Bearer t"), ("x-b", "2"))
    with pytest.raises(Invalid):
        check_headers({"X-Key": "1", "x-key": "2"})
    with pytest.raises(Invalid):
        check_headers({f"x-{n}": "1" for n in range(21)})


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), st.text(st.characters(codec="utf-8"), max_size=20)
)
def test_credentials_of_a_url_become_basic_authorization_and_are_shown_no_more(user: str, password: str) -> None:
    address = check_url(f"https://{quote(user, safe='')}:{quote(password, safe='')}@a.example:8443/x?y=1", False)
    assert address.url == "https://a.example:8443/x?y=1"
    [(name, value)] = address.headers
    assert name == "authorization"
    assert base64.b64decode(value.removeprefix("Basic ")) == f"{user}:{password}".encode()


def test_a_url_without_credentials_stays_as_it_was_given() -> None:
    assert check_url("HTTPS://A.example/x?", False) == Address("HTTPS://A.example/x?")
    assert check_url("https://only-user@a.example/", False).headers[0][1] == "Basic b25seS11c2VyOg=="


def test_an_address_that_is_private_is_refused_with_the_settings_name() -> None:
    with pytest.raises(Invalid, match="WEBHOOK_ALLOW_PRIVATE"):
        check_url("http://127.0.0.1:5678/webhook", allow_private=False)


@pytest.mark.parametrize(
    ("url", "kept"),
    [("https://a.example/other", True), ("https://a.example:443/", True), ("https://b.example/x", False),
     ("http://a.example/x", False), ("https://a.example:8443/x", False)],
)  # fmt: skip
def test_headers_never_follow_to_another_origin(url: str, kept: bool) -> None:
    webhook = replace(WEBHOOK)
    webhook.move(Address(url), STANDARD, NOW)
    assert webhook.headers == (KEY if kept else ())


def test_credentials_of_a_new_url_replace_the_old_ones_and_leave_the_rest() -> None:
    webhook = replace(WEBHOOK)
    for user in ("one", "two"):
        webhook.move(check_url(f"https://{user}:pw@a.example/x", False), STANDARD, NOW)
    assert dict(webhook.headers) == {"authorization": "Basic dHdvOnB3", "x-key": "k1"}
