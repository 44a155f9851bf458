"""OpenLink: find the file of a link; one that is still being fetched is waited for."""

import asyncio
import time
from dataclasses import dataclass

from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.messaging.media import Media

PATIENCE_S = 10.0
LOOK_APART_S = 0.25


@dataclass(slots=True)
class OpenLink:
    """A webhook tells of a message before its file has come: who opens the link at once gets the file once it is
    there."""

    links: MediaLinks
    storage: Storage
    patience_s: float = PATIENCE_S

    async def __call__(self, token: str) -> Media:
        """Return what is known of the file. Raises NotFound: the link is none of ours or too old, the file will not
        come, or is deleted; Unavailable: it is still being fetched."""
        tenant_id, media_id = self.links.opened(token)
        until = time.monotonic() + self.patience_s
        while True:
            async with self.storage.tenant(tenant_id) as uow:
                # in this order: the file's row and the end of the fetch are one transaction
                if not await uow.fetches.is_expected(media_id):
                    return await uow.media.get(media_id)
            if time.monotonic() > until:
                raise Unavailable("the file is still being fetched from its provider; try again")
            await asyncio.sleep(LOOK_APART_S)
