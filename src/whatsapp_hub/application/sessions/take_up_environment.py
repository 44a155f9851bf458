"""TakeUpEnvironment: create or update the first company's session for the number that environment variables describe.

A mark names the session that holds that number, whatever its name by now, and the variables' last applied values: a
later start applies what was changed since, and keeps what an operator changed through the API.
"""

import json
import logging
from dataclasses import asdict, dataclass, field

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller, SecretBox
from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sessions.advance_connection import save_session
from whatsapp_hub.application.sessions.claim_number import marked
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.manage_sessions import NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.sessions.environment import VARIABLES, Environment, stops
from whatsapp_hub.domain.sessions.session import DEFAULT, UNREADABLE, Session, SessionStatus

log = logging.getLogger(__name__)

_TO_BE_STARTED = frozenset({SessionStatus.FAILED, SessionStatus.CONNECTING})


@dataclass(frozen=True, slots=True)
class TakenUp:
    """The applied variables. `asked`: WHATSAPP_PROVIDER. Stored in the mark: field names stay."""

    asked: str
    kind: str
    given: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TakeUpEnvironment:
    """Apply the variables. Idempotent: any number of processes may do it at every start."""

    storage: Storage
    providers: Providers
    clock: Clock
    box: SecretBox
    create: CreateStartedSession
    start: InitSession
    stop: StopSession
    environment: Environment

    async def __call__(self) -> Session | None:
        """Create, change or start the session; return it if something was done. Raises Invalid: a plugin needs settings
        that no variable provides."""
        tenants = await self.storage.directory.tenants()
        tenant_id = next((tenant.id for tenant in tenants if tenant.slug == DEFAULT), None)
        if tenant_id is None:
            return None
        caller = Caller(tenant_id, Role.MASTER, "environment")
        async with self.storage.tenant(tenant_id) as uow:
            mark = await uow.environment.get()
            session = await marked(uow)
        if session is None:
            return await self._make(caller, mark)
        return await self._change(caller, session, self._opened(tenant_id, mark))

    async def _make(self, caller: Caller, mark: EnvironmentMark | None) -> Session | None:
        """Create it, unless an operator deleted the one of the same variables."""
        now = self._now(self.environment.described)
        if now is None or (mark and self._opened(caller.tenant_id, mark) == now):
            return None

        async def also(uow: UnitOfWork, session: Session) -> None:
            await uow.environment.save(self._mark(session, now))

        new = NewSession(DEFAULT, now.kind, self.environment.settings(now.kind), is_partial=True)
        try:
            return await self.create(caller, new, also)
        except Conflict as error:
            log.info("environment.not_taken_up", extra={"why": str(error)})
            return None

    async def _change(self, caller: Caller, session: Session, before: TakenUp | None) -> Session | None:
        asked_before = before.asked if before else self.environment.asked
        now = self._now(self.environment.wanted(session.provider, asked_before))
        if now is None or (before is None and now.kind != session.provider):
            return None
        if before is None or (before.kind, before.given) == (now.kind, now.given):
            await self._adopt(session, now)
            return await self._start_again(caller, session)
        self.providers.decode_stored(now.kind, self._merged(session, now))  # refused before anything is stopped
        if now.kind != session.provider and session.is_active:
            await self.stop(caller, session.id)
        return await self.start.bring_up(await self._apply(session, now))

    async def _adopt(self, session: Session, now: TakenUp) -> None:
        """Store the variables in the mark; the session stays as it is."""
        async with self.storage.tenant(session.tenant_id) as uow:
            await uow.environment.save(self._mark(session, now))
            await uow.commit()

    async def _start_again(self, caller: Caller, session: Session) -> Session | None:
        """Start a session again that failed, or that a crash left CONNECTING."""
        if self.providers.holds_socket(session.provider) or not session.is_active:
            return None
        if stops(self.providers.missing(session.provider, session.settings)) or session.status not in _TO_BE_STARTED:
            return None
        return await self.start(caller, session.id)

    async def _apply(self, found: Session, now: TakenUp) -> Session:
        """Apply the variables, changing the provider if they name another; start it unless an operator stopped it."""
        async with self.storage.tenant(found.tenant_id) as uow:
            session, at = await uow.sessions.get(found.id), self.clock()
            is_wanted = found.is_active or found.status is SessionStatus.FAILED
            session.settings = self.providers.decode_stored(now.kind, self._merged(session, now))
            session.provider, session.updated_at = now.kind, at
            session.stop(at)
            await save_session(uow, session)
            if is_wanted:
                await self.start.want(uow, session)
            await uow.environment.save(self._mark(session, now))
            await uow.commit()
        return session

    def _merged(self, session: Session, now: TakenUp) -> dict[str, object]:
        """Merge the variables over the settings; those of the same provider without a variable are kept."""
        present: dict[str, object] = {}
        if session.provider == now.kind and session.settings is not UNREADABLE:
            present = self.providers.plugin(now.kind).encode_settings(session.settings, secrets=True)
        kept = {name: value for name, value in present.items() if name not in VARIABLES.get(now.kind, {})}
        return {**kept, **self.environment.settings(now.kind)}

    def _now(self, kind: str | None) -> TakenUp | None:
        if kind is not None and kind not in self.providers.plugins:
            log.warning("environment.no_such_provider", extra={"provider": kind})
            return None
        return TakenUp(self.environment.asked, kind, dict(self.environment.given.get(kind, {}))) if kind else None

    def _mark(self, session: Session, now: TakenUp) -> EnvironmentMark:
        sealed = self.box.seal(json.dumps(asdict(now)).encode(), _context(session.tenant_id))
        return EnvironmentMark(session.id, sealed)

    def _opened(self, tenant_id: TenantId, mark: EnvironmentMark | None) -> TakenUp | None:
        """Open the mark; None without one, or where another key sealed it."""
        try:
            return TakenUp(**json.loads(self.box.open(mark.sealed, _context(tenant_id)))) if mark else None
        except (ValueError, TypeError):
            return None


def _context(tenant_id: TenantId) -> str:
    return f"environment/{tenant_id}"
