"""DrainLanes: claim due messages, call the provider, store the outcome.

The claim (with its attempt) is committed before the provider is called, so that a crash leaves a trace: an
attempt that is never closed becomes `outcome: unknown` and is not sent again automatically. Calls run
concurrently; results that arrive while one transaction commits share the next.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.measuring import CALLS, SENDS, TALLY
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.provider.plugin import (
    Outgoing,
    OutgoingFile,
    Provider,
    Providers,
    SessionRef,
    ShowsTyping,
)
from whatsapp_hub.application.ports.queues.lanes import Claim, Holding, LaneKey
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sending.checks import may_know
from whatsapp_hub.application.sending.complete_sends import CompleteSends, Result, outcome_of
from whatsapp_hub.application.sending.reserve_id import ReserveId
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Scope,
    Transient,
    Unavailable,
)
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.content import stored_media
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.messaging.window import is_shut, needs_it
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

MEDIA_RETRY_S = 2.0

log = logging.getLogger(__name__)

AT_ONCE = 16
LONG_WAIT = timedelta(minutes=1)
UPLOADS_LAST = timedelta(days=29)
"""How long a provider's id of an uploaded file is used: Meta keeps it for 30 days."""
TOO_LATE = "it waited until the customer's message was too old for free text"
OF_ANOTHER = "the message that it changes went through another provider, which the session had before"
TYPING_CALL_S = 5.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Time limits in seconds. A provider call is given up after `call_s`; the lease outlives it by far more than a
    commit takes; a claim older than `start_by_s` before its call is given back unsent."""

    call_s: float = 30.0
    lease_s: float = 45.0
    start_by_s: float = 10.0


@dataclass(slots=True)
class DrainLanes:
    """One object a process. `still_held` is asked right before each call. `freed` is called when finished calls made
    lanes of a tenant due again, or (None) made room for any tenant. A tenant has no more of the `at_once` calls than it
    leaves free: half of them if it is alone, a quarter beside one that has that half. So servers that hang, of several
    tenants too, delay no other tenant."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    pacing: Mapping[str, Pacing]
    read_file: ReadFile
    freed: Callable[[TenantId | None], None] = lambda _: None
    still_held: Callable[[SessionId], bool] = lambda _: True
    deadlines: Deadlines = field(default_factory=Deadlines)
    at_once: int = 256
    links: MediaLinks | None = None
    _calls: BackgroundTasks = field(default_factory=BackgroundTasks)
    _calling: Counter[TenantId] = field(default_factory=Counter)
    _turned_away: bool = False
    _complete: CompleteSends | None = None
    _reserve: ReserveId = field(init=False)

    def __post_init__(self) -> None:
        self._reserve = ReserveId(self.storage)

    async def __call__(self, tenant_id: TenantId, limit: int = AT_ONCE, holding: Holding | None = None) -> int:
        """Claim up to `limit` due lanes and start their calls; return how many. 0: nothing is due, or no room.

        `holding`: only these sessions (a connector's own), or None for all providers that need no connector.
        Raises Unavailable."""
        room = min(limit, self._room_for(tenant_id))
        if room <= 0:
            self._turned_away = True
            return 0
        claimed_at = time.monotonic()
        async with self.storage.tenant(tenant_id) as uow:
            claims, typing = await uow.lanes.claim(self.pacing, room, self.deadlines.lease_s, holding)
            concerned = {c.lane.session_id for c in claims} | {lane.session_id for lane in typing}
            held = await uow.sessions.peek(concerned) if concerned else {}
            await uow.commit()
        for lane in typing:
            self._type(tenant_id, lane, held[lane.session_id])
        for claim in claims:
            self._start(tenant_id, claim, held[claim.lane.session_id], claimed_at)
        return len(claims)

    async def aclose(self) -> None:
        """Wait until the calls under way are finished and stored."""
        await self._calls.drain()
        await self._completer.drain()

    @property
    def under_way(self) -> int:
        """Number of calls begun and not ended."""
        return len(self._calls)

    @property
    def _completer(self) -> CompleteSends:
        if self._complete is None:
            self._complete = CompleteSends(self.storage, self.clock, self.new_id, self._freed)
        return self._complete

    def _freed(self, tenant_id: TenantId) -> None:
        self.freed(None if self._turned_away else tenant_id)
        self._turned_away = False

    def _room_for(self, tenant_id: TenantId) -> int:
        """Return how many more calls the tenant may begin."""
        return (self.at_once - len(self._calls) - self._calling.get(tenant_id, 0) + 1) // 2

    def _start(self, tenant_id: TenantId, claim: Claim, session: Session, claimed_at: float) -> None:
        self._begin(tenant_id, self._run(tenant_id, claim, session, claimed_at))

    def _begin(self, tenant_id: TenantId, call: Coroutine[Any, Any, None]) -> None:
        self._calling[tenant_id] += 1
        self._calls.start(call, lambda: self._ended(tenant_id))

    def _ended(self, tenant_id: TenantId) -> None:
        self._calling[tenant_id] -= 1
        if not self._calling[tenant_id]:
            del self._calling[tenant_id]

    def _type(self, tenant_id: TenantId, lane: LaneKey, session: Session) -> None:
        """Show "typing…" in a task of its own; a failure is ignored."""
        provider = self.providers.live(session.provider)
        if not isinstance(provider, ShowsTyping) or not self.still_held(session.id):
            return
        self._begin(tenant_id, _show_typing(provider, SessionRef.of(session), lane.chat))

    async def _run(self, tenant_id: TenantId, claim: Claim, session: Session, claimed_at: float) -> None:
        result = replace(await self._call(claim, session, claimed_at), provider=session.provider)
        if not result.given_back:
            error = type(result.error).__name__ if result.error else ""
            TALLY.add(SENDS, session.provider, outcome_of(result), error)
        await self._completer(tenant_id, result)

    async def _call(self, claim: Claim, session: Session, claimed_at: float) -> Result:
        if time.monotonic() - claimed_at > self.deadlines.start_by_s or not self.still_held(session.id):
            return Result(claim, given_back=True)
        if not claim.message.is_to_be_sent:
            return Result(claim)  # a receipt came before the retry: it was sent already
        if session.settings is UNREADABLE:
            return Result(claim, error=CredentialsInvalid("settings_unreadable", UNREADABLE.reason))
        provider = self.providers.live(session.provider)
        message = claim.message
        try:
            if await self._is_too_late(session, message):
                return Result(claim, error=Rejected("window_closed", TOO_LATE))
            media = await self._media(session.tenant_id, message)
        except (NotFound, Unavailable) as error:
            return Result(claim, error=_without_media(error))
        target = message.content.target
        if target and not may_know(self.providers, session.provider, target):
            return Result(claim, error=Rejected("other_provider", OF_ANOTHER))
        answered = message.reply_to if may_know(self.providers, session.provider, message.reply_to) else None
        outgoing = Outgoing(message.id, message.chat, claim.recipient, message.content, answered, media)
        began = time.monotonic()
        try:
            return await self._send(claim, provider, SessionRef.of(session), outgoing)
        finally:
            TALLY.observe(CALLS, time.monotonic() - began, session.provider)

    async def _is_too_late(self, session: Session, message: Message) -> bool:
        """Whether a message that waited is free text whose window closed meanwhile (it was open at the request)."""
        window, now = self.providers.window_of(session.provider), self.clock()
        if window is None or not needs_it(message.content) or now - message.created_at < LONG_WAIT:
            return False
        pair = (message.session_id, message.contact_id)
        async with self.storage.tenant(session.tenant_id) as uow:
            latest = (await uow.conversations.latest([pair])).get(pair)
        return latest is not None and is_shut(latest.window_closes_at, now, window)

    async def _send(self, claim: Claim, provider: Provider, ref: SessionRef, outgoing: Outgoing) -> Result:
        began = time.monotonic()
        try:
            reserved = await self._reserve(claim, provider, ref, outgoing)
        except Unavailable:
            return Result(claim, given_back=True)
        if not reserved.is_ours:
            return Result(claim, given_back=True)
        outgoing = replace(outgoing, own_id=reserved.provider_message_id)
        left_s = self.deadlines.call_s - (time.monotonic() - began)
        try:
            async with asyncio.timeout(left_s + 1):
                return Result(claim, await provider.send(ref, outgoing, left_s))
        except ProviderError as error:
            return Result(claim, error=error)
        except (NotFound, Unavailable) as error:  # its file, which goes out before the message
            return Result(claim, error=_without_media(error))
        except TimeoutError:
            return Result(claim, error=OutcomeUnknown("deadline", "no answer in time"))
        except Exception as error:
            log.exception("lanes.provider_broke", extra={"message_id": str(outgoing.message_id)})
            return Result(claim, error=OutcomeUnknown("internal", type(error).__name__))

    async def _media(self, tenant_id: TenantId, message: Message) -> OutgoingFile | None:
        """Find the file that the message carries, if the hub stores it. Raises NotFound, Unavailable."""
        if (media_id := stored_media(message.content)) is None:
            return None
        async with self.storage.tenant(tenant_id) as uow:
            media = await uow.media.get(media_id)
            known = await uow.media.upload(message.session_id, media_id, self.clock() - UPLOADS_LAST)
        link = partial(_linked, self.links, media) if self.links else None
        return OutgoingFile(media.mime_type, media.file_name, media.size, partial(self.read_file, media), link, known)


def _without_media(error: NotFound | Unavailable) -> ProviderError:
    """Return the error of a send whose file cannot be loaded: nothing was sent."""
    if isinstance(error, NotFound):
        return Rejected("media_gone", "the file is no longer stored")
    return Transient("storage_away", str(error), retry_after_s=MEDIA_RETRY_S, scope=Scope.RECIPIENT)


async def _show_typing(provider: ShowsTyping, session: SessionRef, chat: str) -> None:
    try:
        async with asyncio.timeout(TYPING_CALL_S):
            await provider.show_typing(session, chat, None)
    except Exception as error:
        log.debug("lanes.typing_unseen", extra={"error": type(error).__name__})


def _linked(links: MediaLinks, media: Media) -> str:
    return links.to(media.tenant_id, media.id).url
