"""Users, their ways in, and keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pyotp

from tests.walk.player import NOBODY, Person, Walk

PASSWORD = "a long enough password"
WORSE = "short"


async def play(w: Walk) -> None:
    await _administrator(w)
    await _departments(w)
    await _users(w)
    await _preferences(w)
    await _passwords(w)
    await _sign_ins(w)
    await _second_factor(w)
    await _oidc(w)
    await _keys(w)


async def enters(w: Walk, name: str, email: str, password: str = PASSWORD, note: str = "") -> Person:
    found = await w.ask("POST /api/auth/login", NOBODY, {"email": email, "password": password}, note or f"as {name}")
    person = Person(name, {"Authorization": f"Bearer {found.get('token', '')}"}, found.get("user", {}).get("id", ""))
    w.people[name] = person
    return person


async def _administrator(w: Walk) -> None:
    email = "ana@walk.example"
    body = {"email": email, "password": PASSWORD, "name": "Ana", "role": "ADMIN", "companyId": w.ids["company"]}
    await w.ask("POST /api/users", w.master, body, "an administrator", keep="Ana")
    w.admin = await enters(w, "ADMIN", email)
    await w.ask("GET /api/auth/me", note="an administrator")


async def _departments(w: Walk) -> None:
    row = "POST /api/departments"
    hours = {"timezone": "America/Atlantis", "week": {"mon": [["18:00"]]}}
    await w.ask(row, body={"name": "Vendas", "slug": "vendas", "isRoot": True}, keep="Vendas")
    more = {"color": "#123456", "responseTimeoutMinutes": 7, "maxConversations": 5, "firstResponseTargetMinutes": 9}
    await w.ask(row, body={"name": "Suporte", "slug": "suporte", **more}, note="with more", keep="Suporte")
    await w.ask(row, body={"name": "Depois", "slug": "depois"}, note="a third", keep="Depois")
    await w.ask(row, body={"name": "Vendas", "slug": "vendas"}, note="slug taken")
    await w.ask(row, body={"name": "", "slug": "a b", "color": "red"}, note="bad fields")
    await w.ask(row, body={"name": "H", "slug": "h", "hours": hours}, note="bad hours")
    here = {"id": w.ids["Suporte"]}
    await w.ask("GET /api/departments")
    await w.ask("GET /api/departments", note="a page", query={"limit": 1})
    await w.ask("GET /api/departments", note="bad page", query={"limit": 0, "cursor": "nonsense"})
    await w.ask("GET /api/departments/{id}", path=here)
    await w.ask("PATCH /api/departments/{id}", body={"maxAgents": 3, "maxConversations": None}, path=here)
    await w.ask("GET /api/departments/{id}/agents", path=here)
    await w.ask("GET /api/departments/{id}/queue", path=here)
    await w.ask("DELETE /api/departments/{id}", path={"id": w.ids["Depois"]})


async def _users(w: Walk) -> None:
    row, body = "POST /api/users", {}
    for name, department in (("Rita", "Vendas"), ("Paulo", "Suporte"), ("Olga", "Suporte"), ("Ida", "Suporte")):
        mail = f"{name.lower()}@walk.example"
        body = {"email": mail, "password": PASSWORD, "name": name, "role": "AGENT", "departmentId": w.ids[department]}
        await w.ask(row, body=body, note=name, keep=name)
    await w.ask(row, body={**body, "email": "ida@walk.example"}, note="e-mail taken")
    await w.ask(row, body={**body, "email": "x@walk.example", "password": WORSE}, note="bad password")
    await w.ask(row, body={**body, "email": "nobody", "role": "MASTER"}, note="no address")
    registered = {"email": "rui@walk.example", "password": PASSWORD, "name": "Rui"}
    await w.ask("POST /api/auth/register", body=registered)
    for note, query in (
        *(("all", {}), ("agents", {"role": "AGENT", "status": "active", "onlineStatus": "OFFLINE", "limit": 2})),
        *(("of a department", {"departmentId": w.ids["Vendas"]}), ("of no role", {"role": "KING"})),
    ):
        await w.ask("GET /api/users", note=note, query=query)
    here = {"id": w.ids["Rita"]}
    await w.ask("GET /api/users/{id}", path=here)
    await w.ask("PATCH /api/users/{id}", body={"skills": ["en"], "maxConversations": 9}, path=here)
    await w.ask("PATCH /api/users/{id}", body={"departmentId": w.ids["company"]}, note="no department", path=here)
    await enters(w, "Rita", "rita@walk.example")
    await enters(w, "Paulo", "paulo@walk.example")
    await w.ask("PATCH /api/users/me/status", w.people["Rita"], {"status": "ONLINE"})
    await w.ask("PATCH /api/users/me/status", w.people["Rita"], {"status": "AWAY"}, "bad")


async def _preferences(w: Walk) -> None:
    row = "/api/auth/preferences"
    late = {"name": "Late", "query": "view=all&late=1"}
    await w.ask(f"PUT {row}", body={"views": [late], "theme": "dark"})
    await w.ask(f"PUT {row}", body={"views": [late, {"name": "Late", "query": ""}]}, note="bad views")
    await w.ask(f"GET {row}")


async def _passwords(w: Walk) -> None:
    row, here = "POST /api/users/{id}/password-reset", {"id": w.ids["Paulo"]}
    link = await w.ask(row, path=here)
    token = link.get("token", "")
    w.record.names.name(token, "reset token")
    await w.ask("GET /reset-password", NOBODY, query={"token": token})
    await w.ask("GET /reset-password", NOBODY, note="bad", query={"token": "nonsense"})
    form = {"token": token, "password": WORSE, "repeated": WORSE}
    await w.ask("POST /reset-password", NOBODY, note="bad password", data=form)
    new = "another long password"
    await w.ask("POST /reset-password", NOBODY, data={"token": token, "password": new, "repeated": new})
    link = await w.ask(row, note="again", path=here)
    body = {"token": link.get("token", ""), "password": PASSWORD}
    await w.ask("POST /api/auth/reset-password", NOBODY, {**body, "password": WORSE}, "bad password")
    await w.ask("POST /api/auth/reset-password", NOBODY, body)
    await w.ask("POST /api/auth/reset-password", NOBODY, body, "used")
    await enters(w, "Paulo", "paulo@walk.example", note="as Paulo, again")


async def _sign_ins(w: Walk) -> None:
    own, others = "/api/auth/sign-ins", "/api/users/{id}/sign-ins"
    rita = await enters(w, "Rita", "rita@walk.example", note="as Rita, again")
    listed = await w.ask(f"GET {own}", rita)
    await w.ask(f"DELETE {own}/{{id}}", rita, path={"id": _of(listed, -1)})
    await w.ask(f"DELETE {own}", rita)
    here = {"id": w.ids["Paulo"]}
    listed = await w.ask(f"GET {others}", path=here)
    await w.ask(f"DELETE {others}/{{sign_in_id}}", path={**here, "sign_in_id": _of(listed, 0)})
    await w.ask(f"DELETE {others}", path=here)
    await enters(w, "Paulo", "paulo@walk.example", note="as Paulo, once more")


def _of(listed: Any, place: int) -> str:
    return str(listed[place]["id"]) if isinstance(listed, list) and listed else ""


async def _second_factor(w: Walk) -> None:
    row = "/api/auth/second-factor"
    olga = await enters(w, "Olga", "olga@walk.example")
    await w.ask(f"GET {row}", olga)
    await w.ask(f"POST {row}", olga, {"password": "not the password"}, "wrong password")
    begun = await w.ask(f"POST {row}", olga, {"password": PASSWORD})
    await w.ask(f"POST {row}/confirm", olga, {"code": "000000"}, "wrong code")
    code = pyotp.TOTP(begun["secret"]).now() if "secret" in begun else "000000"
    confirmed = await w.ask(f"POST {row}/confirm", olga, {"code": code})
    first, second = [*confirmed.get("recoveryCodes", []), "none", "none"][:2]
    await w.ask(f"POST {row}", olga, {"password": PASSWORD}, "it is on")
    await w.ask(f"GET {row}", olga, note="on")
    await w.ask("POST /api/auth/login", NOBODY, {"email": "olga@walk.example", "password": PASSWORD}, "without a code")
    new = await w.ask(f"POST {row}/recovery-codes", olga, {"password": PASSWORD, "code": first})
    good = [*new.get("recoveryCodes", []), second][0]
    await w.ask(f"POST {row}/disable", olga, {"password": PASSWORD, "code": second}, "a void code")
    await w.ask(f"POST {row}/disable", olga, {"password": PASSWORD, "code": good})


async def _oidc(w: Walk) -> None:
    begin, back, token = "GET /api/auth/oidc", "GET /api/auth/oidc/callback", "POST /api/auth/oidc/token"
    html = {"Accept": "text/html", "Accept-Language": "en"}
    await w.ask(back, NOBODY, note="of no attempt", query={"code": "x", "state": "y"})
    await w.ask(back, NOBODY, note="a page", query={"code": "x", "state": "y"}, headers=html)
    await w.ask(token, NOBODY, {"code": "nonsense"}, "bad code")
    page = {"Origin": w.site.url, "X-Hub-Csrf": "1"}
    for row, headers in ((token, {}), ("POST /api/auth/browser/oidc", page)):
        await w.ask(begin, NOBODY, headers=html)
        location, cookie = w.last.headers.get("location"), w.last.headers.get("set-cookie", "").partition(";")[0]
        if location:
            here = w.site.openid.comes_back(location, sub="ida-1", email="ida@walk.example", email_verified=True)
            query = dict(part.split("=", 1) for part in urlsplit(here).query.split("&"))
            await w.ask(back, NOBODY, query=query, headers={**html, "Cookie": cookie})
            code = w.last.headers.get("location", "").partition("#code=")[2]
            await w.ask(row, NOBODY, {"code": code}, headers=headers)
    await w.ask("DELETE /api/users/{id}/oidc", path={"id": w.ids["Ida"]})


async def _keys(w: Walk) -> None:
    row = "POST /api/api-keys"
    made = await w.ask(row, body={"name": "gateway"}, keep="gateway key")
    w.people["program"] = Person("program", {"X-Api-Key": made["key"]})
    narrow = await w.ask(row, body={"name": "reader", "scopes": ["read-events"]}, note="narrow", keep="narrow key")
    w.people["reader"] = Person("reader", {"X-Api-Key": narrow["key"]})
    await w.ask(row, body={"name": "", "scopes": ["fly"]}, note="bad fields")
    await w.ask(row, body={"name": "late", "expiresAt": "2001-01-01T00:00:00Z"}, note="over already")
    extra = await w.ask(row, body={"name": "extra", "expiresAt": "2099-01-01T00:00:00Z"}, note="to revoke")
    await w.ask("GET /api/api-keys")
    await w.ask("DELETE /api/api-keys/{id}", path={"id": extra["id"]})
    await w.ask("GET /api/api-keys", note="revoked", query={"limit": 1})
