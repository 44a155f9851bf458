"""The content of a message in the form of the API."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.domain.messaging.content import (
    Audio,
    Content,
    File,
    MediaRef,
    MediaState,
    RemoteMedia,
    StoredMedia,
)


def media_url(content: Content) -> str | None:
    """Return the address of the message's file, if it has one."""
    return url_of(content.media) if isinstance(content, File) and content.media else None


def url_of(media: MediaRef) -> str | None:
    """Return the address of a file: at the hub, where the hub stores it; None while it is not there."""
    match media:
        case StoredMedia():
            return f"/api/media/{media.id}" if media.state is MediaState.READY else None
        case RemoteMedia():
            return media.url
        case _:
            assert_never(media)


class LinkView(View):
    """An address that opens a file without a credential until then."""

    url: str
    expires_at: datetime


class MediaView(View):
    """A message's file. `state` PENDING: it is being fetched from the provider; FAILED, TOO_LARGE, EXPIRED, REFUSED: it
    will not come, `error` says why. `url` and `thumbnailUrl` are null until it is READY; `waveform` is how loud a voice
    note is, 64 values to 100. `id` is null for a file that stands at an address elsewhere."""

    id: UUID | None
    mime_type: str | None
    file_name: str | None
    size: int | None
    width: int | None
    height: int | None
    seconds: int | None
    voice: bool
    state: MediaState
    error: str | None
    url: str | None
    thumbnail_url: str | None
    waveform: list[int] | None

    @classmethod
    def of(cls, content: Content) -> "MediaView | None":
        """Show the file of a message, if it has one."""
        if not isinstance(content, File) or content.media is None:
            return None
        media = content.media
        stored = media if isinstance(media, StoredMedia) else None
        url = url_of(media)
        return cls(
            id=stored.id if stored else None,
            mime_type=content.mime_type,
            file_name=content.file_name,
            size=content.size,
            width=getattr(content, "width", None),
            height=getattr(content, "height", None),
            seconds=getattr(content, "seconds", None),
            voice=isinstance(content, Audio) and content.voice is True,
            state=stored.state if stored else MediaState.READY,
            error=stored.error if stored else None,
            url=url,
            thumbnail_url=f"{url}/thumbnail" if stored and stored.has_thumbnail and url else None,
            waveform=list(stored.waveform) if stored and stored.waveform else None,
        )
