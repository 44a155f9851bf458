"""Every kind of caller, a company with one thing of every kind, and requests that would pass if the caller may."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import jwt

from tests.integration.http.conftest import METRICS_TOKEN, Company, Person
from tests.integration.hub.reference import body_of
from tests.integration.hub.world import World, a_phone, meta_number, until
from tests.policy import ROUTES
from whatsapp_hub.domain.accounts.access import POLICY, Action, name_of
from whatsapp_hub.domain.accounts.api_key import ROLE
from whatsapp_hub.domain.accounts.user import Role

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""One pixel."""
KNOWN_ONLY_HERE = "zebra"
"""A word in every text of the victim's, which no answer to a stranger may contain."""


@dataclass(frozen=True)
class Caller:
    name: str
    headers: dict[str, str]
    may: frozenset[Action] = frozenset()
    is_a_person: bool = False

    @property
    def token(self) -> str:
        """For a socket."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("X-Api-Key", "")


@dataclass
class Things:
    """A company with one thing of every kind."""

    company: Company
    agent: Person
    marker: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> Person:
        return self.company.admin

    def put_into(self, path: str) -> str:
        """The path with the ids that its parameters stand for."""
        folder = path.removeprefix("/api/").removeprefix("/").split("/")[0]
        if path.startswith("/api/webhooks/deliveries/"):
            folder = "deliveries"
        if path.startswith("/api/users/{id}/sign-ins"):
            folder = "sign-ins"
        known = {
            "id": self.ids.get(folder, ""),
            "sign_in_id": self.ids["auth"],
            "note_id": self.ids["notes"],
            "phone": self.ids["phone"],
            "path": "page.css",
        }
        known["token"] = self.ids["link"]
        known["session_id"] = self.ids["sessionId"]
        known["key"] = self.ids["agentId" if "sessions/init" in path or "status" in path else "sessionId"]
        known["key"] = self.ids["agentId"] if path.startswith(("/debug", "/whatsapp/{key}/sessions")) else known["key"]
        return re.sub(r"\{(\w+)\}", lambda name: known[name[1]], path)


async def things(world: World, company: Company, marker: str = KNOWN_ONLY_HERE) -> Things:
    """One round of work leaves one thing of every kind behind."""
    admin = company.admin
    department = await company.department(f"Vendas {marker}", isRoot=True)
    agent = await company.agent(department, "ONLINE")
    session = await company.session(routing="none", agentId=f"agent-{uuid4().hex[:6]}")
    made = Things(company, agent, marker)
    phone = a_phone()
    start = {"sessionId": session["id"], "to": phone, "content": f"Oi {marker}"}
    conversation = await _made(admin, "/api/conversations", start)
    await company.customer_writes(session, phone, f"Preciso de ajuda {marker}", f"Ana {marker}")
    await _given_to(admin, conversation["id"], agent)
    form = {"conversationId": conversation["id"], "caption": marker}
    sent = await admin.http.post(
        "/api/messages/send-media", data=form, files={"file": ("a.png", PNG, "image/png")}, headers=admin.headers
    )
    assert sent.status_code == 202, sent.text
    note = await _made(admin, f"/api/conversations/{conversation['id']}/notes", {"content": f"late {marker}"})
    hook = await _made(admin, "/api/webhooks", {"url": "https://example.org/x", "events": ["*"]})
    tested = await admin.post(f"/api/webhooks/{hook['id']}/test")
    assert tested.status_code < 300, tested.text
    rule = {"name": f"R {marker}", "actions": {"labels": ["a"]}}
    signed_in = await world.hub.person(admin, "AGENT")
    made.ids = {
        "phone": phone,
        "departments": department["id"],
        "users": agent.id,
        "sessions": session["id"],
        "instances": session["id"],
        "sandbox": session["id"],
        "sessionId": session["sessionId"],
        "agentId": session["agentId"],
        "conversations": conversation["id"],
        "messages": sent.json()["id"],
        "media": sent.json()["mediaUrl"].rsplit("/")[-1],
        "contacts": (await admin.get("/api/contacts")).json()[0]["id"],
        "quick-replies": (await _made(admin, "/api/quick-replies", {"shortcut": "a", "content": f"x {marker}"}))["id"],
        "webhooks": hook["id"],
        "deliveries": str(await _delivery(world, admin, hook["id"])),
        "rules": (await _made(admin, "/api/rules", rule))["id"],
        "api-keys": (await _made(admin, "/api/api-keys", {"name": f"k {marker}"}))["id"],
        "notifications": await _notification(agent),
        "notes": note["id"],
        "tenants": company.id,
        "sign-ins": signed_in.id,
        "auth": (await signed_in.get("/api/auth/sign-ins")).json()[0]["id"],
    }
    made.ids["templates"] = await _template(world, company)
    template = (await admin.get(f"/api/templates/{made.ids['templates']}")).json()
    wording = {"name": template["name"], "language": template["language"]}
    campaign = {"name": f"C {marker}", "sessionId": template["sessionId"], "template": wording}
    made.ids["campaigns"] = (await _made(admin, "/api/campaigns", {**campaign, "audience": {"everybody": True}}))[
        "campaign"
    ]["id"]
    link = await admin.post(f"/api/media/{made.ids['media']}/link")
    made.ids["link"] = link.json()["url"].rpartition("/")[2]
    made.ids["exports"] = (await _made(admin, f"/api/contacts/{made.ids['contacts']}/export", {}))["id"]
    made.ids["erasures"] = await _erasure(company, session)
    await world.settled(company)
    return made


async def _template(world: World, company: Company) -> str:
    """Of a Meta number's account."""
    number = await meta_number(world, company, routing="none")
    account = {"settings": {"businessAccountId": f"9{number.phone_number_id}"}}
    assert (await company.admin.patch(f"/api/sessions/{number.id}", account)).status_code == 200
    body = {"type": "BODY", "text": "Oi"}
    named = {"id": "1", "name": "oi", "language": "pt_BR", "status": "APPROVED", "category": "UTILITY"}
    world.graph.templates = [{**named, "components": [body]}]
    synchronised = await company.admin.post("/api/templates/sync", {"sessionId": number.id})
    assert synchronised.json()["found"] == 1, synchronised.text
    return str((await company.admin.get("/api/templates")).json()[0]["id"])


