"""Links to files: sealed, for a while, and of this company's file only."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.secrets import PlainBox
from tests.unit.application.office import Hands
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.application.media.links import PATH, MediaLinks
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId, TenantId

TENANT, FILE = TenantId(uuid4()), MediaId(uuid4())


def links(clock: Hands) -> MediaLinks:
    return MediaLinks(AesSecretBox("0" * 32), clock, "https://hub.example")


def token_of(url: str) -> str:
    assert url.startswith(f"https://hub.example{PATH}")
    return url.rpartition("/")[2]


def test_a_link_opens_its_file_until_it_is_too_old() -> None:
    clock = Hands()
    link = links(clock).to(TENANT, FILE, timedelta(minutes=10))
    clock.pass_(minutes=10)
    assert links(clock).opened(token_of(link.url)) == (TENANT, FILE)
    clock.pass_(seconds=2)
    with pytest.raises(NotFound):
        links(clock).opened(token_of(link.url))


def test_nothing_of_it_can_be_changed() -> None:
    clock = Hands()
    token = token_of(links(clock).to(TENANT, FILE).url)
    for place in range(0, len(token) - 2, 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(NotFound):
            links(clock).opened(changed)


@given(st.text(max_size=300))
def test_nonsense_opens_nothing(token: str) -> None:
    for box in (AesSecretBox("0" * 32), PlainBox()):
        with pytest.raises(NotFound):
            MediaLinks(box, Hands(), "").opened(token)
