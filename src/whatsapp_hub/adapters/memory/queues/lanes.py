"""Lanes: one ordered lane a chat of a session. A lane with an open attempt is leased, and due again when the lease
ends."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows
from whatsapp_hub.adapters.memory.queues.affected import affected
from whatsapp_hub.adapters.memory.queues.lane_turns import turn_of
from whatsapp_hub.adapters.memory.repositories.messages import MemoryMessages
from whatsapp_hub.adapters.memory.tables.connections import is_held
from whatsapp_hub.adapters.memory.tables.entities import CONTACTS, MESSAGES
from whatsapp_hub.adapters.memory.tables.lanes import EPOCH, LANES, NEVER, PACES, QUEUED, Lane, Pace, Queued, queue_of
from whatsapp_hub.application.ports.queues.lanes import Claim, ClaimedLanes, Holding, LaneKey, OpenAttempt, Release
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, MessageId, SessionId
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.moving import Affected

LATE = timedelta(seconds=60)
"""A lane that waits for a call of another one goes on so long after its lease, if nothing ended the call."""


def _lane_of(message: Message) -> LaneKey:
    return LaneKey(message.session_id, message.chat)


class MemoryLanes:
    """Implements `Lanes`. `made_due`, `made_due_held`: a lane may have become due here, of a session that workers or
    connectors send for."""

    def __init__(self, rows: Rows, messages: MemoryMessages, holds_socket: Callable[[str], bool]) -> None:
        self.made_due = False
        self.made_due_held = False
        self._rows = rows
        self._messages = messages
        self._holds_socket = holds_socket

    async def enqueue(self, messages: Sequence[Message], provider: str) -> None:
        """Append stored messages to their chats' lanes."""
        for message in messages:
            await self._append(message, provider)

    async def add(self, messages: Sequence[Message], providers: Mapping[MessageId, str]) -> None:
        """Store messages and append those that a provider sends."""
        await self._messages.add(messages)
        for message in messages:
            if provider := providers.get(message.id):
                await self._append(message, provider)

    async def _append(self, message: Message, provider: str) -> None:
        key, now = _lane_of(message), self._rows.now
        lane = await self._rows.get(LANES, key)
        if lane is None:
            lane = Lane(key, provider, now)
        elif not queue_of(self._rows, key):
            lane = replace(lane, next_at=max(lane.next_at, now))
        await self._rows.put(LANES, key, replace(lane, provider=provider))
        await self._rows.put(QUEUED, message.id, Queued(message.id, key, self._rows.next("lanes")))
        if self._holds_socket(provider):
            self.made_due_held = True
        else:
            self.made_due = True

    async def claim(
        self, pacing: Mapping[str, Pacing], limit: int, lease_s: float, holding: Holding | None = None
    ) -> ClaimedLanes:
        """Lease due lanes one by one, skipping locked ones, and open an attempt for each head."""
        claimed = ClaimedLanes([], [])
        for pace in self._sessions(pacing, holding):
            for key in self._due(pace.session_id):
                if len(claimed.claims) == limit:
                    return claimed
                if self._rows.try_lock(LANES, key):
                    await self._turn(key, pacing, lease_s, claimed)
        return claimed

    def _sessions(self, pacing: Mapping[str, Pacing], holding: Holding | None) -> Iterable[Pace]:
        """Yield the sessions that may send now, in random order; locks the pace of those that have one."""
        now = self._rows.now
        found = [p for p in self._rows.each(PACES) if p.provider in pacing and p.hold_until <= now]
        random.shuffle(found)
        for pace in found:
            its = pacing[pace.provider]
            is_ours = holding is None or is_held(self._rows, pace.session_id, holding)
            is_free = its.session is None and its.human is None
            if is_ours and (is_free or self._rows.try_lock(PACES, pace.session_id)):
                yield pace

    def _due(self, session_id: SessionId) -> list[LaneKey]:
        now = self._rows.now
        of_session = (lane for lane in self._rows.each(LANES) if lane.key.session_id == session_id)
        due = [lane for lane in of_session if lane.attempt is None and lane.next_at <= now]
        due.sort(key=lambda lane: lane.next_at)
        return [lane.key for lane in due if queue_of(self._rows, lane.key)]

    async def _turn(self, key: LaneKey, pacing: Mapping[str, Pacing], lease_s: float, claimed: ClaimedLanes) -> None:
        """Decide on a due lane: lease it, or postpone it."""
        lane, pace = self._rows.peek(LANES, key), self._rows.peek(PACES, key.session_id)
        if lane is None or pace is None:
            return
        head = queue_of(self._rows, key)[0].message_id
        its, paced = turn_of(self._rows, lane, pace, pacing[pace.provider], head)
        if paced != pace:
            await self._rows.put(PACES, key.session_id, paced)
        if its.at is None:
            lane = replace(lane, paced_until=its.lane_paced or lane.paced_until)
            claimed.claims.extend(await self._begin(lane, head, lease_s))
            return
        typing_for = head if its.types else lane.typing_for
        await self._rows.put(LANES, key, replace(lane, next_at=its.at, slot_at=its.slot_at, typing_for=typing_for))
        if its.types:
            claimed.typing.append(key)

    async def _begin(self, lane: Lane, head: MessageId, lease_s: float) -> list[Claim]:
        now = self._rows.now
        until = now + timedelta(seconds=lease_s)
        begun = replace(lane, attempt=head, attempt_at=now, tries=lane.tries + 1, fence=lane.fence + 1)
        begun = replace(begun, lease_until=until, next_at=until, slot_at=None, awaits=None)
        await self._rows.put(LANES, lane.key, begun)
        message = self._rows.peek(MESSAGES, head)
        if message is None:
            return []
        contact = self._rows.peek(CONTACTS, message.contact_id)
        return [Claim(lane.key, begun.fence, begun.tries, message, contact.identities if contact else ())]

    async def waiting(self, session_id: SessionId, limit: int) -> int:
        soon = self._rows.now + timedelta(seconds=5)
        free = (lane for lane in self._rows.each(LANES) if lane.attempt is None and lane.next_at <= soon)
        due = [lane for lane in free if lane.key.session_id == session_id and queue_of(self._rows, lane.key)]
        return min(len(due), limit)

    async def stale(self, limit: int, wait_s: float) -> list[Message]:
        """Close attempts whose lease ran out, and return their messages, whose outcome is unknown."""
        now, left = self._rows.now, []
        late = [lane for lane in self._rows.each(LANES) if lane.attempt and lane.lease_until <= now]
        for lane in late[:limit]:
            if not (lane.attempt and self._rows.try_lock(MESSAGES, lane.attempt)):
                continue
            message = self._rows.peek(MESSAGES, lane.attempt)
            current = await self._rows.get(LANES, lane.key)
            if message is None or current is None or current.attempt != message.id or current.lease_until > now:
                continue
            is_pending = message.is_to_be_sent
            closed = current.closed(now + timedelta(seconds=wait_s if is_pending else 0))
            awaits = message.id if is_pending else None
            await self._rows.put(LANES, lane.key, replace(closed, tries=0, fence=current.fence + 1, awaits=awaits))
            await self._rows.drop(QUEUED, message.id)
            await self._go_on(message.id, wait_s if is_pending else 0, stays=is_pending)
            left.append(message)
        return left

    async def release(self, releases: Sequence[Release]) -> list[Claim]:
        """End attempts whose fence still holds; return the claims that were still ours."""
        ours: list[Claim] = []
        for release in sorted(releases, key=lambda r: (r.claim.lane.session_id, r.claim.lane.chat)):
            claim, lane = release.claim, await self._rows.get(LANES, release.claim.lane)
            if lane is None or (lane.fence, lane.attempt) != (claim.fence, claim.message.id):
                continue
            next_at = self._rows.now + timedelta(seconds=release.again_in_s)
            closed = lane.closed(max(next_at, lane.next_at) if lane.awaits else next_at)
            awaits = claim.message.id if release.awaits_receipt else lane.awaits
            tries = 0 if release.settled else lane.tries
            closed = replace(closed, awaits=awaits, tries=tries)
            await self._rows.put(LANES, lane.key, closed)
            if release.settled:
                await self._rows.drop(QUEUED, claim.message.id)
                await self._go_on(claim.message.id, release.again_in_s, stays=release.awaits_receipt)
            else:
                await self._bring_along(closed, claim.message.id)
            ours.append(claim)
        return [r.claim for r in releases if r.claim in ours]

    async def hold(self, session_id: SessionId, for_s: float | None) -> None:
        """Stop the session's lanes for `for_s` seconds, or (None) until they are resumed."""
        if pace := await self._rows.get(PACES, session_id):
            until = NEVER if for_s is None else self._rows.now + timedelta(seconds=for_s)
            await self._rows.put(PACES, session_id, pace.on_hold(until))

    async def hold_first_contacts(self, session_id: SessionId, for_s: float | None) -> None:
        """Move the pace of first contacts."""
        if pace := await self._rows.get(PACES, session_id):
            until = EPOCH if for_s is None else max(pace.strangers_until, self._rows.now + timedelta(seconds=for_s))
            await self._rows.put(PACES, session_id, replace(pace, strangers_until=until))

    async def resume(self, session_id: SessionId) -> None:
        """Make the session's lanes due, and wake workers after the commit."""
        self.made_due = self.made_due_held = True
        if pace := await self._rows.get(PACES, session_id):
            await self._rows.put(PACES, session_id, replace(pace, hold_until=Pace(session_id, "").hold_until))

    async def settled(self, messages: Sequence[Message]) -> None:
        """Let lanes go on whose unknown outcome was settled."""
        for message in messages:
            self.made_due = self.made_due_held = True
            await self._go_on(message.id, 0, stays=False)

    async def _go_on(self, ended: MessageId, again_in_s: float, *, stays: bool) -> None:
        """Let the lanes go on that wait for this message; with `stays` they wait for its receipt."""
        next_at = self._rows.now + timedelta(seconds=again_in_s)
        for lane in await self._following(ended):
            at = max(next_at, lane.lease_until) if lane.attempt else next_at
            await self._rows.put(LANES, lane.key, replace(lane, awaits=ended if stays else None, next_at=at))

    async def _bring_along(self, old: Lane, retried: MessageId) -> None:
        """Move a message that is to be sent again, the head of its lane, to the lane that waits for it."""
        for lane in [lane for lane in await self._following(retried) if lane.key != old.key][:1]:
            message, queued = await self._messages.get(retried), await self._rows.get(QUEUED, retried)
            if queued is None:
                return
            message.chat = lane.key.chat
            await self._rows.put(MESSAGES, retried, message)
            await self._rows.put(QUEUED, retried, replace(queued, lane=lane.key))
            await self._rows.put(LANES, old.key, replace(old, tries=0, next_at=self._rows.now))
            is_free = lane.attempt is None
            tries, next_at = (old.tries, old.next_at) if is_free else (lane.tries, lane.lease_until)
            await self._rows.put(LANES, lane.key, replace(lane, awaits=None, tries=tries, next_at=next_at))

    async def _following(self, awaited: MessageId) -> list[Lane]:
        """Return the lanes that wait for this message, locked."""
        for key in [lane.key for lane in self._rows.each(LANES) if lane.awaits == awaited]:
            await self._rows.lock(LANES, key)
        return [lane for lane in self._rows.each(LANES) if lane.awaits == awaited]

    async def open_attempts(self, session_ids: Iterable[SessionId]) -> dict[SessionId, list[OpenAttempt]]:
        """Return what provider calls may be under way, by session."""
        wanted, found = set(session_ids), dict[SessionId, list[OpenAttempt]]()
        for lane in self._rows.each(LANES):
            message = self._rows.peek(MESSAGES, lane.attempt) if lane.attempt else None
            if message and lane.attempt_at and lane.key.session_id in wanted:
                attempt = OpenAttempt(message.contact_id, message.content, lane.attempt_at)
                found.setdefault(lane.key.session_id, []).append(attempt)
        return found

    async def reserve_id(self, claim: Claim, provider_message_id: str) -> bool:
        """Store the id on the message, unless the claim is outdated; return whether it did."""
        message, lane = await self._rows.get(MESSAGES, claim.message.id), self._rows.peek(LANES, claim.lane)
        if message is None or lane is None or (lane.fence, lane.attempt) != (claim.fence, message.id):
            return False
        if message.whatsapp_message_id is not None or message.status is not MessageStatus.PENDING:
            return False
        message.whatsapp_message_id = provider_message_id
        await self._messages.save([message])
        return True

    async def move(self, session_id: SessionId, chat: str, to: str, contact_id: ContactId) -> None:
        """Append one contact's waiting messages to another chat's lane."""
        old, new = LaneKey(session_id, chat), LaneKey(session_id, to)
        waiting = [q for q in queue_of(self._rows, old) if self._message(q.message_id).contact_id == contact_id]
        was = await self._rows.get(LANES, old)
        if was is None or old == new:
            return
        ahead = self._ahead(was, waiting, contact_id)
        found = await self._rows.get(LANES, new)
        target = found or Lane(new, was.provider, self._rows.now)
        moved = [q for q in waiting if q.message_id not in (was.attempt, target.attempt)]
        if moved or ahead:
            await self._join(was, target, ahead, moved)
        for queued in moved:
            self.made_due = self.made_due_held = True
            message = await self._messages.get(queued.message_id)
            message.chat = to
            await self._rows.put(MESSAGES, message.id, message)
            await self._rows.put(QUEUED, message.id, replace(queued, lane=new))

    def _ahead(self, was: Lane, waiting: Sequence[Queued], contact_id: ContactId) -> MessageId | None:
        """Return the contact's message that ends before the new lane begins."""
        if was.attempt in {q.message_id for q in waiting}:
            return was.attempt
        awaited = self._rows.peek(MESSAGES, was.awaits) if was.awaits else None
        return awaited.id if awaited and awaited.contact_id == contact_id else None

    async def _join(self, was: Lane, target: Lane, ahead: MessageId | None, moved: Sequence[Queued]) -> None:
        """Carry over tries, wait and pace: a call under way, or whose receipt is awaited, ends before `target` goes
        on. A call of a third lane is followed by one lane."""
        left = replace(was, slot_at=None, typing_for=None, tries=0 if was.attempt is None else was.tries)
        if ahead == was.awaits and ahead and self._rows.peek(QUEUED, ahead):
            left = replace(left, awaits=None, next_at=was.lease_until if was.attempt else self._rows.now)
        due = was.next_at + LATE if ahead and ahead == was.attempt else was.next_at
        tries = was.tries if moved and was.attempt is None else 0
        joined = replace(target, next_at=max(target.next_at, due), awaits=ahead or target.awaits)
        if not queue_of(self._rows, target.key):
            joined = replace(joined, tries=tries)
        await self._rows.put(LANES, was.key, left)
        await self._rows.put(LANES, joined.key, replace(joined, paced_until=max(was.paced_until, joined.paced_until)))

    async def affected(self, session_id: SessionId, limit: int) -> Affected:
        """Gather what a move touches."""
        return affected(self._rows, session_id, limit)

    async def abandon(self, session_id: SessionId) -> list[Message]:
        """Empty the session's lanes and return the messages that waited in them."""
        waiting = sorted(q.message_id for q in self._rows.each(QUEUED) if q.lane.session_id == session_id)
        messages = [await self._messages.get(id) for id in waiting]
        for message in messages:
            await self._rows.drop(QUEUED, message.id)
        for key in [lane.key for lane in self._rows.each(LANES) if lane.key.session_id == session_id]:
            if lane := await self._rows.get(LANES, key):
                emptied = replace(lane.closed(self._rows.now), slot_at=None, tries=0, fence=lane.fence + 1)
                await self._rows.put(LANES, key, emptied)
        return messages

    def _message(self, message_id: MessageId) -> Message:
        if (found := self._rows.peek(MESSAGES, message_id)) is None:
            raise NotFound("message", message_id)
        return found
