"""Addresses of files in what leaves the hub for programs: signed, so that they open without a credential. Pure.

The log holds the file's path in the API, and none while the file is being fetched. A link is made when an event is
sent, so that one that is sent again, or read late, opens as long as the first.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.content import url_of
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.content import Content, File, MediaState, StoredMedia

LinkTo: TypeAlias = Callable[[TenantId, MediaId], str]

_HAS_FILE = b'"media":{"id":"'
_OPENS = frozenset({MediaState.READY, MediaState.PENDING})
"""A link to a file that is still being fetched waits for it when it is opened."""


class _File(View):
    id: UUID | None = None
    state: MediaState = MediaState.FAILED


class _Message(View):
    media: _File | None = None


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(_Message)


def linked(event: LoggedEvent, link: LinkTo | None) -> LoggedEvent:
    """Return the event with `mediaUrl` of its messages as a link, where the hub stores the file or will."""
    if link is None or _HAS_FILE not in event.body:
        return event
    subjects = _FIELDS.decode(event.body)
    for name in ("message", "change"):
        if name in subjects:
            subjects[name] = _with_link(subjects[name], event.tenant_id, link)
    return replace(event, body=msgspec.json.encode(subjects))


def _with_link(message: msgspec.Raw, tenant_id: TenantId, link: LinkTo) -> msgspec.Raw:
    file = _MESSAGE.decode(message).media
    if file is None or file.id is None or file.state not in _OPENS:
        return message
    url = msgspec.Raw(msgspec.json.encode(link(tenant_id, MediaId(file.id))))
    return msgspec.Raw(msgspec.json.encode({**_FIELDS.decode(message), "mediaUrl": url}))


def linked_url(content: Content, tenant_id: TenantId, link: LinkTo | None) -> str | None:
    """Return the address of a message's file: a link where the hub stores it or will, else the address elsewhere."""
    media = content.media if isinstance(content, File) else None
    if isinstance(media, StoredMedia) and link:
        return link(tenant_id, media.id) if media.state in _OPENS else None
    return url_of(media) if media else None
