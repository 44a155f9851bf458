"""What anybody may ask, and the first steps of the hub's master."""

from __future__ import annotations

from tests.walk.hub import EMAIL, PASSWORD
from tests.walk.player import NOBODY, Person, Walk
from whatsapp_hub.adapters.security.sign_in_file import SignInFile
from whatsapp_hub.main.generated_secrets import replace_secret


async def play(w: Walk) -> None:
    for row in ("GET /", "GET /health", "GET /api/health", "GET /metrics", "GET /schema", "GET /schema/openapi.json"):
        await w.ask(row, NOBODY)
    await w.ask("GET /schema/plain", NOBODY)
    await w.ask("GET /schema/page.css", NOBODY)
    await w.ask("GET /schema/{path}", NOBODY, path={"path": "page.css"})
    await w.ask("GET /api/auth/methods", NOBODY)
    await w.ask("GET /nowhere", NOBODY)
    await w.ask("PUT /health", NOBODY)
    entered = await w.ask("POST /api/auth/login", NOBODY, {"email": EMAIL, "password": PASSWORD})
    await w.ask("POST /api/auth/login", NOBODY, {"email": EMAIL, "password": "not the password"}, "wrong password")
    await w.ask("POST /api/auth/browser", NOBODY, {"email": EMAIL, "password": PASSWORD}, "not a page of the hub's")
    page = {"Origin": w.site.url, "X-Hub-Csrf": "1"}
    await w.ask("POST /api/auth/browser", NOBODY, {"email": EMAIL, "password": PASSWORD}, headers=page)
    link = SignInFile(w.site.data / "sign-in-link").offer(EMAIL, replace_secret)
    await w.ask("POST /api/auth/browser/link", NOBODY, {"token": "none"}, "no such link", headers=page)
    await w.ask("POST /api/auth/browser/link", NOBODY, {"token": link}, headers=page)
    await w.ask("POST /api/auth/browser/link", NOBODY, {"token": link}, "used", headers=page)
    w.record.names.name(entered["user"]["id"], "master")
    w.record.names.name(entered["user"]["companyId"], "the hub's company")
    w.master = Person("MASTER", {"Authorization": f"Bearer {entered['token']}"}, entered["user"]["id"])
    await w.ask("GET /api/auth/me", w.master)
    await _tenants(w)


async def _tenants(w: Walk) -> None:
    row = "POST /api/tenants"
    made = await w.ask(row, w.master, {"slug": "walk", "name": "Walk & Co"}, keep="company")
    await w.ask(row, w.master, {"slug": "walk", "name": "Again"}, "slug taken")
    other = {"slug": "other", "name": "Other", "placement": "dedicated", "country": "DE"}
    await w.ask(row, w.master, other, "dedicated", keep="other company")
    await w.ask("GET /api/tenants", w.master)
    await w.ask("GET /api/tenants", w.master, note="a page", query={"limit": 1})
    here, there = {"id": made["id"]}, {"id": w.ids["other company"]}
    await w.ask("GET /api/tenants/{id}", w.master, path=here)
    await w.ask("PATCH /api/tenants/{id}", w.master, {"name": "Walk", "country": "BR"}, path=here)
    await w.ask("PATCH /api/tenants/{id}", w.master, {"quotas": {"apiKeys": 20}}, "quotas", path=here)
    await w.ask("PATCH /api/tenants/{id}", w.master, {"slug": "walks"}, "fixed", path=here)
    await w.ask("GET /api/tenants/{id}/health", w.master, path=here)
    await w.ask("GET /api/tenants/{id}/health", w.master, note="dedicated", path=there)
    await w.ask("DELETE /api/tenants/{id}", w.master, {"confirm": "nope"}, "not confirmed", path=there)
    await w.ask("DELETE /api/tenants/{id}", w.master, {"confirm": "other"}, path=there)
    await w.ask("GET /api/tenants/{id}", w.master, note="gone", path=there)
    await w.ask("GET /api/system", w.master, note="of all")
