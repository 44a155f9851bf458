"""SendMedia: store an uploaded file, and send the message that carries it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from whatsapp_hub.application.media.facts import described, keep_thumbnail, known_of
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.inspection import FileFacts, Infected, InspectsFiles
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.files import FileStore, FileTooLarge, Incoming
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.sending.schedule_message import ScheduleMessage
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, TenantId
from whatsapp_hub.domain.messaging.capabilities import MB
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.file_types import head_of, judge
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message

MOST_BYTES = 100 * MB
"""The largest that any provider takes; its own bound counts besides."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it comes, with what its sender says of it."""

    pieces: AsyncIterator[bytes]
    mime_type: str
    file_name: str
    caption: str = ""
    reply_to: str | None = None
    voice: bool = False
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SendMedia:
    """Look first whether the caller may write there, so that nobody else fills the store."""

    storage: Storage
    files: FileStore
    keep_file: KeepFile
    inspect: InspectsFiles
    send_message: SendMessage
    schedule_message: ScheduleMessage
    clock: Clock

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, upload: Upload, idempotency_key: str | None = None
    ) -> Message:
        """Store the file, then the message. Raises as SendMessage does, and Invalid (`/file`)."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await require_sight(uow, caller, await uow.conversations.get(conversation_id))
        try:
            async with self.files.receive(upload.pieces, MOST_BYTES) as incoming:
                media, facts = await self._looked_at(caller.tenant_id, upload, incoming)
                content = media.message(upload.caption, voice=upload.voice)
                await self._require(caller, conversation_id, content, upload, idempotency_key, media)
                await self.keep_file(caller.tenant_id, incoming)
        except Infected as error:
            raise Invalid.field("file", f"was refused by the virus scanner: {error}") from error
        except FileTooLarge as error:
            raise Invalid.field("file", f"must have at most {error.most // MB} MB") from error
        small = await keep_thumbnail(self.files, self.keep_file, caller.tenant_id, facts.thumbnail)
        known = known_of(media.id, media.mime_type, media.size, facts)
        said = (idempotency_key, upload.reply_to, replace(media, thumbnail=small))
        shown = described(content, known)
        if upload.send_at:
            later = upload.send_at
            return await self.schedule_message(caller, conversation_id, content, later, *said, described=shown)
        return await self.send_message(caller, conversation_id, content, *said, described=shown)

    async def _require(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        content: Content,
        upload: Upload,
        key: str | None,
        media: Media,
    ) -> None:
        """Refuse before the file is stored, where it would stay for an hour, past every quota."""
        if upload.send_at:
            later = upload.send_at
            await self.schedule_message.require(caller, conversation_id, content, later, key, upload.reply_to, media)
        else:
            await self.send_message.require(caller, conversation_id, content, key, upload.reply_to, media)

    async def _looked_at(self, tenant_id: TenantId, upload: Upload, incoming: Incoming) -> tuple[Media, FileFacts]:
        """Find out what the file is: it goes as that, whatever its sender says. Raises Invalid."""
        said = Media.uploaded(tenant_id, incoming.digest, upload.mime_type, upload.file_name, self.clock())
        mime_type = judge(said.mime_type, await asyncio.to_thread(head_of, incoming.file))
        facts = await self.inspect(tenant_id, incoming.file, mime_type, incoming.digest.size)
        at = said.created_at
        return Media.uploaded(tenant_id, incoming.digest, mime_type, said.file_name, at), facts