async def _erasure(company: Company, session: dict[str, Any]) -> str:
    """Of a customer who wrote once."""
    phone = a_phone()
    await company.customer_writes(session, phone, "forget me")

    async def known() -> Any:
        return (await company.admin.get("/api/contacts", search=phone)).json()

    [contact] = await until(known)
    begun = await company.admin.post(f"/api/contacts/{contact['id']}/erase", {"confirm": contact["id"]})

    async def finished() -> Any:
        shown = (await company.admin.get(f"/api/erasures/{begun.json()['id']}")).json()
        return shown["finishedAt"]

    await until(finished)
    return str(begun.json()["id"])


async def _made(by: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    made = await by.post(path, body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def _given_to(admin: Person, conversation_id: str, agent: Person) -> None:
    given = await admin.post(f"/api/conversations/{conversation_id}/assign", {"userId": agent.id})
    assert given.status_code == 200, given.text


async def _notification(agent: Person) -> str:
    async def told() -> str | None:
        listed = (await agent.get("/api/notifications")).json()
        return str(listed[0]["id"]) if listed else None

    return str(await until(told))


async def _delivery(world: World, admin: Person, hook_id: str) -> int:
    async def queued() -> int | None:
        found = await world.owner.fetchval(
            "SELECT max(id) FROM hub.webhook_deliveries WHERE webhook_id = $1", UUID(hook_id)
        )
        return int(found) if found else None

    return int(await until(queued) or 0)


async def people(world: World, here: Things) -> list[Caller]:
    """Everybody of the company's, by role, and a master of the hub's acting for it."""
    master = {**(await world.hub.person(world.hub.master, "MASTER")).headers, "X-Company-Id": here.company.id}
    known = {Role.AGENT: here.agent, Role.ADMIN: here.admin}
    found = [Caller("MASTER", master, POLICY[Role.MASTER], True)]
    for role in Role:
        if role is not Role.MASTER:
            person = known.get(role) or await world.hub.person(here.admin, role.value)
            found.append(Caller(role.value, person.headers, POLICY[role], True))
    return found


async def a_key(here: Things, *scopes: Action) -> Caller:
    """A program of the company's; without `scopes`: one that is not narrowed."""
    names = sorted(map(name_of, scopes))
    made = await _made(here.admin, "/api/api-keys", {"name": "k", "scopes": names or None})
    return Caller(f"key {','.join(names)}", {"X-Api-Key": made["key"]}, frozenset(scopes) or POLICY[ROLE])


async def strangers(world: World, here: Things) -> list[Caller]:
    """Those whom no door knows: without a credential, with one that is over, forged, cut off or meant for another."""
    token = here.admin.token
    claims = jwt.decode(token, options={"verify_signature": False})
    late = {**claims, "exp": int(time.time()) - 60}
    gone = await world.hub.person(here.admin, "ADMIN")
    await here.admin.patch(f"/api/users/{gone.id}", {"isActive": False})
    revoked = await _made(here.admin, "/api/api-keys", {"name": "revoked"})
    await here.admin.delete(f"/api/api-keys/{revoked['id']}")
    expired = await _made(here.admin, "/api/api-keys", {"name": "expired"})
    await world.owner.execute(
        "UPDATE hub.api_keys SET expires_at = now() - interval '1 s' WHERE id = $1", UUID(expired["id"])
    )
    ticket = (await here.admin.post("/api/auth/ticket")).json()["ticket"]
    bearers = {
        "no token at all": "x",
        "a cut token": token[:-4],
        "an expired token": jwt.encode(late, world.settings.jwt_secret, "HS256"),
        "another's signature": jwt.encode(claims, "another secret of thirty-two characters", "HS256"),
        "no signature": jwt.encode(claims, None, "none"),
        "a dismissed user's": gone.token,
        "a revoked key": revoked["key"],
        "an expired key": expired["key"],
        "an unknown key": f"hub_{'0' * 43}",
        "a stream's ticket": ticket,
        "the scraper's token": METRICS_TOKEN,
    }
    headers = {name: {"Authorization": f"Bearer {value}"} for name, value in bearers.items()}
    headers["nothing"] = {}
    headers["basic"] = {"Authorization": "Basic eDp5"}
    headers["a token as a key"] = {"X-Api-Key": token}
    headers["a chosen company"] = {"X-Company-Id": here.company.id}
    return [Caller(name, given) for name, given in headers.items()]


_ELSEWHERE: dict[str, Any] = {
    "provider": "META",
    "settings": {"phoneNumberId": "1", "accessToken": "t", "appSecret": "s", "verifyToken": "v"},
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/auth/login": {},
    "POST /api/auth/browser": {},
    "POST /api/auth/browser/oidc": {},
    "POST /api/auth/browser/link": {},
    "POST /api/templates": {
        "sessionId": "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e",
        "name": "oi",
        "language": "pt_BR",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Oi"}],
    },
    "POST /api/campaigns": {
        "name": "C",
        "sessionId": "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e",
        "template": {"name": "oi", "language": "pt_BR"},
        "audience": {"everybody": True},
    },
    "POST /api/campaigns/audience": {"audience": {"everybody": True}},
    "POST /api/auth/oidc/token": {},
    "POST /api/auth/reset-password": {},
    "POST /api/conversations/bulk": {"action": "read", "ids": ["018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e"]},
    "POST /api/messages": {
        "conversationId": "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e",
        "content": {"kind": "text", "text": "x"},
    },
    "PATCH /api/users/{id}": {"name": "Bia"},
    "POST /api/conversations/{id}/notes": {"content": "x"},
    "PATCH /api/conversations/{id}/notes/{note_id}": {"content": "x"},
    "PUT /api/auth/preferences": {"views": [{"name": "Late", "query": "view=all&late=1"}]},
    "PATCH /api/users/me/status": {"status": "ONLINE"},
    "POST /api/webhooks/{id}/replay": {"after": 0},
    "POST /api/rules": {"name": "R", "actions": {"labels": ["a"]}},
    "DELETE /api/tenants/{id}": {"confirm": "not its slug"},
    "POST /api/contacts/{id}/erase": {"confirm": "not its id"},
    "POST /api/contacts/{id}/split": {"identities": [{"kind": "lid", "value": "0"}]},
    "POST /api/webhooks": {"url": "https://example.org/y", "events": ["*"]},
    "POST /api/sessions/{id}/provider": {**_ELSEWHERE, "dryRun": True},
    "PUT /api/sessions/{id}/planned-move": _ELSEWHERE,
    "PUT /api/sessions/{id}/bot": {"url": "https://example.org/bot"},
}


@dataclass
class Walk:
    """Asks at every route, in the things' company, and collects the answers that the policy does not allow."""

    world: World
    document: dict[str, Any]
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    def body(self, row: str, here: Things) -> dict[str, Any] | None:
        """A body that fits, about the company's own things."""
        method, path = row.split(" ")
        if row in BODIES:
            return BODIES[row]
        operation = self.document["paths"].get(path, {}).get(method.lower(), {})
        if (body := body_of(operation, self.document)) is None:
            return None
        own = {"conversationId": here.ids["conversations"], "departmentId": here.ids["departments"]}
        own |= {"sessionId": here.ids["sessions"]} if path in ("/whatsapp/send", "/api/conversations") else {}
        body = {**body, **{name: value for name, value in own.items() if name in body}}
        if path.endswith("/assign"):
            body["userId"] = here.admin.id
        fresh = {"email": f"{uuid4().hex}@example.org", "role": "AGENT", "slug": f"s{uuid4().hex[:8]}"}
        fresh |= {"shortcut": uuid4().hex[:8], "name": uuid4().hex[:8], "instance_name": uuid4().hex[:8]}
        return {**body, **{name: value for name, value in fresh.items() if name in body}}

    async def ask(self, row: str, caller: Caller, here: Things, **more: Any) -> tuple[int, str]:
        """Status and text; a stream is left as soon as it has answered."""
        method, path = row.split(" ")
        self.asked += 1
        given: dict[str, Any] = {"json": self.body(row, here), **more}
        if path.endswith("send-media"):
            form = {"conversationId": given["json"]["conversationId"] if given["json"] else here.ids["conversations"]}
            given = {"data": form, "files": {"file": ("a.png", PNG, "image/png")}}
        url = given.pop("url", None) or here.put_into(path)
        query = given.pop("params", _query(path, here))
        http = self.world.hub.http
        async with http.stream(method, url, params=query, headers=caller.headers, **given) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer.status_code, ""
            return answer.status_code, (await answer.aread()).decode("utf-8", "replace")


def _query(path: str, here: Things) -> dict[str, str]:
    if path in ("/whatsapp/messages", "/whatsapp/stream"):
        return {"sessionId": here.ids["sessionId"]}
    return {"query": here.marker} if path == "/api/messages/search" else {}


def mild_first(rows: Iterable[str]) -> list[str]:
    """What ends a thing comes after all that can be done with it."""
    ends = ("/archive", "/resolve", "/stop", "/logout", "/bot", "/unassign", "/transfer", "/revoke")

    def rank(row: str) -> tuple[bool, int, bool]:
        method, path = row.split(" ")
        is_last = row == "POST /api/auth/logout"
        return is_last, (method == "DELETE") + (method == "DELETE" and "sessions" in path), path.endswith(ends)

    return sorted(rows, key=rank)


EVERY_ROW = mild_first(ROUTES)


async def rows_of(world: World, company: Company) -> dict[str, str]:
    """What the company's rows in every table of its are, as one digest a table."""
    tables = await world.rows(
        """SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND NOT a.attisdropped
        AND c.relnamespace::regnamespace::text IN ('hub', 'pooled') AND NOT c.relispartition"""
    )
    found = {}
    for name in (table["name"] for table in tables):
        if name.rsplit(".")[-1] in MOVES_BY_ITSELF:
            continue
        [row] = await world.rows(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS is FROM {name} t"
            " WHERE tenant_id = $1",
            UUID(company.id),
        )
        found[name] = row["is"]
    return found


MOVES_BY_ITSELF = {"webhook_deliveries", "webhooks", "session_uses", "tickets", "api_keys", "sign_ins", "outbox"}
"""Rows that the hub's own work changes: deliveries tried again, marks of use."""
