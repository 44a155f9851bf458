"""Lookups across tenants."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows, Table, copied
from whatsapp_hub.adapters.memory.queues.blocks import BLOCKS
from whatsapp_hub.adapters.memory.queues.fetches import FETCHES, is_wanted
from whatsapp_hub.adapters.memory.queues.scheduled import SCHEDULED, place_of
from whatsapp_hub.adapters.memory.repositories.accounts import API_KEYS
from whatsapp_hub.adapters.memory.repositories.campaigns import CAMPAIGNS, is_active, is_to_count
from whatsapp_hub.adapters.memory.repositories.other_providers import OTHER_PROVIDERS
from whatsapp_hub.adapters.memory.repositories.sessions import PAIRINGS
from whatsapp_hub.adapters.memory.repositories.sign_ins import SECOND_FACTORS, SIGN_INS
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS, is_late
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS, TENANTS, USERS
from whatsapp_hub.adapters.memory.tables.inbox import PENDING, UPDATES
from whatsapp_hub.adapters.memory.tables.lanes import LANES, PACES, queue_of
from whatsapp_hub.application.ports.edge.directory import (
    Credentials,
    DuePairing,
    MadeKey,
    SignedIn,
    SilentSession,
    WebhookTarget,
)
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import SessionId, SignInId, TenantId, UserId
from whatsapp_hub.domain.sessions.moving import OtherProvider, OtherRole, is_restricted
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

RoutesOf = Callable[[str, object], Collection[str]]
"""The webhook routes of a session, by its provider and settings (`Plugin.routes`)."""
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Poll:
    """Until when a session's updates are known; `owed_since`: a poll was begun and not finished."""

    until: datetime
    owed_since: datetime | None = None


TICKS: Table[str, datetime] = Table("ticks")
POLLS: Table[SessionId, Poll] = Table("polls")


