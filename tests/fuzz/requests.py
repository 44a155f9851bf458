"""Requests to every operation of the OpenAPI document, spoilt: no 500, and what is refused is a problem document."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

import httpx

from tests.fuzz.mutate import LEAVES, encoded, spoilt, torn
from tests.fuzz.report import Figures
from tests.fuzz.site import Site
from tests.integration.hub.reference import body_of, fields_of, operations

AT_ONCE = 4
JSON = {"Content-Type": "application/json"}
HEADERS: list[dict[str, Any]] = [
    *({"Idempotency-Key": "x" * 5000}, {"Idempotency-Key": "é".encode()}, {"X-Company-Id": "x"}, {"Accept": b"\x80"}),
    *({"Content-Type": "application/xml"}, {"Content-Type": "multipart/form-data"}, {"Content-Encoding": "gzip"}),
    *({"Last-Event-ID": "x"}, {"Cookie": "a=b; ;=;"}, {"X-Forwarded-For": "999.1.1.1, ::"}, {"Range": "bytes=0-"}),
    *({"If-None-Match": "*"}, {"Origin": "null"}, {"X-HTTP-Method-Override": "DELETE"}, {"Authorization": "Bearer é"}),
]
APART = ("/stream", "/auth/logout", "/sign-ins", "/sign-ins/{id}")
"""Streams do not end; the others would sign out who asks."""
OTHER_CREDENTIALS = ("/webhooks/", "/api/auth/login", "/api/auth/browser", "/api/auth/oidc", "/metrics")
SLOW_BY_MEANING = ("/instances/create",)
"""It waits for a code."""


@dataclass
class Requests:
    """`hub` is asked as the company's administrator, as its master where only a master may."""

    site: Site
    http: httpx.AsyncClient
    figures: Figures = field(default_factory=lambda: Figures("requests", bound_ms=None))

    def __post_init__(self) -> None:
        self.operations = [
            (method, path, operation)
            for method, path, operation in operations(self.site.document)
            if not path.endswith(APART)
        ]

    async def run(self, seed: int, count: int, deadline_s: float | None = None) -> Figures:
        numbers, began = iter(range(count)), time.monotonic()

        async def ask() -> None:
            for number in numbers:
                if deadline_s and time.monotonic() - began > deadline_s:
                    return
                await self.one(seed, number)

        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        self.figures.took_s = time.monotonic() - began
        return self.figures

    async def one(self, seed: int, number: int) -> None:
        method, url, given = self.made(Random((seed << 40) + number))
        name = f"{seed}:{number} {method} {url[:150]} {str(given.get('content'))[:300]}"
        self.figures.count += 1
        began = time.monotonic()
        try:
            answer = await self.http.request(method, url, **given)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError, ValueError):
            return  # the client itself does not say such a thing
        except httpx.HTTPError as error:
            self.figures.fault(f"{name}: no answer: {type(error).__name__} {error}")
            return
        if not url.startswith(SLOW_BY_MEANING):
            self.figures.time((time.monotonic() - began) * 1000, name)
        is_told_apart = url.startswith(OTHER_CREDENTIALS) or given["headers"].get("Authorization") == "Bearer é"
        if answer.status_code == 401 and not is_told_apart:
            self.figures.fault(f"{name}: who asks is signed out: {answer.text[:200]}")
        self.judge(name, answer)

    def judge(self, name: str, answer: httpx.Response) -> None:
        status, kind = answer.status_code, answer.headers.get("content-type", "")
        self.figures.refused += status >= 400
        is_page = kind.startswith("text/html")
        if status >= 500:
            self.figures.fault(f"{name}: {status}: {answer.text[:300]}")
        elif status >= 400 and kind != "application/problem+json" and not is_page:
            self.figures.fault(f"{name}: {status} is no problem document: {kind}")

    def made(self, dice: Random) -> tuple[str, str, dict[str, Any]]:
        """A request: method, address, and what else it carries."""
        method, path, operation = dice.choice(self.operations)
        person = self.site.company.hub.master if path.startswith("/api/tenants") else self.site.company.admin
        headers: dict[str, Any] = dict(person.headers)
        if dice.random() < 0.15:
            headers |= dice.choice(HEADERS)
        id = _text(dice) if dice.random() < 0.1 else None
        url = self.site.url(path, id) + self.query(dice, operation)
        if dice.random() < 0.02:
            method = dice.choice(("put", "patch", "delete", "options", "head", "trace", "x"))
        given: dict[str, Any] = {"headers": headers}
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            given |= self.form(dice)
        elif content:
            headers.setdefault("Content-Type", JSON["Content-Type"])
            given["content"] = self.body(dice, path, operation)
        return method.upper(), url, given

    def body(self, dice: Random, path: str, operation: dict[str, Any]) -> bytes:
        valid = body_of(operation, self.site.document)
        ids = self.site.ids
        known = {"conversationId": ids["conversations"], "sessionId": ids["sessions"], "userId": ids["users"]}
        known |= {"departmentId": ids["departments"]}
        if isinstance(valid, dict):
            optional = self.optional(dice, operation)
            valid = {**valid, **optional, **{n: v for n, v in known.items() if n in valid or n in optional}}
        if dice.random() < 0.15:
            return torn(dice, json.dumps(valid).encode())
        made = spoilt(dice, valid)
        if isinstance(made, dict) and "provider" in self.names(operation) and not made.get("provider"):
            made["provider"] = "SANDBOX"  # the usual one would call WhatsApp
        return encoded(dice, made)

    def optional(self, dice: Random, operation: dict[str, Any]) -> dict[str, Any]:
        """Some fields that need not be there, with anything."""
        names = self.names(operation)
        return {name: spoilt(dice, dice.choice(LEAVES)) for name in names if dice.random() < 0.2}

    def names(self, operation: dict[str, Any]) -> list[str]:
        return fields_of(operation, self.site.document) or []

    def query(self, dice: Random, operation: dict[str, Any]) -> str:
        names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
        said = [f"{name}={quote(_text(dice))}" for name in names if dice.random() < 0.5]
        if dice.random() < 0.05:
            said.append(torn(dice, b"limit=1&x=y").decode("latin-1").translate({35: None, 0: None}))
        return "?" + "&".join(said) if said else ""

    def form(self, dice: Random) -> dict[str, Any]:
        """A multipart form: well made with odd parts, or torn."""
        fields = {"conversationId": self.site.ids["conversations"], "caption": "x"}
        chosen = {name: str(spoilt(dice, value))[:6000] for name, value in fields.items() if dice.random() < 0.9}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in chosen.items()]
        name, kind = _text(dice)[:300], dice.choice(("text/plain", "image/png", "x", "a/b; charset=é", ""))
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}'
        parts.append(f"--b\r\n{head}\r\n\r\nx\r\n")
        body = ("".join(parts) + "--b--\r\n").encode("utf-8", "surrogatepass")
        return {"content": torn(dice, body) if dice.random() < 0.5 else body, "headers": self.form_headers()}

    def form_headers(self) -> dict[str, str]:
        return {**self.site.company.admin.headers, "Content-Type": "multipart/form-data; boundary=b"}


def _text(dice: Random) -> str:
    """Odd text that UTF-8 can carry."""
    return str(spoilt(dice, dice.choice(LEAVES)))[:2000].encode("utf-8", "replace").decode()
