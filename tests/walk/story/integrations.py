"""Outgoing webhooks, and what providers post."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes import graph as meta
from tests.fakes import waha
from tests.walk.player import NOBODY, Walk, compact, lasting
from tests.walk.story.conversations import of
from tests.walk.story.sessions import HMAC_KEY

TYPES = "conversation.opened,conversation.assigned"


async def subscribe(w: Walk) -> None:
    """Before anything happens, so that the receiver gets all of it."""
    row = "POST /api/webhooks"
    body = {"url": w.site.receiver.url, "events": ["message.*", "conversation.*"], "headers": {"X-Walk": "1"}}
    await w.ask(row, body=body, keep="webhook")
    await w.ask(row, body={"url": "nowhere", "events": ["nope"], "secret": "x"}, note="bad fields")
    await w.ask(row, body={"url": f"{w.site.receiver.url}/flat", "format": "flat"}, note="flat", keep="flat webhook")


async def play(w: Walk) -> None:
    await _deliveries(w)
    await _from_meta(w)
    await _watched(w)
    await _from_waha(w)
    await w.settled()
    await _answers(w)
    await _events(w)


async def _deliveries(w: Walk) -> None:
    row, here = "/api/webhooks", {"id": w.ids["webhook"]}
    await w.until(lambda: _delivered(w), "everything is delivered")
    await w.ask(f"GET {row}")
    await w.ask(f"GET {row}/{{id}}", path=here)
    await w.ask(f"POST {row}/{{id}}/test", path=here)
    listed = await w.ask(f"GET {row}/{{id}}/deliveries", note="pending", path=here, query={"state": "pending"})
    await w.ask(f"GET {row}/{{id}}/deliveries", note="bad", path=here, query={"state": "nope"})
    listed = await w.look(f"{row}/{here['id']}/deliveries", limit=200)
    oldest = next((d for d in reversed(listed) if d["type"] == "conversation.opened"), {"id": 0, "position": 0})
    query = {"limit": 1, "before": None, "cursor": oldest["position"] + 1}
    await w.ask(f"GET {row}/{{id}}/deliveries", path=here, query={k: v for k, v in query.items() if v is not None})
    w.record.names.name(f'"id":{oldest["id"]},', '"id":number,')
    w.record.names.name(f'"id":"{oldest["id"]}"', '"id":number')
    between = {"after": oldest["position"] - 1, "upto": oldest["position"]}
    await w.ask(f"POST {row}/{{id}}/replay", body=between, path=here)
    await w.until(lambda: _delivered(w), "the event is delivered again")
    await w.ask(f"POST {row}/deliveries/{{id}}/replay", path={"id": str(oldest["id"])})
    await w.until(lambda: _delivered(w), "the event is delivered once more")
    await w.ask(f"POST {row}/{{id}}/secret", body={}, path=here)
    await w.ask(f"PATCH {row}/{{id}}", body={"events": ["*"], "isActive": False}, path=here)
    await w.ask(f"DELETE {row}/{{id}}", path={"id": w.ids["flat webhook"]})
    _record_posts(w)


async def _delivered(w: Walk) -> bool:
    listed = await w.look("/api/webhooks")
    return all(not one["pending"] for one in listed)


def _record_posts(w: Walk) -> None:
    """What the receiver got, each subject's in its order."""
    subjects: dict[str, list[Any]] = {}
    ids = set()
    for posted in w.site.receiver.taken:
        data = posted.json()
        if (posted.id, posted.path) in ids:
            continue
        ids.add((posted.id, posted.path))
        message, conversation = data.get("data", data).get("message"), data.get("data", data).get("conversation")
        subject = message.get("id") if isinstance(message, dict) else (conversation or {}).get("id", "")
        subjects.setdefault(f"{posted.path} {subject}", []).append(posted)
    for subject in sorted(subjects, key=w.record.names.replaced):
        posts = subjects[subject]
        if subject.endswith(" "):  # of no subject: in any order
            posts.sort(key=lambda posted: w.record.names.replaced(posted.body.decode()))
        events = [(posted, posted.json()) for posted in lasting(posts, lambda posted: _status(posted.json()))]
        steps = ((str(data.get("type") or data.get("event", "post")), _post(posted)) for posted, data in events)
        w.record.happened(f"posted to {subject}", steps)


def _post(posted: Any) -> dict[str, Any]:
    headers = sorted(set(posted.headers) - {"content-length", "host", "traceparent"})
    return {"row": "delivery", "names": headers, "delivered": posted.body.decode()}


def _status(event: dict[str, Any]) -> str:
    """The status that an event reports of a message; empty: it reports none."""
    is_status = event.get("type") in ("message.sent", "message.delivered", "message.read")
    return str(event["data"]["message"]["status"]) if is_status else ""


