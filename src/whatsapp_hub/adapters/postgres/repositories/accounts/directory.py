"""What is looked up across tenants, as hub_system."""

import asyncio
import json
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from whatsapp_hub.adapters.contracts.wire import read_retention
from whatsapp_hub.adapters.postgres.connectors.connections import LATE
from whatsapp_hub.adapters.postgres.engine.audit import AUDITED, acting
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts import api_keys, sign_ins, users
from whatsapp_hub.adapters.postgres.repositories.accounts.departments import hours_of
from whatsapp_hub.adapters.postgres.repositories.accounts.due_work import (
    DUE_PAIRINGS,
    TICKS,
    WITH_DUE_MOVES,
    WITH_DUE_PAIRINGS,
)
from whatsapp_hub.adapters.postgres.repositories.service_columns import level_of
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.application.ports.edge.directory import (
    Credentials,
    DuePairing,
    MadeKey,
    SignedIn,
    SilentSession,
    WebhookTarget,
)
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.tenant import Language, Placement, Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Conflict, NotFound, Unavailable
from whatsapp_hub.domain.ids import SessionId, SignInId, TenantId, UserId
from whatsapp_hub.domain.service.closing import ClosingTerms
from whatsapp_hub.domain.sessions.session import UNREADABLE

TENANTS = """
    SELECT id, slug, name, created_at, placement, language, greeting, texts, hours, level, country AS own_country,
      removed_at, quotas, retention, second_factor_required, oidc_required, closing,
      agent_name_before_texts
    FROM hub.tenants"""
_ADDED = AUDITED.format(
    source="made",
    who="$9",
    whose="SELECT made.id UNION SELECT tenant_id FROM hub.users WHERE id = (who.w ->> 'user')::uuid",
    change="'create'",
    before="NULL",
    after="made.now",
)
_ADD_TENANT = f"""
    WITH made AS (
      INSERT INTO hub.tenants (id, slug, name, created_at, placement, language, greeting, country)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      RETURNING id, jsonb_build_object('slug', slug, 'name', name, 'placement', placement) AS now)
    {_ADDED}"""
_TARGET = "SELECT s.id AS session_id, s.tenant_id, s.key, s.provider, s.settings"
_LEFT = """
    SELECT s.id AS session_id, s.tenant_id, s.key, o.provider, o.settings
    FROM hub.session_providers o JOIN hub.sessions s ON s.id = o.session_id"""
_STILL = "o.role IN ('arriving', 'left') AND o.until > (SELECT now FROM hub.time)"
# A route of a provider that was left, or that a session is moving to, counts where no session has it now.
_TARGETS = f"""
    WITH present AS (
      {_TARGET}, r.route FROM hub.session_routes r JOIN hub.sessions s ON s.id = r.session_id
      WHERE r.provider = $1 AND r.route = ANY($2::text[]))
    SELECT * FROM present
    UNION ALL
    SELECT l.* FROM ({_LEFT.replace("o.settings", "o.settings, route")} CROSS JOIN unnest(o.routes) AS route
      WHERE o.provider = $1 AND o.routes && $2::text[] AND route = ANY($2::text[]) AND {_STILL}) AS l
    WHERE NOT EXISTS (SELECT FROM present p WHERE p.route = l.route)
    ORDER BY session_id"""
_LEFT_BY = f"{_LEFT} WHERE o.session_id = $1 AND o.provider = $2 AND {_STILL} ORDER BY o.role"
# From tenant to tenant along inbox_pending: one look-up each.
_WITH_INBOX = """
    WITH RECURSIVE t AS (
      (SELECT tenant_id FROM hub.inbox WHERE state = 'pending' ORDER BY tenant_id LIMIT 1)
      UNION ALL
      SELECT next.tenant_id FROM t CROSS JOIN LATERAL (
        SELECT i.tenant_id FROM hub.inbox i WHERE i.state = 'pending' AND i.tenant_id > t.tenant_id
        ORDER BY i.tenant_id LIMIT 1) AS next)
    SELECT tenant_id FROM t WHERE EXISTS (
      SELECT FROM hub.inbox i WHERE i.state = 'pending' AND i.tenant_id = t.tenant_id
        AND (i.retry_at IS NULL OR i.retry_at <= (SELECT now FROM hub.time)))"""
