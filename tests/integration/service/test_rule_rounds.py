"""Automatic rules at the desk: what was written long ago, and whom a returning customer gets."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.conftest import new_id
from tests.integration.service.conftest import Desk, a_phone
from tests.integration.service.test_bot_rounds import sees
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule
from whatsapp_hub.domain.ids import RuleId


async def rule_to(desk: Desk, department: Department) -> None:
    then, now = Actions(department_id=department.id), desk.clock.now
    async with desk.hub.storage.tenant(desk.id) as uow:
        await uow.rules.save([Rule(RuleId(new_id()), desk.id, 1, "Boleto", Conditions(), then, now, now)])
        await uow.commit()


async def test_an_old_message_goes_where_the_rule_says_without_a_word(desk: Desk) -> None:
    await desk.department("Recepção", is_root=True)
    money = await desk.department("Financeiro")
    await rule_to(desk, money)
    found = await sees(desk, a_phone(), at=desk.clock.now - timedelta(hours=1))
    assert (found.department_id, found.is_queued, await desk.said(found)) == (money.id, True, [])


async def test_a_returning_customer_is_sent_to_the_last_attendant_there_without_being_asked(desk: Desk) -> None:
    money = await desk.department("Financeiro")
    first, phone = await desk.person(money), a_phone()
    await desk.queued(money, phone)
    await desk.resolve(desk.as_(first), (await desk.round(phone)).id)
    await desk.person(money)
    await rule_to(desk, money)
    again = await desk.writes(phone, "boleto")
    assert again.assigned_user_id == first.id
    assert "rule 'Boleto': to Financeiro" in (again.routing_reason or "")
