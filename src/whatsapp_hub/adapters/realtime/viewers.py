"""`viewers`: who has a conversation open, shown to those who may see it, in every process, and not stored."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import msgspec

from whatsapp_hub.adapters.contracts.events import viewer_signs
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.contracts.events.viewer_signs import Viewed, ViewersPayload, ViewersSign
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.adapters.realtime.typing import Publish
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.domain.ids import ConversationId, TenantId, UserId

AT_ONCE = 20
"""A person looks at no more than this many, in all sockets of a process: the ones that they opened last."""

MOST_SHOWN = 1_000
"""To one that connects: the conversations of its company that were opened last. Later changes are shown of all."""

REPEAT_S, LASTS_S = 15.0, 75.0
"""How often a process repeats all of its own at most, and for how long the others believe one that is silent."""

MOST_REPEATED = 5_000

RoomsNow = Callable[[TenantId, ConversationId], Iterable[str]]


@dataclass(slots=True)
class _Open:
    """A conversation that sockets of this process have open: their users, and who might see it when it was opened."""

    tenant_id: TenantId
    rooms: tuple[str, ...]
    sockets: dict[str, str] = field(default_factory=dict)

    def viewed(self, conversation_id: str) -> Viewed:
        """Say it to other processes."""
        return Viewed(conversation_id, str(self.tenant_id), self.rooms, tuple(dict.fromkeys(self.sockets.values())))


@dataclass(slots=True)
class _Elsewhere:
    """What another process said, and until when it is believed."""

    viewed: dict[str, Viewed] = field(default_factory=dict)
    until: float = 0.0


class Viewers:
    """Who looks at what. `rooms_now` are the rooms of those who may see a conversation by the log, none if it is
    unknown. `publish` sends a sign to the other processes, which pass it to `hear`."""

    def __init__(
        self,
        fanout: Fanout,
        rooms_now: RoomsNow,
        publish: Publish | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fanout = fanout
        self._rooms_now = rooms_now
        self._publish = publish
        self._clock = clock
        self._process = uuid4().hex
        self._open: dict[str, _Open] = {}
        self._of_socket: dict[str, dict[str, None]] = {}
        self._of_user: dict[str, dict[tuple[str, str], None]] = {}
        self._of_company: dict[str, dict[str, None]] = {}
        self._elsewhere: dict[str, _Elsewhere] = {}
        self._publishing = BackgroundTasks()
        self._repeated_at = 0.0

    def enter(
        self, sid: str, user_id: UserId, tenant_id: TenantId, id: ConversationId, rooms: tuple[str, ...]
    ) -> Emission:
        """Note that a socket opened a conversation; return its `viewers`, for the socket itself."""
        conversation_id = str(id)
        self._of_socket.setdefault(sid, {})[conversation_id] = None
        self._bound(sid, str(user_id), conversation_id)
        one = self._open.setdefault(conversation_id, _Open(tenant_id, rooms))
        one.rooms = rooms
        is_new = str(user_id) not in one.sockets.values()
        one.sockets[sid] = str(user_id)
        self._index(str(tenant_id), conversation_id)
        if is_new:
            self._tell(one.viewed(conversation_id))
        return self._emission(conversation_id)

    def _bound(self, sid: str, user: str, conversation_id: str) -> None:
        """Close what this user opened first, if it is too much."""
        theirs = self._of_user.setdefault(user, {})
        theirs.pop((sid, conversation_id), None)
        theirs[sid, conversation_id] = None
        if len(theirs) > AT_ONCE:
            self.leave(*next(iter(theirs)))

    def leave(self, sid: str, conversation_id: str) -> None:
        """Note that a socket closed it, or may see it no longer."""
        self._of_socket.get(sid, {}).pop(conversation_id, None)
        one = self._open.get(conversation_id)
        user = one.sockets.pop(sid, None) if one else None
        if one is None or user is None:
            return
        self._of_user[user].pop((sid, conversation_id), None)
        if not self._of_user[user]:
            del self._of_user[user]
        if user in one.sockets.values():
            return
        if not one.sockets:
            del self._open[conversation_id]
            self._index(str(one.tenant_id), conversation_id)
        self._tell(one.viewed(conversation_id))

    def forget(self, sid: str) -> None:
        """Forget a closed socket."""
        for conversation_id in list(self._of_socket.get(sid, ())):
            self.leave(sid, conversation_id)
        self._of_socket.pop(sid, None)

    def shown_in(self, tenant_id: TenantId, rooms: Iterable[str]) -> Iterator[Emission | None]:
        """Yield the `viewers` of each of the company's conversations that the members of these rooms may see; None for
        one that they may not: who goes through them can pause at each."""
        own = frozenset(rooms)
        newest = list(reversed(self._of_company.get(str(tenant_id), {})))[:MOST_SHOWN]
        for conversation_id in newest:
            viewed = self._viewed(conversation_id)
            may_see = viewed is not None and own.intersection(self._audience(viewed))
            yield self._emission(conversation_id) if may_see else None

    def hear(self, said: bytes) -> bool:
        """Take what another process said; False: it is no sign of this kind."""
        try:
            sign = viewer_signs.decode(said)
        except msgspec.MsgspecError:
            return False
        there = self._elsewhere.setdefault(sign.process, _Elsewhere())
        there.until = self._clock() + LASTS_S
        said_now = {viewed.conversation_id: viewed for viewed in sign.viewed}
        before = {id: there.viewed[id] for id in (there.viewed if sign.is_whole else said_now) if id in there.viewed}
        for id in before:
            del there.viewed[id]
        there.viewed |= {id: viewed for id, viewed in said_now.items() if viewed.users}
        self._show_changes(before, said_now)
        self._index_all(before, said_now)
        return True

    def repeat(self) -> None:
        """Say all of this process's own again, unless that was a moment ago; give up processes that are silent."""
        now = self._clock()
        for process in [process for process, there in self._elsewhere.items() if there.until < now]:
            gone = self._elsewhere.pop(process)
            self._show_changes(gone.viewed, {})
            self._index_all(gone.viewed, {})
        if now - self._repeated_at >= REPEAT_S:
            self._repeated_at = now
            own = [one.viewed(id) for id, one in self._open.items()][:MOST_REPEATED]
            self._send(ViewersSign(process=self._process, is_whole=True, viewed=own))

    async def aclose(self) -> None:
        """Drop what is not published yet."""
        await self._publishing.aclose()

    def _viewed(self, conversation_id: str) -> Viewed | None:
        """Return one that is open in this process, else as another one says."""
        if one := self._open.get(conversation_id):
            return one.viewed(conversation_id)
        said = (there.viewed.get(conversation_id) for there in self._elsewhere.values())
        return next((viewed for viewed in said if viewed), None)

    def _index_all(self, before: dict[str, Viewed], now: dict[str, Viewed]) -> None:
        for id, viewed in {**before, **now}.items():
            if id not in before or id not in now or not viewed.users:
                self._index(viewed.tenant_id, id)

    def _index(self, tenant_id: str, conversation_id: str) -> None:
        """Keep the company's open conversations, the one that was opened last at the end."""
        theirs = self._of_company.setdefault(tenant_id, {})
        theirs.pop(conversation_id, None)
        if self._viewed(conversation_id):
            theirs[conversation_id] = None
        if not theirs:
            del self._of_company[tenant_id]

    def _users(self, conversation_id: str) -> list[str]:
        one = self._open.get(conversation_id)
        users = list(one.sockets.values()) if one else []
        for there in self._elsewhere.values():
            if viewed := there.viewed.get(conversation_id):
                users += viewed.users
        return sorted(set(users))

    def _show_changes(self, before: dict[str, Viewed], now: dict[str, Viewed]) -> None:
        for id in before.keys() | now.keys():
            old, new = before.get(id), now.get(id)
            if set(old.users if old else ()) != set(new.users if new else ()):
                self._show(new or old)

    def _tell(self, viewed: Viewed) -> None:
        self._show(viewed)
        self._send(ViewersSign(process=self._process, is_whole=False, viewed=[viewed]))

    def _send(self, sign: ViewersSign) -> None:
        if self._publish:
            self._publishing.start(self._published(self._publish, viewer_signs.encode(sign)))

    async def _published(self, publish: Publish, said: bytes) -> None:
        await publish(said)

    def _show(self, viewed: Viewed | None) -> None:
        if viewed:
            self._fanout(self._emission(viewed.conversation_id), self._audience(viewed))

    def _audience(self, viewed: Viewed) -> tuple[str, ...]:
        now = tuple(self._rooms_now(TenantId(UUID(viewed.tenant_id)), ConversationId(UUID(viewed.conversation_id))))
        return (*(now or viewed.rooms), f"conversation:{viewed.conversation_id}")

    def _emission(self, conversation_id: str) -> Emission:
        payload = ViewersPayload(conversation_id=conversation_id, users=self._users(conversation_id))
        data: dict[str, Any] = msgspec.to_builtins(payload)
        return Emission("viewers", data, NAMESPACE)
