"""The inbox: append raw updates, claim a tenant's by chat, mark them."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows
from whatsapp_hub.adapters.memory.tables.inbox import (
    DONE,
    PENDING,
    QUARANTINED,
    SEEN,
    UNASSIGNED,
    UPDATES,
    Chat,
    StoredUpdate,
)
from whatsapp_hub.application.ports.queues.inbox import ClaimedUpdates, InboxItem, NewUpdate
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.text import is_storable, storable

ERROR_CHARACTERS = 2000
_DEDUPE_CHARACTERS, _CHAT_CHARACTERS = 300, 200
_START: Chat = (SessionId(UUID(int=0)), "")


def _bounded(text: str, limit: int) -> str:
    """Return the text if it is short enough; else its beginning and a hash of the whole, as good a key."""
    if len(text) <= limit and is_storable(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{storable(text)[: limit - 33]}:{digest}"


def _checked(update: NewUpdate) -> NewUpdate:
    """Raise Invalid."""
    if not update.dedupe_key:
        raise Invalid.field("dedupe_key", "must not be empty")
    if update.session_id and not update.tenant_id:
        raise Invalid.field("tenant_id", "must be given with a session")
    key, chat = _bounded(update.dedupe_key, _DEDUPE_CHARACTERS), _bounded(update.chat, _CHAT_CHARACTERS)
    return update._replace(dedupe_key=key, chat=chat)


class MemoryInboxAppender:
    """Implements `InboxAppender`."""

    def __init__(self, database: MemoryDatabase, wake: Wake) -> None:
        self._database = database
        self._wake = wake

    async def append(self, updates: Sequence[NewUpdate]) -> None:
        """Store updates, known ones left out, and wake the tenants' workers. Raises Invalid."""
        checked = [_checked(update) for update in updates]
        woken: set[TenantId] = set()
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            for update in checked:
                seen = (str(update.session_id or "app"), update.dedupe_key)
                if await hub.get(SEEN, seen) is not None:
                    continue
                id = self._database.next("inbox")
                stored = StoredUpdate(id, update, self._database.now, _state_of(update), error=update.quarantined)
                await hub.put(SEEN, seen, id)
                await transaction.of(update.tenant_id if update.session_id else None).put(UPDATES, id, stored)
                if update.tenant_id and stored.state == PENDING:
                    woken.add(update.tenant_id)
        for tenant_id in woken:
            self._wake(Work.INBOX, tenant_id)


def _state_of(update: NewUpdate) -> str:
    if update.quarantined is not None:
        return QUARANTINED
    return PENDING if update.session_id else UNASSIGNED


class MemoryInbox:
    """Implements `Inbox`. `cursors`: where each tenant's claims go on, so that every chat has its turn."""

    def __init__(self, rows: Rows, tenant_id: TenantId, cursors: dict[TenantId, tuple[SessionId, str]]) -> None:
        self._rows = rows
        self._tenant_id = tenant_id
        self._cursors = cursors
        self._finished: list[int] = []

    async def claim(self, limit: int) -> ClaimedUpdates:
        """Claim the due updates of the chats after the last claim's, starting over at the end."""
        chats = self._due_chats()
        after = self._cursors.pop(self._tenant_id, _START)
        turn = [*(c for c in chats if c > after), *(c for c in chats if c <= after)][:limit]
        ours = [c for c in turn if self._rows.try_lock_name("chat", *c)]
        due = [(rank, u.id, u) for c in ours for rank, u in enumerate(self._prefix(c))]
        taken = sorted(due, key=lambda one: one[:2])[:limit]
        if len(turn) >= limit:
            self._cursors[self._tenant_id] = turn[-1]
        has_more = len(turn) >= limit or len(turn) > len(ours) or len(due) > len(taken)
        return ClaimedUpdates([u.item() for _, _, u in sorted(taken, key=lambda one: one[1])], has_more)

    def _pending(self) -> list[StoredUpdate]:
        found = [u for u in self._rows.each(UPDATES) if u.state == PENDING and u.id not in self._finished]
        return sorted(found, key=lambda u: u.id)

    def _due_chats(self) -> list[Chat]:
        heads: dict[Chat, StoredUpdate] = {}
        for update in self._pending():
            if update.chat:
                heads.setdefault(update.chat, update)
        return sorted(chat for chat, head in heads.items() if self._is_due(head))

    def _is_due(self, update: StoredUpdate) -> bool:
        return update.retry_at is None or update.retry_at <= self._rows.now

    def _prefix(self, chat: Chat) -> list[StoredUpdate]:
        """Return the chat's updates up to the first that waits for its retry."""
        found = []
        for update in (u for u in self._pending() if u.chat == chat):
            if not self._is_due(update):
                break
            found.append(update)
        return found

    def done(self, ids: Sequence[int]) -> None:
        """Mark them with the commit."""
        self._finished += ids

    async def finish(self) -> None:
        """Mark what is done; called before the commit."""
        for id in self._finished:
            if update := await self._rows.get(UPDATES, id):
                await self._rows.put(UPDATES, id, replace(update, state=DONE, retry_at=None, error=None))

    async def wait(self, ids: Sequence[int], for_s: float) -> None:
        """Leave them, and their chats behind them, for `for_s` seconds."""
        for id in ids:
            await self._set_back(id, for_s)

    async def known(self, keys: Collection[tuple[SessionId, str]]) -> set[tuple[SessionId, str]]:
        """Look them up by the key that drops repeats."""
        asked = {(session_id, key) for session_id, key in keys}
        stored = ((u.update.session_id, u.update.dedupe_key) for u in self._rows.each(UPDATES))
        return {(session_id, key) for session_id, key in stored if session_id and (session_id, key) in asked}

    async def retry(self, item: InboxItem, error: str, after_s: float) -> None:
        """Count a failure, store its error, and make the update due again in `after_s` seconds."""
        if await self._as_claimed(item):
            await self._set_back(item.id, after_s, error)

    async def _as_claimed(self, item: InboxItem) -> StoredUpdate | None:
        update = await self._rows.get(UPDATES, item.id)
        return update if update and (update.state, update.tries) == (PENDING, item.tries) else None

    async def _set_back(self, item_id: int, for_s: float, error: str | None = None) -> None:
        if update := await self._rows.get(UPDATES, item_id):
            at = self._rows.now + timedelta(seconds=for_s)
            counted = update if error is None else replace(update, tries=update.tries + 1, error=_short(error))
            await self._rows.put(UPDATES, item_id, replace(counted, retry_at=at))

    async def quarantine(self, item: InboxItem, error: str) -> None:
        """Set the update aside with its error; its chat goes on."""
        if update := await self._as_claimed(item):
            aside = replace(update, state=QUARANTINED, tries=update.tries + 1, error=_short(error), retry_at=None)
            await self._rows.put(UPDATES, item.id, aside)


def _short(error: str) -> str:
    return storable(error)[:ERROR_CHARACTERS]
