"""WarnUnassigned: notify administrators that a session's updates may belong to another session."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.directory import WebhookTarget
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import SessionId

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 3600.0
CLOSE_WITHIN_S = 2.0
KIND = "session.updates_unassigned"
ADVICE = "another session has the same name: give each its own webhook address (…/{session id}) or HMAC key"


@dataclass(slots=True)
class WarnUnassigned:
    """Notify at most once an hour per session and process, without delaying the webhook's answer."""

    storage: Storage
    clock: Clock
    _warned_at: dict[SessionId, float] = field(default_factory=dict, init=False)
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks, init=False)

    def __call__(self, targets: Iterable[WebhookTarget]) -> None:
        """Begin to notify about these sessions, without waiting."""
        for target in targets:
            warned_at = self._warned_at.get(target.session_id)
            if warned_at is None or time.monotonic() - warned_at > AGAIN_AFTER_S:
                self._warned_at[target.session_id] = time.monotonic()
                self._tasks.start(self._warn(target))

    async def aclose(self) -> None:
        """Notify of nothing more; what was begun has `CLOSE_WITHIN_S` to be stored."""
        await self._tasks.aclose(CLOSE_WITHIN_S)

    async def _warn(self, target: WebhookTarget) -> None:
        try:
            async with self.storage.tenant(target.tenant_id) as uow:
                detail = {"kind": KIND, "role": "ADMIN", "session": target.key, "detail": ADVICE}
                at, about = self.clock(), target.session_id
                uow.publish([Event(EventType.NOTIFICATION_CREATED, target.tenant_id, at, about, None, {}, detail)])
                await uow.commit()
        except HubError as error:
            self._warned_at.pop(target.session_id, None)
            log.warning("webhook.unassigned", extra={"session_id": str(target.session_id), "error": str(error)})
