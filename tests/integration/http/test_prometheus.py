"""`GET /metrics`: who may read it, and that what happens is seen there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.http.conftest import METRICS_TOKEN, Company, RunningHub, eventually
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queries import overview
from whatsapp_hub.adapters.postgres.queues.counters import PostgresCounters
from whatsapp_hub.application.measuring import MEASURES, SENDS
from whatsapp_hub.main.roles import heartbeat


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Counts arrive at once, and are read at once. Comes before the hub of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heartbeat, "ANNOUNCE_EVERY_S", 0.3)
        patch.setattr(overview, "FRESH_S", 0.1)
        yield


OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
ELSEWHERE = {"X-Forwarded-For": "198.51.100.4"}


async def scraped(http: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(samples: dict[Any, float], name: str, **labels: str) -> float:
    return sum(v for (n, had), v in samples.items() if n == name and labels.items() <= dict(had).items())


async def test_this_machine_itself_may_read_it(running: RunningHub) -> None:
    answer = await running.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Origin"])
async def test_a_proxy_or_a_page_on_this_machine_needs_the_token(running: RunningHub, header: str) -> None:
    refused = await running.http.get("/metrics", headers={header: "127.0.0.1"})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("credential", "status"),
    [(f"Bearer {METRICS_TOKEN}", 200), ("Bearer wrong", 401), (METRICS_TOKEN, 401), ("Bearer é", 401), ("", 401)],
)
async def test_the_token_opens_it_to_others(running: RunningHub, credential: str, status: int) -> None:
    headers: Any = [(b"Authorization", credential.encode()), (b"X-Forwarded-For", b"198.51.100.4")]
    assert (await running.http.get("/metrics", headers=headers)).status_code == status


async def test_a_users_token_does_not_open_it(company: Company) -> None:
    refused = await company.hub.http.get("/metrics", headers={**company.hub.master.headers, **ELSEWHERE})
    assert refused.status_code == 401


async def test_what_happens_is_seen(running: RunningHub, company: Company) -> None:
    """A customer writes, the bot answers: counts of both processes' parts arrive in the one page."""
    await company.agent(await company.department("Vendas", isRoot=True), "ONLINE")
    session = await company.session(routing="departments")
    before = await scraped(running.http)
    await company.customer_writes(session, "5511988887777", "oi", "Ana")

    async def counted() -> bool:
        after = await scraped(running.http)
        names = ("whatsapp_hub_sends_total", "whatsapp_hub_updates_processed_total")
        return all(value(after, name, provider="SANDBOX") > value(before, name, provider="SANDBOX") for name in names)

    await eventually(counted)
    after = await scraped(running.http)
    assert value(after, "whatsapp_hub_events_total", type="message.received") > 0
    assert value(after, "whatsapp_hub_send_seconds_count", provider="SANDBOX") > 0
    assert value(after, "whatsapp_hub_sessions", provider="SANDBOX", status="CONNECTED") > 0
    assert value(after, "whatsapp_hub_http_requests_total", method="POST", status="2xx") > 0
    assert value(after, "whatsapp_hub_processes", role="api") == 1
    assert value(after, "whatsapp_hub_pool_connections", role="worker") > 0
    assert value(after, "whatsapp_hub_database_up") == 1
    await company.customer_writes(session, "5511988887777", "1")

    async def routed() -> bool:
        name = "whatsapp_hub_routing_wait_seconds_count"
        return value(await scraped(running.http), name) > value(before, name)

    await eventually(routed)


async def test_nothing_in_it_names_a_person_or_a_session(running: RunningHub, company: Company) -> None:
    session = await company.session()
    text = (await running.http.get("/metrics")).text
    assert session["id"] not in text
    assert company.id not in text


async def test_the_counts_of_all_processes_are_added_up(database_url: str, running: RunningHub) -> None:
    """Two processes with the same series, each several times: one sum."""
    database = Database(database_url, app_connections=1, system_connections=2)
    await database.open()
    try:
        for counters in (PostgresCounters(database), PostgresCounters(database)):
            for _ in range(3):
                await counters.add({(SENDS.name, ("PIGEON", "failed", "Rejected")): 2.0})
    finally:
        await database.close()

    async def summed() -> bool:
        return value(await scraped(running.http), "whatsapp_hub_sends_total", provider="PIGEON") == 12

    await eventually(summed)


async def test_every_metric_is_in_the_documentation(running: RunningHub) -> None:
    shown = set(re.findall(r"^# TYPE (\w+?)(?:_total)? ", (await running.http.get("/metrics")).text, re.MULTILINE))
    documented = set(re.findall(r"^\| `(whatsapp_hub_\w+?)(?:_total)?`", OPERATIONS.read_text(), re.MULTILINE))
    assert shown | {measure.name for measure in MEASURES} == documented