_WITH_LANES = """
    SELECT DISTINCT p.tenant_id FROM hub.paces p
    WHERE p.provider = ANY($1::text[]) AND ($2::uuid[] IS NULL OR p.session_id = ANY($2))
      AND EXISTS (
        SELECT FROM hub.lanes l WHERE l.session_id = p.session_id AND l.next_at <= (SELECT now FROM hub.time)
          AND ((l.attempt_message IS NULL AND l.queued > 0 AND p.hold_until <= (SELECT now FROM hub.time))
            OR l.attempt_message IS NOT NULL))"""
_WITH_STALE_LANES = """
    SELECT DISTINCT p.tenant_id FROM hub.paces p WHERE p.provider = ANY($1::text[]) AND EXISTS (
      SELECT FROM hub.lanes l WHERE l.session_id = p.session_id AND l.attempt_message IS NOT NULL
        AND l.next_at <= (SELECT now FROM hub.time) AND l.lease_until <= (SELECT now FROM hub.time))"""
_WITH_FETCHES = """
    SELECT DISTINCT tenant_id FROM hub.fetches
    WHERE is_held = ($1::uuid[] IS NOT NULL) AND next_at <= (SELECT now FROM hub.time)
      AND ($1::uuid[] IS NULL OR session_id = ANY ($1))"""
_WITH_BLOCKS = "SELECT DISTINCT tenant_id FROM hub.provider_blocks WHERE next_at <= (SELECT now FROM hub.time)"
_WITH_SCHEDULED = "SELECT DISTINCT tenant_id FROM hub.scheduled WHERE send_at <= (SELECT now FROM hub.time)"
_WITH_CAMPAIGNS = """
    SELECT DISTINCT tenant_id FROM hub.campaigns WHERE status = 'RUNNING'
      OR status = 'SCHEDULED' AND starts_at <= (SELECT now FROM hub.time) OR count_at <= (SELECT now FROM hub.time)"""
_WITH_LATE_LINES = f"SELECT DISTINCT tenant_id FROM hub.lines WHERE {LATE}"
_MASTER = """
    SELECT FROM hub.users WHERE role = 'MASTER' AND is_active AND id IS DISTINCT FROM $1::uuid LIMIT 1"""

_HEARD = """
    SELECT DISTINCT i.session_id FROM hub.inbox i LEFT JOIN hub.polls p USING (session_id)
    WHERE i.received_at > (SELECT now FROM hub.time) - $2::float8 * interval '1 second'
      AND (p.until IS NULL OR i.received_at > p.until) AND p.owed_since IS NULL"""
# A session that was heard needs no asking, and is not asked later about the time before; unless a poll of it broke off:
# then what was heard may be what that one brought.
_SILENT = f"""
    WITH heard AS ({_HEARD}),
    caught_up AS (
      INSERT INTO hub.polls (session_id, until)
      SELECT s.id, (SELECT now FROM hub.time) FROM hub.sessions s JOIN heard ON heard.session_id = s.id
      WHERE s.provider = ANY($1::text[])
      ON CONFLICT (session_id) DO UPDATE SET until = excluded.until)
    SELECT s.id, s.tenant_id,
      coalesce(p.owed_since, p.until, (SELECT now FROM hub.time) - $2 * interval '1 second') AS since
    FROM hub.sessions s LEFT JOIN hub.polls p ON p.session_id = s.id
    WHERE s.provider = ANY($1::text[]) AND s.is_active AND NOT EXISTS (SELECT FROM heard WHERE session_id = s.id)
      AND (p.owed_since IS NOT NULL OR p.until IS NULL
        OR p.until <= (SELECT now FROM hub.time) - $2 * interval '1 second')
    ORDER BY s.id"""
_POLLING = """
    INSERT INTO hub.polls (session_id, until, owed_since) SELECT id, $2, $2 FROM hub.sessions WHERE id = $1
    ON CONFLICT (session_id) DO UPDATE SET owed_since = excluded.owed_since"""
