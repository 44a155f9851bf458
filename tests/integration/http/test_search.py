"""Search in messages and conversations (contract E): accents, case and endings ignored, only what one may see."""

from typing import Any

import pytest

from tests.integration.http.conftest import Company, Person, eventually
from tests.integration.http.test_service import routed, url

TEXTS = ("Preciso da segunda via do boleto", "A cobrança veio errada", "Não recebi as cobranças", "Obrigada!")


async def talked(company: Company) -> tuple[dict[str, Any], dict[str, Any], Person]:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    session = {"id": conversation["sessionId"]}
    for text in TEXTS:
        await company.customer_writes(session, "5511987654321", text)

    async def stored() -> bool:
        shown = (await company.admin.get(url(conversation, "messages"))).json()["messages"]
        return shown[-1]["content"] == TEXTS[-1]

    await eventually(stored)
    return conversation, sales, agent


async def found(by: Person, query: str, **more: object) -> list[str]:
    answer = await by.get("/api/messages/search", query=query, **more)
    assert answer.status_code == 200, answer.text
    return [message["content"] for message in answer.json()]


async def test_messages_are_found_by_their_stems(company: Company) -> None:
    conversation, _, agent = await talked(company)
    newest_first = ["Não recebi as cobranças", "A cobrança veio errada"]
    for query in ("cobranca", "COBRANÇAS", "cobrança"):
        assert await found(company.admin, query) == newest_first
        assert await found(agent, query, conversationId=conversation["id"]) == newest_first
    assert await found(company.admin, "cobrança errada") == ["A cobrança veio errada"]
    assert await found(company.admin, "boletos") == [TEXTS[0]]
    assert await found(company.admin, "cobrança -errada") == ["Não recebi as cobranças"]
    assert await found(company.admin, '"segunda via"') == [TEXTS[0]]
    assert await found(agent, '"segunda via" boleto') == [TEXTS[0]]
    assert await found(company.admin, '"via segunda"') == []
    assert await found(company.admin, "nada disso") == []
    for odd in ("' or 1=1 --", "a & | !", "%", "\\"):
        await found(company.admin, odd)
    assert (await company.admin.get("/api/messages/search", query="")).status_code == 400


async def test_a_hit_is_read_with_what_was_said_around_it_and_onwards(company: Company) -> None:
    conversation, _, agent = await talked(company)
    path = url(conversation, "messages")
    everything = (await agent.get(path)).json()["messages"]
    ids, hit = [m["id"] for m in everything], everything[-3]
    page = (await agent.get(path, around=hit["id"], limit=3)).json()
    assert [m["id"] for m in page["messages"]] == ids[-4:-1]
    assert page["hasNewer"] is True
    older = (await agent.get(path, cursor=page["nextCursor"])).json()
    assert [m["id"] for m in older["messages"]] == ids[:-4]
    onwards = (await agent.get(path, after=page["messages"][-1]["seq"])).json()
    assert ([m["id"] for m in onwards["messages"]], onwards["hasNewer"]) == (ids[-1:], False)
    whole = (await agent.get(path, around=ids[0], limit=200)).json()
    assert ([m["id"] for m in whole["messages"]], whole["hasNewer"], "nextCursor" in whole) == (ids, False, False)
    assert (await agent.get(path, around=conversation["id"])).status_code == 404
    assert (await agent.get(path, around=ids[0], after=1)).status_code == 400
    stranger = await company.agent(await company.department("Suporte"))
    assert (await stranger.get(path, around=ids[0])).status_code == 404


async def test_search_is_walked_page_by_page(company: Company) -> None:
    await talked(company)
    first = await company.admin.get("/api/messages/search", query="cobrança", limit=1)
    assert [m["content"] for m in first.json()] == [TEXTS[2]]
    cursor = first.headers["X-Next-Cursor"]
    second = await company.admin.get("/api/messages/search", query="cobrança", limit=1, cursor=cursor)
    assert [m["content"] for m in second.json()] == [TEXTS[1]]
    assert "X-Next-Cursor" not in second.headers


async def test_nobody_finds_what_they_may_not_see(company: Company) -> None:
    conversation, _, _ = await talked(company)
    stranger = await company.agent(await company.department("Outro"))
    other = await company.hub.company()
    for somebody in (stranger, other.admin):
        assert await found(somebody, "cobrança") == []
        assert await found(somebody, "cobrança", conversationId=conversation["id"]) == []


@pytest.mark.parametrize("search", ["ana", "ANA", "áná", "98765432", "+55 11 98765", "an"])
async def test_conversations_are_found_by_name_and_number(company: Company, search: str) -> None:
    conversation, _, _ = await talked(company)
    listed = (await company.admin.get("/api/conversations", search=search)).json()
    assert [c["id"] for c in listed] == [conversation["id"]]
    filtered = await company.admin.get("/api/conversations", search=search, status="RESOLVED")
    assert filtered.json() == []
    other = await company.hub.company()
    assert (await other.admin.get("/api/conversations", search=search)).json() == []


async def test_search_uses_its_index_under_row_level_security(company: Company, hub_owner: Any) -> None:
    await talked(company)
    async with hub_owner.transaction():
        await hub_owner.execute("SET LOCAL ROLE hub_search")
        await hub_owner.execute("SET LOCAL enable_seqscan = off")
        plan = await hub_owner.fetch(
            """EXPLAIN SELECT id FROM pooled.messages
               WHERE tenant_id = $1::text::uuid AND seq >> 15 = 0 AND content <> ''
               AND to_tsvector('hub.portuguese'::regconfig, content) @@ to_tsquery('hub.portuguese', 'cobranca')""",
            company.id,
        )
    assert any("messages_found" in row[0] for row in plan), plan


@pytest.mark.parametrize("query", ["-boleto", "-a -b", "boleto or -cobrança", '-"segunda via"'])
async def test_words_that_only_leave_out_are_refused(company: Company, query: str) -> None:
    answer = await company.admin.get("/api/messages/search", query=query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/query"
