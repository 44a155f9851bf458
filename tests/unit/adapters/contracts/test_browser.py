"""Whose pages may use a browser's cookie."""

import pytest

from whatsapp_hub.adapters.contracts.browser import BrowserSessions

HELD = {"cookie": "other=1; hub_session=token; more=2", "host": "hub.example:4000"}
PAGE = {**HELD, "origin": "http://hub.example:4000", "x-hub-csrf": "1"}


def test_the_cookie_is_found_among_others() -> None:
    assert BrowserSessions().token("GET", HELD) == "token"


def test_one_of_another_name_is_none() -> None:
    assert BrowserSessions().token("GET", {**HELD, "cookie": "xhub_session=token"}) is None


def test_a_programs_key_is_none_of_a_browsers() -> None:
    held = {**PAGE, "cookie": "hub_session=hub_0123456789"}
    assert (BrowserSessions().token("POST", held), BrowserSessions().of_socket(held)) == (None, None)


def test_behind_https_its_name_binds_it_to_the_host() -> None:
    browser = BrowserSessions("https://hub.example")
    assert (browser.cookie, browser.is_secure) == ("__Host-hub_session", True)


@pytest.mark.parametrize("origin", ["http://hub.example", "https://hub.example.evil", "null", "http://[", ""])
def test_behind_https_only_the_public_address_is_the_hubs(origin: str) -> None:
    browser = BrowserSessions("https://hub.example")
    assert not browser.is_own("POST", {"host": "hub.example", "origin": origin, "x-hub-csrf": "1"})
    assert browser.is_own("POST", {"host": "x", "origin": "https://hub.example", "x-hub-csrf": "1"})


def test_a_page_of_the_hubs_own_writes() -> None:
    assert BrowserSessions().is_own("POST", PAGE)


@pytest.mark.parametrize(
    "changed", [{"x-hub-csrf": ""}, {"origin": "http://evil.example"}, {"sec-fetch-site": "same-site"}]
)
def test_others_do_not(changed: dict[str, str]) -> None:
    assert not BrowserSessions().is_own("POST", {**PAGE, **changed})


def test_a_socket_is_opened_by_a_page_of_the_hubs_own() -> None:
    assert BrowserSessions().of_socket(PAGE) == "token"
    assert BrowserSessions().of_socket({**PAGE, "origin": "http://evil.example"}) is None
    assert BrowserSessions().of_socket(HELD) is None
    assert BrowserSessions().of_socket({**HELD, "sec-fetch-site": "same-origin"}) == "token"