_POLLED = """
    INSERT INTO hub.polls (session_id, until) SELECT id, (SELECT now FROM hub.time) FROM hub.sessions WHERE id = $1
    ON CONFLICT (session_id) DO UPDATE SET until = excluded.until, owed_since = NULL"""

log = logging.getLogger(__name__)

_CACHED_S = 1.0
_CACHED_ROUTES = 20_000
_NEVER = (0.0, None)


def tenant_of(row: Any) -> Tenant:
    """Build a company from its row."""
    values = dict(row)
    values["texts"], values["hours"] = json.loads(values["texts"]), hours_of(values["hours"])
    values["quotas"] = {Quota(n): limit for n, limit in json.loads(values["quotas"]).items()}
    values["level"] = level_of(values["level"])
    closing = json.loads(values["closing"])
    values["closing"] = ClosingTerms(tuple(closing.get("reasons", ())), closing.get("required", False))
    values["retention"] = read_retention(json.loads(values["retention"]))
    values["placement"], values["language"] = Placement(values["placement"]), Language(values["language"])
    return Tenant(**values)


class PostgresDirectory:
    """`owner_url` is the login that may create schemas, for dedicated tenants."""

    def __init__(self, database: Database, vault: SettingsVault, owner_url: str | None = None) -> None:
        self._database = database
        self._vault = vault
        self._owner_url = owner_url or database.url
        self._routes: dict[tuple[str, str], tuple[float, asyncio.Future[list[WebhookTarget]]]] = {}
        self._everybody: dict[str, tuple[float, int, asyncio.Task[list[WebhookTarget]]]] = {}

    async def _fetch(self, statement: str, *arguments: object) -> list[Any]:
        rows: list[Any] = await self._database.system(lambda c: c.fetch(statement, *arguments))
        return rows

    async def tenants(self) -> list[Tenant]:
        """Read all by slug, but those that are being removed."""
        return [tenant_of(row) for row in await self._fetch(f"{TENANTS} WHERE removed_at IS NULL ORDER BY slug")]

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Read one, also one that is being removed. Raises NotFound."""
        rows = await self._fetch(f"{TENANTS} WHERE id = $1", tenant_id)
        if not rows:
            raise NotFound("tenant", tenant_id)
        return tenant_of(rows[0])

    async def add_tenant(self, tenant: Tenant) -> None:
        """Insert it, after the schema of a dedicated one is there. Raises Conflict."""
        t = tenant
        for other in await self._fetch(f"{TENANTS} WHERE slug = $1", t.slug):
            by = " by a company that is still being removed" if other["removed_at"] else ""
            raise Conflict("slug_taken", f"the slug {t.slug!r} is taken{by}")
        if t.placement is Placement.DEDICATED:
            from whatsapp_hub.adapters.postgres.engine.migrate import migrate_tenant  # alembic: seconds to import

            await migrate_tenant(self._owner_url, t.schema)
        row = (t.id, t.slug, t.name, t.created_at, t.placement, t.language, t.greeting, t.own_country, acting())
        try:
            await self._fetch(_ADD_TENANT, *row)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("slug_taken", f"the slug {t.slug!r} is taken") from error

    async def credentials(self, email: str) -> Credentials | None:
        """Look the e-mail up, folded, in all companies."""
        rows = await self._fetch(f"{users.SELECT} WHERE email = $1", emails.normal(email))
        if not rows:
            return None
        user = users.user_of(rows[0])
        return Credentials(user, await self.tenant(user.tenant_id))

    async def has_master(self, other_than: UserId | None = None) -> bool:
        """Whether there is an active MASTER besides `other_than`."""
        return bool(await self._fetch(_MASTER, other_than))

    async def user(self, user_id: UserId) -> User | None:
        """Read a user of any company."""
        rows = await self._fetch(f"{users.SELECT} WHERE id = $1", user_id)
        return users.user_of(rows[0]) if rows else None

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        """Read sign-in, user and company together; note the use every SEEN_EVERY_S seconds."""
        rows = await self._fetch(sign_ins.SIGNED_IN, sign_in_id, sign_ins.SEEN_EVERY_S)
        if not rows:
            return None
        if rows[0]["is_behind"]:
            await self._note(sign_ins.SEEN, sign_in_id, sign_ins.SEEN_EVERY_S)
        row = rows[0]
        limits = (row["must_enrol"], row["must_use_oidc"])
        return SignedIn(sign_ins.sign_in_of(row, "sign_in_"), users.user_of(row), *limits)

    async def api_key(self, digest: bytes) -> MadeKey | None:
        """Look a key up by digest, and note its use."""
        rows = await self._fetch(api_keys.BY_DIGEST, digest)
        if not rows:
            return None
        key = api_keys.api_key_of(rows[0])
        await self._note(api_keys.USED, key.id)
        return MadeKey(key, await self.user(key.created_by))

    async def _note(self, statement: str, *arguments: object) -> None:
        """Write down a use. Where that fails (a disk that is full, a standby) the use itself does not."""
        try:
            await self._fetch(statement, *arguments)
        except (Unavailable, asyncpg.PostgresError) as error:
            log.warning("use not noted", extra={"error": type(error).__name__})

    async def targets(self, provider: str, routes: Collection[str]) -> dict[str, list[WebhookTarget]]:
        """One query a second and route, however many ask: all of them wait for the same answer. That there is no such
        session counts for those who ask meanwhile alone: one may have it a moment later, and its messages come."""
        oldest = time.monotonic() - _CACHED_S
        answers: dict[str, asyncio.Future[list[WebhookTarget]]] = {}
        missing = []
        for route in routes:
            asked_at, answer = self._routes.get((provider, route), _NEVER)
            if answer is not None and asked_at > oldest:
                answers[route] = answer
            else:
                missing.append(route)
        if missing:
            answers |= await self._look_up(provider, missing)
        return {route: a.result() if a.done() else await asyncio.shield(a) for route, a in answers.items()}

    async def _look_up(self, provider: str, routes: Sequence[str]) -> dict[str, asyncio.Future[list[WebhookTarget]]]:
        """Return the answers, by route: others may forget them (a stranger's body can fill the memory), we may not."""
        if len(self._routes) > _CACHED_ROUTES:
            self._routes.clear()
        answers: dict[str, asyncio.Future[list[WebhookTarget]]] = {}
        for route in routes:
            answers[route] = asyncio.get_running_loop().create_future()
            self._routes[provider, route] = (time.monotonic(), answers[route])
        try:
            rows = await self._fetch(_TARGETS, provider, routes)
            found: dict[str, list[WebhookTarget]] = {route: [] for route in routes}
            for row in rows:
                found[row["route"]] += self._readable([row])
        except BaseException as error:
            self._forget(provider, answers, error)
            raise
        for route, answer in answers.items():
            answer.set_result(found[route])
            if not found[route]:
                self._routes.pop((provider, route), None)
        return answers

    def _forget(
        self, provider: str, answers: dict[str, asyncio.Future[list[WebhookTarget]]], error: BaseException
    ) -> None:
        """Fail those who waited for a failed answer; the next look-up asks again."""
        for route, answer in answers.items():
            self._routes.pop((provider, route), None)
            answer.set_exception(error if isinstance(error, Exception) else Unavailable("the look-up was cancelled"))
            answer.exception()  # seen, even if nobody waits

    def _readable(self, rows: Iterable[Any]) -> list[WebhookTarget]:
        """Without those whose settings this hub cannot read: nobody could tell whether they were signed for."""
        opened = ((row, self._vault.open(row["session_id"], row["provider"], row["settings"])) for row in rows)
        return [
            WebhookTarget(row["session_id"], row["tenant_id"], row["key"], row["provider"], settings)
            for row, settings in opened
            if settings is not UNREADABLE
        ]

    async def target(self, session_id: SessionId, provider: str | None = None) -> WebhookTarget | None:
        """Read a session with decrypted settings; None also where they cannot be decrypted."""
        rows = await self._fetch(f"{_TARGET} FROM hub.sessions s WHERE s.id = $1", session_id)
        if rows and provider is not None and rows[0]["provider"] != provider:
            rows = await self._fetch(_LEFT_BY, session_id, provider) or rows
        return next(iter(self._readable(rows)), None)

    async def all_targets(self, provider: str) -> list[WebhookTarget]:
        """One query a second, however many ask; what this process itself changed is asked for at once."""
        asked_at, sealed, answer = self._everybody.get(provider, (0.0, -1, None))
        now = time.monotonic()
        if answer is None or sealed != self._vault.sealed or now - asked_at > _CACHED_S:
            answer = asyncio.create_task(self._look_all_up(provider))
            self._everybody[provider] = (now, self._vault.sealed, answer)
        return await asyncio.shield(answer)

    async def _look_all_up(self, provider: str) -> list[WebhookTarget]:
        try:
            rows = await self._fetch(f"{_TARGET} FROM hub.sessions s WHERE s.provider = $1 ORDER BY s.id", provider)
            return self._readable(rows)
        except BaseException:
            self._everybody.pop(provider, None)
            raise

    async def silent_sessions(self, providers: Collection[str], for_s: float) -> list[SilentSession]:
        """Find active sessions whose last update or poll is older than `for_s` seconds."""
        rows = await self._fetch(_SILENT, list(providers), for_s) if providers else []
        return [SilentSession(**dict(row)) for row in rows]

    async def polling(self, session: SilentSession) -> None:
        """Note that a poll began."""
        await self._fetch(_POLLING, session.id, session.since)

    async def polled(self, session: SilentSession) -> None:
        """Note that a poll succeeded."""
        await self._fetch(_POLLED, session.id)

    async def tenants_with_due_pairings(self) -> list[TenantId]:
        """Find tenants by their longest due pairing."""
        return _ids(await self._fetch(WITH_DUE_PAIRINGS))

    async def due_pairings(self, tenant_id: TenantId, limit: int, for_s: float) -> list[DuePairing]:
        """Claim due pairings for `for_s` seconds."""
        return [DuePairing(**dict(row)) for row in await self._fetch(DUE_PAIRINGS, limit, for_s, tenant_id)]

    async def tenants_with_inbox(self) -> list[TenantId]:
        """Find tenants with due updates."""
        return _ids(await self._fetch(_WITH_INBOX))

    async def tenants_with_lanes(
        self, providers: Sequence[str], sessions: Sequence[SessionId] | None
    ) -> list[TenantId]:
        """Find tenants with due lanes of these providers, of all sessions or the given ones."""
        return _ids(await self._fetch(_WITH_LANES, providers, sessions))

    async def tenants_with_stale_lanes(self, providers: Sequence[str]) -> list[TenantId]:
        """Find tenants with attempts whose lease ran out."""
        return _ids(await self._fetch(_WITH_STALE_LANES, providers)) if providers else []

    async def tenants_with_fetches(self, sessions: Sequence[SessionId] | None) -> list[TenantId]:
        """Find tenants with files to fetch."""
        return _ids(await self._fetch(_WITH_FETCHES, sessions))

    async def tenants_with_scheduled(self) -> list[TenantId]:
        """Find tenants with scheduled messages that are due."""
        return _ids(await self._fetch(_WITH_SCHEDULED))

    async def tenants_with_blocks(self) -> list[TenantId]:
        """Find tenants with blocks that providers are to be told of."""
        return _ids(await self._fetch(_WITH_BLOCKS))

    async def tenants_with_due_moves(self) -> list[TenantId]:
        """Find tenants with sessions whose planned move is due."""
        return _ids(await self._fetch(WITH_DUE_MOVES))

    async def tenants_with_campaigns(self) -> list[TenantId]:
        """Find tenants with campaigns that run, are to start, or to be counted."""
        return _ids(await self._fetch(_WITH_CAMPAIGNS))

    async def tenants_with_late_lines(self) -> list[TenantId]:
        """Find tenants with connections whose deadline passed."""
        return _ids(await self._fetch(_WITH_LATE_LINES))

    async def ticks(self, every_s: Mapping[str, float]) -> list[str]:
        """Claim jobs that are due, each for its interval, and return their names."""
        return [row["name"] for row in await self._fetch(TICKS, list(every_s), list(every_s.values()))]


def _ids(rows: Iterable[Any]) -> list[TenantId]:
    return [row["tenant_id"] for row in rows]
