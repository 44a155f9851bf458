"""FetchMedia: get customers' files from their providers, look into them, and store them.

A file to fetch is a row from the message's own transaction on. It is leased while it is fetched, and its end is one
transaction with the message: whatever dies in between, the next claim begins anew. Companies, and each number, have a
share of what runs at once, so that a slow provider holds up nobody else.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from mimetypes import guess_extension
from typing import Any, TypeVar

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.media.facts import described, keep_thumbnail, known_of
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.inspection import Infected, InspectsFiles
from whatsapp_hub.application.ports.provider.plugin import DownloadsMedia, Providers, RemoteFile, SessionRef
from whatsapp_hub.application.ports.queues.fetches import Fetch, Share
from whatsapp_hub.application.ports.storage.files import FileStore, FileTooLarge, Incoming
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    NotFound,
    ProviderError,
    Rejected,
    Scope,
    Transient,
    Unavailable,
    Unsupported,
)
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.content import File, MediaState, StoredMedia, stored_media
from whatsapp_hub.domain.messaging.file_types import head_of, judge
from whatsapp_hub.domain.messaging.media import Media, plain_name
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

log = logging.getLogger(__name__)

K = TypeVar("K")
LEASE_S, RENEW_S = 60.0, 20.0
LONGEST_S = 900.0
"""Of one attempt."""
GRACE_S, LEAST_RATE = 30.0, 8 * 1024
"""After so many seconds a file has come at so many bytes a second on average, or its place goes to another."""
FIRST_S, MOST_S = 5.0, 3600.0
"""How long after the first failure it is tried again; each time twice as long, up to the most."""
GIVEN_UP = timedelta(days=6)
"""Meta keeps a file for seven days."""
_STATES = {
    "media_expired": MediaState.EXPIRED,
    "media_too_large": MediaState.TOO_LARGE,
    "media_infected": MediaState.REFUSED,
    "quota_exceeded": MediaState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class FetchBounds:
    """`most_bytes`: of one file. `at_once`: fetches of this process, of one company, of one number. A company has no
    more of them than it leaves free, so that several whose servers are slow leave room for the others. `grace_s`: from
    when on a file must come at LEAST_RATE."""

    most_bytes: int = 100 * 1024 * 1024
    at_once: int = 48
    per_tenant: int = 8
    per_session: int = 3
    grace_s: float = GRACE_S


@dataclass(slots=True)
class FetchMedia:
    """One object a process. `freed` is called when a place became free, for the company that had it, or (None) for any
    where one was turned away; `still_held` is asked before each fetch of a number that a connector holds."""

    storage: Storage
    providers: Providers
    files: FileStore
    keep_file: KeepFile
    inspect: InspectsFiles
    clock: Clock
    bounds: FetchBounds = field(default_factory=FetchBounds)
    freed: Callable[[TenantId | None], None] = lambda _: None
    still_held: Callable[[SessionId], bool] = lambda _: True
    _running: BackgroundTasks = field(default_factory=BackgroundTasks)
    _of_tenant: Counter[TenantId] = field(default_factory=Counter)
    _of_session: Counter[SessionId] = field(default_factory=Counter)
    _turned_away: bool = False

    async def __call__(self, tenant_id: TenantId, held: Sequence[SessionId] | None = None) -> int:
        """Begin to fetch what is due, as much as there is room for; return how many. `held`: of the sessions that this
        connector holds, else of those that need none. Raises Unavailable."""
        room = self._room_for(tenant_id)
        if room <= 0:
            self._turned_away = True
            return 0
        share = Share(self.bounds.per_session, dict(self._of_session))
        async with self.storage.tenant(tenant_id) as uow:
            claimed = await uow.fetches.claim(room, LEASE_S, share, held)
            await uow.commit()
        for fetch in claimed:
            self._start(tenant_id, fetch)
        return len(claimed)

    def _room_for(self, tenant_id: TenantId) -> int:
        free, own = self.bounds.at_once - len(self._running), self._of_tenant[tenant_id]
        return min(self.bounds.per_tenant - own, (free - own + 1) // 2)

    @property
    def under_way(self) -> int:
        """Number of fetches begun and not ended."""
        return len(self._running)

    async def aclose(self) -> None:
        """Give up what is under way: others fetch it, once the lease is over."""
        await self._running.aclose()

    def _start(self, tenant_id: TenantId, fetch: Fetch) -> None:
        self._of_tenant[tenant_id] += 1
        self._of_session[fetch.session_id] += 1
        self._running.start(self._run(tenant_id, fetch), lambda: self._ended(tenant_id, fetch))

    def _ended(self, tenant_id: TenantId, fetch: Fetch) -> None:
        _one_less(self._of_tenant, tenant_id)
        _one_less(self._of_session, fetch.session_id)
        self.freed(None if self._turned_away else tenant_id)
        self._turned_away = False

    async def _run(self, tenant_id: TenantId, fetch: Fetch) -> None:
        renewing = asyncio.create_task(self._renew(tenant_id, fetch))
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._fetch(tenant_id, fetch)
        except Rejected as error:
            await self._fail(tenant_id, fetch, error.code)
        except (Unsupported, NotFound) as error:
            await self._fail(tenant_id, fetch, getattr(error, "code", "gone"))
        except FileTooLarge:
            await self._fail(tenant_id, fetch, "media_too_large")
        except Infected:
            await self._fail(tenant_id, fetch, "media_infected")
        except (ProviderError, Unavailable, TimeoutError) as error:
            await self._later(tenant_id, fetch, error)
        except Exception as error:
            log.exception("media.fetch_broke", extra={"media_id": str(fetch.media_id)})
            await self._later(tenant_id, fetch, error)
        finally:
            renewing.cancel()

    async def _renew(self, tenant_id: TenantId, fetch: Fetch) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with suppress(Unavailable):
                async with self.storage.tenant(tenant_id) as uow:
                    await uow.fetches.renew(fetch, LEASE_S)
                    await uow.commit()

    async def _fetch(self, tenant_id: TenantId, fetch: Fetch) -> None:
        async with self.storage.tenant(tenant_id) as uow:
            message = (await uow.messages.by_id([fetch.message_id])).get(fetch.message_id)
            session = (await uow.sessions.peek([fetch.session_id])).get(fetch.session_id)
            if session and fetch.provider not in (None, session.provider):
                session = await self._before(uow, session, fetch.provider)
            if message is None or _awaited(message, fetch) is None:
                await uow.fetches.done(fetch)  # it was deleted, or edited, or another has fetched it
                await uow.commit()
                return
        content = message.content
        provider = self._provider(session, fetch)
        if session is None or not isinstance(content, File) or provider is None:
            raise Rejected("session_gone", "no session can fetch it any more")
        ref = SessionRef.of(session)
        remote = RemoteFile(content, message.chat, message.whatsapp_message_id)
        most = self.bounds.most_bytes
        async with provider.download(ref, remote, most) as download:
            if download.size is not None and download.size > most:
                raise FileTooLarge(most)
            pieces = _steady(download.pieces, self.bounds.grace_s)
            async with self.files.receive(pieces, most) as incoming:
                await self._take(tenant_id, fetch, content, incoming)

    async def _before(self, uow: UnitOfWork, session: Session, provider: str) -> Session | None:
        """Return the session as it was with the provider that has the file; None where that is not kept any more, or
        its connection is closed."""
        beside = await uow.other_providers.beside(session.id, provider)
        if beside is None or self.providers.holds_socket(provider):
            return None
        return replace(session, provider=provider, settings=beside.settings)

    def _provider(self, session: Session | None, fetch: Fetch) -> DownloadsMedia | None:
        if session is None:
            return None
        if session.settings is UNREADABLE:
            raise CredentialsInvalid("settings_unreadable", UNREADABLE.reason)
        if fetch.is_held and not self.still_held(session.id):
            raise Unavailable("the connection is another connector's by now")
        provider = self.providers.live(session.provider)
        return provider if isinstance(provider, DownloadsMedia) else None

    async def _take(self, tenant_id: TenantId, fetch: Fetch, content: File, incoming: Incoming) -> None:
        """Look into the file, store it, and complete the message."""
        if not incoming.digest.size:
            raise Rejected("media_empty", "the provider sent an empty file")
        head = await asyncio.to_thread(head_of, incoming.file)
        mime_type = judge(content.mime_type or "", head)
        facts = await self.inspect(tenant_id, incoming.file, mime_type, incoming.digest.size)
        await self._require_room(tenant_id, incoming.digest.size)
        await self.keep_file(tenant_id, incoming)
        small = await keep_thumbnail(self.files, self.keep_file, tenant_id, facts.thumbnail)
        name = plain_name(content.file_name or "") or _name(content, fetch, mime_type)
        size, sha256 = incoming.digest.size, incoming.digest.sha256
        media = Media(fetch.media_id, tenant_id, mime_type, name, size, sha256, self.clock(), small)
        found = known_of(fetch.media_id, mime_type, size, facts)
        try:
            await self._complete(tenant_id, fetch, found, media)
        except Conflict as error:
            raise Rejected(error.code, str(error)) from error

    async def _require_room(self, tenant_id: TenantId, size: int) -> None:
        """Refuse what is over the quota before it is stored, where it would stay for an hour. Raises Rejected."""
        try:
            async with self.storage.tenant(tenant_id) as uow:
                await uow.quotas.add_media(size)  # not committed: it is counted with its row
        except Conflict as error:
            raise Rejected(error.code, str(error)) from error

    async def _complete(self, tenant_id: TenantId, fetch: Fetch, found: dict[str, Any], media: Media | None) -> None:
        """Store what is known of the file by now, with the message, unless another has done so."""
        async with self.storage.tenant(tenant_id) as uow:
            message = (await uow.messages.by_id([fetch.message_id])).get(fetch.message_id)
            content = _awaited(message, fetch) if message else None
            if not await uow.fetches.done(fetch) or message is None or content is None:
                await uow.commit()
                return
            if media and await uow.media.add(media):
                await uow.quotas.add_media(media.size)
            message.file_changed(described(content, found), self.clock())
            await uow.messages.save([message])
            await uow.messages.annotate([message])
            await uow.commit()

    async def _fail(self, tenant_id: TenantId, fetch: Fetch, code: str) -> None:
        log.info("media.not_fetched", extra={"media_id": str(fetch.media_id), "code": code})
        lost = StoredMedia(fetch.media_id, _STATES.get(code, MediaState.FAILED), code[:64])
        try:
            await self._complete(tenant_id, fetch, {"media": lost}, None)
        except (Unavailable, NotFound) as error:
            log.debug("media.fails_later", extra={"error": type(error).__name__})

    async def _later(self, tenant_id: TenantId, fetch: Fetch, error: Exception) -> None:
        """Try again later, each time twice as long; give up after six days."""
        code = error.code if isinstance(error, ProviderError) else type(error).__name__
        if self.clock() - fetch.created_at > GIVEN_UP:
            await self._fail(tenant_id, fetch, code)
            return
        asked_s = error.retry_after_s if isinstance(error, Transient) else FIRST_S
        after_s = min(max(asked_s, FIRST_S) * 2 ** min(fetch.tries - 1, 12), MOST_S)
        log.info("media.fetched_later", extra={"media_id": str(fetch.media_id), "code": code, "after_s": after_s})
        with suppress(Unavailable, NotFound):
            async with self.storage.tenant(tenant_id) as uow:
                await uow.fetches.later(fetch, after_s)
                await uow.commit()


async def _steady(pieces: AsyncIterator[bytes], grace_s: float) -> AsyncIterator[bytes]:
    """Pass a file on. Raises Transient where it comes a drop at a time."""
    begun, came = time.monotonic(), 0
    async for piece in pieces:
        came += len(piece)
        if (took := time.monotonic() - begun) > grace_s and came < LEAST_RATE * took:
            raise Transient("media_slow", retry_after_s=FIRST_S, scope=Scope.RECIPIENT)
        yield piece


def _one_less(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _awaited(message: Message, fetch: Fetch) -> File | None:
    """Return the content, if it still waits for this file."""
    content = message.content
    if stored_media(content) != fetch.media_id or not isinstance(content, File):
        return None
    media = content.media
    return content if isinstance(media, StoredMedia) and media.state is MediaState.PENDING else None


def _name(content: File, fetch: Fetch, mime_type: str) -> str:
    """Name a file that came without a name."""
    extension = guess_extension(mime_type.partition(";")[0]) or ""
    return f"{content.type.lower()}-{str(fetch.media_id)[-8:]}{extension}"
