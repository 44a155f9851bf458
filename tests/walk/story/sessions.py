"""Numbers: a sandbox's, one on a WAHA server that shows codes, one of Meta's."""

from __future__ import annotations

from tests.fakes import waha as waha_fake
from tests.fakes.graph import ACCOUNT
from tests.walk.player import Walk

HMAC_KEY = "a-key-of-the-walk-long-enough"
PNG = {"Accept": "image/png"}


async def play(w: Walk) -> None:
    await _sandbox(w)
    await _waha(w)
    await _meta(w)
    await w.ask("GET /api/sessions")
    await w.ask("GET /api/sessions", w.people["Rita"], note="without codes", query={"limit": 1})


async def _sandbox(w: Walk) -> None:
    row = "POST /api/sessions"
    await w.ask(row, body={"name": "balcao", "provider": "SANDBOX", "sessionId": "balcao"}, keep="sandbox")
    await w.ask(row, body={"name": "balcao", "provider": "SANDBOX", "sessionId": "balcao"}, note="taken")
    await w.ask(row, body={"name": "x", "provider": "PIGEON"}, note="no such provider")
    await w.ask(row, body={"name": "x", "provider": "SANDBOX", "proxy": "http://a:1"}, note="no proxies")
    here = {"id": w.ids["sandbox"]}
    await w.ask("GET /api/sessions/{id}", path=here)
    await w.ask("GET /api/sessions/{id}", w.people["Rita"], note="as an agent", path=here)
    await w.ask("PATCH /api/sessions/{id}", body={"name": "Balcão", "routing": "departments"}, path=here)
    await w.ask("PATCH /api/sessions/{id}", body={"webhookUrl": "not an address"}, note="bad", path=here)
    await w.ask("GET /api/sessions/{id}/capabilities", path=here)
    for what in ("start", "stop", "restart"):
        await w.ask(f"POST /api/sessions/{{id}}/{what}", path=here)
    await w.ask("GET /api/sessions/{id}/history", path=here)
    await w.ask("GET /api/sessions/{id}/qr", note="connected", path=here)
    await w.ask("POST /api/sessions/{id}/pairing-code", body={"phoneNumber": "5511999990000"}, note="none", path=here)
    w.bodies["POST /api/sessions/{id}/pairing-code"] = {"phoneNumber": "5511999990000"}


async def _waha(w: Walk) -> None:
    waha, row = w.site.waha, "POST /api/sessions"
    waha.sessions["walk"] = "STOPPED"
    settings = {"url": waha.url, "apiKey": waha_fake.API_KEY, "session": "walk", "hmacKey": HMAC_KEY}
    body = {"name": "waha", "provider": "WAHA", "routing": "none", "sessionId": "walk", "settings": settings}
    await w.ask(row, body=body, note="WAHA", keep="waha session")
    await w.ask(row, body={"name": "w", "provider": "WAHA", "settings": {"url": "x"}}, note="bad settings")
    here = {"id": w.ids["waha session"]}
    waha.after_start = "SCAN_QR_CODE"
    await w.ask("POST /api/sessions/{id}/start", note="to scan", path=here)
    await w.ask("GET /api/sessions/{id}/qr", path=here)
    await w.ask("GET /api/sessions/{id}/qr", note="a picture", path=here, headers=PNG)
    await w.ask("GET /api/sessions/{id}/qr", w.people["Rita"], note="as an agent", path=here)
    await w.ask("GET /instances/{id}/qr", w.people["program"], path=here)
    await w.ask("GET /whatsapp/{key}/qr", w.people["program"], path={"key": "walk"})
    waha.after_start = "WORKING"
    await w.ask("POST /api/sessions/{id}/logout", path=here)
    await w.ask("POST /api/sessions/{id}/start", note="again", path=here)
    w.ends_at[w.ids["waha session"]] = {"SENT", "READ", "FAILED"}


async def _meta(w: Walk) -> None:
    settings = {"phoneNumberId": "100200300", "accessToken": "token", "appSecret": "secret", "verifyToken": "verify"}
    settings["businessAccountId"] = ACCOUNT
    body = {"name": "oficial", "provider": "META", "routing": "none", "sessionId": "oficial", "settings": settings}
    await w.ask("POST /api/sessions", body=body, note="META", keep="meta session")
    await w.ask("POST /api/sessions/{id}/start", note="META", path={"id": w.ids["meta session"]})
    await w.ask("GET /api/sessions/{id}/capabilities", note="META", path={"id": w.ids["meta session"]})
    w.ends_at[w.ids["meta session"]] = {"SENT", "READ", "FAILED"}
    await _templates(w)
    await _campaigns(w)
    await _moves(w, {**settings, "phoneNumberId": "100200301"})


