"""WAHA's client: one pool of connections for all servers and sessions."""

import asyncio
import logging
import mimetypes
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from itertools import count

import msgspec
from cachetools import TTLCache

from whatsapp_hub.adapters.providers.http_call import Answer, Call, HttpPool, exchange
from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.adapters.providers.reach import OWNER, Reach
from whatsapp_hub.adapters.providers.waha import errors, polling
from whatsapp_hub.adapters.providers.waha.download import download
from whatsapp_hub.adapters.providers.waha.inbound import session_seen
from whatsapp_hub.adapters.providers.waha.names import chat_of, kind_of, long_id, parse_id
from whatsapp_hub.adapters.providers.waha.outbound import NAMED, address, sending
from whatsapp_hub.adapters.providers.waha.registering import BASIC_EVENTS, EVENTS, PATH, with_webhook, without_webhook
from whatsapp_hub.adapters.providers.waha.settings import WahaSettings
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.provider.events import ChatKind, RawUpdate, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import (
    Accepted,
    Download,
    Outgoing,
    ReadMessage,
    RemoteFile,
    SessionRef,
)
from whatsapp_hub.domain.errors import ProviderError, Scope, Transient, Unsupported
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import File, RemoteMedia
from whatsapp_hub.domain.sessions.session import SessionStatus

log = logging.getLogger(__name__)

LONGEST_CODE = 2000
"""Characters of a QR code: WhatsApp's have some 250, the largest picture holds 2,953."""
_DEADLINE_S = 15.0
"""For calls other than `send`, which has its own."""
_NEW_ID_S = 3.0
_HAS_NO_IDS = frozenset({400, 404, 405, 500, 501})
_NO_IDS_FOR_S = 600.0
_REMEMBERED = 1_000
_FETCHED_BYTES, _FETCHED_AT_ONCE = 16_000_000, 3
"""The largest that WAHA takes; one of them is held several times while it is sent."""
_INSIDE_BYTES = 1024 * 1024
"""Up to here a file goes inside the JSON; a larger one would be held thrice, in Base64."""


