"""A short run of `make fuzz` over a hub: requests, sockets' events, and schemathesis over the OpenAPI document."""

import asyncio
from typing import Any

import pytest_asyncio

from tests.fuzz.document import document_figures
from tests.fuzz.report import table
from tests.fuzz.requests import Requests
from tests.fuzz.site import Site, things_of
from tests.fuzz.sockets import Sockets
from tests.integration.http.conftest import Company
from tests.integration.hub.world import World

SEED = 14


@pytest_asyncio.fixture
async def site(company: Company, document: dict[str, Any]) -> Site:
    return Site(company, document, await things_of(company))


async def test_a_spoilt_request_is_answered_with_what_is_wrong_with_it(world: World, site: Site) -> None:
    figures = await Requests(site, world.hub.http).run(SEED, 1_500)
    assert not figures.faults, table([figures])
    assert 0 < figures.refused < figures.count == 1_500


async def test_a_spoilt_event_is_answered_and_a_broken_frame_ends_its_own_socket_alone(
    world: World, site: Site
) -> None:
    figures = await Sockets(site, world.hub.url).run(SEED, 400)
    assert not figures.faults, table([figures])
    assert 0 < figures.refused < figures.count == 400
    async with world.hub.listening(site.company.admin) as listener:
        assert (await listener.io.call("heartbeat"))["ok"]


async def test_every_answer_is_as_the_document_says(world: World, site: Site) -> None:
    figures = await asyncio.to_thread(
        document_figures, world.hub.url, site.document, site.company.admin.headers, 3, SEED
    )
    assert not figures.faults, table([figures])
    assert figures.count > 250
