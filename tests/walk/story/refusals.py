"""What everybody is refused: by the table of all routes, with bodies that the story had accepted before."""

from __future__ import annotations

from typing import Any

from tests.policy import ROUTES, may
from tests.walk.player import NOBODY, NOBODY_ID, Walk
from whatsapp_hub.domain.accounts.access import POLICY
from whatsapp_hub.domain.accounts.user import Role

FREE_PATHS = {"phone": "5511988880099", "key": "nobody", "session_id": "nobody", "path": "page.css"}
"""Of path parameters that are no ids."""
NOT_TRIED = {"POST /api/auth/logout", "GET /whatsapp/stream", "GET /api/events/stream", "POST /api/messages/send-media"}
UNCHECKED = {"POST /api/auth/login", "POST /api/auth/reset-password"}
"""Limited by address: the story itself tries what they refuse."""


async def play(w: Walk) -> None:
    for row, need in ROUTES.items():
        body = w.bodies.get(row)
        path = {**FREE_PATHS, "id": "0" if "deliveries/{id}" in row else NOBODY_ID, "sign_in_id": NOBODY_ID}
        if need.is_open:
            continue
        await w.ask(row, NOBODY, body, "is not told", path=path)
        if not may(need, POLICY[Role.AGENT], True):
            await w.ask(row, w.people["Rita"], body, "may not", path=path)
        if not may(need, POLICY[Role.ADMIN], True):
            await w.ask(row, w.admin, body, "may not", path=path)
        elif "{" in row and row not in NOT_TRIED:
            await w.ask(row, w.admin, body, "finds nothing", path=path)
    for row in w.bodies:
        if row in ROUTES and row not in UNCHECKED:
            await _bad_bodies(w, row)


async def _bad_bodies(w: Walk, row: str) -> None:
    path = {**FREE_PATHS, "id": "0" if "deliveries/{id}" in row else NOBODY_ID}
    by = w.master if "tenants" in row else w.people["Rita"] if "me/status" in row or "second" in row else w.admin
    body: dict[str, Any] = w.bodies[row]
    json_ = {"Content-Type": "application/json"}
    await w.ask(row, by, note="no JSON", path=path, headers=json_, content=b'{"a":')
    await w.ask(row, by, note="a list", path=path, headers=json_, content=b"[]")
    await w.ask(row, by, note="nothing in it", path=path, headers=json_, content=b"{}")
    for name, value in body.items():
        wrong = {**body, name: 5 if isinstance(value, str) else "x"}
        await w.ask(row, by, wrong, f"{name} of another type", path=path)
    await w.ask(row, by, {**body, "unheardOf": 1}, "an unknown field", path=path)
