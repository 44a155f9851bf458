"""What a company sets for itself: texts, quick replies, rules."""

from __future__ import annotations

from tests.walk.player import Walk


async def play(w: Walk) -> None:
    row = "/api/companies/me"
    await w.ask(f"GET {row}")
    hours = {"timezone": "America/Sao_Paulo", "week": {"mon": [["08:00", "18:00"]]}, "holidays": ["2026-12-25"]}
    await w.ask(f"PATCH {row}", body={"greetingMessage": "Bem-vindo!", "firstResponseTargetMinutes": 5})
    await w.ask(f"PATCH {row}", body={"retention": {"messagesDays": 90}}, note="retention")
    await w.ask(f"PATCH {row}", body={"hours": hours}, note="hours")
    await w.ask(f"PATCH {row}", body={"hours": None, "country": None}, note="none")
    await w.ask(f"PATCH {row}", body={"country": "XX", "texts": {"nope": "x"}}, note="bad fields")
    await w.ask(f"PATCH {row}", body={"accessToken": "x"}, note="credentials of no number")
    await _replies(w)
    await _rules(w)


async def _replies(w: Walk) -> None:
    row = "/api/quick-replies"
    body = {"shortcut": "oi", "content": "Olá {{customerName}}, aqui é {{agentName}}."}
    await w.ask(f"POST {row}", body=body, keep="quick reply")
    await w.ask(f"POST {row}", body=body, note="taken")
    gone = await w.ask(f"POST {row}", body={"shortcut": "tchau", "content": "Até logo"}, note="another")
    here = {"id": w.ids["quick reply"]}
    await w.ask(f"GET {row}")
    await w.ask(f"GET {row}", note="found", query={"search": "o"})
    await w.ask(f"GET {row}/{{id}}", path=here)
    await w.ask(f"PATCH {row}/{{id}}", body={"content": "Oi {{customerName}}!"}, path=here)
    await w.ask(f"DELETE {row}/{{id}}", path={"id": gone["id"]})


async def _rules(w: Walk) -> None:
    row = "/api/rules"
    body = {"name": "Urgente", "conditions": {"words": ["urgente"]}, "actions": {"labels": ["vip"], "priority": "HIGH"}}
    await w.ask(f"POST {row}", body=body, keep="rule")
    first = {"name": "Primeira", "actions": {"departmentId": w.ids["Suporte"]}, "place": 1}
    gone = await w.ask(f"POST {row}", body={**first, "conditions": {"words": ["fatura"]}}, note="at a place")
    await w.ask(f"POST {row}", body={"name": "R", "actions": {}}, note="that does nothing")
    await w.ask(f"POST {row}", body={"name": "R", "actions": {"priority": "SOON"}, "place": 0}, note="bad fields")
    here = {"id": w.ids["rule"]}
    await w.ask(f"GET {row}")
    await w.ask(f"GET {row}/{{id}}", path=here)
    await w.ask(f"PATCH {row}/{{id}}", body={"name": "Muito urgente", "place": 1}, path=here)
    await w.ask(f"DELETE {row}/{{id}}", path={"id": gone["id"]})
