"""Meta's catalogue of templates: fetched whole, changed by webhooks, created and deleted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fakes.graph import FakeGraph
from whatsapp_hub.adapters.providers.meta_cloud.client import MetaClient
from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.adapters.providers.meta_cloud.templates import listed
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.events import AlarmSeen, TemplateSeen
from whatsapp_hub.application.ports.provider.plugin import Host, SessionRef
from whatsapp_hub.application.ports.provider.templates import KeepsTemplates, TemplateDraft
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.templates.template import TemplateNews

SAMPLES = Path(__file__).parents[5] / "shared" / "samples" / "meta"
NAMES = {"message_template_id": 5, "message_template_name": "order", "message_template_language": "pt_BR"}
ORDER = TemplateNews("order", "pt_BR", "5")
BODY = {"type": "BODY", "text": "Olá {{1}}"}
DRAFT = TemplateDraft("order", "pt_BR", "UTILITY", (BODY,))


def told(body: bytes) -> list[TemplateNews]:
    events = [event for update in split(body) for event in translate(update.body)]
    return [event.news for event in events if isinstance(event, TemplateSeen)]


def posted(field: str, **value: Any) -> bytes:
    change = {"field": field, "value": NAMES | value}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


@pytest.mark.parametrize(
    ("field", "value", "news"),
    [
        (
            "message_template_status_update",
            {"event": "REJECTED", "reason": "ABUSIVE_CONTENT", "message_template_category": "MARKETING"},
            replace(ORDER, status="REJECTED", reason="ABUSIVE_CONTENT", category="MARKETING"),
        ),
        (
            "message_template_status_update",
            {"event": "REINSTATED", "reason": "NONE"},
            replace(ORDER, status="APPROVED"),
        ),
        ("message_template_status_update", {"event": "FLAGGED"}, ORDER),
        ("message_template_quality_update", {"new_quality_score": "RED"}, replace(ORDER, quality="RED")),
        ("template_category_update", {"new_category": "UTILITY"}, replace(ORDER, category="UTILITY")),
        (
            "message_template_components_update",
            {
                "message_template_title": "Order",
                "message_template_element": "Olá {{1}}",
                "message_template_footer": "Shop",
                "message_template_buttons": [
                    {"message_template_button_type": "URL", "message_template_button_text": "Go"}
                ],
            },
            replace(
                ORDER,
                components=(
                    {"type": "HEADER", "format": "TEXT", "text": "Order"},
                    BODY,
                    {"type": "FOOTER", "text": "Shop"},
                    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go"}]},
                ),
            ),
        ),
    ],
)
def test_a_webhook_says_what_changed_of_a_template(field: str, value: dict[str, Any], news: TemplateNews) -> None:
    assert told(posted(field, **value)) == [news]


def test_a_webhook_that_names_no_template_changes_none() -> None:
    assert told(posted("message_template_status_update", message_template_name="", event="APPROVED")) == []
    assert told(posted("phone_number_quality_update", event="FLAGGED")) == []


def test_a_change_of_status_is_an_alarm_as_well() -> None:
    [update] = split(posted("message_template_status_update", event="PAUSED"))
    assert [type(event) for event in translate(update.body)] == [AlarmSeen, TemplateSeen]


@pytest.mark.skipif(not SAMPLES.exists(), reason="recorded bodies lie beside the checkout")
@pytest.mark.parametrize(
    ("name", "news"),
    [
        (
            "pywa_template_status_update__approved",
            TemplateNews("order_confirmation", "en_US", "1689556908129832", "APPROVED", "UTILITY"),
        ),
        (
            "pywa_template_quality_update__yellow",
            TemplateNews("welcome_template", "en_US", "806312974732579", quality="YELLOW"),
        ),
        (
            "pywa_template_category_update__marketing",
            TemplateNews("my_message_template", "he", "12345678", category="MARKETING"),
        ),
        (
            "pywa_template_components_update__element",
            TemplateNews(
                "my_message_template",
                "he",
                "12345678",
                components=({"type": "BODY", "text": "Hi {{1}}! Welcome to our service."},),
            ),
        ),
    ],
)
def test_recorded_bodies_are_read(name: str, news: TemplateNews) -> None:
    assert told((SAMPLES / f"{name}.json").read_bytes()) == [news]


def test_what_a_page_has_in_another_shape_is_passed_over() -> None:
    odd: dict[str, Any] = {"data": [7, {"name": "a"}, {"name": "b", "language": "en", "components": [1, BODY]}]}
    assert listed(odd) == ([TemplateNews("b", "en", components=(BODY,))], None)
    assert listed({"paging": {"cursors": {"after": "x"}}}) == ([], None)


@pytest_asyncio.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph() as fake:
        yield fake


@pytest_asyncio.fixture
async def client(graph: FakeGraph) -> AsyncIterator[MetaClient]:
    provider = builtin_plugins(ProviderOptions(graph.url))["META"].connect(cast("Host", None))
    yield cast("MetaClient", provider)
    await provider.aclose()


def session(**more: object) -> SessionRef:
    settings = {"phoneNumberId": "1065", "accessToken": "t", "appSecret": "s", "verifyToken": "v", **more}
    decoded = builtin_plugins(ProviderOptions())["META"].decode_settings(settings)
    return SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", "META", decoded)


WITH_ACCOUNT = {"businessAccountId": "4190"}


async def test_the_whole_catalogue_is_fetched_page_by_page(graph: FakeGraph, client: MetaClient) -> None:
    graph.templates = [
        {
            "id": str(n),
            "name": f"t{n}",
            "language": "en",
            "status": "APPROVED",
            "category": "UTILITY",
            "quality_score": {"score": "GREEN"},
            "rejected_reason": "NONE",
            "components": [BODY],
        }
        for n in range(5)
    ]
    found = await client.templates(session(**WITH_ACCOUNT))
    assert [news.name for news in found] == ["t0", "t1", "t2", "t3", "t4"]
    assert found[0] == TemplateNews("t0", "en", "0", "APPROVED", "UTILITY", "GREEN", None, (BODY,))


async def test_one_is_created_once_and_deleted_by_its_id(graph: FakeGraph, client: MetaClient) -> None:
    assert isinstance(client, KeepsTemplates)
    made = await client.create_template(session(**WITH_ACCOUNT), DRAFT)
    assert made == TemplateNews("order", "pt_BR", "700", "PENDING", "UTILITY", components=(BODY,))
    assert graph.templates[0]["parameter_format"] == "POSITIONAL"
    with pytest.raises(Rejected, match="already content"):
        await client.create_template(session(**WITH_ACCOUNT), DRAFT)
    await client.delete_template(session(**WITH_ACCOUNT), "order", "700")
    assert graph.templates == []


async def test_without_a_business_account_there_is_no_catalogue(client: MetaClient) -> None:
    with pytest.raises(Rejected) as refused:
        await client.templates(session())
    assert refused.value.code == "no_account"
