"""Quick replies, the company's own settings, and the record of changes (contract E)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company, Person, RunningHub, eventually
from tests.integration.http.test_service import ANA, routed, url, walked

REPLY_FIELDS = {"id", "shortcut", "content", "createdAt", "updatedAt"}
AUDIT_FIELDS = {
    "id", "createdAt", "caller", "userId", "email", "ipAddress", "action", "change", "entity", "entityId", "before",
    "after",
}  # fmt: skip


async def test_quick_replies_are_made_read_changed_and_removed(company: Company) -> None:
    agent = await company.agent()
    made = await company.admin.post("/api/quick-replies", {"shortcut": "oi", "content": "Olá!"})
    assert (made.status_code, set(made.json())) == (201, REPLY_FIELDS)
    path = f"/api/quick-replies/{made.json()['id']}"
    assert (await agent.get(path)).json() == made.json()
    changed = await company.admin.patch(path, {"content": "Oi!"})
    assert (changed.status_code, changed.json()["content"], changed.json()["shortcut"]) == (200, "Oi!", "oi")
    assert (await company.admin.post("/api/quick-replies", {"shortcut": "oi", "content": "x"})).status_code == 409
    for refused in (
        await agent.post("/api/quick-replies", {"shortcut": "b", "content": "x"}),
        await agent.patch(path, {"content": "x"}),
        await agent.delete(path),
    ):
        assert refused.status_code == 403
    assert (await company.admin.delete(path)).status_code == 204
    assert (await company.admin.get(path)).status_code == 404
    assert (await company.admin.delete(path)).status_code == 404


async def test_quick_replies_are_listed_by_shortcut(company: Company) -> None:
    for shortcut in ("c", "a", "ab", "b"):
        await company.admin.post("/api/quick-replies", {"shortcut": shortcut, "content": "x"})
    assert [r["shortcut"] for r in await walked(company.admin, "/api/quick-replies")] == ["a", "ab", "b", "c"]
    assert [r["shortcut"] for r in await walked(company.admin, "/api/quick-replies", search="a")] == ["a", "ab"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"shortcut": "Ó", "content": "x"}, "/shortcut"),
        ({"shortcut": "a", "content": " "}, "/content"),
        ({"shortcut": "a", "content": "x" * 4097}, "/content"),
        ({"shortcut": "a", "content": "Oi {{password}}"}, "/content"),
    ],
)
async def test_a_bad_quick_reply_is_refused_by_its_field(company: Company, body: dict[str, str], pointer: str) -> None:
    answer = await company.admin.post("/api/quick-replies", body)
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, [pointer])


async def test_variables_are_filled_in_for_a_conversation(company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    content = "Oi {{customerName}}, sou {{ agentName }} de {{departmentName}} ({{customerPhone}})."
    made = (await company.admin.post("/api/quick-replies", {"shortcut": "oi", "content": content})).json()
    filled = await agent.post(f"/api/quick-replies/{made['id']}/fill", {"conversationId": conversation["id"]})
    assert filled.json() == {"content": f"Oi Ana, sou The AGENT de Vendas ({ANA})."}
    stranger = await company.agent(await company.department("Outro"))
    refused = await stranger.post(f"/api/quick-replies/{made['id']}/fill", {"conversationId": conversation["id"]})
    assert refused.status_code == 404


async def test_a_company_speaks_with_its_own_greeting_texts_and_language(company: Company) -> None:
    changes = {"language": "es", "greetingMessage": "¡Hola, soy la tienda!", "texts": {"queued": "Un ratito."}}
    changed = await company.admin.patch("/api/companies/me", changes)
    assert changed.status_code == 200, changed.text
    assert (await company.admin.get("/api/companies/me")).json() == changed.json()
    assert {**changed.json(), **changes} == changed.json()
    sales = await company.department("Ventas")
    conversation = await routed(company, sales)
    session = {"id": conversation["sessionId"]}

    async def told() -> bool:
        return len(await company.phone(session, ANA)) == 2

    await eventually(told)
    greeting, queued = await company.phone(session, ANA)
    assert greeting.startswith("¡Hola, soy la tienda!\n\nElija el departamento:\n1 - Ventas")
    assert queued == "Un ratito."
    back = (await company.admin.patch("/api/companies/me", {"texts": {"queued": ""}, "greetingMessage": ""})).json()
    assert (back["texts"], back["greetingMessage"], back["language"]) == ({}, None, "es")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"texts": {"nonsense": "x"}}, "/texts/nonsense"),
        ({"texts": {"queued": "{department}"}}, "/texts/queued"),
        ({"texts": {"confirm": "{0.__class__}"}}, "/texts/confirm"),
        ({"texts": {"confirm": "{"}}, "/texts/confirm"),
        ({"language": "de"}, "/language"),
        ({"name": " "}, "/name"),
        ({"greetingMessage": "x" * 1025}, "/greetingMessage"),
        ({"country": "XX"}, "/country"),
        ({"country": "Brasil"}, "/country"),
    ],
)
async def test_a_bad_setting_of_a_company_is_named(company: Company, body: dict[str, Any], pointer: str) -> None:
    answer = await company.admin.patch("/api/companies/me", body)
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, [pointer])


async def test_a_companys_country_is_its_languages_until_it_is_set(company: Company) -> None:
    async def country(**changes: str | None) -> str | None:
        answer = await company.admin.patch("/api/companies/me", changes)
        assert answer.status_code == 200, answer.text
        assert (await company.admin.get("/api/companies/me")).json() == answer.json()
        shown: str | None = answer.json()["country"]
        return shown

    assert await country() == "BR"
    assert await country(language="en") is None
    assert await country(country="mx") == "MX"
    assert await country(language="pt-BR") == "MX"
    assert await country(country=None) == "BR"


async def test_a_companys_credentials_are_those_of_its_session_default(company: Company) -> None:
    given = {"phoneNumberId": "107", "accessToken": "EAAnew"}
    assert (await company.admin.patch("/api/companies/me", given)).status_code == 409
    settings = {"phoneNumberId": "106", "accessToken": "EAAold", "appSecret": "s", "verifyToken": "v"}
    made = await company.admin.post("/api/sessions", {"name": "default", "provider": "META", "settings": settings})
    assert made.status_code == 201, made.text
    assert (await company.admin.get("/api/companies/me")).json()["phoneNumberId"] == "106"
    changed = await company.admin.patch("/api/companies/me", given)
    assert (changed.status_code, changed.json()["phoneNumberId"]) == (200, "107")
    assert "EAA" not in changed.text + (await company.admin.get("/api/companies/me")).text


async def test_a_companys_settings_are_its_administrators(company: Company) -> None:
    agent = await company.agent()
    for answer in (
        await agent.get("/api/companies/me"),
        await agent.patch("/api/companies/me", {"name": "x"}),
        await agent.get("/api/audit"),
    ):
        assert answer.status_code == 403


async def entries(person: Person, **query: object) -> list[dict[str, Any]]:
    return list(reversed(await walked(person, "/api/audit", **query)))


async def test_every_change_says_who_what_before_and_after_and_from_where(company: Company) -> None:
    sales = await company.department("Vendas")
    await company.admin.patch(f"/api/departments/{sales['id']}", {"name": "Comercial", "maxAgents": 3})
    made, changed = await entries(company.admin, entity="department", entityId=sales["id"])
    assert set(changed) == AUDIT_FIELDS
    assert (made["change"], made["after"]["name"], made["before"]) == ("create", "Vendas", None)
    assert (changed["change"], changed["before"], changed["after"]) == (
        "update",
        {"name": "Vendas", "maxAgents": 10},
        {"name": "Comercial", "maxAgents": 3},
    )
    assert (changed["userId"], changed["email"]) == (company.admin.id, company.admin.user["email"])
    assert changed["ipAddress"] == "127.0.0.1"
    assert changed["action"].startswith("PATCH /api/departments/")
    await company.admin.delete(f"/api/departments/{sales['id']}")
    assert (await entries(company.admin, entityId=sales["id"]))[-1]["change"] == "delete"


async def test_the_record_holds_no_secret(company: Company) -> None:
    agent = await company.agent()
    settings = {"phoneNumberId": "1", "accessToken": "EAAtoken", "appSecret": "shh-app", "verifyToken": "shh-verify"}
    await company.admin.post("/api/sessions", {"name": "m", "provider": "META", "settings": settings})
    kinds = {entry["entity"]: entry for entry in await entries(company.admin)}
    assert kinds["user"]["entityId"] == agent.id
    assert kinds["user"]["after"]["passwordHash"] == "***"
    assert kinds["session"]["after"]["settings"] == "***"


async def test_an_agents_work_is_recorded_and_what_the_hub_does_is_not(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    assert await entries(company.admin, entityId=conversation["id"]) == []
    await agent.post(url(conversation, "read"))
    await agent.post(url(conversation, "resolve"))
    [entry] = await entries(company.admin, entityId=conversation["id"])
    assert (entry["userId"], entry["before"]["status"], entry["after"]["status"]) == (agent.id, "ASSIGNED", "RESOLVED")
    assert [e["entityId"] for e in await entries(company.admin, userId=agent.id)] == [conversation["id"]]


async def test_another_companys_record_is_not_seen(company: Company) -> None:
    other = await company.hub.company()
    sales = await other.department()
    assert await entries(company.admin, entityId=sales["id"]) == []
    [mine] = await entries(other.admin, entity="department")
    assert (mine["entityId"], mine["email"]) == (sales["id"], other.admin.user["email"])


HOURS = {"timezone": "America/Sao_Paulo", "week": {"mon": [["09:00", "18:00"]]}, "holidays": ["2026-12-25"]}


async def test_hours_bounds_and_preferences_are_set_shown_and_cleared(company: Company) -> None:
    assert (await company.admin.patch("/api/companies/me", {"hours": HOURS})).json()["hours"] == HOURS
    assert (await company.admin.patch("/api/companies/me", {"language": "en"})).json()["hours"] == HOURS
    assert (await company.admin.patch("/api/companies/me", {"hours": None})).json()["hours"] is None
    sales = await company.department()
    path = f"/api/departments/{sales['id']}"
    wanted = {"hours": HOURS, "maxConversations": 3, "lastAgentFirst": False, "prefersSkills": False}
    changed = (await company.admin.patch(path, wanted)).json()
    assert {**changed, **wanted} == changed
    assert (await company.admin.patch(path, {"name": "X"})).json()["maxConversations"] == 3
    cleared = (await company.admin.patch(path, {"hours": None, "maxConversations": None})).json()
    assert (cleared["hours"], cleared["maxConversations"]) == (None, None)
    bad = await company.admin.patch(
        path, {"hours": {"week": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}}}
    )
    assert (bad.status_code, [e["pointer"] for e in bad.json()["errors"]]) == (400, ["/hours/week/tue"])
    night = {**HOURS, "week": {"sun": [["22:00", "06:00"]]}}
    assert (await company.admin.patch(path, {"hours": night})).json()["hours"] == night


async def test_targets_and_the_question_are_set_shown_and_left_to_the_company(company: Company) -> None:
    usual = {
        "firstResponseTargetMinutes": None,
        "resolutionTargetMinutes": None,
        "targetWarningPercent": 80,
        "asksRating": False,
        "resolveQuietAfterHours": 0,
    }
    assert usual.items() <= (await company.admin.get("/api/companies/me")).json().items()
    wanted = {"firstResponseTargetMinutes": 15, "asksRating": True}
    changed = (await company.admin.patch("/api/companies/me", wanted)).json()
    assert (usual | wanted).items() <= changed.items()
    path = f"/api/departments/{(await company.department())['id']}"
    own = {
        "firstResponseTargetMinutes": 0,
        "resolutionTargetMinutes": 480,
        "targetWarningPercent": 50,
        "asksRating": False,
    }
    assert own.items() <= (await company.admin.patch(path, own)).json().items()
    cleared = (await company.admin.patch(path, {"resolutionTargetMinutes": None, "asksRating": None})).json()
    assert (cleared["resolutionTargetMinutes"], cleared["asksRating"]) == (None, None)
    assert cleared["targetWarningPercent"] == 50
    for where, name, value in (
        (path, "firstResponseTargetMinutes", -1),
        ("/api/companies/me", "resolutionTargetMinutes", 43_201),
        (path, "targetWarningPercent", 101),
        (path, "resolveQuietAfterHours", 2161),
        ("/api/companies/me", "resolveReasonRequired", True),
    ):
        bad = await company.admin.patch(where, {name: value})
        assert (bad.status_code, [e["pointer"] for e in bad.json()["errors"]]) == (400, [f"/{name}"])


async def test_rounds_are_resolved_by_the_companys_reasons_which_are_counted(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    path = f"/api/conversations/{conversation['id']}/resolve"
    none = await agent.post(path, {"reason": "Sold"})
    assert (none.status_code, [e["pointer"] for e in none.json()["errors"]]) == (400, ["/reason"])
    bad = await company.admin.patch("/api/companies/me", {"resolveReasons": ["Sold", " "]})
    assert (bad.status_code, [e["pointer"] for e in bad.json()["errors"]]) == (400, ["/resolveReasons/1"])
    terms = {"resolveReasons": ["Sold", "Lost"], "resolveReasonRequired": True}
    assert terms.items() <= (await company.admin.patch("/api/companies/me", terms)).json().items()
    await asyncio.sleep(1.1)  # a process knows a company's settings for a second (`known_tenant`)
    for body in ({}, {"reason": "sold"}, {"reason": "Sold", "note": " "}):
        assert (await agent.post(path, body)).status_code == 400
    blank = await agent.post(path, {"reason": "Sold", "note": " "})
    assert [e["pointer"] for e in blank.json()["errors"]] == ["/note"]
    done = (await agent.post(path, {"reason": "Sold", "note": "two pairs"})).json()
    assert (done["status"], done["resolveReason"]) == ("RESOLVED", "Sold")
    notes = (await agent.get(f"/api/conversations/{conversation['id']}/notes")).json()
    assert [note["content"] for note in notes] == ["two pairs"]
    shown = (await company.admin.get("/api/metrics/dashboard")).json()
    assert shown["resolutions"] == [{"reason": "Sold", "count": 1}]


async def test_a_conversation_is_snoozed_and_marked_unread(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    path = f"/api/conversations/{conversation['id']}"
    assert (await agent.post(f"{path}/read")).json()["unreadCount"] == 0
    assert (await agent.post(f"{path}/unread")).json()["unreadCount"] == 1
    for until in ("2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z"):
        bad = await agent.post(f"{path}/snooze", {"until": until})
        assert (bad.status_code, [e["pointer"] for e in bad.json()["errors"]]) == (400, ["/until"])
    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    snoozed = (await agent.post(f"{path}/snooze", {"until": until})).json()
    assert datetime.fromisoformat(snoozed["snoozedUntil"]) == datetime.fromisoformat(until)
    assert (await agent.post(f"{path}/snooze", {"until": None})).json()["snoozedUntil"] is None


async def test_many_conversations_are_handled_at_once_and_each_answers_for_itself(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    rows = [await routed(company, sales, f"{ANA[:-1]}{n}") for n in range(3)]
    ids, path = [row["id"] for row in rows], "/api/conversations/bulk"
    assert (await agent.post(f"/api/conversations/{ids[0]}/archive")).status_code == 200
    labelled = {"action": "classify", "ids": ids, "addLabels": ["vip"], "priority": "HIGH"}
    assert (await agent.post(path, labelled)).json() == [{"id": id, "problem": None} for id in ids]
    unknown = str(uuid4())
    done = (await agent.post(path, {"action": "resolve", "ids": [*ids, unknown, ids[1]]})).json()
    assert [(one["id"], (one["problem"] or {}).get("status")) for one in done] == [
        (ids[0], 409),
        (ids[1], None),
        (ids[2], None),
        (unknown, 404),
    ]
    for bad in (
        {"action": "dance", "ids": ids},
        {"action": "read", "ids": []},
        {"action": "read", "ids": [str(uuid4())] * 101},
        {"action": "read", "ids": ids, "reason": "x"},
        {"ids": ids},
    ):
        assert (await agent.post(path, bad)).status_code == 400, bad


async def test_a_conversations_own_events_are_read_by_those_who_see_it(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    path = f"/api/conversations/{conversation['id']}"
    await agent.patch(path, {"labels": ["vip", "pedido"]})
    await agent.post(f"{path}/resolve")
    shown = (await agent.get(f"{path}/events")).json()
    types = [event["type"] for event in shown]
    assert types[:2] == ["conversation.resolved", "conversation.updated"]
    assert types[-1] == "conversation.opened"
    assert [e["position"] for e in shown] == sorted((e["position"] for e in shown), reverse=True)
    first = await agent.get(f"{path}/events", limit=2)
    rest = await agent.get(f"{path}/events", limit=100, cursor=first.headers["X-Next-Cursor"])
    assert [*first.json(), *rest.json()] == shown
    assert {"label": "vip", "count": 1} in (await agent.get("/api/labels")).json()
    stranger = await company.agent(await company.department("Suporte"))
    assert (await stranger.get(f"{path}/events")).status_code == 404


async def test_skills_labels_and_priority_are_set_and_shown(company: Company) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    skilled = await company.admin.patch(f"/api/users/{agent.id}", {"skills": ["Cobrança", " cobranca", "es"]})
    assert skilled.json()["skills"] == ["Cobrança", "es"]
    conversation = await routed(company, sales)
    assert (conversation["labels"], conversation["priority"]) == ([], "NORMAL")
    changed = await agent.patch(url(conversation), {"labels": ['a "b" \\ {c}, d'], "priority": "URGENT"})
    assert (changed.json()["labels"], changed.json()["priority"]) == (['a "b" \\ {c}, d'], "URGENT")
    assert (await agent.get(url(conversation))).json()["labels"] == ['a "b" \\ {c}, d']
    assert (await agent.patch(url(conversation), {"priority": "VERY"})).status_code == 400


async def test_a_change_that_is_refused_in_part_changes_nothing(company: Company) -> None:
    settings = {"phoneNumberId": "106", "accessToken": "EAAold", "appSecret": "s", "verifyToken": "v"}
    made = await company.admin.post("/api/sessions", {"name": "default", "provider": "META", "settings": settings})
    assert made.status_code == 201, made.text
    refused = await company.admin.patch("/api/companies/me", {"phoneNumberId": "107", "name": ""})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/name")
    refused = await company.admin.patch("/api/companies/me", {"phoneNumberId": "", "name": "Another"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/phoneNumberId")
    shown = (await company.admin.get("/api/companies/me")).json()
    assert (shown["phoneNumberId"], shown["name"] == "Another") == ("106", False)


async def test_a_user_is_shown_to_colleagues_only(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    shown = await company.admin.get(f"/api/users/{agent.id}")
    assert (shown.status_code, shown.json()["email"]) == (200, agent.user["email"])
    other = await running.company()
    assert (await other.admin.get(f"/api/users/{agent.id}")).status_code == 404
