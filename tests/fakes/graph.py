"""Meta's Graph API as a fake: it takes messages, remembers them, sends receipts, and fails as it is told.

In a test: `async with FakeGraph() as graph`, then `graph.url`, `graph.sent`, `graph.fail_next("reset")`.
As a process: `python -m tests.fakes.graph --port P`, with `GET /_sent?after=n` and
`POST /_script {"faults": […], "callback": {"url", "secret", …}, "statuses": ["sent", …]}`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from tests.fakes.http import Callback, Poster, Reply, Request, Server, faulty, reply_json, show

BAD_TOKEN = "expired"
ACCOUNT = "419000000000001"
DISPLAY_NUMBER = "+55 11 4000-1000"


@dataclass
class Sent:
    """One message that Meta took. `body` is what came, word for word."""

    id: str
    phone_number_id: str
    to: str
    body: dict[str, Any]
    at: float


def sign(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def error_body(code: int, message: str = "as scripted", details: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return {"error": error | ({"error_data": {"details": details}} if details else {})}


def webhook(phone_number_id: str, value: dict[str, Any], field: str = "messages") -> bytes:
    """A body as Meta posts it, slashes escaped."""
    metadata = {
        "display_phone_number": "".join(filter(str.isdigit, DISPLAY_NUMBER)),
        "phone_number_id": phone_number_id,
    }
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [change]}]}
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def file_from(phone: str, id: str, kind: str, file: dict[str, Any], at: int = 1_780_000_000) -> dict[str, Any]:
    return {"from": phone, "id": id, "timestamp": str(at), "type": kind, kind: file}


def text_from(phone: str, id: str, text: str, at: int = 1_780_000_000, **more: Any) -> dict[str, Any]:
    return {"from": phone, "id": id, "timestamp": str(at), "type": "text", "text": {"body": text}, **more}


def _priced(sent: Sent) -> dict[str, Any]:
    """As Meta charges: a template; an answer within the window is free."""
    paid = sent.body.get("type") == "template"
    kind = ("marketing", "regular") if paid else ("service", "free_customer_service")
    return {"pricing": {"billable": paid, "pricing_model": "PMP", "category": kind[0], "type": kind[1]}}


class FakeGraph(Server):
    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.sent: list[Sent] = []
        self.marks: list[dict[str, Any]] = []
        self.subscribed: list[str] = []
        self.uploads: list[tuple[str, bytes]] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        """Customers' files, by Meta's id: bytes and type."""
        self.templates: list[dict[str, Any]] = []
        """The account's templates, in Meta's form."""
        self.blocked: set[tuple[str, str]] = set()
        """Who is blocked on which number."""
        self.unblockable: set[str] = set()
        self.links = 0
        """How many addresses of files were given out; only the newest is good."""
        self.file_s = 0.0
        """How long a file takes."""
        self.statuses: tuple[str, ...] = ("sent", "delivered", "read")
        self.threads: list[tuple[str, str]] = []
        """Whose thread was taken, passed or released."""
        self.is_partner = True
        """Whether we are the escalation partner, which may take threads."""
        self.echoes = False
        """Whether API sends are reported as if written in the Business app (coexistence)."""
        self.poster = Poster(sign)

    def fail_with(self, code: int, status: int = 400, times: int = 1, to: str | None = None) -> None:
        """The next sends get this error of Meta's."""
        self.fail_next("status", status=status, body=error_body(code), times=times, to=to)

    async def __aexit__(self, *what: object) -> None:
        await super().__aexit__(*what)
        await self.poster.aclose()

    async def handle(self, request: Request) -> Reply:
        match request.path.strip("/").split("/"):
            case ["_sent"]:
                return show(self.sent, request.query)
            case ["_script"]:
                return self._script(request.json())
        if request.headers.get("authorization") in (None, f"Bearer {BAD_TOKEN}"):
            return reply_json(error_body(190, "Error validating access token"), 401)
        where = request.path.strip("/").split("/")
        if request.method == "GET" and (reply := self._file(where)):
            return reply
        return await self._known(request, [request.method, *where])

    async def _known(self, request: Request, where: list[str]) -> Reply:
        match where:
            case ["POST", _, phone_number_id, "messages"]:
                return await self._messages(phone_number_id, request.json())
            case ["POST", _, _, "media"]:
                self.uploads.append((request.headers.get("content-type", ""), request.body))
                return reply_json({"id": f"media-{len(self.uploads)}"})
            case ["POST", _, phone_number_id, "thread_control"]:
                return self._thread(request.json())
            case ["POST", _, account, "subscribed_apps"]:
                self.subscribed.append(account)
                return reply_json({"success": True})
            case [method, _, _, "message_templates"]:
                return self._templates(method, request)
            case ["POST" | "DELETE" as how, _, phone_number_id, "block_users"]:
                return self._blocks(how, phone_number_id, request.json())
            case ["GET", _, phone_number_id]:
                return reply_json({"id": phone_number_id, "display_phone_number": DISPLAY_NUMBER})
        return reply_json(error_body(100, "Unsupported request"), 400)

    def _file(self, where: list[str]) -> Reply | None:
        """A file's address (a new one each time), or the file."""
        match where:
            case ["_files", link, id]:
                if fault := self.faults.take(id):
                    return faulty(fault, Reply())
                content, mime_type = self.files[id]
                is_new = int(link) == self.links
                return Reply(200, content, mime_type, delay_s=self.file_s) if is_new else reply_json({}, 404)
            case [_, id] if id.startswith("gone"):
                return reply_json(error_body(100, "Unsupported get request. Object with ID does not exist"), 400)
            case [_, id] if id in self.files:
                self.links += 1
                content, mime_type = self.files[id]
                digest, url = hashlib.sha256(content).hexdigest(), f"{self.url}/_files/{self.links}/{id}"
                found = {"url": url, "mime_type": mime_type, "sha256": digest, "file_size": len(content), "id": id}
                return reply_json({"messaging_product": "whatsapp", **found})
        return None

    def _blocks(self, how: str, phone_number_id: str, body: dict[str, Any]) -> Reply:
        """Block or unblock who wrote within a day, as Meta asks; others fail."""
        [user] = [one["user"].removeprefix("+") for one in body["block_users"]]
        if fault := self.faults.take(f"block:{user}"):
            return faulty(fault, Reply())
        if user in self.unblockable:
            failed = {
                "input": user,
                "wa_id": user,
                "errors": [{"code": 139101, "message": "No message within 24 hours"}],
            }
            return reply_json({"messaging_product": "whatsapp", "block_users": {"failed_users": [failed]}})
        (self.blocked.add if how == "POST" else self.blocked.discard)((phone_number_id, user))
        done = {"added_users" if how == "POST" else "removed_users": [{"input": f"+{user}", "wa_id": user}]}
        return reply_json({"messaging_product": "whatsapp", "block_users": done})

    def _templates(self, method: str, request: Request) -> Reply:
        """The catalogue, two a page; a new one; one that goes."""
        if method == "POST":
            made = request.json()
            if any(t["name"] == made["name"] and t["language"] == made["language"] for t in self.templates):
                return reply_json(
                    error_body(100, "Invalid parameter", "There is already content in this language"), 400
                )
            new = {"id": f"{700 + len(self.templates)}", "status": "PENDING", "category": made["category"]}
            self.templates.append(made | new)
            return reply_json(new)
        if method == "DELETE":
            id = request.query.get("hsm_id")
            self.templates = [t for t in self.templates if t["id"] != id]
            return reply_json({"success": True})
        begin = int(request.query.get("after", "0"))
        page, end = self.templates[begin : begin + 2], begin + 2
        paging: dict[str, Any] = {"cursors": {"before": str(begin), "after": str(end)}}
        if end < len(self.templates):
            paging["next"] = f"{self.url}/next"
        return reply_json({"data": page, "paging": paging})

    def _thread(self, body: dict[str, Any]) -> Reply:
        """Meta lets the escalation partner take a thread."""
        if body["action"] == "take" and not self.is_partner:
            return reply_json(error_body(100, "Invalid parameter", "take is not permitted"), 400)
        self.threads.append((body["action"], str(body.get("to") or body.get("recipient"))))
        return reply_json({"messaging_product": "whatsapp", "request_id": "r1"})

    def _script(self, given: dict[str, Any]) -> Reply:
        if "callback" in given:
            self.poster.callback = Callback(**given["callback"]) if given["callback"] else None
        self.statuses = tuple(given.get("statuses", self.statuses))
        return self.script(given)

    async def _messages(self, phone_number_id: str, body: dict[str, Any]) -> Reply:
        to = str(body.get("to") or body.get("recipient") or "")
        fault = self.faults.take(to)
        if fault and fault.how != "slow" and not fault.taken:
            return faulty(fault, Reply())
        if body.get("status") == "read":
            self.marks.append(body)
            return reply_json({"success": True})
        if not to or "type" not in body:
            return reply_json(error_body(100, "Invalid parameter"), 400)
        reply = await self._take(phone_number_id, to, body)
        return faulty(fault, reply) if fault else reply

    async def _take(self, phone_number_id: str, to: str, body: dict[str, Any]) -> Reply:
        sent = Sent(f"wamid.fake.{len(self.sent):08d}", phone_number_id, to, body, time.time())
        self.sent.append(sent)
        if self.poster.callback:
            posting = self.poster.post(self._receipts(sent, self.poster.callback.batch))
            if self.poster.callback.when == "before":
                await posting
            else:
                self.background(posting)
        who = {"input": to, "wa_id": to} if "to" in body else {"input": to, "user_id": to}
        return reply_json({"messaging_product": "whatsapp", "contacts": [who], "messages": [{"id": sent.id}]})

    def _receipts(self, sent: Sent, batch: int) -> list[bytes]:
        ours = sent.body.get("biz_opaque_callback_data")
        statuses = [
            {"id": sent.id, "status": status, "timestamp": str(int(sent.at)), "recipient_id": sent.to, **_priced(sent)}
            | ({"biz_opaque_callback_data": ours} if ours else {})
            for status in self.statuses
        ]
        parts = [statuses[i : i + batch] for i in range(0, len(statuses), batch)]
        bodies = [webhook(sent.phone_number_id, {"statuses": part}) for part in parts]
        return [self._echo(sent), *bodies] if self.echoes else bodies

    def _echo(self, sent: Sent) -> bytes:
        ours = "".join(filter(str.isdigit, DISPLAY_NUMBER))
        content = {"type": sent.body["type"], sent.body["type"]: sent.body[sent.body["type"]]}
        echo = {"from": ours, "to": sent.to, "id": sent.id, "timestamp": str(int(sent.at)), **content}
        return webhook(sent.phone_number_id, {"message_echoes": [echo]}, "smb_message_echoes")


async def serve(port: int) -> None:
    async with FakeGraph(port) as graph:
        print(f"ready {graph.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
