"""Callers of this process's open streams: each stream ends when its caller may no longer listen."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from whatsapp_hub.application.authentication.callers import CANNOT_TELL, Callers
from whatsapp_hub.application.authentication.follow_access import AWAY_S, Owed
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange, concern
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.pulse import LOOP_S, PULSE
from whatsapp_hub.domain.errors import Conflict, HubError, Unavailable

RECHECK_S = 30.0
PER_USER, PER_KEY = 100, 500
"""Open streams in this process, as many as sockets: each costs a descriptor, memory and reads of the log."""

log = structlog.get_logger(__name__)

Ask = Callable[[], Awaitable[Caller]]
"""Return the stream's caller as of now. Raises Unauthenticated, NotFound, Unavailable."""


@dataclass(eq=False, slots=True)
class OpenStream:
    """`ended` is set when the caller's access changed or cannot be checked; `code` and `why` say which."""

    caller: Caller
    ask: Ask
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    code: str = ""
    why: str = ""

    async def check(self) -> None:
        """End the stream if its caller's access changed. Raises Unavailable if that cannot be checked."""
        try:
            if await self.ask() != self.caller:
                self.end("you are not who you were; connect again")
        except Unavailable:
            raise
        except HubError as error:
            self.end(str(error))

    def end(self, why: str, code: str = "unauthenticated") -> None:
        """End the stream with a reason for its client; the first reason stands."""
        self.code, self.why = self.code or code, self.why or why
        self.ended.set()


class OpenStreams:
    """The open streams of this process, rechecked when access changes."""

    def __init__(self, callers: Callers) -> None:
        self.access_changed = Owed()
        self._callers = callers
        self._streams: set[OpenStream] = set()
        self._owners: Counter[str] = Counter()

    def require_room(self, caller: Caller) -> None:
        """Check that there is room. Raises Conflict if the user, or the API key, has as many as there may be."""
        limit = PER_USER if caller.user_id else PER_KEY
        if self._owners[caller.key] >= limit:
            raise Conflict("too_many_streams", f"{limit} streams are open for this user or API key; close some")

    @contextmanager
    def holding(self, caller: Caller, ask: Ask) -> Iterator[OpenStream]:
        """Register a stream while the block runs."""
        stream = OpenStream(caller, ask)
        self._streams.add(stream)
        self._owners[caller.key] += 1
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._owners[caller.key] -= 1
            self._owners += Counter()  # without those that have none

    async def watch(self) -> None:
        """End the streams whose callers' access changed or expired. Until cancelled."""
        while True:
            PULSE.beat("stream callers", within_s=RECHECK_S + LOOP_S)
            changes = await self.access_changed.due(RECHECK_S)
            if not await self._check(changes) and EVERYONE not in changes:
                await asyncio.sleep(AWAY_S)
                self.access_changed(changes)

    async def _check(self, changes: Collection[AccessChange]) -> bool:
        """Recheck the streams concerned; False if one of them could not be checked."""
        is_whole = True
        for stream in [one for one in self._streams if concern(changes, one.caller)]:
            PULSE.beat("stream callers", within_s=RECHECK_S + LOOP_S)
            if self._callers.is_deaf:
                stream.end(CANNOT_TELL, "unavailable")
                continue
            try:
                await stream.check()
            except Exception as error:
                is_whole = False
                log.warning("stream not checked", error=type(error).__name__)
        return is_whole
