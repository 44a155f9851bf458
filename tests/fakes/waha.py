"""A WAHA server as a fake: sessions, sends with each engine's own answers, echoes and acks, and faults.

In a test: `async with FakeWaha() as waha`, then `waha.url`, `waha.sent`, `waha.fail_next("hang")`.
As a process: `python -m tests.fakes.waha --port P`, with `GET /_sent?after=n` and
`POST /_script {"faults": […], "engine": "NOWEB", "callback": {"url", "secret", …}}`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.fakes.http import Callback, Poster, Reply, Request, Server, faulty, reply_json, show

API_KEY = "key-1"
ME = "5511400010000@c.us"
SENDS = ("sendText", "sendImage", "sendFile", "sendVoice", "sendVideo", "sendLocation", "sendContactVcard", "sendPoll")


@dataclass
class Sent:
    id: str
    path: str
    session: str
    to: str
    body: dict[str, Any]
    at: float


def sign(secret: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return {"X-Webhook-Hmac": digest, "X-Webhook-Hmac-Algorithm": "sha512"} if secret else {}


def webhook(
    event: str, payload: dict[str, Any], session: str = "default", engine: str = "NOWEB", id: str = ""
) -> bytes:
    envelope = {
        "id": id or f"evt_{time.monotonic_ns():028d}",
        "timestamp": 1_780_000_000_123,
        "session": session,
        "me": {"id": ME, "pushName": "Loja"},
        "engine": engine,
        "event": event,
        "payload": payload,
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def text_from(chat: str, id: str, text: str, at: int = 1_780_000_000, **more: Any) -> dict[str, Any]:
    return {
        "id": f"false_{chat}_{id}",
        "timestamp": at,
        "from": chat,
        "to": ME,
        "fromMe": False,
        "source": "app",
        "body": text,
        "hasMedia": False,
        "media": None,
        "ack": 2,
        "ackName": "DEVICE",
        **more,
    }


class FakeWaha(Server):
    def __init__(self, port: int = 0, engine: str = "NOWEB") -> None:
        super().__init__(port)
        self.engine = engine
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sessions: dict[str, str] = {"default": "WORKING"}
        self.after_start = "WORKING"
        self.tier = "PLUS"
        """`CORE` has one session, called `default`."""
        self.logged_out: list[str] = []
        self.qr_code = "2@fake-qr-code"
        self.configs: dict[str, Any] = {}
        self.apps: dict[str, Any] = {}
        self.puts: list[dict[str, Any]] = []
        self.unknown_events: set[str] = set()
        """Of an older server."""
        self.slow_s = 0.0
        """How long it takes to answer about sessions and codes."""
        self.gives_ids = True
        """Whether it is new enough to make message ids beforehand; only NOWEB and GOWS ever do."""
        self.source = ""
        """What echoes of API sends say of their source: NOWEB `app`, the others `api`, unless this says otherwise."""
        self._ids = itertools.count(1)
        self.poster = Poster(sign)
        self.files: dict[str, tuple[bytes, str]] = {}
        """Customers' files, by the path of their address: bytes and type."""
        self.again: dict[str, dict[str, Any]] = {}
        """By a message's id, in full: its `media` when it is asked for again."""
        self.blocked: set[tuple[str, str]] = set()
        """Who is blocked by which session."""
        self.stored: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """What the server remembers of a session's chat: payloads as its webhooks carry them."""

    async def __aexit__(self, *what: object) -> None:
        await super().__aexit__(*what)
        await self.poster.aclose()

    async def handle(self, request: Request) -> Reply:
        parts = request.path.strip("/").split("/")
        if parts == ["_sent"]:
            return show(self.sent, request.query)
        if parts == ["_script"]:
            return self._script(request.json())
        if parts == ["api", "server", "version"] and request.headers.get("x-api-key") == API_KEY:
            return reply_json({"version": "2026.9.2", "engine": self.engine, "tier": self.tier, "browser": None})
        if request.headers.get("x-api-key") != API_KEY:
            return reply_json({"message": "Unauthorized", "statusCode": 401}, 401)
        if reply := self._file(request, parts) or await self._message(request, parts):
            return reply
        reply = self._session(request, parts)
        reply.delay_s = self.slow_s
        return reply

    def _script(self, given: dict[str, Any]) -> Reply:
        if "callback" in given:
            self.poster.callback = Callback(**given["callback"]) if given["callback"] else None
        self.engine = given.get("engine", self.engine)
        return self.script(given)

    def _file(self, request: Request, parts: list[str]) -> Reply | None:
        if request.path in self.files:
            fault = self.faults.take(request.path)
            return faulty(fault, Reply()) if fault else Reply(200, *self.files[request.path])
        if parts[:2] == ["api", "files"]:
            return reply_json({"message": "Not Found", "statusCode": 404}, 404)
        if len(parts) == 6 and parts[2] == "chats" and parts[4] == "messages" and request.method == "GET":
            media = self.again.get(unquote(parts[5]))
            return reply_json({"id": parts[5], "media": media}) if media else reply_json({}, 404)
        return None

    async def _message(self, request: Request, parts: list[str]) -> Reply | None:
        match [request.method, *parts]:
            case ["POST", "api", send] if send in SENDS:
                return await self._send(request.path, request.json())
            case ["PUT", "api", "reaction"]:
                return await self._send(request.path, request.json())
            case ["PUT" | "DELETE" as how, "api", session, "chats", chat, "messages", id]:
                given = request.json() if how == "PUT" else {}
                return await self._send(f"{how} {unquote(id)}", {"session": session, "chatId": unquote(chat), **given})
            case ["POST", "api", "contacts", "block" | "unblock" as what]:
                asked = request.json()
                change = self.blocked.add if what == "block" else self.blocked.discard
                change((asked["session"], asked["contactId"]))
                return reply_json({}, 201)
            case ["POST", "api", "sendSeen" | "startTyping" | "stopTyping"]:
                self.calls.append((request.path, request.json()))
                return reply_json({}, 201)
            case ["GET", "api", _, "new-message-id"] if self.gives_ids:
                if self.engine not in ("NOWEB", "GOWS"):
                    return reply_json({"message": "not implemented by this engine", "statusCode": 501}, 501)
                return reply_json({"id": f"3EB0AA{next(self._ids):016X}"})
        return None

    def _session(self, request: Request, parts: list[str]) -> Reply:
        match [request.method, *parts]:
            case ["POST", "api", "sessions"]:
                return self._made(request.json())
            case ["PUT", "api", "sessions", name] if name in self.sessions:
                return self._configured(name, request.json())
            case ["POST", "api", "sessions", name, "start" | "restart"]:
                return self._start(name)
            case ["POST", "api", "sessions", name, "logout" | "stop" as what] if name in self.sessions:
                self.logged_out += [name] if what == "logout" else []
                self.sessions[name] = "SCAN_QR_CODE" if what == "logout" else "STOPPED"
                return reply_json({"name": name, "status": self.sessions[name]}, 201)
            case ["GET", "api", "sessions", name] if name in self.sessions:
                me = {"id": ME} if self.sessions[name] == "WORKING" else None
                info = {"name": name, "status": self.sessions[name], "me": me, "apps": self.apps.get(name)}
                return reply_json(info | {"config": self.configs.get(name)})
        return self._chats(request, parts)

    def _chats(self, request: Request, parts: list[str]) -> Reply:
        match [request.method, *parts]:
            case ["GET", "api", name, "chats", "overview"]:
                return self._up(name) or reply_json(_page(self._overview(name), request.query))
            case ["GET", "api", name, "chats", chat, "messages"]:
                since = float(request.query.get("filter.timestamp.gte", 0))
                stored = [m for m in self.stored.get((name, unquote(chat)), []) if m["timestamp"] >= since]
                stored.sort(key=lambda m: m["timestamp"], reverse=request.query.get("sortOrder") == "desc")
                return self._up(name) or reply_json(_page(stored, request.query))
            case ["GET", "api", name, "auth", "qr"]:
                if self.sessions.get(name) != "SCAN_QR_CODE":
                    status = {"status": self.sessions.get(name), "session": name, "expected": ["SCAN_QR_CODE"]}
                    return reply_json({"statusCode": 422, "error": "Unprocessable Entity"} | status, 422)
                return reply_json({"value": self.qr_code})
        return reply_json({"message": "Not found", "statusCode": 404}, 404)

    def _made(self, given: dict[str, Any]) -> Reply:
        name = str(given.get("name"))
        return self._refused(given) or self._configured(name, given, first=True)

    def _configured(self, name: str, given: dict[str, Any], first: bool = False) -> Reply:
        """Whatever is not given is gone; a session that runs is started anew."""
        if refused := self._refused(given):
            return refused
        self.puts += [] if first else [given]
        self.configs[name], self.apps[name] = given.get("config"), given.get("apps")
        if given.get("start", self.sessions.get(name, "STOPPED") != "STOPPED"):
            self.sessions[name] = self.after_start
        self.sessions.setdefault(name, "STOPPED")
        return reply_json({"name": name, "status": "STARTING"}, 201 if first else 200)

    def _refused(self, given: dict[str, Any]) -> Reply | None:
        hooks = (given.get("config") or {}).get("webhooks") or []
        unknown = {event for hook in hooks for event in hook["events"]} & self.unknown_events
        if not unknown:
            return None
        why = f"each value in events must be one of the following values: not {sorted(unknown)}"
        return reply_json({"statusCode": 400, "message": [why], "error": "Bad Request"}, 400)

    def _overview(self, session: str) -> list[dict[str, Any]]:
        chats = [(chat, stored[-1]) for (name, chat), stored in self.stored.items() if name == session and stored]
        chats.sort(key=lambda one: one[1]["timestamp"], reverse=True)
        return [{"id": chat, "name": None, "picture": None, "lastMessage": last, "_chat": {}} for chat, last in chats]

    def _up(self, session: str) -> Reply | None:
        status = self.sessions.get(session)
        if status == "WORKING":
            return None
        not_up = {"statusCode": 422, "error": "Session status is not as expected", "status": status}
        return reply_json(not_up | {"session": session, "expected": ["WORKING"]}, 422)

    def _start(self, name: str) -> Reply:
        if name not in self.sessions:
            return reply_json({"message": "Session not found", "statusCode": 404}, 404)
        self.sessions[name] = self.after_start
        return reply_json({"name": name, "status": "STARTING"}, 201)

    async def _send(self, path: str, body: dict[str, Any]) -> Reply:
        to, session = str(body.get("chatId", "")), str(body.get("session", ""))
        fault = self.faults.take(to)
        if fault and fault.how != "slow" and not fault.taken:
            return faulty(fault, Reply())
        status = self.sessions.get(session)
        if status is None:
            return reply_json({"message": "Session not found", "statusCode": 404}, 404)
        if down := self._up(session):
            return down
        reply = await self._take(path, session, to, body)
        return faulty(fault, reply) if fault else reply

    async def _take(self, path: str, session: str, to: str, body: dict[str, Any]) -> Reply:
        sent = Sent(str(body.get("id") or f"3EB0{len(self.sent):016X}"), path, session, to, body, time.time())
        self.sent.append(sent)
        if self.poster.callback:
            posting = self.poster.post(self._echo_and_acks(sent))
            if self.poster.callback.when == "before":
                await posting
            else:
                self.background(posting)
        return self._answer(sent)

    def _answer(self, sent: Sent) -> Reply:
        full = f"true_{sent.to}_{sent.id}"
        match self.engine:
            case "WEBJS":
                id = {"fromMe": True, "remote": sent.to, "id": sent.id, "_serialized": full}
                return reply_json({"_data": {"id": id}, "id": id}, 201)
            case "NOWEB":
                return reply_json({"key": {"remoteJid": sent.to, "fromMe": True, "id": sent.id}}, 201)
            case "GOWS":
                return reply_json({"id": full}, 201)
        return Reply(201)

    def _echo_and_acks(self, sent: Sent) -> list[bytes]:
        full = f"true_{sent.to}_{sent.id}"
        common = {"id": full, "from": sent.to, "to": sent.to, "fromMe": True, "timestamp": int(sent.at)}
        source = self.source or ("app" if self.engine == "NOWEB" else "api")
        echo = common | {"source": source, "body": sent.body.get("text", ""), "hasMedia": False, "media": None}
        bodies = [webhook("message.any", echo, sent.session, self.engine)]
        for ack, name in ((1, "SERVER"), (2, "DEVICE"), (3, "READ")):
            bodies.append(webhook("message.ack", common | {"ack": ack, "ackName": name}, sent.session, self.engine))
        return bodies


def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    offset = int(query.get("offset", 0))
    return rows[offset : offset + int(query.get("limit", 20))]


async def serve(port: int) -> None:
    async with FakeWaha(port) as waha:
        print(f"ready {waha.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
