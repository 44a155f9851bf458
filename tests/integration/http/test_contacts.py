"""`/api/contacts`: list, search, identities (contract F)."""

from tests.integration.http.conftest import Company, Person, RunningHub, eventually


async def people(company: Company) -> None:
    session = await company.session(routing="none")
    for phone, name in (("5511999990001", "Ana Conceição"), ("5511999990002", "Bruno"), ("5521988887777", "José Ana")):
        await company.customer_writes(session, phone, "oi", name)

    async def all_there() -> bool:
        return len((await company.admin.get("/api/contacts")).json()) == 3

    await eventually(all_there)


async def test_contacts_are_listed_in_pages_found_and_shown(running: RunningHub, company: Company) -> None:
    await people(company)
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = await company.admin.get("/api/contacts", limit=2, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200
        found += [one["name"] for one in answer.json()]
        if (cursor := answer.headers.get("X-Next-Cursor")) is None:
            break
    assert sorted(found) == ["Ana Conceição", "Bruno", "José Ana"]

    async def names(search: str) -> list[str]:
        return sorted(one["name"] for one in (await company.admin.get("/api/contacts", search=search)).json())

    assert await names("conceicao") == ["Ana Conceição"]
    assert await names("ana") == ["Ana Conceição", "José Ana"]
    assert await names("99999-0002") == ["Bruno"]
    assert await names("8888") == ["José Ana"]
    assert await names("%") == await names("nobody") == []
    [bruno] = (await company.admin.get("/api/contacts", search="bruno")).json()
    shown = {"id", "phoneNumber", "name", "profilePic", "isGroup", "identities", "createdAt"}
    assert set(bruno) == shown | {"profileName", "username", "labels", "fields", "blockedAt", "optedOut"}
    assert bruno["identities"]
    assert (await company.admin.get(f"/api/contacts/{bruno['id']}")).json() == {**bruno, "providerBlocks": []}


async def test_they_are_the_companys_and_its_administrators(running: RunningHub, company: Company) -> None:
    await people(company)
    [one, *_] = (await company.admin.get("/api/contacts")).json()
    other = await running.company()
    assert (await other.admin.get(f"/api/contacts/{one['id']}")).status_code == 404
    assert (await other.admin.get("/api/contacts")).json() == []
    agent = await company.agent()
    assert (await agent.get("/api/contacts")).status_code == 403
    refused = await company.admin.get("/api/contacts", cursor="x")
    assert (refused.status_code, refused.json()["detail"]) == (400, "cursor is not a cursor of this list")


async def test_what_the_company_keeps_of_a_contact_is_shown_found_and_goes_before_the_persons_own_name(
    running: RunningHub, company: Company
) -> None:
    await people(company)
    [bruno] = (await company.admin.get("/api/contacts", search="bruno")).json()
    path = f"/api/contacts/{bruno['id']}"
    changes = {"name": "Padaria Três Irmãos", "labels": ["VIP", "atacado"], "fields": {"CNPJ": "12.345"}}
    kept = (await company.admin.patch(path, changes)).json()
    assert {name: kept[name] for name in changes} == changes
    assert kept["profileName"] == "Bruno"
    changed = {"name": None, "removeLabels": ["vip"], "fields": {"CNPJ": None, "cidade": "Recife"}}
    kept = (await company.admin.patch(path, changed)).json()
    assert (kept["name"], kept["labels"], kept["fields"]) == ("Bruno", ["atacado"], {"cidade": "Recife"})

    async def ids(**of: object) -> list[str]:
        return [one["id"] for one in (await company.admin.get("/api/contacts", **of)).json()]

    assert await ids(label="Atacado") == await ids(search="ataca") == [bruno["id"]]
    assert await ids(label="vip") == await ids(label="ataca") == await ids(blocked="true") == []
    assert (await company.admin.post(f"{path}/block")).json()["blockedAt"]
    assert await ids(blocked="true") == [bruno["id"]]
    refused = await company.admin.patch(path, {"fields": {"x": "y" * 1001}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/fields/x")
    agent, other = await company.agent(), await running.company()
    assert (await agent.patch(path, {"name": "X"})).status_code == 403
    assert (await other.admin.patch(path, {"name": "X"})).status_code == 404


async def test_contacts_go_out_as_a_table_and_come_back_from_it(running: RunningHub, company: Company) -> None:
    await people(company)
    [bruno] = (await company.admin.get("/api/contacts", search="bruno")).json()
    await company.admin.patch(f"/api/contacts/{bruno['id']}", {"labels": ["vip"], "fields": {"nota": "=1+1"}})
    admin, other = company.admin, (await running.company()).admin
    table = await admin.get("/api/contacts/csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in table.headers["content-disposition"]
    assert "5511999990002,Bruno,vip,,'=1+1" in table.text.splitlines()

    async def imported(by: Person, content: str | bytes) -> tuple[int, dict[str, object]]:
        answer = await by.http.post("/api/contacts/csv", content=content, headers=by.headers)
        return answer.status_code, answer.json()

    assert await imported(other, table.text) == (200, {"created": 3, "updated": 0, "unchanged": 0})
    assert await imported(other, table.text) == (200, {"created": 0, "updated": 0, "unchanged": 3})
    [there] = (await other.get("/api/contacts", search="bruno")).json()
    assert (there["name"], there["labels"], there["fields"]) == ("Bruno", ["vip"], {"nota": "=1+1"})
    status, refused = await imported(
        admin, "phone,name\n5511955550001,Nova\n5511955550002,Caio\nx,Ana\n+5511955550002,\n"
    )
    assert status == 400
    assert [flaw["pointer"] for flaw in refused["errors"]] == ["/4/phone", "/5/phone"]
    assert (await imported(admin, b"phone\n\xff\n"))[0] == 400
    assert len((await admin.get("/api/contacts")).json()) == 3
    many = "phone\n" + "".join(f"55119{number:08d}\n" for number in range(81000000, 81002000))
    assert await imported(other, many) == (200, {"created": 2000, "updated": 0, "unchanged": 0})


async def test_a_contacts_conversations_are_those_that_one_may_see(company: Company) -> None:
    sales, support = await company.department("Sales", isRoot=True), await company.department("Support")
    agent, other = await company.agent(sales), await company.agent(support)
    session = await company.session(routing="none")
    await company.customer_writes(session, "5511999990001", "oi", "Ana")

    async def there() -> bool:
        return bool((await company.admin.get("/api/conversations")).json())

    await eventually(there)
    [conversation] = (await company.admin.get("/api/conversations")).json()
    path = f"/api/contacts/{conversation['contactId']}/conversations"
    assert [c["id"] for c in (await company.admin.get(path)).json()] == [conversation["id"]]
    await company.admin.post(f"/api/conversations/{conversation['id']}/assign", {"userId": agent.id})
    assert [c["id"] for c in (await agent.get(path)).json()] == [conversation["id"]]
    assert (await other.get(path)).json() == []
    assert (await company.admin.get(f"{path}?cursor=x")).status_code == 400
