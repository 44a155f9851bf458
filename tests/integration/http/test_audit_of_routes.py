"""Every route that changes something leaves an entry in the record of changes, or says here why it leaves none."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub
from tests.integration.http.test_company import entries
from whatsapp_hub.adapters.security.one_time_codes import PyotpCodes
from whatsapp_hub.domain.accounts.second_factor import STEP_S

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OWN = "of the caller alone, and undone by the next call"
LOGGED = "the message itself says who sent it, and the event log what became of it"
READS = "changes nothing"
IN_LOG = "the deliveries of the webhook show it, and the event log keeps it"
CUSTOMER = "what a customer does is in the event log"
IN_CAMPAIGNS = "recorded, see tests/integration/hub/test_campaigns.py"

UNRECORDED = {
    "PATCH /api/users/me/status": OWN,
    "PUT /api/auth/preferences": OWN,
    "POST /api/notifications/{id}/read": OWN,
    "POST /api/notifications/read": OWN,
    "POST /api/conversations/{id}/read": OWN,
    "POST /api/conversations/{id}/unread": OWN,
    "POST /api/auth/ticket": "opens one stream within half a minute, with the credential that asked for it",
    "POST /api/auth/login": "a sign-in is recorded as such, see test_sign_ins",
    "POST /api/auth/browser": "a sign-in is recorded as such, see test_sign_ins",
    "POST /api/auth/browser/link": "a sign-in is recorded as such, see test_sign_ins",
    "POST /api/auth/browser/oidc": "a sign-in is recorded as such, see test_oidc",
    "POST /api/auth/oidc/token": "a sign-in is recorded as such, see test_oidc",
    "DELETE /api/users/{id}/oidc": "a link that goes is recorded as such, see test_oidc",
    "PATCH /api/auth/password": "recorded as the user's, see test_own_password",
    "POST /api/auth/logout": "a sign-in's end is recorded as such, see test_sign_ins",
    "POST /api/messages": LOGGED,
    "POST /api/messages/send": LOGGED,
    "DELETE /api/messages/scheduled/{id}": "what waited was nobody else's yet; the event log says that it changed",
    "POST /api/messages/send-media": LOGGED,
    "POST /api/messages/{id}/retry": LOGGED,
    "POST /api/messages/{id}/send-again": LOGGED,
    "POST /api/messages/{id}/fail": LOGGED,
    "POST /instances/{id}/send": LOGGED,
    "POST /whatsapp/send": LOGGED,
    "POST /whatsapp/{key}/send-message": LOGGED,
    "POST /api/quick-replies/{id}/fill": READS,
    "POST /api/templates/{id}/preview": READS,
    "POST /api/templates": "recorded, see tests/integration/hub/test_templates.py",
    "DELETE /api/templates/{id}": "recorded, see tests/integration/hub/test_templates.py",
    "POST /api/campaigns": IN_CAMPAIGNS,
    "POST /api/campaigns/audience": READS,
    "POST /api/campaigns/{id}/start": IN_CAMPAIGNS,
    "POST /api/campaigns/{id}/pause": IN_CAMPAIGNS,
    "POST /api/campaigns/{id}/resume": IN_CAMPAIGNS,
    "POST /api/campaigns/{id}/cancel": IN_CAMPAIGNS,
    "DELETE /api/campaigns/{id}": IN_CAMPAIGNS,
    "POST /api/templates/sync": "copies what WhatsApp has; what comes of it is WhatsApp's doing",
    "POST /api/media/{id}/link": "opens one file, which its caller may read, for an hour",
    "POST /api/webhooks/{id}/test": IN_LOG,
    "POST /api/webhooks/{id}/replay": IN_LOG,
    "POST /api/webhooks/deliveries/{id}/replay": IN_LOG,
    "POST /sandbox/{id}/messages": CUSTOMER,
    "POST /webhooks/whatsapp": CUSTOMER,
    "POST /webhooks/whatsapp/{sessionId}": CUSTOMER,
    "POST /webhooks/waha": CUSTOMER,
    "POST /webhooks/waha/{sessionId}": CUSTOMER,
    "POST /reset-password": "the page of /api/auth/reset-password, and recorded like it",
    "POST /api/sessions/{id}/pairing-code": "shows a code; nothing changes until it is typed on the phone",
    "POST /api/conversations/{id}/take-thread": "of a number of Meta's: recorded with the conversation's row",
    "POST /api/sessions/{id}/logout": "of a number that a connector holds: recorded with the session's row",
}
"""Routes that change something and have no entry, and why."""


class Recorder:
    """Makes calls that must be recorded; remembers what was asked for, as the record writes it."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def __call__(self, person: Person, method: str, path: str, body: object = None, **of: str) -> Any:
        asked = person.http.request(method, path.format(**of), json=body, headers=person.headers)
        answer = await asked
        assert answer.status_code < 300, (method, path, answer.text)
        self.asked.add(f"{method} {path}")
        return answer.json() if answer.content else None


