"""Every list ends a page early where its rows are long, goes on, and leaves none out: two hundred of the longest rows
were up to 200 MB in one answer, during which nobody else was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.integration.http.conftest import Company, RunningHub
from whatsapp_hub.adapters.postgres.engine.pages import PAGE_BYTES

ROWS, LONG = 9, 500_000
WORDS = f"repeat('x', {LONG})"
"""Not what the domain takes: whatever is stored, an answer is bounded."""
MANY, SIGNS = 190, "content = repeat('😀', 4096)"
"""Where rows are checked as they are read."""


@dataclass(frozen=True)
class Long:
    """A list's table with one row of the company's, of which others are made. `longs`: how its rows get long; `unique`:
    columns that may not be the same twice; `more`: others that copies have; `key`: by what items differ."""

    table: str
    longs: str
    unique: tuple[str, ...] = ()
    key: str = "id"
    query: str = ""
    id: str = "id"
    more: str = ""
    rows: int = ROWS


LONGS = {
    "/api/contacts": Long("pooled.contacts", f"own = jsonb_build_object('fields', jsonb_build_object('a', {WORDS}))"),
    "/api/contacts/{contact}/conversations": Long(
        "pooled.conversations", f"customer_name = {WORDS}", more="'status', 'RESOLVED'"
    ),
    "/api/conversations/{conversation}/notes": Long("pooled.notes", SIGNS, rows=MANY),
    "/api/messages/scheduled": Long("hub.scheduled", f"content = {WORDS}"),
    "/api/quick-replies": Long("pooled.quick_replies", SIGNS, ("shortcut",), rows=MANY),
    "/api/departments": Long("pooled.departments", f"level = jsonb_build_object('x', {WORDS})", ("slug",)),
    "/api/campaigns": Long("hub.campaigns", f"pause_detail = {WORDS}", key="campaign/id"),
    "/api/campaigns/{campaign}/recipients": Long(
        "hub.campaign_recipients", f"detail = {WORDS}", key="contactId", id="contact_id"
    ),
    "/api/templates": Long("pooled.templates", f"reason = {WORDS}", ("name",)),
    "/api/audit": Long("hub.audit", f"after = jsonb_build_object('a', {WORDS})", query="entity=department"),
    "/api/users": Long("hub.users", f"skills = ARRAY[{WORDS}]", ("email",)),
    "/whatsapp/sessions": Long("hub.sessions", f"status_reason = {WORDS}", ("key", "name"), key="sessionId"),
    "/api/sessions": Long("hub.sessions", f"status_reason = {WORDS}", ("key", "name")),
}
"""Lists whose rows may be long, by route."""
OTHERS = {
    "/api/conversations": "a row is some columns of bounded texts, and 100 characters of its last message",
    "/api/conversations/{id}/assignments": "a row is a reason of the hub's own",
    "/api/conversations/{id}/events": "as /api/events",
    "/api/conversations/{id}/messages": "a page of its own form: integration/postgres/test_queries.py",
    "/api/departments/{id}/agents": "read as users",
    "/api/departments/{id}/queue": "rows of conversations",
    "/api/erasures": "a row is counts",
    "/api/events": "has a bound of its own: test_event_log",
    "/api/messages/search": "rows of messages, read as those of a conversation",
    "/api/notifications": "a row is a kind and a conversation",
    "/api/sessions/{id}/history": "a row is a reason of at most 200 characters",
    "/api/auth/sign-ins": "a row is an address and a browser, cut",
    "/api/users/{id}/sign-ins": "as those of oneself",
    "/api/api-keys": "a row is a name and scopes",
    "/api/tenants": "for the operator's own people",
    "/api/webhooks": "some hundred at most, each of an address and a few headers",
    "/api/webhooks/{id}/deliveries": "a row is at most 40 attempts of some words",
    "/whatsapp/messages": "read as those of a conversation",
    "/instances": "read as sessions",
}
"""Lists whose rows are short, or that are read as others are, and why."""


async def test_every_list_is_known_here(running: RunningHub) -> None:
    document = (await running.http.get("/schema/openapi.json")).json()
    lists = {
        path
        for path, methods in document["paths"].items()
        if any(p["name"] == "limit" for p in methods.get("get", {}).get("parameters", ()))
    }
    named = {path.replace("{contact}", "{id}").replace("{conversation}", "{id}") for path in LONGS}
    named = {path.replace("{campaign}", "{id}") for path in named}
    assert lists == named | OTHERS.keys()


async def test_a_page_of_long_rows_ends_early_and_none_is_left_out(company: Company, hub_owner: Any) -> None:
    ids = await _filled(company, hub_owner)
    for route, long in LONGS.items():
        await _multiplied(hub_owner, company, long)
        seen, pages = await _read(company, route.format(**ids), long)
        stored = await _count(hub_owner, company, long)
        assert (len(seen), len(set(seen)), pages > 1) == (stored, stored, True), route


async def _read(company: Company, path: str, long: Long) -> tuple[list[str], int]:
    """Read the list to its end; return what tells its items apart, and how many pages it had."""
    seen: list[str] = []
    pages, cursor = 0, None
    while True:
        query = dict(pair.split("=") for pair in long.query.split("&") if pair)
        answer = await company.admin.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, (path, answer.text[:500])
        assert len(answer.content) < 3 * PAGE_BYTES, path  # a session's reason is shown twice
        seen += [_key(one, long.key) for one in answer.json()]
        pages += 1
        if (cursor := answer.headers.get("x-next-cursor")) is None:
            return seen, pages


def _key(one: dict[str, Any], path: str) -> str:
    value: Any = one
    for name in path.split("/"):
        value = value[name]
    return str(value)


async def _filled(company: Company, owner: Any) -> dict[str, str]:
    """One of everything; return ids by name."""
    admin = company.admin
    await company.department()
    session = await company.session(routing="none")
    await company.customer_writes(session, "5511988887777", "Oi")
    conversation = await company.conversation()
    await admin.post("/api/quick-replies", {"shortcut": "oi", "content": "x"})
    noted = await admin.post(f"/api/conversations/{conversation['id']}/notes", {"content": "x"})
    assert noted.status_code == 201, noted.text
    later = {"conversationId": conversation["id"], "sendAt": (datetime.now(UTC) + timedelta(30)).isoformat()}
    scheduled = await admin.post("/api/messages", {**later, "content": {"kind": "text", "text": "x"}})
    assert scheduled.status_code == 202, scheduled.text
    campaign = str(uuid4())
    await owner.execute(
        """INSERT INTO hub.campaigns (id, tenant_id, session_id, name, status, created_at, wording, audience)
           VALUES ($1, $2, $3, 'x', 'DRAFT', now(), '{"name": "a", "language": "pt"}', '{}')""",
        *(campaign, company.id, session["id"]),
    )
    await owner.execute(
        "INSERT INTO hub.campaign_recipients (campaign_id, contact_id, tenant_id) VALUES ($1, $2, $3)",
        *(campaign, conversation["contactId"], company.id),
    )
    await owner.execute(
        """INSERT INTO pooled.templates (id, tenant_id, session_id, name, language, status, seen_at)
           VALUES ($1, $2, $3, 'a', 'pt', 'APPROVED', now())""",
        *(uuid4(), company.id, session["id"]),
    )
    return {"contact": conversation["contactId"], "conversation": conversation["id"], "campaign": campaign}


async def _multiplied(owner: Any, company: Company, long: Long) -> None:
    """Make copies of the company's row with the least id, and all of them long."""
    fresh = dict.fromkeys(long.unique, "left(gen_random_uuid()::text, 30)") | {long.id: "gen_random_uuid()"}
    fresh |= {"email": "gen_random_uuid() || '@example.com'"} if "email" in long.unique else {}
    changed = ", ".join(f"'{name}', {value}" for name, value in fresh.items())
    changed += f", {long.more}" if long.more else ""
    if long.table == "hub.audit":
        await owner.execute(
            """INSERT INTO hub.audit (tenant_id, caller, action, change, entity, entity_id)
               SELECT $1, 'x', 'x', 'create', 'department', n::text FROM generate_series(1, $2) AS n""",
            *(company.id, long.rows),
        )
    else:
        await owner.execute(
            f"""INSERT INTO {long.table}
                SELECT (jsonb_populate_record(t, jsonb_build_object({changed}))).*
                FROM {long.table} AS t, generate_series(1, $2) AS n
                WHERE t.{long.id} = (SELECT {long.id} FROM {long.table} WHERE tenant_id = $1 ORDER BY 1 LIMIT 1)""",
            *(company.id, long.rows),
        )
    await owner.execute(f"UPDATE {long.table} SET {long.longs} WHERE tenant_id = $1", company.id)


async def _count(owner: Any, company: Company, long: Long) -> int:
    only = " AND entity = 'department'" if long.table == "hub.audit" else ""
    return int(await owner.fetchval(f"SELECT count(*) FROM {long.table} WHERE tenant_id = $1{only}", company.id))
