"""`/api/rules` over a whole hub: kept in order, and what they do with a customer's words."""

from typing import Any
from uuid import uuid4

from tests.integration.http.conftest import Company, eventually
from tests.integration.hub.world import a_phone


async def made(company: Company, name: str, conditions: dict[str, Any] | None = None, **actions: Any) -> dict[str, Any]:
    answer = await company.admin.post("/api/rules", {"name": name, "conditions": conditions or {}, "actions": actions})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def names(company: Company) -> list[str]:
    return [rule["name"] for rule in (await company.admin.get("/api/rules")).json()]


async def test_a_rule_from_its_making_to_its_end(company: Company) -> None:
    department = await company.department("Financeiro")
    first = await made(company, "Boleto", {"words": ["boleto"]}, departmentId=department["id"], labels=["fatura"])
    assert first["conditions"] == {"sessionId": None, "words": ["boleto"], "outsideHours": None}
    assert first["actions"] == {"labels": ["fatura"], "priority": None, "departmentId": department["id"]}
    assert (first["place"], first["isBroken"]) == (1, False)
    second, third = await made(company, "Vip", priority="HIGH"), await made(company, "Noite", labels=["noite"])
    path = f"/api/rules/{third['id']}"
    moved = await company.admin.patch(path, {"place": 1})
    assert (moved.status_code, moved.json()["place"]) == (200, 1)
    assert await names(company) == ["Noite", "Boleto", "Vip"]
    changed = await company.admin.patch(path, {"name": "Madrugada", "conditions": {"outsideHours": True}})
    assert changed.json()["conditions"] == {"sessionId": None, "words": [], "outsideHours": True}
    assert changed.json()["actions"] == third["actions"]
    assert (await company.admin.get(path)).json() == changed.json()
    assert (await company.admin.delete(f"/api/rules/{first['id']}")).status_code == 204
    left = (await company.admin.get("/api/rules")).json()
    assert [(rule["name"], rule["place"]) for rule in left] == [("Madrugada", 1), ("Vip", 2)]
    audit = (await company.admin.get("/api/audit", entity="rule")).json()
    assert [entry["change"] for entry in audit] == ["delete", "update", "create", "create", "create"]
    assert second["id"] in {entry["entityId"] for entry in audit}


async def test_what_a_rule_cannot_be_is_refused_by_field(company: Company) -> None:
    async def refused(**body: Any) -> list[str]:
        answer = await company.admin.post("/api/rules", {"name": "R", "actions": {"labels": ["a"]}, **body})
        assert answer.status_code == 400, answer.text
        return [error["pointer"] for error in answer.json()["errors"]]

    unknown = str(uuid4())
    assert await refused(name=" ") == ["/name"]
    assert await refused(actions={}) == ["/actions"]
    assert await refused(actions={"labels": ["!"]}) == ["/actions/labels/0"]
    assert await refused(actions={"departmentId": unknown}) == ["/actions/departmentId"]
    assert await refused(conditions={"sessionId": unknown}) == ["/conditions/sessionId"]
    assert await refused(conditions={"words": ["ok", "?"]}) == ["/conditions/words/1"]
    assert await refused(place=0) == ["/place"]


async def test_rules_are_the_administrators_and_the_companys_own(company: Company) -> None:
    rule = await made(company, "R", labels=["a"])
    agent, other = await company.agent(), await company.hub.company()
    for path in ("/api/rules", f"/api/rules/{rule['id']}"):
        assert (await agent.get(path)).status_code == 403
    assert (await agent.post("/api/rules", {"name": "R", "actions": {"labels": ["a"]}})).status_code == 403
    assert (await other.admin.get("/api/rules")).json() == []
    for answer in (
        await other.admin.get(f"/api/rules/{rule['id']}"),
        await other.admin.patch(f"/api/rules/{rule['id']}", {"name": "X"}),
        await other.admin.delete(f"/api/rules/{rule['id']}"),
    ):
        assert answer.status_code == 404
    assert await names(company) == ["R"]


async def test_a_company_has_at_most_50_rules(company: Company) -> None:
    for number in range(50):
        await made(company, f"R{number}", labels=["a"])
    answer = await company.admin.post("/api/rules", {"name": "R", "actions": {"labels": ["a"]}})
    assert answer.status_code == 409


