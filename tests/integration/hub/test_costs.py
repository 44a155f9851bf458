"""What the provider charges is counted, once a message, by what and whose country it is charged."""

from __future__ import annotations

from typing import Any

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, menu, until


async def test_delivered_messages_are_counted_as_the_provider_charges_them(
    world: World, company: Company, number: Number
) -> None:
    phone = a_phone()
    await company.department("Vendas")
    await number.writes(phone, "Oi")
    await world.settled(company)
    await number.answers(company.admin, phone, "Bom dia!")
    await number.reads(phone, menu("Vendas"), "Bom dia!")
    answer, question = number.wamid(phone, "Bom dia!"), number.wamid(phone, menu("Vendas"))
    free = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
    await number.receipt(question, phone, "sent", "delivered", "delivered", "read", pricing=free)
    await number.receipt(answer, phone, "read", pricing={**free, "billable": True, "type": "regular"})

    async def counted() -> dict[str, Any] | None:
        shown: dict[str, Any] = (await company.admin.get("/api/metrics/costs")).json()
        return shown if shown["messages"] == 2 else None

    shown = await until(counted)
    charged = {"sessionId": number.id, "category": "service", "country": "BR", "messages": 1}
    assert sorted(shown.pop("items"), key=lambda item: item["type"]) == [
        {**charged, "type": "free_customer_service", "billable": False},
        {**charged, "type": "regular", "billable": True},
    ]
    assert shown == {"messages": 2, "billable": 1}
    assert (await company.admin.get("/api/metrics/costs", period="1h")).json().items() >= shown.items()
    assert (await company.admin.get("/api/metrics/costs", period="7y")).status_code == 400
