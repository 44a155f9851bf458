"""Lanes: one ordered lane per chat of a session. A lane with an open attempt is leased, and due again (`next_at`) when
the lease ends. Lanes are locked in the order of (session, chat); a claim never waits (SKIP LOCKED)."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.queues import lane_enqueue, lane_moves
from whatsapp_hub.adapters.postgres.repositories.messages import COLUMNS, SELECT, message_of
from whatsapp_hub.adapters.postgres.repositories.sessions import VERSION_OF, Saw
from whatsapp_hub.application.ports.queues.lanes import Claim, ClaimedLanes, Holding, LaneKey, OpenAttempt, Release
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import ContactId, MessageId, SessionId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.messaging.pacing import LaneHead, Paces, Pacing, turn
from whatsapp_hub.domain.sessions.moving import Affected

_DUE = "l.queued > 0 AND l.attempt_message IS NULL AND l.next_at <= (SELECT now FROM hub.time)"
_SESSIONS = f"""SELECT session_id, provider, paced_until %(paces)s FROM hub.paces
      WHERE provider = ANY(%(kinds)s::text[]) AND ($3::uuid[] IS NULL OR session_id = ANY($3))
        AND hold_until <= (SELECT now FROM hub.time) %(held)s
        AND EXISTS (SELECT FROM hub.lanes l WHERE l.session_id = paces.session_id AND {_DUE})
      ORDER BY random()"""
# A claim locks the pace of paced sessions ($1), nothing of others ($2).
_PICK = f"""
    WITH paced AS MATERIALIZED ({_SESSIONS % {"kinds": "$1", "paces": "%(paces)s", "held": "%(held)s"}}
      FOR NO KEY UPDATE SKIP LOCKED),
    free AS MATERIALIZED ({_SESSIONS % {"kinds": "$2", "paces": "%(paces)s", "held": "%(held)s"}})
    SELECT l.*, %(columns)s p.provider, greatest(p.paced_until, 'epoch') AS session_paced,
      (SELECT now FROM hub.time) AS now
    FROM (SELECT * FROM paced UNION ALL SELECT * FROM free) AS p CROSS JOIN LATERAL (
      SELECT session_id, chat, greatest(paced_until, 'epoch') AS lane_paced, slot_at, typing_for FROM hub.lanes l
      WHERE l.session_id = p.session_id AND {_DUE}
      ORDER BY l.next_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) AS l
    %(head)s LIMIT $4"""
_IS_HELD = """AND EXISTS (
          SELECT FROM hub.lines k JOIN hub.connectors c ON c.id = k.connector_id
            AND c.until > (SELECT now FROM hub.time)
          JOIN unnest($3::uuid[], $6::bigint[]) AS h(session_id, fence) USING (session_id, fence)
          WHERE k.session_id = paces.session_id AND k.connector_id = $5)"""
# A human pace depends on how long the number is linked, the head's length, and whether the two ever spoke.
_PACES = """, warm_until, strangers_until, (SELECT now FROM hub.time) - coalesce(
        (SELECT paired_at FROM hub.lines WHERE session_id = paces.session_id),
        (SELECT created_at FROM hub.sessions WHERE id = paces.session_id)) AS age"""
_COLUMNS = """h.id AS head, coalesce(h.characters, 0) AS characters, coalesce(h.is_stranger, false) AS is_stranger,
      greatest(p.warm_until, 'epoch') AS warm_paced, greatest(p.strangers_until, 'epoch') AS strangers_paced, p.age,"""
_HEAD = """LEFT JOIN LATERAL (
      SELECT m.id, length(m.content) AS characters,
        NOT EXISTS (SELECT FROM messages o WHERE o.conversation_id = m.conversation_id AND o.id <> m.id
                    AND (o.direction = 'INBOUND' OR o.status <> 'PENDING'))
        AND NOT EXISTS (SELECT FROM conversations c WHERE c.session_id = m.session_id AND c.contact_id = m.contact_id
                        AND c.id <> m.conversation_id) AS is_stranger
      FROM messages m WHERE m.session_id = l.session_id AND m.chat = l.chat AND m.queue_seq IS NOT NULL
      ORDER BY m.queue_seq LIMIT 1) AS h ON true"""


def _pick(*, held: bool, human: bool) -> str:
    """Build the query that picks due lanes; a human pace needs the head message, too."""
    return _PICK % {
        "held": _IS_HELD if held else "",
        "paces": _PACES if human else "",
        "columns": _COLUMNS if human else "",
        "head": _HEAD if human else "",
    }


_PICKS = {(held, human): _pick(held=held, human=human) for held in (False, True) for human in (False, True)}
_POSTPONE = """
    UPDATE hub.lanes l SET next_at = x.at, slot_at = x.slot_at, typing_for = coalesce(x.typing_for, l.typing_for)
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::uuid[])
      AS x(session_id, chat, at, slot_at, typing_for)
    WHERE l.session_id = x.session_id AND l.chat = x.chat"""
_PACE = Write(
    "paces",
    """UPDATE hub.paces p SET paced_until = x.at, warm_until = coalesce(x.warm, p.warm_until),
         strangers_until = coalesce(x.strangers, p.strangers_until)
       FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
         AS x(session_id, at, warm, strangers)
       WHERE p.session_id = x.session_id""",
)
# A lane that counts more messages than there are (they were deleted) is emptied instead.
_BEGUN = """
      UPDATE hub.lanes l SET
        attempt_message = h.id, attempt_at = (SELECT now FROM hub.time), tries = l.tries + 1, fence = l.fence + 1,
        lease_until = (SELECT now FROM hub.time) + $4 * interval '1 second',
        next_at = (SELECT now FROM hub.time) + $4 * interval '1 second',
        queued = CASE WHEN h.id IS NULL THEN 0 ELSE l.queued END,
        slot_at = NULL, awaits = NULL, paced_until = coalesce(h.paced, l.paced_until)
      FROM (
        SELECT x.*, head.id FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS x(session_id, chat, paced)
        LEFT JOIN LATERAL (
          SELECT id FROM messages m WHERE m.session_id = x.session_id AND m.chat = x.chat AND m.queue_seq IS NOT NULL
          ORDER BY m.queue_seq LIMIT 1) AS head ON true) AS h
      WHERE l.session_id = h.session_id AND l.chat = h.chat
      RETURNING l.attempt_message, l.fence, l.tries"""
_LEASE = Write(
    "lanes",
    f"""SELECT {", ".join(f"m.{name}" for name in COLUMNS.split(", "))}, begun.fence, begun.tries, i.*,
         {VERSION_OF.format(id="m.session_id")}
       FROM begun JOIN messages m ON m.id = begun.attempt_message
       CROSS JOIN LATERAL (
         SELECT array_agg(kind ORDER BY added_at, kind, value) AS kinds,
           array_agg(value ORDER BY added_at, kind, value) AS names,
           array_agg(address ORDER BY added_at, kind, value) AS addresses
         FROM contact_identities WHERE contact_id = m.contact_id) AS i""",
    (("begun", _BEGUN),),
)

_STALE = """
    SELECT attempt_message FROM hub.lanes l
    WHERE l.session_id IN (SELECT session_id FROM hub.paces) AND l.attempt_message IS NOT NULL
      AND l.next_at <= (SELECT now FROM hub.time) AND l.lease_until <= (SELECT now FROM hub.time)
    LIMIT $1"""
_STALE_MESSAGES = f"{SELECT} WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
_CLOSE_STALE = """
    WITH late AS (
      SELECT l.session_id, l.chat, m.pending FROM hub.lanes l
      JOIN unnest($1::uuid[], $2::text[], $3::uuid[], $4::bool[]) AS m(session_id, chat, id, pending)
        ON l.session_id = m.session_id AND l.chat = m.chat AND l.attempt_message = m.id
      WHERE l.lease_until <= (SELECT now FROM hub.time) ORDER BY l.session_id, l.chat FOR NO KEY UPDATE OF l),
    closed AS (
      UPDATE hub.lanes l SET
        attempt_message = NULL, attempt_at = NULL, lease_until = NULL, tries = 0, fence = l.fence + 1,
        queued = greatest(l.queued - 1, 0), awaits = CASE WHEN late.pending THEN l.attempt_message END,
        next_at = (SELECT now FROM hub.time) + CASE WHEN late.pending THEN $5::float8 ELSE 0 END * interval '1 second'
      FROM late WHERE l.session_id = late.session_id AND l.chat = late.chat
      RETURNING l.session_id, l.chat)
    SELECT session_id, chat FROM closed"""
_LEAVE = "UPDATE messages SET queue_seq = NULL WHERE id = ANY($1::uuid[])"

_RELEASE = """
    WITH ours AS (
      SELECT r.* FROM hub.lanes l
      JOIN unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bool[], $6::float8[], $7::bool[])
        AS r(session_id, chat, fence, message_id, settled, again_in_s, awaits)
        ON l.session_id = r.session_id AND l.chat = r.chat
      WHERE l.fence = r.fence AND l.attempt_message = r.message_id
      ORDER BY l.session_id, l.chat FOR NO KEY UPDATE OF l),
    released AS (
      UPDATE hub.lanes l SET
        attempt_message = NULL, attempt_at = NULL, lease_until = NULL,
        next_at = greatest((SELECT now FROM hub.time) + ours.again_in_s * interval '1 second',
          CASE WHEN l.awaits IS NOT NULL THEN l.next_at END),
        awaits = CASE WHEN ours.awaits THEN ours.message_id ELSE l.awaits END,
        tries = CASE WHEN ours.settled THEN 0 ELSE l.tries END,
        queued = CASE WHEN ours.settled THEN greatest(l.queued - 1, 0) ELSE l.queued END
      FROM ours WHERE l.session_id = ours.session_id AND l.chat = ours.chat AND l.fence = ours.fence
      RETURNING ours.message_id, ours.settled),
    gone AS (
      UPDATE messages SET queue_seq = NULL FROM released WHERE messages.id = released.message_id AND released.settled)
    SELECT message_id FROM released"""
_HOLD = """
    UPDATE hub.paces SET hold_until = greatest(hold_until,
      coalesce((SELECT now FROM hub.time) + $2::float8 * interval '1 second', 'infinity')) WHERE session_id = $1"""
_RESUME = "UPDATE hub.paces SET hold_until = '-infinity' WHERE session_id = $1"
_HOLD_FIRST_CONTACTS = """
    UPDATE hub.paces SET strangers_until = CASE WHEN $2::float8 IS NULL THEN '-infinity' ELSE greatest(strangers_until,
      (SELECT now FROM hub.time) + $2::float8 * interval '1 second') END WHERE session_id = $1"""
_OPEN_ATTEMPTS = f"""
    SELECT {", ".join(f"m.{name}" for name in COLUMNS.split(", "))}, l.attempt_at
    FROM hub.lanes l JOIN messages m ON m.id = l.attempt_message
    WHERE l.session_id = ANY($1::uuid[]) AND l.attempt_message IS NOT NULL"""
_RESERVE = """
    UPDATE messages m SET whatsapp_message_id = $4 FROM hub.lanes l
    WHERE l.session_id = $1 AND l.chat = $2 AND l.fence = $3 AND l.attempt_message = m.id AND m.id = $5
      AND m.whatsapp_message_id IS NULL AND m.status = 'PENDING' RETURNING m.id"""

_WAITING = f"{SELECT} WHERE session_id = $1 AND queue_seq IS NOT NULL ORDER BY id FOR NO KEY UPDATE"
_LOCK_ALL = "SELECT FROM hub.lanes WHERE session_id = $1 ORDER BY session_id, chat FOR NO KEY UPDATE"
# Messages enqueued since these were read stay.
_EMPTY = """
    UPDATE hub.lanes l SET
      attempt_message = NULL, attempt_at = NULL, lease_until = NULL, awaits = NULL, slot_at = NULL, tries = 0,
      fence = fence + 1, next_at = (SELECT now FROM hub.time),
      queued = (SELECT count(*) FROM messages m WHERE m.session_id = l.session_id AND m.chat = l.chat
                  AND m.queue_seq IS NOT NULL)
    WHERE session_id = $1"""

_ROUNDS = 8


@dataclass(slots=True)
class _Turns:
    """Decisions on the due lanes of one pick."""

    now: list[tuple[UUID, str, datetime | None]] = field(default_factory=list)
    later: list[tuple[UUID, str, datetime, datetime | None, UUID | None]] = field(default_factory=list)
    paces: dict[UUID, Paces] = field(default_factory=dict)
    typing: list[LaneKey] = field(default_factory=list)

    def decide(self, row: Any, pacing: Pacing) -> None:
        session_id, chat = row["session_id"], row["chat"]
        paces, head = self.paces.get(session_id) or _paces(row, pacing), _head(row, pacing)
        its = turn(pacing, paces, row["lane_paced"], row["slot_at"], row["now"], head, random.random())  # noqa: S311 (no secret)
        if its.paces and its.paces != paces:
            self.paces[session_id] = its.paces
        if its.at is None:
            self.now.append((session_id, chat, its.lane_paced))
            return
        self.later.append((session_id, chat, its.at, its.slot_at, row["head"] if its.types else None))
        if its.types:
            self.typing.append(LaneKey(session_id, chat))


def _turns(rows: Sequence[Any], pacing: Mapping[str, Pacing]) -> _Turns:
    turns = _Turns()
    for row in rows:
        turns.decide(row, pacing[row["provider"]])
    return turns


def _paces(row: Any, pacing: Pacing) -> Paces:
    if pacing.human is None:
        return Paces(row["session_paced"])
    return Paces(row["session_paced"], row["warm_paced"], row["strangers_paced"])


def _head(row: Any, pacing: Pacing) -> LaneHead | None:
    if pacing.human is None:
        return None
    is_typed = row["typing_for"] is not None and row["typing_for"] == row["head"]
    return LaneHead(row["characters"], row["is_stranger"], is_typed, row["age"])


class PostgresLanes:
    """Implements `Lanes`."""

    def __init__(
        self, connection: Statements, holds_socket: Callable[[str], bool], saw: Saw, events: list[Event]
    ) -> None:
        self._connection = connection
        self._saw = saw
        self._holds_socket = holds_socket
        self._events = events
        self.made_due = False
        self.made_due_held = False
        """Whether a lane may have become due here, so that the commit wakes the workers or connectors that drain it."""

    async def enqueue(self, messages: Sequence[Message], provider: str) -> None:
        """Append stored messages to their chats' lanes."""
        if messages:
            self._makes_due(provider)
            await lane_enqueue.enqueue(self._connection, messages, provider)

    async def add(self, messages: Sequence[Message], providers: Mapping[MessageId, str]) -> None:
        """Store messages and append them, in one statement a provider."""
        for provider in set(providers.values()):
            self._makes_due(provider)
        self._events += recorded(messages)
        await lane_enqueue.add(self._connection, messages, providers)

    def _makes_due(self, provider: str) -> None:
        if self._holds_socket(provider):
            self.made_due_held = True
        else:
            self.made_due = True

    async def claim(
        self,
        pacing: Mapping[str, Pacing],
        limit: int,
        lease_s: float,
        holding: Holding | None = None,
    ) -> ClaimedLanes:
        """Lease due lanes, open an attempt for each head and reserve its slots, in one statement."""
        claims: list[Claim] = []
        typing: list[LaneKey] = []
        sessions = list(holding.fences) if holding else None
        lease = (holding.connector_id, list(holding.fences.values())) if holding else ()
        for human in (False, True):
            kinds = {kind: its for kind, its in pacing.items() if (its.human is not None) is human}
            paced = [kind for kind, its in kinds.items() if human or its.session is not None]
            free = [kind for kind in kinds if kind not in paced]
            pick = _PICKS[holding is not None, human]
            for _ in range(_ROUNDS if kinds else 0):
                wanted = limit - len(claims)
                rows = await self._connection.fetch(pick, paced, free, sessions, wanted, *lease) if wanted else []
                turns = _turns(rows, pacing)
                typing += turns.typing
                claims += await self._lease(turns, lease_s)
                if len(rows) < wanted or len(claims) == limit:
                    break
        return ClaimedLanes(claims, typing)

    async def _lease(self, turns: _Turns, lease_s: float) -> list[Claim]:
        if turns.later:
            await self._connection.execute(_POSTPONE, *zip(*turns.later, strict=True))
        if turns.paces:
            rows = [(id, p.session, p.warm, p.strangers) for id, p in turns.paces.items()]
            await self._connection.defer(_PACE, *zip(*rows, strict=True), rows=turns.paces)
        if not turns.now:
            return []
        rows = await self._connection.fetch_along(_LEASE, *zip(*turns.now, strict=True), lease_s)
        for row in rows:
            self._saw(row["session_id"], row["session_version"])
        return [_claim(row) for row in rows]

    async def waiting(self, session_id: SessionId, limit: int) -> int:
        return await lane_moves.waiting(self._connection, session_id, limit)

    async def stale(self, limit: int, wait_s: float) -> list[Message]:
        """Close attempts whose lease ended; return their messages. Messages are locked before lanes, as everywhere; a
        lane that was released meanwhile is left alone."""
        heads = [row["attempt_message"] for row in await self._connection.fetch(_STALE, limit)]
        rows = await self._connection.fetch(_STALE_MESSAGES, heads) if heads else []
        messages = {(row["session_id"], row["chat"]): message_of(row) for row in rows}
        if not messages:
            return []
        pending = [m.is_to_be_sent for m in messages.values()]
        keys = ([s for s, _ in messages], [c for _, c in messages], [m.id for m in messages.values()], pending)
        closed = await self._connection.fetch(_CLOSE_STALE, *keys, wait_s)
        left = [messages[row["session_id"], row["chat"]] for row in closed]
        await self._connection.execute(_LEAVE, [m.id for m in left])
        waits = [(m.id, wait_s, True) if m.is_to_be_sent else (m.id, 0.0, False) for m in left]
        await lane_moves.go_on(self._connection, waits)
        return left

    async def release(self, releases: Sequence[Release]) -> list[Claim]:
        """End attempts whose fence still holds; return the claims that were still ours."""
        if not releases:
            return []
        claims = [r.claim for r in releases]
        rows = await self._connection.fetch(
            _RELEASE,
            [c.lane.session_id for c in claims],
            [c.lane.chat for c in claims],
            [c.fence for c in claims],
            [c.message.id for c in claims],
            [r.settled for r in releases],
            [float(r.again_in_s) for r in releases],
            [r.awaits_receipt for r in releases],
        )
        ids = {row["message_id"] for row in rows}
        ours = [r for r in releases if r.claim.message.id in ids]
        retried = [(r.claim.lane.session_id, r.claim.lane.chat, r.claim.message.id) for r in ours if not r.settled]
        await lane_moves.bring_along(self._connection, retried)
        ended = [(r.claim.message.id, float(r.again_in_s), r.awaits_receipt) for r in ours if r.settled]
        await lane_moves.go_on(self._connection, ended)
        return [r.claim for r in ours]

    async def hold(self, session_id: SessionId, for_s: float | None) -> None:
        """Stop the session's lanes for `for_s` seconds, or (None) until they are resumed."""
        await self._connection.execute(_HOLD, session_id, for_s)

    async def hold_first_contacts(self, session_id: SessionId, for_s: float | None) -> None:
        await self._connection.execute(_HOLD_FIRST_CONTACTS, session_id, for_s)

    async def resume(self, session_id: SessionId) -> None:
        """Make the session's lanes due, and wake workers and connectors after the commit."""
        self.made_due = self.made_due_held = True
        await self._connection.execute(_RESUME, session_id)

    async def settled(self, messages: Sequence[Message]) -> None:
        if messages:
            self.made_due = self.made_due_held = True
            await lane_moves.go_on(self._connection, [(m.id, 0.0, False) for m in messages])

    async def open_attempts(self, session_ids: Iterable[SessionId]) -> dict[SessionId, list[OpenAttempt]]:
        """Read what provider calls may be under way, by session."""
        found: dict[SessionId, list[OpenAttempt]] = {}
        for row in await self._connection.fetch(_OPEN_ATTEMPTS, list(session_ids)):
            message = message_of(row)
            attempt = OpenAttempt(message.contact_id, message.content, row["attempt_at"])
            found.setdefault(message.session_id, []).append(attempt)
        return found

    async def reserve_id(self, claim: Claim, provider_message_id: str) -> bool:
        """Store the id on message and attempt, unless the claim's fence is outdated; return whether it did."""
        lane = (claim.lane.session_id, claim.lane.chat, claim.fence)
        return await self._connection.fetchval(_RESERVE, *lane, provider_message_id, claim.message.id) is not None

    async def move(self, session_id: SessionId, chat: str, to: str, contact_id: ContactId) -> None:
        """Append one chat's waiting messages to another chat's lane."""
        if await lane_moves.move(self._connection, session_id, chat, to, contact_id):
            self.made_due = self.made_due_held = True

    async def affected(self, session_id: SessionId, limit: int) -> Affected:
        """Read what a move touches."""
        return await lane_moves.affected(self._connection, session_id, limit)

    async def abandon(self, session_id: SessionId) -> list[Message]:
        """Empty the session's lanes and return the messages that waited in them."""
        messages = [message_of(row) for row in await self._connection.fetch(_WAITING, session_id)]
        await self._connection.execute(_LEAVE, [m.id for m in messages])
        await self._connection.execute(_LOCK_ALL, session_id)
        await self._connection.execute(_EMPTY, session_id)
        return messages


def _claim(row: Any) -> Claim:
    seen = zip(row["kinds"] or (), row["names"] or (), row["addresses"] or (), strict=True)
    recipient = tuple(Identity(IdentityKind(kind), value, address) for kind, value, address in seen)
    lane = LaneKey(row["session_id"], row["chat"])
    return Claim(lane, row["fence"], row["tries"], message_of(row), recipient)