async def changing_routes(running: RunningHub) -> set[str]:
    document = (await running.http.get("/schema/openapi.json")).json()
    return {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method.upper() in CHANGING
    }


async def _accounts(call: Recorder, running: RunningHub, company: Company) -> None:
    admin, email = company.admin, f"{uuid4().hex}@example.org"
    sales = await call(admin, "POST", "/api/departments", {"name": "V", "slug": "v"})
    await call(admin, "PATCH", "/api/departments/{id}", {"name": "W"}, id=sales["id"])
    await call(admin, "DELETE", "/api/departments/{id}", id=sales["id"])
    await call(admin, "POST", "/api/auth/register", {"email": email, "password": PASSWORD, "name": "A"})
    user = await call(
        admin, "POST", "/api/users", {"email": f"b{email}", "password": PASSWORD, "name": "B", "role": "AGENT"}
    )
    await call(admin, "PATCH", "/api/users/{id}", {"name": "C"}, id=user["id"])
    reset = await call(admin, "POST", "/api/users/{id}/password-reset", id=user["id"])
    await call(admin, "POST", "/api/auth/reset-password", {"token": reset["token"], "password": PASSWORD + "2"})
    person = await running.person(admin, "AGENT")
    [own] = (await person.get("/api/auth/sign-ins")).json()
    one = {"id": person.id, "sign_in_id": own["id"]}
    await call(admin, "DELETE", "/api/users/{id}/sign-ins/{sign_in_id}", **one)
    await running.as_user(person.user)
    await call(admin, "DELETE", "/api/users/{id}/sign-ins", id=person.id)
    elsewhere = await running.as_user(admin.user)
    [other] = [s for s in (await elsewhere.get("/api/auth/sign-ins")).json() if s["current"]]
    await call(admin, "DELETE", "/api/auth/sign-ins/{id}", id=other["id"])
    await running.as_user(admin.user)
    await call(admin, "DELETE", "/api/auth/sign-ins")
    await _second_factor(call, await running.person(admin, "AGENT"))
    key = await call(admin, "POST", "/api/api-keys", {"name": "k", "scopes": ["read-sessions"]})
    await call(admin, "DELETE", "/api/api-keys/{id}", id=key["id"])
    await call(admin, "PATCH", "/api/companies/me", {"name": "Other"})
    reply = await call(admin, "POST", "/api/quick-replies", {"shortcut": "oi", "content": "Oi"})
    await call(admin, "PATCH", "/api/quick-replies/{id}", {"content": "Olá"}, id=reply["id"])
    await call(admin, "DELETE", "/api/quick-replies/{id}", id=reply["id"])
    rule = await call(admin, "POST", "/api/rules", {"name": "r", "conditions": {}, "actions": {"labels": ["x"]}})
    await call(admin, "PATCH", "/api/rules/{id}", {"name": "s"}, id=rule["id"])
    await call(admin, "DELETE", "/api/rules/{id}", id=rule["id"])