async def _moves(w: Walk, settings: dict[str, str]) -> None:
    """A number that begins in the sandbox, and goes to Meta."""
    row, meta = "POST /api/sessions/{id}/provider", {"provider": "META", "settings": settings}
    made = await w.ask("POST /api/sessions", body={"name": "passa", "provider": "SANDBOX"}, note="to move")
    here = {"id": made["id"]}
    await w.ask("POST /api/sessions/{id}/start", note="to move", path=here)
    foreseen = await w.ask(row, body={**meta, "dryRun": True}, note="dry run", path=here)
    assert foreseen["dryRun"] is True, foreseen
    assert foreseen["losses"], foreseen
    await w.ask(row, body={"provider": "META", "settings": {}}, note="bad settings", path=here)
    moved = await w.ask(row, body=meta, path=here)
    assert (moved["left"], moved["session"]["provider"], moved["isSending"]) == ("SANDBOX", "META", True), moved
    await w.ask(row, body=meta, note="there already", path=here)
    plan = "/api/sessions/{id}/planned-move"
    await w.ask(f"PUT {plan}", body={"provider": "SANDBOX"}, path=here)
    shown = await w.ask(f"GET {plan}", path=here)
    assert shown["provider"] == "SANDBOX", shown
    await w.ask(f"DELETE {plan}", path=here)
    await w.ask(f"DELETE {plan}", note="no plan", path=here)


async def _templates(w: Walk) -> None:
    row, session = "/api/templates", w.ids["meta session"]
    body = {"type": "BODY", "text": "Olá {{1}}, seu pedido chegou."}
    known = {"name": "pedido_chegou", "language": "pt_BR", "status": "APPROVED", "category": "UTILITY"}
    w.site.graph.templates = [{"id": "700", **known, "components": [body]}]
    await w.ask(f"POST {row}/sync", body={"sessionId": session})
    await w.ask(f"POST {row}/sync", body={"sessionId": w.ids["sandbox"]}, note="none there")
    listed = await w.ask(f"GET {row}", query={"sessionId": session, "status": "APPROVED", "search": "pedido"})
    here = {"id": listed[0]["id"]}
    await w.ask(f"GET {row}/{{id}}", w.people["Rita"], path=here)
    given = [{"type": "body", "parameters": [{"type": "text", "text": "Bea"}]}]
    await w.ask(f"POST {row}/{{id}}/preview", body={"components": given}, path=here)
    await w.ask(f"POST {row}/{{id}}/preview", body={}, note="unfilled", path=here)
    draft = {"sessionId": session, "name": "aviso", "language": "pt_BR", "category": "UTILITY", "components": [body]}
    made = await w.ask(f"POST {row}", body=draft)
    await w.ask(f"POST {row}", body={**draft, "name": "Aviso!", "category": "X", "components": []}, note="bad fields")
    await w.ask(f"POST {row}", body=draft, note="again")
    await w.ask(f"DELETE {row}/{{id}}", path={"id": made["id"]})


async def _campaigns(w: Walk) -> None:
    row, session = "/api/campaigns", w.ids["meta session"]
    given = [{"type": "body", "parameters": [{"type": "text", "text": "{{name|cliente}}"}]}]
    template = {"name": "pedido_chegou", "language": "pt_BR", "components": given}
    body = {"name": "Natal", "sessionId": session, "template": template, "audience": {"labels": ["nobody has it"]}}
    await w.ask(f"POST {row}/audience", body={"audience": {"everybody": True}})
    made = await w.ask(f"POST {row}", body={**body, "startAt": "2027-06-01T12:00:00Z", "dailyLimit": 200})
    here = {"id": made["campaign"]["id"]}
    await w.ask(f"POST {row}", body={**body, "audience": {}}, note="to nobody")
    await w.ask(f"POST {row}", body={**body, "sessionId": w.ids["sandbox"]}, note="no templates there")
    await w.ask(f"GET {row}", query={"status": "SCHEDULED"})
    await w.ask(f"GET {row}/{{id}}", path=here)
    await w.ask(f"GET {row}/{{id}}/recipients", path=here, query={"state": "WAITING"})
    for verb in ("pause", "resume"):
        await w.ask(f"POST {row}/{{id}}/{verb}", note="before its start", path=here)
    await w.ask(f"POST {row}/{{id}}/start", note="unknown", path={"id": session})
    await w.ask(f"POST {row}/{{id}}/cancel", path=here)
    await w.ask(f"DELETE {row}/{{id}}", path=here)
