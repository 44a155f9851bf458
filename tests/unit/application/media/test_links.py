"""Links to files: sealed, for a while, and of this company's file only."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.secrets import PlainBox
from tests.unit.application.office import Hands, Office
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.application.media.links import PATH, MediaLinks
from whatsapp_hub.application.media.open_link import OpenLink
from whatsapp_hub.application.ports.queues.fetches import Fetch
from whatsapp_hub.domain.errors import NotFound, Unavailable
from whatsapp_hub.domain.ids import MediaId, MessageId, TenantId
from whatsapp_hub.domain.messaging.media import Digest, Media

TENANT, FILE = TenantId(uuid4()), MediaId(uuid4())


def links(clock: Hands) -> MediaLinks:
    return MediaLinks(AesSecretBox("0" * 32), clock, "https://hub.example")


def a_file(office: Office) -> Media:
    return Media.uploaded(office.id, Digest("0" * 64, 7), "text/plain", "a.txt", office.clock())


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


async def test_a_file_that_is_being_fetched_is_waited_for_and_one_that_never_comes_is_not_found(office: Office) -> None:
    made = MediaLinks(AesSecretBox("0" * 32), office.clock, "https://hub.example")
    media = a_file(office)
    token = token_of(made.for_program(office.id, media.id))
    fetch = Fetch(media.id, MessageId(uuid4()), office.session.id, False, office.clock())
    await office.done(lambda uow: uow.fetches.add([fetch]))
    with pytest.raises(Unavailable):
        await OpenLink(made, office.storage, patience_s=0)(token)
    opening = asyncio.create_task(OpenLink(made, office.storage)(token))
    await asyncio.sleep(0)
    async with office.world.uow() as uow:
        [claimed] = await uow.fetches.claim(1, 60)
        await uow.fetches.done(claimed)
        await uow.media.add(media)
        await uow.commit()
    assert (await opening).id == media.id
    gone = token_of(made.for_program(office.id, MediaId(uuid4())))
    with pytest.raises(NotFound):
        await OpenLink(made, office.storage)(gone)


def test_a_program_s_link_is_good_for_as_long_as_a_webhook_is_tried() -> None:
    clock = Hands()
    token = token_of(links(clock).for_program(TENANT, FILE))
    clock.pass_(hours=24)
    assert links(clock).opened(token) == (TENANT, FILE)
    clock.pass_(seconds=2)
    with pytest.raises(NotFound):
        links(clock).opened(token)


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