async def _second_factor(call: Recorder, person: Person) -> None:
    path = "/api/auth/second-factor"
    begun = await call(person, "POST", path, {"password": PASSWORD})
    code = PyotpCodes().code(begun["secret"], int(time.time()) // STEP_S)
    first = await call(person, "POST", f"{path}/confirm", {"code": code})
    proof = {"password": PASSWORD, "code": first["recoveryCodes"][0]}
    second = await call(person, "POST", f"{path}/recovery-codes", proof)
    await call(person, "POST", f"{path}/disable", {**proof, "code": second["recoveryCodes"][0]})


async def _tenants(call: Recorder, running: RunningHub, company: Company) -> None:
    slug = f"c{uuid4().hex[:10]}"
    made = await call(running.master, "POST", "/api/tenants", {"slug": slug, "name": "N"})
    await call(running.master, "PATCH", "/api/tenants/{id}", {"name": "M"}, id=company.id)
    await call(running.master, "DELETE", "/api/tenants/{id}", {"confirm": slug}, id=made["id"])


async def _webhooks(call: Recorder, admin: Person) -> None:
    hook = await call(admin, "POST", "/api/webhooks", {"url": "http://127.0.0.1:9/a?token=hush"})
    await call(admin, "PATCH", "/api/webhooks/{id}", {"url": "http://127.0.0.1:9/b?token=hush"}, id=hook["id"])
    await call(admin, "POST", "/api/webhooks/{id}/secret", {}, id=hook["id"])
    await call(admin, "DELETE", "/api/webhooks/{id}", id=hook["id"])


async def _sessions(call: Recorder, admin: Person) -> None:
    session = await call(admin, "POST", "/api/sessions", {"name": "s1", "provider": "SANDBOX"})
    of = {"id": session["id"]}
    await call(admin, "PATCH", "/api/sessions/{id}", {"name": "s2"}, **of)
    for verb in ("start", "stop", "start", "restart"):
        await call(admin, "POST", f"/api/sessions/{{id}}/{verb}", **of)
    await call(admin, "PUT", "/api/sessions/{id}/bot", {"url": "http://127.0.0.1:9/bot"}, **of)
    await call(admin, "DELETE", "/api/sessions/{id}/bot", **of)
    waha = {"url": "http://127.0.0.1:9", "apiKey": "k", "session": "s", "hmacKey": "h" * 24}
    elsewhere = {"provider": "WAHA", "settings": waha}
    await call(admin, "PUT", "/api/sessions/{id}/planned-move", elsewhere, **of)
    await call(admin, "DELETE", "/api/sessions/{id}/planned-move", **of)
    stopped = await admin.post(f"/api/sessions/{session['id']}/stop")
    assert stopped.status_code == 200, stopped.text
    await call(admin, "POST", "/api/sessions/{id}/provider", elsewhere, **of)
    await call(admin, "DELETE", "/api/sessions/{id}", **of)
    made = {"user_id": "u", "instance_name": "i", "provider": "SANDBOX"}
    instance = await call(admin, "POST", "/instances/create", made)
    await call(admin, "POST", "/instances/{id}/restart", id=instance["id"])
    await call(admin, "DELETE", "/instances/{id}", id=instance["id"])
    begun = {"sessionId": "g", "provider": "SANDBOX"}
    await call(admin, "POST", "/whatsapp/{key}/sessions/init", begun, key="agent")
    await call(admin, "DELETE", "/whatsapp/{key}/sessions/{session_id}", key="agent", session_id="g")
    await call(admin, "POST", "/whatsapp/session", {"sessionId": "h", "provider": "SANDBOX"})
    await call(admin, "POST", "/whatsapp", {"sessionId": "l", "provider": "SANDBOX"})
    await call(admin, "POST", "/whatsapp/{key}/activate", key="l")


async def _conversations(call: Recorder, company: Company) -> None:
    admin, sales = company.admin, await company.department()
    await company.agent(sales, "ONLINE")
    session = await company.session(routing="none")
    started = {"sessionId": session["id"], "to": "5511988887777", "content": "Oi"}
    conversation = await call(admin, "POST", "/api/conversations", started)
    of = {"id": conversation["id"]}
    await call(admin, "POST", "/api/conversations/{id}/unassign", **of)
    await call(admin, "POST", "/api/conversations/{id}/assign", {}, **of)
    await call(admin, "POST", "/api/conversations/{id}/transfer", {"departmentId": sales["id"]}, **of)
    await call(admin, "PATCH", "/api/conversations/{id}", {"labels": ["a"]}, **of)
    await call(admin, "PATCH", "/api/conversations/{id}/customer-name", {"name": "Ana"}, **of)
    note = await call(admin, "POST", "/api/conversations/{id}/notes", {"content": "n"}, **of)
    one = {**of, "note_id": note["id"]}
    await call(admin, "PATCH", "/api/conversations/{id}/notes/{note_id}", {"content": "m"}, **one)
    await call(admin, "DELETE", "/api/conversations/{id}/notes/{note_id}", **one)
    stranger = await company.agent(await company.department())
    asked = {"sessionId": session["id"], "to": "5511988887777"}
    await call(stranger, "POST", "/api/conversations/ask-for", asked)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await call(admin, "POST", "/api/conversations/{id}/snooze", {"until": until}, **of)
    labelled = {"action": "classify", "ids": [of["id"]], "addLabels": ["b"]}
    await call(admin, "POST", "/api/conversations/bulk", labelled)
    for verb in ("resolve", "reopen", "archive"):
        await call(admin, "POST", f"/api/conversations/{{id}}/{verb}", **of)
    bots = await company.session()
    await call(admin, "PUT", "/api/sessions/{id}/bot", {"url": "http://127.0.0.1:9/bot"}, id=bots["id"])
    await company.customer_writes(bots, "5511977776666", "Oi")
    theirs = await company.conversation(sessionId=bots["id"])
    await call(admin, "POST", "/api/conversations/{id}/handover", {}, id=theirs["id"])


async def _personal_data(call: Recorder, company: Company) -> None:
    session = await company.session(routing="none")
    started = {"sessionId": session["id"], "to": "5511966665555", "content": "Oi"}
    conversation = (await company.admin.post("/api/conversations", started)).json()
    of = {"id": conversation["contactId"]}
    await call(company.admin, "PATCH", "/api/contacts/{id}", {"labels": ["vip"]}, **of)
    await call(company.admin, "POST", "/api/contacts/{id}/block", **of)
    await call(company.admin, "POST", "/api/contacts/{id}/unblock", **of)
    for verb in ("opt-out", "opt-in"):
        await call(company.admin, "POST", f"/api/contacts/{{id}}/{verb}", **of)
    path, table = "/api/contacts/csv", "phone,labels\n5511966665555,novo\n"
    told = await company.admin.http.post(path, content=table, headers=company.admin.headers)
    assert told.json() == {"created": 0, "updated": 1, "unchanged": 0}
    call.asked.add(f"POST {path}")
    started["to"] = "5511966664444"
    other = (await company.admin.post("/api/conversations", started)).json()["contactId"]
    shown = (await company.admin.get(f"/api/contacts/{other}")).json()
    await call(company.admin, "POST", "/api/contacts/{id}/merge", {"contactId": other}, **of)
    await call(company.admin, "POST", "/api/contacts/{id}/split", {"identities": shown["identities"]}, **of)
    await call(company.admin, "POST", "/api/contacts/{id}/export", **of)
    await call(company.admin, "POST", "/api/contacts/{id}/erase", {"confirm": of["id"]}, **of)


async def test_every_changing_route_is_recorded_or_says_why_not(running: RunningHub, company: Company) -> None:
    call = Recorder()
    await _accounts(call, running, company)
    await _tenants(call, running, company)
    await _webhooks(call, company.admin)
    await _sessions(call, company.admin)
    await _conversations(call, company)
    await _personal_data(call, company)
    routes = await changing_routes(running)
    assert UNRECORDED.keys() <= routes
    assert routes - call.asked - UNRECORDED.keys() == set(), "neither recorded nor a reason why not"
    seen = {e["action"] for who in (company.admin, running.master) for e in await entries(who)}
    assert call.asked - seen == set()


async def test_a_webhook_is_recorded_without_what_is_secret(company: Company) -> None:
    body = {"url": "http://user:hush@127.0.0.1:9/a?token=hush", "headers": {"X-Token": "hush"}}
    hook = (await company.admin.post("/api/webhooks", body)).json()
    await company.admin.patch(f"/api/webhooks/{hook['id']}", {"events": ["message.*"]})
    await company.admin.post(f"/api/webhooks/{hook['id']}/secret", {})
    await company.admin.patch(f"/api/webhooks/{hook['id']}", {"url": "http://127.0.0.1:9/b?token=hush"})
    made, told, rotated, moved = await entries(company.admin, entity="webhook", entityId=hook["id"])
    assert made["change"] == "create"
    assert set(told["after"]) == {"events"}
    assert rotated["after"] == {"secrets": "***"}
    assert (moved["before"]["url"], moved["after"]["url"]) == ("http://127.0.0.1:9/a?***", "http://127.0.0.1:9/b?***")
    assert "hush" not in str((made, told, rotated, moved))


async def test_a_password_set_by_a_link_is_recorded_as_that_persons_doing(company: Company) -> None:
    agent = await company.agent()
    reset = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()
    body = {"token": reset["token"], "password": PASSWORD + " anew"}
    assert (await company.hub.http.post("/api/auth/reset-password", json=body)).status_code == 204
    [entry] = await entries(company.admin, entity="user", userId=agent.id)
    assert (entry["entityId"], entry["after"]["passwordHash"], entry["ipAddress"]) == (agent.id, "***", "127.0.0.1")
    assert entry["action"] == "POST /api/auth/reset-password"
