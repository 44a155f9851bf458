"""What sockets take as a credential, and from which pages they may be opened."""

import pytest

from whatsapp_hub.adapters.realtime import given
from whatsapp_hub.domain.errors import Unauthenticated


@pytest.mark.parametrize("said", ["abc", "Bearer abc", "bearer  abc ", " abc "])
def test_a_token_may_come_as_the_header_has_it(said: str) -> None:
    assert given.token({"token": said}) == "abc"


@pytest.mark.parametrize(
    "said", [{}, {"token": ""}, {"token": None}, {"token": 5}, {"token": "Bearer "}, {"token": " "}]
)
def test_what_is_no_token_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        given.token(said)


@pytest.mark.parametrize(
    ("frontend_url", "allowed"),
    [(None, {"http://hub.example"}), ("https://desk.example/", {"http://hub.example", "https://desk.example"})],
)
def test_only_our_own_pages_and_the_frontends_open_sockets(frontend_url: str | None, allowed: set[str]) -> None:
    asks = given.origins(frontend_url)
    origins = {"http://hub.example", "https://desk.example", "https://evil.example"}
    assert {origin for origin in origins if asks(origin, {"HTTP_HOST": "hub.example"})} == allowed


def test_a_star_allows_every_page() -> None:
    assert given.origins("*")("https://anybody.example", {"HTTP_HOST": "hub.example"})
