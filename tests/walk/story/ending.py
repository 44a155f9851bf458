"""Figures, the record of changes, and good-bye."""

from __future__ import annotations

from tests.walk.player import Walk


async def play(w: Walk) -> None:
    for row in ("GET /api/metrics/dashboard", "GET /api/metrics/agents", "GET /api/metrics/sessions"):
        await w.ask(row)
    await w.ask("GET /api/metrics/dashboard", note="bad", query={"period": "7y"})
    await w.ask("GET /api/system")
    await w.ask("GET /api/audit", query={"entity": "department"})
    await w.ask("GET /api/audit", note="of one", query={"entity": "api_key", "userId": w.admin.id, "limit": 2})
    await w.ask("GET /api/audit", note="bad", query={"since": "yesterday"})
    await w.listen(w.people["narrow"] if "narrow" in w.people else w.people["reader"], "/whatsapp")
    await w.ask("POST /api/sessions/{id}/stop", note="the end", path={"id": w.ids["sandbox"]})
    await w.ask("DELETE /api/sessions/{id}", path={"id": w.ids["meta session"]})
    await w.ask("DELETE /api/sessions/{id}", note="again", path={"id": w.ids["meta session"]})
    await w.settled()
    await w.ask("PATCH /api/users/me/status", w.people["Rita"], {"status": "OFFLINE"}, "goes home")
    for ear in w.ears[:2]:
        await w.hears(ear, "agent-status", userId=w.ids["Rita"], status="OFFLINE")
    await w.hang_up()
    await w.ask("POST /api/auth/logout", w.people["Rita"])
    await w.ask("POST /api/auth/logout", w.people["Paulo"], note="everywhere", query={"everywhere": "true"})
    await w.ask("GET /api/auth/me", w.people["Rita"], note="out")