class MemoryDirectory:
    """Implements `Directory`."""

    def __init__(self, database: MemoryDatabase, routes_of: RoutesOf) -> None:
        self._database = database
        self._routes_of = routes_of

    async def tenants(self) -> list[Tenant]:
        """List all by slug, but those that are being removed."""
        async with self._database.transaction() as transaction:
            live = [t for t in transaction.of(None).each(TENANTS) if not t.is_removed]
            return [copied(t) for t in sorted(live, key=lambda t: t.slug)]

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Return one, also one that is being removed. Raises NotFound."""
        async with self._database.transaction() as transaction:
            if (found := transaction.of(None).peek(TENANTS, tenant_id)) is None:
                raise NotFound("tenant", tenant_id)
            return found

    async def add_tenant(self, tenant: Tenant) -> None:
        """Store it. Raises Conflict: the slug is taken."""
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            await hub.lock_name("slug", tenant.slug)
            for other in hub.each(TENANTS):
                if other.slug == tenant.slug:
                    by = " by a company that is still being removed" if other.is_removed else ""
                    raise Conflict("slug_taken", f"the slug {tenant.slug!r} is taken{by}")
            await hub.put(TENANTS, tenant.id, tenant)

    async def credentials(self, email: str) -> Credentials | None:
        """Look the e-mail up, normalised, in all companies."""
        user = await self._user(lambda u: u.email == emails.normal(email))
        return Credentials(user, await self.tenant(user.tenant_id)) if user else None

    async def has_master(self, other_than: UserId | None = None) -> bool:
        """Whether there is an active MASTER besides `other_than`."""
        return await self._user(lambda u: u.role is Role.MASTER and u.is_active and u.id != other_than) is not None

    async def user(self, user_id: UserId) -> User | None:
        """Return a user of any company, or None."""
        return await self._user(lambda u: u.id == user_id)

    async def _user(self, which: Callable[[User], bool]) -> User | None:
        async with self._database.transaction() as transaction:
            return next((copied(u) for _, u in transaction.everywhere(USERS) if which(u)), None)

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        """Return sign-in, user and company together, and note the use."""
        async with self._database.transaction() as transaction:
            for tenant_id, sign_in in transaction.everywhere(SIGN_INS):
                if sign_in.id != sign_in_id:
                    continue
                rows, tenant = transaction.of(tenant_id), transaction.of(None).peek(TENANTS, tenant_id)
                user = rows.peek(USERS, sign_in.user_id)
                if tenant is None or tenant.is_removed or user is None:
                    return None
                shown = copied(sign_in)
                if sign_in.last_seen_at < rows.now - _SEEN_EVERY and rows.try_lock(SIGN_INS, sign_in.id):
                    await rows.put(SIGN_INS, sign_in.id, replace(sign_in, last_seen_at=rows.now))
                factor = rows.peek(SECOND_FACTORS, user.id)
                is_proven = sign_in.how is AuthMethod.OIDC or (factor is not None and factor.is_on)
                must_use_oidc = tenant.oidc_required and sign_in.how is AuthMethod.PASSWORD
                return SignedIn(shown, user, tenant.second_factor_required and not is_proven, must_use_oidc)
            return None

    async def api_key(self, digest: bytes) -> MadeKey | None:
        """Look a key up by digest, and note its use."""
        async with self._database.transaction() as transaction:
            for tenant_id, key in transaction.everywhere(API_KEYS):
                if key.digest == digest:
                    rows, shown = transaction.of(tenant_id), copied(key)
                    if rows.try_lock(API_KEYS, key.id):
                        await rows.put(API_KEYS, key.id, replace(key, last_used_at=rows.now))
                    maker = next((copied(u) for _, u in transaction.everywhere(USERS) if u.id == key.created_by), None)
                    return MadeKey(shown, maker)
            return None

    async def targets(self, provider: str, routes: Collection[str]) -> dict[str, list[WebhookTarget]]:
        """Return the sessions that claim each route."""
        found: dict[str, list[WebhookTarget]] = {route: [] for route in routes}
        for target in await self.all_targets(provider):
            for route in set(self._routes_of(provider, target.settings)).intersection(routes):
                found[route].append(target)
        free = {route for route, present in found.items() if not present}
        for target in await self._left(lambda other: other.provider == provider):
            for route in free.intersection(self._routes_of(provider, target.settings)):
                found[route].append(target)
        return found

    async def target(self, session_id: SessionId, provider: str | None = None) -> WebhookTarget | None:
        """Return a session of any company as a webhook's target, or None."""
        present = next(iter(await self._targets(lambda s: s.id == session_id)), None)
        if present is None or provider in (None, present.provider):
            return present
        left = await self._left(lambda other: (other.session_id, other.provider) == (session_id, provider))
        return next(iter(left), present)

    async def _left(self, which: Callable[[OtherProvider], bool]) -> list[WebhookTarget]:
        """List sessions with the settings of a provider that they left, or are moving to."""
        async with self._database.transaction() as transaction:
            found: list[WebhookTarget] = []
            for tenant_id, other in transaction.everywhere(OTHER_PROVIDERS):
                rows = transaction.of(tenant_id)
                is_kept = other.role.is_beside and (other.until is None or other.until > rows.now)
                if is_kept and which(other) and (session := rows.peek(SESSIONS, other.session_id)):
                    found.append(replace(_target(session), provider=other.provider, settings=other.settings))
            return sorted(found, key=lambda target: target.session_id)

    async def all_targets(self, provider: str) -> list[WebhookTarget]:
        """List all sessions of this provider."""
        return await self._targets(lambda s: s.provider == provider)

    async def _targets(self, which: Callable[[Session], bool]) -> list[WebhookTarget]:
        """List those whose settings can be read: for others, it is unknown whether they were signed for."""
        async with self._database.transaction() as transaction:
            sessions = [s for _, s in transaction.everywhere(SESSIONS) if which(s) and s.settings is not UNREADABLE]
            return [_target(s) for s in sorted(sessions, key=lambda s: s.id)]

    async def silent_sessions(self, providers: Collection[str], for_s: float) -> list[SilentSession]:
        """List active sessions whose last update or poll is older than `for_s` seconds."""
        async with self._database.transaction() as transaction:
            silent: list[SilentSession] = []
            for tenant_id, session in transaction.everywhere(SESSIONS):
                rows = transaction.of(tenant_id)
                if session.provider in providers and (since := await _silent_since(rows, session, for_s)):
                    silent.append(SilentSession(session.id, tenant_id, since))
            return sorted(silent, key=lambda s: s.id)

    async def polling(self, session: SilentSession) -> None:
        """Note that a poll began."""
        await self._polled(session, Poll(session.since, session.since), is_begun=True)

    async def polled(self, session: SilentSession) -> None:
        """Note that a poll succeeded."""
        await self._polled(session, Poll(self._database.now), is_begun=False)

    async def _polled(self, session: SilentSession, poll: Poll, *, is_begun: bool) -> None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(session.tenant_id)
            if rows.peek(SESSIONS, session.id) is not None:
                known = rows.peek(POLLS, session.id) if is_begun else None
                kept = replace(known, owed_since=poll.owed_since) if known else poll
                await rows.put(POLLS, session.id, kept)

    async def tenants_with_due_pairings(self) -> list[TenantId]:
        """List tenants by their longest due pairing."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            kept = [(at, t) for t, p in transaction.everywhere(PAIRINGS) if (at := p.look_at) and at <= now]
            return _distinct(t for _, t in sorted(kept))

    async def due_pairings(self, tenant_id: TenantId, limit: int, for_s: float) -> list[DuePairing]:
        """Claim due pairings for `for_s` seconds."""
        async with self._database.transaction() as transaction:
            now, rows = self._database.now, transaction.of(tenant_id)
            kept = [(at, p) for p in rows.each(PAIRINGS) if (at := p.look_at) and at <= now]
            due = []
            for _, pairing in sorted(kept, key=lambda one: one[0])[:limit]:
                if rows.try_lock(PAIRINGS, pairing.session_id):
                    later = replace(pairing, look_at=now + timedelta(seconds=for_s))
                    await rows.put(PAIRINGS, pairing.session_id, later)
                    due.append(DuePairing(pairing.session_id, tenant_id))
            return due

    async def tenants_with_inbox(self) -> list[TenantId]:
        """List tenants with due updates."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            pending = ((t, u) for t, u in transaction.everywhere(UPDATES) if u.state == PENDING)
            return _distinct(t for t, u in pending if u.retry_at is None or u.retry_at <= now)

    async def tenants_with_lanes(
        self, providers: Sequence[str], sessions: Sequence[SessionId] | None
    ) -> list[TenantId]:
        """List tenants with due lanes of these providers, of all sessions or the given ones."""
        async with self._database.transaction() as transaction:
            found = []
            for tenant_id, lane in transaction.everywhere(LANES):
                rows, session_id = transaction.of(tenant_id), lane.key.session_id
                pace = rows.peek(PACES, session_id)
                if pace is None or pace.provider not in providers or lane.next_at > rows.now:
                    continue
                is_due = pace.hold_until <= rows.now and bool(queue_of(rows, lane.key))
                if (lane.attempt or is_due) and (sessions is None or session_id in sessions):
                    found.append(tenant_id)
            return _distinct(found)

    async def tenants_with_stale_lanes(self, providers: Sequence[str]) -> list[TenantId]:
        """List tenants with attempts whose lease ran out."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            late = ((t, lane) for t, lane in transaction.everywhere(LANES) if lane.attempt and lane.lease_until <= now)
            return _distinct(t for t, lane in late if lane.next_at <= now and lane.provider in providers)

    async def tenants_with_fetches(self, sessions: Sequence[SessionId] | None) -> list[TenantId]:
        """List tenants with files to fetch."""
        async with self._database.transaction() as transaction:
            due = ((t, d.fetch) for t, d in transaction.everywhere(FETCHES) if d.next_at <= self._database.now)
            return _distinct(t for t, fetch in due if is_wanted(fetch, sessions))

    async def tenants_with_scheduled(self) -> list[TenantId]:
        """List tenants with scheduled messages that are due."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            return _distinct(t for t, m in transaction.everywhere(SCHEDULED) if place_of(m).send_at <= now)

    async def tenants_with_blocks(self) -> list[TenantId]:
        """List tenants with blocks that providers are to be told of."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            return _distinct(t for t, d in transaction.everywhere(BLOCKS) if d.next_at and d.next_at <= now)

    async def tenants_with_due_moves(self) -> list[TenantId]:
        """List tenants with sessions whose planned move is due."""
        async with self._database.transaction() as transaction:
            planned = [
                (t, o.session_id) for t, o in transaction.everywhere(OTHER_PROVIDERS) if o.role is OtherRole.PLANNED
            ]
            sessions = [(t, transaction.of(t).peek(SESSIONS, id)) for t, id in planned]
            return _distinct(t for t, s in sessions if s and is_restricted(s.status, s.status_reason))

    async def tenants_with_campaigns(self) -> list[TenantId]:
        """List tenants with campaigns that run, are to start, or to be counted."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            stored = transaction.everywhere(CAMPAIGNS)
            return _distinct(t for t, s in stored if is_active(s.campaign, now) or is_to_count(s, now))

    async def tenants_with_late_lines(self) -> list[TenantId]:
        """List tenants with connections whose deadline passed."""
        async with self._database.transaction() as transaction:
            rows = transaction.everywhere(CONNECTIONS)
            return _distinct(t for t, row in rows if is_late(transaction.of(t), row))

    async def ticks(self, every_s: Mapping[str, float]) -> list[str]:
        """Claim jobs that are due, each for its interval, and return their names."""
        async with self._database.transaction() as transaction:
            hub, now, due = transaction.of(None), self._database.now, []
            for name, seconds in sorted(every_s.items()):
                acted_at = await hub.get(TICKS, name)
                if acted_at is None or acted_at <= now - timedelta(seconds=seconds):
                    await hub.put(TICKS, name, now)
                    due.append(name)
            return due


async def _silent_since(rows: Rows, session: Session, for_s: float) -> datetime | None:
    """Return since when a started session is silent; None if it was heard, which is noted."""
    window, poll = timedelta(seconds=for_s), rows.peek(POLLS, session.id)
    heard = [u.received_at for u in rows.each(UPDATES) if u.update.session_id == session.id]
    recent = [at for at in heard if at > rows.now - window and (poll is None or at > poll.until)]
    if recent and (poll is None or poll.owed_since is None):
        await rows.put(POLLS, session.id, Poll(rows.now))
        return None
    if not session.is_active:
        return None
    if poll is None:
        return rows.now - window
    is_due = poll.owed_since is not None or poll.until <= rows.now - window
    return (poll.owed_since or poll.until) if is_due else None


def _target(session: Session) -> WebhookTarget:
    return WebhookTarget(session.id, session.tenant_id, session.key, session.provider, session.settings)


def _distinct(tenant_ids: Iterable[TenantId]) -> list[TenantId]:
    return list(dict.fromkeys(tenant_ids))