async def test_the_words_send_a_customer_straight_to_a_department_instead_of_the_menu(company: Company) -> None:
    sales, money = await company.department("Vendas"), await company.department("Financeiro")
    agent = await company.agent(money, "ONLINE")
    await made(company, "Todos", labels=["novo"])
    await made(company, "Boleto", {"words": ["boleto"]}, departmentId=money["id"], priority="HIGH", labels=["fatura"])
    await made(company, "Tudo", {"words": ["boleto", "oi"]}, departmentId=sales["id"])
    session, phone = await company.session(), a_phone()
    await company.customer_writes(session, phone, "Quero o meu BOLETO!")
    found = await company.conversation()
    assert (found["assignedUserId"], found["departmentId"]) == (agent.id, money["id"])
    assert (found["labels"], found["priority"]) == (["novo", "fatura"], "HIGH")
    assert "rule 'Boleto': to Financeiro" in found["routingReason"]
    assert await company.phone(session, phone) == []


async def test_a_rule_takes_a_customer_out_of_the_menu_and_leaves_alone_whom_somebody_has(company: Company) -> None:
    sales, money = await company.department("Vendas"), await company.department("Financeiro")
    await made(company, "Boleto", {"words": ["boleto"]}, departmentId=money["id"])
    await made(company, "Venda", {"words": ["comprar"]}, departmentId=sales["id"], labels=["venda"])
    session, phone = await company.session(), a_phone()
    await company.customer_writes(session, phone, "bom dia")

    async def sees(count: int) -> None:
        async def there() -> bool:
            return len(await company.phone(session, phone)) >= count

        await eventually(there)

    await sees(1)
    await company.customer_writes(session, phone, "é sobre o boleto")
    await sees(2)  # that all are busy
    await company.customer_writes(session, phone, "quero comprar")
    found = await company.conversation()

    async def all_are_in() -> bool:
        found.update(await company.conversation())
        return int(found["unreadCount"]) == 3

    await eventually(all_are_in)
    assert (found["departmentId"], found["labels"], found["status"]) == (money["id"], [], "OPEN")


async def test_a_gateways_rounds_are_labelled_and_never_routed(company: Company) -> None:
    money = await company.department("Financeiro")
    session = await company.session(routing="none")
    await made(company, "Boleto", {"words": ["boleto"]}, departmentId=money["id"], labels=["fatura"])
    await company.customer_writes(session, a_phone(), "boleto")
    found = await company.conversation()
    assert (found["labels"], found["departmentId"], found["timeoutAt"]) == (["fatura"], None, None)
    assert found["routingReason"] == "rule 'Boleto'"


async def test_a_rule_whose_department_was_deleted_is_shown_as_broken_and_skipped(company: Company) -> None:
    sales, money = await company.department("Vendas"), await company.department("Financeiro")
    broken = await made(company, "Boleto", departmentId=money["id"])
    await made(company, "Venda", departmentId=sales["id"])
    assert (await company.admin.delete(f"/api/departments/{money['id']}")).status_code == 204
    assert (await company.admin.get(f"/api/rules/{broken['id']}")).json()["isBroken"] is True
    session = await company.session()
    await company.customer_writes(session, a_phone(), "boleto")
    assert (await company.conversation())["departmentId"] == sales["id"]
    mended = await company.admin.patch(f"/api/rules/{broken['id']}", {"actions": {"departmentId": sales["id"]}})
    assert mended.json()["isBroken"] is False


async def test_a_rule_for_closed_hours_holds_only_then(company: Company) -> None:
    closed = {"timezone": "UTC", "week": {}, "holidays": []}
    await made(company, "Fechado", {"outsideHours": True}, labels=["fora do horario"])
    await made(company, "Aberto", {"outsideHours": False}, labels=["aberto"])
    session = await company.session(routing="none")
    await company.customer_writes(session, a_phone(), "oi")
    assert (await company.conversation())["labels"] == ["aberto"]
    changed = await company.admin.patch("/api/companies/me", {"hours": closed})
    assert changed.status_code == 200, changed.text

    async def is_told_apart() -> bool:
        phone = a_phone()
        await company.customer_writes(session, phone, "oi")
        return (await company.conversation(search=phone))["labels"] == ["fora do horario"]

    await eventually(is_told_apart)  # the company's hours may be read a second late
