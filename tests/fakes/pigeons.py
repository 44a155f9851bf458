"""The servers behind tests/fakes/held: a WhatsApp that keeps one socket a session, seen from the other end.

A newer login replaces the older one, as WhatsApp does. `logins` remembers who held what, when.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


@dataclass
class Login:
    session: str
    fence: int
    pid: int
    unclean: bool
    writer: asyncio.StreamWriter
    at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None
    said: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def tell(self, **what: Any) -> None:
        self.writer.write(json.dumps(what).encode() + b"\n")


@dataclass
class PigeonServer:
    """`script`: what a new login is told, one dict after the other; empty: nothing (it stays dialling)."""

    script: list[dict[str, Any]] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)
    sent: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    """Session, fence and message, in the order they came."""
    refuse_pairing: str | None = None
    silent_about_sends: bool = False
    port: int = 0
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> PigeonServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for login in self.logins:
            login.writer.close()

    @property
    def settings(self) -> dict[str, object]:
        return {"server": f"127.0.0.1:{self.port}"}

    def open_logins(self, session: str | None = None) -> list[Login]:
        return [one for one in self.logins if one.is_open and session in (None, one.session)]

    def login(self, session: str) -> Login:
        """The one that is open."""
        [login] = self.open_logins(session)
        return login

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        login: Login | None = None
        with contextlib.suppress(ConnectionError):
            while text := await reader.readline():
                said = json.loads(text)
                if "hello" in said:
                    login = self._enter(said["hello"], writer)
                elif login:
                    login.said.append((time.monotonic(), said))
                    self._answer(login, said)
        if login:
            login.ended_at = time.monotonic()
        writer.close()

    def _enter(self, hello: dict[str, Any], writer: asyncio.StreamWriter) -> Login:
        for old in self.open_logins(hello["session"]):
            old.tell(state="DISCONNECTED", reason="replaced")
            old.ended_at = time.monotonic()
            old.writer.close()
        login = Login(hello["session"], hello["fence"], hello["pid"], hello["unclean"], writer)
        self.logins.append(login)
        for what in self.script:
            login.tell(**what)
        return login

    def _answer(self, login: Login, said: dict[str, Any]) -> None:
        if "send" in said:
            self.sent.append((login.session, login.fence, said["send"]))
            if not self.silent_about_sends:
                login.tell(answers=said["id"], sent=uuid4().hex)
        elif "pair" in said:
            answer = {"refused": self.refuse_pairing} if self.refuse_pairing else {"code": "ABCD-EFGH"}
            login.tell(answers=said["id"], **answer)
        elif "log_out" in said:
            login.tell(answers=said["id"], done=True)
            login.tell(state="LOGGED_OUT", reason="asked")
