"""One conversation is printed or kept, by who may see it, and the record of changes says so."""

from __future__ import annotations

from tests.integration.http.conftest import Company, eventually
from tests.integration.http.test_service import routed, url

HOSTILE = "<script>alert(1)</script> & “quotes”"


async def test_a_copy_holds_all_that_was_said_and_says_who_took_it(company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    await company.customer_writes({"id": conversation["sessionId"]}, "5511987654321", HOSTILE)
    assert (await agent.post(url(conversation, "notes"), {"content": "knows the boss"})).status_code == 201

    async def stored() -> bool:
        shown = (await agent.get(url(conversation, "messages"))).json()["messages"]
        return bool(shown[-1]["content"] == HOSTILE)

    await eventually(stored)
    everything = (await agent.get(url(conversation, "messages"), limit=200)).json()["messages"]
    kept = await agent.get(url(conversation, "copy"), format="json", notes="true")
    assert kept.headers["content-disposition"].startswith("attachment")
    copy = kept.json()
    assert [m["id"] for m in copy["messages"]] == [m["id"] for m in everything]
    assert copy["conversation"]["id"] == conversation["id"]
    assert [note["content"] for note in copy["notes"]] == ["knows the boss"]

    page = await agent.get(url(conversation, "copy"))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert "knows the boss" not in page.text
    assert "knows the boss" in (await agent.get(url(conversation, "copy"), notes="true")).text

    taken = (await company.admin.get("/api/audit", entity="conversation_copy")).json()
    assert [(entry["userId"], entry["entityId"], entry["after"]) for entry in taken] == [
        (agent.id, conversation["id"], {"format": form, "notes": notes})
        for form, notes in (("html", True), ("html", False), ("json", True))
    ]
    stranger = await company.agent(await company.department("Suporte"))
    assert (await stranger.get(url(conversation, "copy"))).status_code == 404
    assert (await agent.get(url(conversation, "copy"), format="pdf")).status_code == 400


async def test_a_copy_with_many_notes_is_whole_and_in_order(company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    for n in range(205):
        assert (await agent.post(url(conversation, "notes"), {"content": f"note {n}."})).status_code == 201
    answer = await agent.post("/api/messages/send", {"conversationId": conversation["id"], "content": "at last"})
    assert answer.status_code == 202
    copy = (await agent.get(url(conversation, "copy"), format="json", notes="true")).json()
    assert [note["content"] for note in copy["notes"]] == [f"note {n}." for n in range(205)]
    page = (await agent.get(url(conversation, "copy"), notes="true")).text
    places = [page.index(f"note {n}.") for n in range(205)]
    assert places == sorted(places)
    assert places[-1] < page.index("at last")


async def test_a_copy_of_many_messages_is_whole_and_in_order(company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    for n in range(210):
        body = {"conversationId": conversation["id"], "content": f"line {n}"}
        assert (await agent.post("/api/messages/send", body)).status_code == 202
    copy = (await agent.get(url(conversation, "copy"), format="json")).json()
    said = [m["content"] for m in copy["messages"] if m["senderId"] == agent.id]
    assert said == [f"line {n}" for n in range(210)]