async def _from_meta(w: Walk) -> None:
    session = {"sessionId": w.ids["meta session"]}
    for row, path in (("/webhooks/whatsapp", None), ("/webhooks/whatsapp/{sessionId}", session)):
        ours = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "4711"}
        await w.ask(f"GET {row}", NOBODY, path=path, query=ours)
        await w.ask(f"GET {row}", NOBODY, note="wrong", path=path, query={**ours, "hub.verify_token": "x"})
        message = meta.text_from("5511988880001", f"wamid.walk.{len(row)}", f"Oi por {row}", w.now)
        contacts = [{"wa_id": "5511988880001", "profile": {"name": "Zoe"}}]
        body = meta.webhook("100200300", {"contacts": contacts, "messages": [message]})
        json_ = {"Content-Type": "application/json"}
        signed = {**json_, **meta.sign("secret", body)}
        await w.ask(f"POST {row}", NOBODY, path=path, headers=signed, content=body)
        await w.ask(
            f"POST {row}", NOBODY, note="wrong", path=path, headers={**json_, **meta.sign("x", body)}, content=body
        )
        await w.ask(f"POST {row}", NOBODY, note="unsigned", path=path, headers=json_, content=body)
        nonsense = b'{"object": "whatsapp_business_account", "entry": 5}'
        signed = {**json_, **meta.sign("secret", nonsense)}
        await w.ask(f"POST {row}", NOBODY, note="nonsense", path=path, headers=signed, content=nonsense)


async def _watched(w: Walk) -> None:
    """A customer whom another program of the number has, and whom somebody takes."""
    message = meta.text_from("5511988880003", "wamid.walk.watched", "Oi, robô", w.now)
    body = meta.webhook("100200300", {"standby": {"messages": [message]}}, "standby")
    signed = {"Content-Type": "application/json", **meta.sign("secret", body)}
    await w.ask("POST /webhooks/whatsapp", NOBODY, note="standby", headers=signed, content=body)
    here = {"id": await of(w, "5511988880003", "a watched conversation")}
    await w.ask("POST /api/conversations/{id}/take-thread", path=here)


async def _from_waha(w: Walk) -> None:
    session = {"sessionId": w.ids["waha session"]}
    for row, path in (("/webhooks/waha", None), ("/webhooks/waha/{sessionId}", session)):
        payload = waha.text_from("5511988880002@c.us", f"WALK{len(row)}", f"Oi por {row}", w.now)
        body = waha.webhook("message", payload, "walk", id=f"evt_{len(row):028d}")
        json_ = {"Content-Type": "application/json"}
        await w.ask(f"POST {row}", NOBODY, path=path, headers={**json_, **waha.sign(HMAC_KEY, body)}, content=body)
        await w.ask(
            f"POST {row}", NOBODY, note="wrong", path=path, headers={**json_, **waha.sign("x", body)}, content=body
        )
    await w.ask("POST /webhooks/nobody", NOBODY, content=b"{}")
    await w.ask("PUT /webhooks/whatsapp", NOBODY, content=b"{}")


async def _answers(w: Walk) -> None:
    """What ends as SENT, since no receipt comes."""
    for key, phone in (("oficial", "5511988880001"), ("walk", "5511988880002")):
        body = {"to": phone, "message": f"Olá por {key}"}
        await w.ask("POST /whatsapp/{key}/send-message", w.people["program"], body, f"by {key}", path={"key": key})
    await w.settled()


async def _events(w: Walk) -> None:
    row, program = "GET /api/events", w.people["reader"]
    await w.ask(row, program, query={"limit": 1})
    await w.ask(row, program, note="bad", query={"after": "x"})
    await w.ask(row, program, note="backwards", query={"before": 0, "types": TYPES})
    await w.ask(row, program, note="both ways", query={"before": 9, "after": 1})
    await _record_log(w)
    async with w.stream("GET /api/events/stream", program, "of types", {"after": 0, "types": TYPES}):
        pass
    ticket = await w.ask("POST /api/auth/ticket")
    query = {"ticket": ticket.get("ticket", ""), "after": 0, "types": TYPES}
    async with w.stream("GET /api/events/stream", NOBODY, "by a ticket", query):
        pass
    async with w.stream("GET /api/events/stream", NOBODY, "by no ticket", {"ticket": "x"}):
        pass


async def _record_log(w: Walk) -> None:
    """The whole log, each subject's events in their order."""
    subjects: dict[str, list[dict[str, Any]]] = {}
    events = await w.log()
    w.record.names.learn(json.dumps(events))
    for event in events:
        data = event["data"]
        thing = data.get("message") or data.get("conversation") or data.get("session") or data.get("user") or {}
        subjects.setdefault(str(thing.get("id") or event["type"]), []).append(event)
    for subject in sorted(subjects, key=w.record.names.replaced):
        lasted = lasting(subjects[subject], _status)
        steps = ((str(event["type"]), {"row": "event", "body": compact(event)}) for event in lasted)
        w.record.happened(f"in the log of {subject}", steps)
