"""neonize's client: holds this process's connections and sends over them.

In a process that is no connector it holds none: every session is "not open here".
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

import msgspec
from cachetools import LRUCache

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.adapters.providers.neonize import errors
from whatsapp_hub.adapters.providers.neonize.dial import SessionDial
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import PERSON, chat_of, formatted, identity_of, kind_of
from whatsapp_hub.adapters.providers.neonize.native.library import Library, answered, load
from whatsapp_hub.adapters.providers.neonize.native.protobuf import encode
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.native.threads import CallTimeout, NotBegun
from whatsapp_hub.adapters.providers.neonize.session_holder import Holder
from whatsapp_hub.adapters.providers.neonize.translate.content import File as FileToSend
from whatsapp_hub.adapters.providers.neonize.translate.download import downloaded, wanted
from whatsapp_hub.adapters.providers.neonize.translate.media import mimetype_of, opus_seconds
from whatsapp_hub.adapters.providers.neonize.translate.messages import whatsapps_id
from whatsapp_hub.adapters.providers.neonize.translate.outbound import (
    Sending,
    Uploaded,
    address,
    sending,
    with_upload,
)
from whatsapp_hub.adapters.providers.public_files import MAX_BYTES, Fetch, Fetched
from whatsapp_hub.adapters.providers.reach import OWNER
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.connections.sockets import SocketHealth
from whatsapp_hub.application.ports.provider.events import ChatKind, Malformed
from whatsapp_hub.application.ports.provider.plugin import (
    Accepted,
    Download,
    Host,
    Outgoing,
    OutgoingFile,
    ReadMessage,
    RemoteFile,
    SessionRef,
)
from whatsapp_hub.domain.errors import OutcomeUnknown, Rejected, Scope, Transient, Unsupported
from whatsapp_hub.domain.ids import MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

CALL_S = 15.0
DOWNLOAD_S = 180.0
PIECE_BYTES = 1024 * 1024
FRAMING_BYTES = 8 * 1024 * 1024
"""What TLS and HTTP add to a file, and what else the library may get of such hosts meanwhile."""
UPLOADS, UPLOADS_OF_ONE, UPLOADS_KEPT = 8, 2, 2
"""Files that are sent at once, each of them whole in memory and again in the library's; so many of one company, and so
many places for companies that have none."""
_KNOWN_NUMBERS = 10_000
_BRAZIL = "55"


class NeonizeClient:
    """The client. `storing` makes the devices' store, `loading` the library: both when the first session is opened."""

    def __init__(
        self, host: Host, fetch: Fetch, storing: Callable[[], DeviceStore], loading: Callable[[], Library] = load
    ) -> None:
        self._holder = Holder(host, storing, loading)
        self._fetch = fetch
        self._one_download = asyncio.Lock()
        self._uploads = FairShares[TenantId](UPLOADS, UPLOADS_OF_ONE, UPLOADS_KEPT)
        self._numbers: LRUCache[str, str] = LRUCache(_KNOWN_NUMBERS)

    # -- Provider

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        until = _now() + deadline_s
        OWNER.set(str(session.tenant_id))  # whose share a look-up of the file's name counts for
        what = sending(message, lambda id: None, int(time.time() * 1000))  # refused even while closed
        line = self._holder.connected(session.id)
        what = sending(message, line.author_of, int(time.time() * 1000))
        try:
            async with asyncio.timeout_at(until):
                to = await self._number_of(line, what.to)
                whole = await self._whole(session, line, what, message.media)
        except (TimeoutError, CallTimeout) as error:
            raise _nothing_sent("timeout") from error
        return await self._send(line, to, encode(wire.MESSAGE, whole), message.message_id, until)

    @asynccontextmanager
    async def download(self, session: SessionRef, file: RemoteFile, most: int) -> AsyncIterator[Download]:
        """Download and decrypt a file: the library holds it whole, so that one is under way at a time."""
        keys, most = wanted(file.content), min(most, MAX_BYTES)
        too_large = Rejected("media_too_large", f"the file has more than {most} bytes")
        if keys.size > most:
            raise too_large
        line = self._holder.connected(session.id)
        async with self._one_download:
            with line.route.file_of(most + FRAMING_BYTES) if line.route else nullcontext(bool) as is_more:
                try:
                    answer = await self._holder.calls(DOWNLOAD_S, self._holder.library.download, line.uuid, keys)
                except (CallTimeout, NotBegun) as error:
                    raise too_large if is_more() else _nothing_sent("busy") from error
                if is_more():
                    raise too_large
            try:
                data = downloaded(answer)
            except Malformed as error:
                raise _nothing_sent("busy") from error
            yield Download(_in_pieces(data), len(data))

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        """Show "typing…" in the chat."""
        await self._type(session, chat, is_typing=True)

    async def hide_typing(self, session: SessionRef, chat: str) -> None:
        """Hide "typing…" in the chat."""
        await self._type(session, chat, is_typing=False)

    async def mark_read(self, session: SessionRef, chat: str, messages: Sequence[ReadMessage]) -> None:
        """Mark as read, each author's messages by a call of its own, as WhatsApp requires."""
        line, to = self._holder.connected(session.id), address(chat)
        by_author: dict[str, list[str]] = {}
        for message in messages:
            id = whatsapps_id(message.provider_message_id)
            author = to if kind_of(to) is ChatKind.PERSON else message.author or line.author_of(id)
            if author and id and " " not in id:
                by_author.setdefault(author, []).append(id)
        for author, ids in by_author.items():
            await self._query(line, self._holder.library.mark_read, ids, to, author, int(time.time()))

    async def block(self, session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        """Change the number's list of blocked people. WhatsApp knows them by hidden id first, else by number."""
        known = {i.kind: chat_of(i) for i in identities}
        person = known.get(IdentityKind.LID) or known.get(IdentityKind.PHONE)
        if not person:
            raise Unsupported("no_identity", "neither the hidden id nor the number is known")
        line, library = self._holder.connected(session.id), self._holder.library
        try:
            await self._answer(
                "UpdateBlocklist", self._holder.ask(line, CALL_S, partial(library.block, blocked=blocked), person)
            )
        except CallTimeout as late:
            raise _nothing_sent("timeout") from late

    async def aclose(self) -> None:
        await self._holder.aclose()

    # -- HoldsSockets

    async def open(self, session: SessionRef, *, unclean: bool = False) -> None:
        """Open the session. WhatsApp redelivers what was not acknowledged; what neonize acknowledged and an earlier
        holder did not store cannot be requested through neonize 0.5 (see docs/guarantees.md), so `unclean` has no
        effect."""
        await self._holder.open(session)

    async def close(self, session_id: SessionId) -> None:
        await self._holder.close(session_id)

    def sever(self) -> None:
        """Shut every way out to WhatsApp (`SeversSockets`)."""
        self._holder.sever()

    async def forget(self, session_id: SessionId) -> None:
        await self._holder.forget(session_id)

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        return await self._holder.pairing_code(session_id, phone)

    async def log_out(self, session_id: SessionId) -> None:
        await self._holder.log_out(session_id)

    def pulse(self, session_id: SessionId) -> SocketHealth | None:
        return self._holder.pulse(session_id)

    # -- inside

    async def _send(self, line: SessionDial, to: str, message: bytes, message_id: MessageId, until: float) -> Accepted:
        left_s = until - _now()
        if left_s <= 0:
            raise _nothing_sent("timeout")
        try:
            data = await self._holder.ask(line, left_s, self._holder.library.send, to, message)
        except NotBegun as error:
            raise _nothing_sent("busy") from error
        except CallTimeout as late:
            late.answer.add_done_callback(lambda answer: _settle(line, message_id, answer))
            raise OutcomeUnknown("timeout", "WhatsApp did not answer in time") from late
        try:
            answer = answered("SendMessage", data)
        except Malformed as error:
            raise OutcomeUnknown("answer", "the library's answer cannot be read") from error
        if said := text(answer.get("error")):
            raise errors.of_send(said)
        id = text(obj(answer.get("response")).get("ID")) or None
        identity = identity_of(to)
        return Accepted(id, (identity,) if identity else ())

    async def _whole(
        self, session: SessionRef, line: SessionDial, what: Sending, media: OutgoingFile | None
    ) -> JsonObject:
        """Upload the message's file, if any, and return the whole message. Raises CallTimeout, Transient, Rejected."""
        if what.file is None:
            return what.message
        async with self._uploads.place(session.tenant_id):
            return await self._uploaded(line, what, what.file, media)

    async def _uploaded(
        self, line: SessionDial, what: Sending, file: FileToSend, media: OutgoingFile | None
    ) -> JsonObject:
        fetched = Fetched(await media.whole(), media.mime_type) if media else await self._fetch(file.url)
        if not fetched.data:
            raise Rejected("media_empty", "the file is empty")
        library = self._holder.library
        uploading = self._holder.calls(CALL_S, library.upload, line.uuid, fetched.data, file.kind)
        answer = await self._answer("Upload", uploading)
        mimetype = mimetype_of(file.mimetype, fetched, file.usual)
        return with_upload(what, Uploaded(obj(answer.get("response")), mimetype, opus_seconds(fetched.data)))

    async def _number_of(self, line: SessionDial, to: str) -> str:
        """Return the number that WhatsApp has for a Brazilian mobile, with or without the ninth digit; all others
        unchanged."""
        digits = to.removesuffix(f"@{PERSON}")
        if not (digits.isdigit() and digits.startswith(_BRAZIL) and len(digits) in (12, 13)):
            return to
        number = self._numbers.get(to)
        if number is None:
            library = self._holder.library
            answer = await self._answer(
                "IsOnWhatsApp", self._holder.ask(line, CALL_S, library.is_on_whatsapp, f"+{digits}")
            )
            found = next((obj(one) for one in items(answer.get("response"))), {})
            if found.get("isIn") is not True:
                raise errors.not_on_whatsapp()
            number = self._numbers[to] = formatted(obj(found.get("JID"))) or to
        return number

    async def _answer(self, name: str, call: Awaitable[bytes]) -> JsonObject:
        """Read the answer of a call that sends no message. Raises CallTimeout, Transient, Rejected."""
        try:
            answer = answered(name, await call)
        except (NotBegun, Malformed) as error:
            raise _nothing_sent("busy") from error
        if said := text(answer.get("error")):
            raise errors.of_query(said)
        return answer

    async def _type(self, session: SessionRef, chat: str, *, is_typing: bool) -> None:
        line, to = self._holder.connected(session.id), address(chat)
        await self._query(line, partial(self._holder.library.typing, is_typing=is_typing), to)

    async def _query(self, line: SessionDial, call: Callable[..., str], *arguments: object) -> None:
        try:
            error = await self._holder.ask(line, CALL_S, call, *arguments)
        except (CallTimeout, NotBegun) as late:
            raise _nothing_sent("timeout") from late
        if error:
            raise errors.of_query(error)


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]


def _settle(line: SessionDial, message_id: MessageId, answer: "asyncio.Future[object]") -> None:
    """Report an answer that came after its deadline: like a receipt, it settles the unknown outcome."""
    if answer.cancelled() or answer.exception() is not None:
        return
    data = answer.result()
    with suppress(Malformed, msgspec.MsgspecError):
        sent = answered("SendMessage", data if isinstance(data, bytes) else b"")
        if id := text(obj(sent.get("response")).get("ID")):
            line.report("sent", id, [str(message_id)])


def _nothing_sent(code: str) -> Transient:
    return Transient(code, "nothing was sent", retry_after_s=5.0, scope=Scope.SESSION)


def _now() -> float:
    return asyncio.get_running_loop().time()
