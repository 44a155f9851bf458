"""Figures, the record of changes, and good-bye."""

from __future__ import annotations

from typing import Any

from tests.walk.player import Walk
from tests.walk.story.accounts import PASSWORD
from tests.walk.story.conversations import of, writes

GIL = "5511988880014"
NEW = "quite another password 7"


async def play(w: Walk) -> None:
    for kind in ("dashboard", "agents", "sessions", "costs"):
        await w.ask(f"GET /api/metrics/{kind}")
    await w.ask("GET /api/metrics/dashboard", note="bad", query={"period": "7y"})
    await w.ask("GET /api/system")
    await w.ask("GET /api/audit", query={"entity": "department"})
    await w.ask("GET /api/audit", note="of one", query={"entity": "api_key", "userId": w.admin.id, "limit": 2})
    await w.ask("GET /api/audit", note="bad", query={"since": "yesterday"})
    await w.listen(w.people["reader"], "/whatsapp")
    await _personal_data(w)
    await w.ask("POST /api/sessions/{id}/stop", note="the end", path={"id": w.ids["sandbox"]})
    await w.ask("DELETE /api/sessions/{id}", path={"id": w.ids["meta session"]})
    await w.ask("DELETE /api/sessions/{id}", note="again", path={"id": w.ids["meta session"]})
    await w.settled()
    await w.ask("PATCH /api/users/me/status", w.people["Rita"], {"status": "OFFLINE"}, "goes home")
    for ear in w.ears[:2]:
        await w.hears(ear, "agent-status", userId=w.ids["Rita"], status="OFFLINE")
    await w.hang_up()
    await w.ask("PATCH /api/auth/password", w.people["Rita"], {"currentPassword": "no", "newPassword": NEW}, "wrong")
    await w.ask("PATCH /api/auth/password", w.people["Rita"], {"currentPassword": PASSWORD, "newPassword": NEW})
    await w.ask("POST /api/auth/logout", w.people["Rita"])
    await w.ask("POST /api/auth/logout", w.people["Paulo"], note="everywhere", query={"everywhere": "true"})
    await w.ask("GET /api/auth/me", w.people["Rita"], note="out")


async def _personal_data(w: Walk) -> None:
    await writes(w, GIL, "Esqueçam de mim", "Gil")
    await of(w, GIL, "Gil's conversation")
    [contact, *_] = await w.look("/api/contacts", search=GIL)
    here = {"id": contact["id"]}
    made = await w.ask("POST /api/contacts/{id}/export", path=here)
    w.record.names.name(made.get("id", ""), "export")
    await w.ask("GET /api/exports/{id}/file", path={"id": made.get("id", "")})
    await w.ask("POST /api/contacts/{id}/erase", body={"confirm": "nope"}, note="not confirmed", path=here)
    begun = await w.ask("POST /api/contacts/{id}/erase", body={"confirm": here["id"]}, path=here)
    w.record.names.name(begun.get("id", ""), "erasure")
    erasure = {"id": begun.get("id", "")}

    async def finished() -> Any:
        return (await w.look(f"/api/erasures/{erasure['id']}")).get("finishedAt", True)

    await w.until(finished, "the erasure is finished")
    await w.ask("GET /api/erasures")
    await w.ask("GET /api/erasures/{id}", path=erasure)
    await w.ask("GET /api/contacts/{id}", note="erased", path=here)
