"""What is written down of the story: requests with their answers, acknowledgements, emissions, chunks of streams."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.walk.placeholders import Placeholders

UNHEEDED = {"date", "server", "content-length", "connection", "transfer-encoding", "x-request-id", "set-cookie"}
_UNHEEDED_STARTS = ("ratelimit-",)
BODILESS = ("/schema/openapi.json", "/schema", "/schema/plain", "/schema/page.css", "/schema/{path}", "/metrics")
"""The reference and figures: only that they answer."""

Step = dict[str, Any]


@dataclass
class Recording:
    """Steps by their name, in the story's order."""

    names: Placeholders = field(default_factory=Placeholders)
    steps: list[Step] = field(default_factory=list)

    def add(self, name: str, **what: Any) -> None:
        """Write a step down."""
        self.steps.append({"step": name, **what})

    def happened(self, subject: str, events: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Write down what happened to a subject, in order; each event by its name and how often it came before."""
        times: Counter[str] = Counter()
        for name, what in events:
            times[name] += 1
            self.add(f"{subject}: {name} {times[name]}", subject=subject, **what)

    def answered(self, name: str, row: str, answer: httpx.Response, sent: object) -> None:
        body = "" if row.split(" ")[-1] in BODILESS and answer.status_code == 200 else shown(answer)
        self.names.learn(body)
        headers = {n: _steady(n, v) for n, v in answer.headers.multi_items() if is_heeded(n)}
        cookies = sorted(value.partition("=")[0] for value in answer.headers.get_list("set-cookie"))
        more = {"cookies": cookies} if cookies else {}
        self.add(name, row=row, sent=sent, status=answer.status_code, headers=headers, **more, body=body)

    def written(self) -> str:
        """All steps as JSON, with placeholders; a second one of the same name gets a number."""
        times: Counter[str] = Counter()
        lines = [self.names.replaced_in(step) for step in self.steps]
        for line in lines:
            times[line["step"]] += 1
            if (number := times[line["step"]]) > 1:
                line["step"] += f" #{number}"
        return json.dumps(lines, ensure_ascii=False, indent=1) + "\n"


def _steady(header: str, value: str) -> str:
    if header == "x-next-cursor":
        return "<cursor>"
    if header == "x-position":
        return "<number>"
    return ", ".join(sorted(value.split(", "))) if header == "allow" else value


def is_heeded(header: str) -> bool:
    return header not in UNHEEDED and not header.startswith(_UNHEEDED_STARTS)


def shown(answer: httpx.Response) -> str:
    """A body as text; of other bytes what can be compared."""
    kind = answer.headers.get("content-type", "")
    if "zip" in kind:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return json.dumps(sorted(archive.namelist()))
    if kind.startswith(("text/", "application/json", "application/problem+json")) or not answer.content:
        return answer.text
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    return f"{len(answer.content)} bytes, sha256 {digest}"