class WahaClient:
    """`public_url` is the hub's address as WAHA reaches it; empty: unknown, so that no webhook is registered. `reach`:
    which servers companies may name."""

    def __init__(self, now: Callable[[], datetime], public_url: str = "", reach: Reach | None = None) -> None:
        self._now = now
        self._public_url = public_url.rstrip("/")
        self._reach = reach or Reach()
        self._http = HttpPool(reach=self._reach)
        self._fetch = HttpFetch(allow_private=False, most=_FETCHED_BYTES)
        self._fetching = FairShares[str](_FETCHED_AT_ONCE, 1, 1)
        self._without_ids: TTLCache[WahaSettings, bool] = TTLCache(_REMEMBERED, _NO_IDS_FOR_S)
        self._without_links: TTLCache[WahaSettings, bool] = TTLCache(_REMEMBERED, _NO_IDS_FOR_S)

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        """Post the message to the engine and read its id."""
        settings, until = _settings(session), time.monotonic() + deadline_s
        answer = await self._by_link(settings, message, deadline_s)
        if answer is None:
            message, data = await self._file(settings, message, until - time.monotonic())
            what = sending(message, settings.session, data)
            answer = await self._call(settings, what.method, what.path, what.body, until - time.monotonic())
        id = sent_id(errors.read(answer))
        # Some engines answer an edit with the edited message: the change itself has no id then.
        return Accepted(None if id == message.content.target else id)

    async def _by_link(self, settings: WahaSettings, message: Outgoing, deadline_s: float) -> Answer | None:
        """Send a large file by an address at the hub, which WAHA fetches; None for any other, and where WAHA says that
        it did not get the file: it fetches before it sends, so that nothing was sent."""
        file, content = message.media, message.content
        if file is None or file.link is None or file.size <= _INSIDE_BYTES or settings in self._without_links:
            return None
        by_link = replace(content, media=RemoteMedia(file.link())) if isinstance(content, File) else content
        what = sending(replace(message, content=by_link), settings.session)
        answer = await self._call(settings, what.method, what.path, what.body, deadline_s)
        if errors.is_unfetched(answer):
            self._without_links[settings] = True
            return None
        return answer

    async def _file(
        self, settings: WahaSettings, message: Outgoing, deadline_s: float
    ) -> tuple[Outgoing, bytes | None]:
        """Read the file that goes inside the call. Of one that the sender names by an address, the operator's own
        server gets the bytes: it may reach what senders may not, and would send them what it found there."""
        content = message.content
        if message.media:
            return message, await message.media.whole()
        if not isinstance(content, File) or not isinstance(content.media, RemoteMedia):
            return message, None
        if not self._reach.is_inside(settings.url):
            return message, None
        try:
            async with asyncio.timeout(deadline_s), self._fetching.place(settings.owner):
                OWNER.set(settings.owner)
                found = await self._fetch(content.media.url)
        except TimeoutError as error:
            raise Transient("media_away", "timeout", retry_after_s=_DEADLINE_S, scope=Scope.RECIPIENT) from error
        guessed, _ = mimetypes.guess_type(content.media.url.partition("?")[0])
        kind = content.mime_type or guessed or found.mimetype or None
        return replace(message, content=replace(content, mime_type=kind)), found.data

    async def new_message_id(self, session: SessionRef, message: Outgoing) -> str | None:
        """Reserve a message id. NOWEB and GOWS make ids for the kinds that they accept one with. A server or engine
        without such a call is not asked again for a while."""
        settings = _settings(session)
        if not isinstance(message.content, NAMED) or settings in self._without_ids:
            return None
        path = f"/api/{settings.session}/new-message-id"
        try:
            answer = await self._call(settings, "GET", path, None, _NEW_ID_S, idempotent=True)
            if answer.status in _HAS_NO_IDS:
                self._without_ids[settings] = True
            return parse_id(text(obj(errors.read(answer)).get("id"))).bare or None
        except ProviderError:
            return None

    async def takes_another(self, settings: object) -> bool:
        """Whether the server takes another session; the tier CORE has one, called `default`."""
        settings = own(WahaSettings, settings)
        try:
            answer = await self._call(settings, "GET", "/api/server/version", None, _NEW_ID_S, idempotent=True)
            return text(obj(errors.read(answer)).get("tier")).upper() != "CORE"
        except ProviderError:
            return True

    def download(self, session: SessionRef, file: RemoteFile, most: int) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        return download(self._http, _settings(session), file, most)

    async def start(self, session: SessionRef) -> SessionSeen:
        """Make the session if the server has none of that name, register the webhook, start it, and return its state.

        If the hub knows its public address, the webhook is part of the session's own configuration; else the server
        posts where its operator configured (WHATSAPP_HOOK_URL).
        """
        settings = _settings(session)
        path = f"/api/sessions/{settings.session}"
        answer = await self._call(settings, "GET", path, None, idempotent=True)
        if answer.status == 404:
            await self._make(session, settings)
        else:
            info = obj(errors.read(answer))
            await self._register(session, settings, info)
            await self._run(settings, path, text(info.get("status")))
        return await self._look(settings, path)

    async def _make(self, session: SessionRef, settings: WahaSettings) -> None:
        """Create the session. 422: another start was faster."""
        body: JsonObject = {"name": settings.session, "start": True}
        answer = await self._configure(session, settings, "POST", "/api/sessions", {}, body)
        if answer is None:
            answer = await self._call(settings, "POST", "/api/sessions", body, idempotent=True)
        if answer.status != 422:
            errors.read(answer)

    async def _register(self, session: SessionRef, settings: WahaSettings, info: JsonObject) -> None:
        """Register the webhook. If the server refuses it, the session runs and is polled."""
        kept: JsonObject = {} if info.get("apps") is None else {"apps": info["apps"]}
        path = f"/api/sessions/{settings.session}"
        try:
            answer = await self._configure(session, settings, "PUT", path, obj(info.get("config")), kept)
            if answer is not None:
                errors.read(answer)
        except ProviderError as error:
            log.warning("waha.webhook_not_registered", extra={"session_id": str(session.id), "error": str(error)})

    async def unregister(self, session: SessionRef) -> None:
        """Remove the webhook, whichever address of the hub it has. Writing restarts a session that runs."""
        settings = _settings(session)
        path = f"/api/sessions/{settings.session}"
        answer = await self._call(settings, "GET", path, None, idempotent=True)
        if answer.status == 404:
            return
        info = obj(errors.read(answer))
        wanted = without_webhook(obj(info.get("config")), str(session.id))
        if wanted is not None:
            kept: JsonObject = {} if info.get("apps") is None else {"apps": info["apps"]}
            errors.read(await self._call(settings, "PUT", path, kept | {"config": wanted}, idempotent=True))

    async def _configure(
        self, session: SessionRef, settings: WahaSettings, method: str, path: str, config: JsonObject, body: JsonObject
    ) -> Answer | None:
        """Write the configuration with our webhook; None if there is nothing to write. An older server refuses events
        that it does not know (400)."""
        if not self._public_url:
            return None
        url, answer = f"{self._public_url}{PATH}/{session.id}", None
        for events in (EVENTS, BASIC_EVENTS):
            wanted = with_webhook(config, url, settings.hmac_key, events)
            if wanted is None:
                return None
            answer = await self._call(settings, method, path, body | {"config": wanted}, idempotent=True)
            if answer.status != 400:
                break
        return answer

    async def _run(self, settings: WahaSettings, path: str, status: str) -> None:
        """Start or restart the session. 422: it runs already."""
        what = "restart" if status == "FAILED" else "start"
        answer = await self._call(settings, "POST", f"{path}/{what}", None, idempotent=True)
        if answer.status != 422:
            errors.read(answer)

    async def show_code(self, session: SessionRef) -> SessionSeen:
        """Read the session's state with its QR code."""
        settings = _settings(session)
        return await self._look(settings, f"/api/sessions/{settings.session}")

    async def stop(self, session: SessionRef) -> SessionSeen:
        """Stop the session on the server; its credentials stay there."""
        settings = _settings(session)
        path = f"/api/sessions/{settings.session}/stop"
        errors.read(await self._call(settings, "POST", path, None, idempotent=True))
        return SessionSeen(SessionStatus.DISCONNECTED, self._now(), "stopped")

    async def log_out(self, session: SessionRef) -> None:
        """Log the session out and stop it: WAHA restarts a session that it logged out, to be scanned."""
        path = f"/api/sessions/{_settings(session).session}"
        for what in ("logout", "stop"):
            answer = await self._call(_settings(session), "POST", f"{path}/{what}", None, idempotent=True)
            if answer.status != 404:  # no such session: nothing is linked
                errors.read(answer)

    async def block(self, session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        """Block or unblock the person on this number, where the engine can."""
        settings = _settings(session)
        chat = next((chat for i in identities if (chat := chat_of(i))), None)
        if chat is None:
            raise Unsupported("no_identity", "WAHA knows none of the person's identities")
        path = f"/api/contacts/{'block' if blocked else 'unblock'}"
        body: JsonObject = {"contactId": chat, "session": settings.session}
        errors.read(await self._call(settings, "POST", path, body, idempotent=True))

    async def mark_read(self, session: SessionRef, chat: str, messages: Sequence[ReadMessage]) -> None:
        """Mark as read; message ids are sent only in chats with one person: in groups each needs its author as well."""
        settings, to = _settings(session), address(chat)
        body: JsonObject = {"session": settings.session, "chatId": to}
        if kind_of(to) is ChatKind.PERSON and messages:
            body["messageIds"] = [long_id(message.provider_message_id, to) for message in messages]
        errors.read(await self._call(settings, "POST", "/api/sendSeen", body, idempotent=True))

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        """Post `startTyping`."""
        await self._typing(session, chat, "startTyping")

    async def hide_typing(self, session: SessionRef, chat: str) -> None:
        """Post `stopTyping`."""
        await self._typing(session, chat, "stopTyping")

    async def _typing(self, session: SessionRef, chat: str, what: str) -> None:
        settings = _settings(session)
        body: JsonObject = {"session": settings.session, "chatId": address(chat)}
        errors.read(await self._call(settings, "POST", f"/api/{what}", body, idempotent=True))

    async def poll(self, session: SessionRef, since: datetime) -> AsyncIterator[list[RawUpdate]]:
        """Yield the state and, while it is up, the messages of every chat that has any since then."""
        settings, now = _settings(session), self._now()
        info = obj(await self._get(settings, f"/api/sessions/{settings.session}"))
        yield [polling.status(settings.session, info, now)]
        if text(info.get("status")) == "WORKING":
            async for chat in self._chats(settings, since):
                async for page in self._written(settings, chat, since, now):
                    yield page

    async def _chats(self, settings: WahaSettings, since: datetime) -> AsyncIterator[str]:
        for page in count():
            chats = polling.chats(await self._get(settings, polling.chats_path(settings.session, page)))
            for chat in chats:
                if chat.last_at >= since:
                    yield chat.id
            if len(chats) < polling.PAGE or chats[-1].last_at < since:
                return

    async def _written(
        self, settings: WahaSettings, chat: str, since: datetime, now: datetime
    ) -> AsyncIterator[list[RawUpdate]]:
        for page in count():
            answer = items(await self._get(settings, polling.messages_path(settings.session, chat, since, page)))
            for at in range(0, len(answer), polling.PIECE):
                yield polling.messages(settings.session, answer[at : at + polling.PIECE], now)
                await asyncio.sleep(0)
            if len(answer) < polling.PAGE:
                return

    async def _get(self, settings: WahaSettings, path: str) -> object:
        return errors.read(await self._call(settings, "GET", path, None, idempotent=True))

    async def aclose(self) -> None:
        """Close the connections to all servers."""
        await self._http.aclose()

    async def _look(self, settings: WahaSettings, path: str) -> SessionSeen:
        info = obj(errors.read(await self._call(settings, "GET", path, None, idempotent=True)))
        seen = session_seen(text(info.get("status")), obj(info.get("me")), {}, self._now())
        if seen is None:
            return SessionSeen(SessionStatus.CONNECTING, self._now(), text(info.get("status"))[:64] or None)
        if text(info.get("status")) != "SCAN_QR_CODE":
            return seen
        return SessionSeen(seen.status, seen.at, seen.reason, qr_code=await self._qr_code(settings))

    async def _qr_code(self, settings: WahaSettings) -> str | None:
        """Return the code's text; None if WAHA has none at this moment, or says what is none: a company's own server
        may say anything, and drawing a very long text takes minutes."""
        try:
            path = f"/api/{settings.session}/auth/qr?format=raw"
            answer = errors.read(await self._call(settings, "GET", path, None, idempotent=True))
        except ProviderError:
            return None
        code = text(obj(answer).get("value"))
        return code if 0 < len(code) <= LONGEST_CODE else None

    async def _call(
        self,
        settings: WahaSettings,
        method: str,
        path: str,
        body: JsonObject | None,
        deadline_s: float = _DEADLINE_S,
        *,
        idempotent: bool = False,
    ) -> Answer:
        headers = {"X-Api-Key": settings.api_key, "Content-Type": "application/json"}
        content = None if body is None else msgspec.json.encode(clean(body))
        call = Call(method, settings.url + path, headers, content, idempotent, owner=settings.owner)
        return await exchange(self._http, call, deadline_s)


def sent_id(answer: object) -> str | None:
    """Return the bare id of what was sent: a string, `id` as string or object, `key.id`, or None."""
    told = answer if isinstance(answer, str) else _told_id(obj(answer))
    return parse_id(told).bare or None


def _told_id(answer: JsonObject) -> str:
    id = answer.get("id")
    nested = obj(obj(answer.get("_data")).get("id"))
    candidates = (
        id,
        obj(id).get("_serialized"),
        obj(id).get("id"),
        obj(answer.get("key")).get("id"),
        nested.get("_serialized"),
        nested.get("id"),
    )
    return next((text(candidate) for candidate in candidates if text(candidate)), "")


def _settings(session: SessionRef) -> WahaSettings:
    return replace(own(WahaSettings, session.settings), owner=str(session.tenant_id))
