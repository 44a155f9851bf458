"""CreateSession, UpdateSession, DeleteSession: manage sessions and their settings."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from whatsapp_hub.application.integrations.subscriptions import SessionWebhook
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Plugin, Providers, SessionRef, Unregisters
from whatsapp_hub.application.ports.provider.settings import BindsSecrets
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.routing.service_terms import usual_patience
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection, save_session
from whatsapp_hub.application.sessions.claim_number import takes_another, unused_number
from whatsapp_hub.application.sessions.holder_commands import LogOut
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.errors import Flaw, Invalid, NotFound, NotSupported, ProviderError
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import DepartmentId, SessionId, UserId
from whatsapp_hub.domain.integrations.secret_urls import shown
from whatsapp_hub.domain.integrations.subscription import WebhookFormat
from whatsapp_hub.domain.sessions.environment import stops
from whatsapp_hub.domain.sessions.session import UNREADABLE, Routing, Session, check_key
from whatsapp_hub.domain.text import is_storable

UNREGISTER_WITHIN_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to create. `key` None: the name if it can be one, else the session's id. `routing` None: departments,
    or none for a session bound to an agent (bot). `own_key`: the key is the session's id. `owner`: see Session.
    `is_partial`: the settings may be incomplete. `is_gateways`: created through contracts A to D, which carry no
    settings."""

    name: str
    provider: str
    settings: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    own_key: bool = False
    agent_id: str | None = None
    user_id: UserId | None = None
    owner: str | None = None
    phone_number: str | None = None
    department_id: DepartmentId | None = None
    routing: Routing | None = None
    webhook_url: str | None = None
    webhook_format: WebhookFormat | None = None
    webhook_secret: str | None = None
    is_partial: bool = False
    is_gateways: bool = False


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """Changes to a session. None keeps a field, but clears the department; an empty `webhook_url` clears that.
    `settings` are merged over the present ones. A session that `agent_id` assigns to an agent (bot) gets routing none,
    unless `routing` says otherwise."""

    name: str | None = None
    settings: Mapping[str, object] | None = None
    routing: Routing | None = None
    department_id: DepartmentId | Unchanged | None = UNCHANGED
    webhook_url: str | None = None
    webhook_format: WebhookFormat | None = None
    agent_id: str | None = None


InCreation = Callable[[UnitOfWork, Session], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CreateSession:
    """Create a session for a number, disconnected, within the company's quota."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    webhook: SessionWebhook

    async def __call__(self, caller: Caller, new: NewSession, also: InCreation | None = None) -> Session:
        """Create the session. `also` runs in the same transaction: what it raises leaves no session behind. Raises
        Invalid with the fields' pointers, Conflict if the key is taken, or if a gateway's session needs settings."""
        caller.require(Action.MANAGE_SESSIONS)
        if new.webhook_url:
            caller.require(Action.MANAGE_WEBHOOKS)
        plugin = plugin_of(self.providers, new.provider)
        if new.is_gateways and not await takes_another(self.providers, plugin, dict(new.settings)):
            return await self._claim(caller, plugin, new, also)
        now, id = self.clock(), SessionId(self.new_id())
        default = Routing.NONE if new.agent_id else Routing.DEPARTMENTS
        session = Session(
            id=id,
            tenant_id=caller.tenant_id,
            key=str(id) if new.own_key else new.key or _key_of(new.name, id),
            name=_name(new.name),
            provider=plugin.kind,
            routing=new.routing or default,
            created_at=now,
            updated_at=now,
            settings=self._settings(plugin, new),
            agent_id=new.agent_id or "",
            user_id=new.user_id,
            owner=_owner(new.owner),
            phone_number=new.phone_number,
            department_id=new.department_id,
            webhook_url=shown(new.webhook_url) if new.webhook_url else None,
        )
        session.record(session.event(EventType.SESSION_CREATED, now))
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.SESSIONS)
            await _require_known(uow, new.department_id, new.user_id)
            await uow.sessions.add(session)
            if new.webhook_url:
                await self.webhook(uow, session, new.webhook_url, new.webhook_format, now, new.webhook_secret)
            if also:
                await also(uow, session)
            await uow.commit()
        return session

    async def _claim(self, caller: Caller, plugin: Plugin, new: NewSession, also: InCreation | None) -> Session:
        """Turn the company's unused number into the new session."""
        name, now = _name(new.name), self.clock()
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await unused_number(uow, plugin.kind, new.agent_id)
            session.become(str(session.id) if new.own_key else new.key or name, name, new.agent_id or "", now)
            session.owner, session.user_id = _owner(new.owner), new.user_id
            session.phone_number = new.phone_number or session.phone_number
            session.webhook_url = shown(new.webhook_url) if new.webhook_url else None
            await save_session(uow, session)
            if new.webhook_url:
                await self.webhook(uow, session, new.webhook_url, new.webhook_format, now, new.webhook_secret)
            if also:
                await also(uow, session)
            await uow.commit()
        return session

    def _settings(self, plugin: Plugin, new: NewSession) -> object:
        if new.is_partial:
            return self.providers.decode_stored(plugin.kind, new.settings)
        return plugin.decode_settings(new.settings)


@dataclass(frozen=True, slots=True)
class UpdateSession:
    """Update a session. New settings (a proxy) of one that a connector holds take effect at once, by a new dial."""

    storage: Storage
    providers: Providers
    clock: Clock
    webhook: SessionWebhook
    advance: AdvanceConnection

    async def __call__(self, caller: Caller, session_id: SessionId, changes: SessionChanges) -> Session:
        """Apply the changes. Raises NotFound, Invalid, Conflict (routing to departments on the session of a bot)."""
        caller.require(Action.MANAGE_SESSIONS)
        if changes.webhook_url is not None or changes.webhook_format is not None:
            caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await self._start_waiting(uow, session_id, changes.routing)
            session = await uow.sessions.get(session_id)
            await _require_known(uow, None if changes.department_id is UNCHANGED else changes.department_id)
            before = session.settings
            self._apply(session, changes)
            session.updated_at = self.clock()
            if changes.webhook_url is not None or changes.webhook_format is not None:
                url = session.webhook_url if changes.webhook_url is None else changes.webhook_url
                await self.webhook(uow, session, url, changes.webhook_format, session.updated_at)
            await uow.sessions.save(session)
            if session.settings != before and self.providers.holds_socket(session.provider):
                await self.advance(uow, session, lambda state, now: state.redialled(now, self.advance.rules))
            await uow.commit()
        return session

    async def _start_waiting(self, uow: UnitOfWork, session_id: SessionId, routing: Routing | None) -> None:
        """Start the waiting time of unanswered customers where departments begin to serve the session.

        Before the session is locked, since conversations are locked first."""
        present = (await uow.sessions.peek([session_id])).get(session_id)
        if present and present.routing is Routing.NONE and routing is Routing.DEPARTMENTS:
            now = self.clock()
            until = now + usual_patience(uow.tenant, await uow.departments.all(), now)
            why = because(RoutingCode.DEPARTMENTS_SERVE, "departments serve this session now")
            await uow.conversations.start_waiting(session_id, until, now, why)

    def _apply(self, session: Session, changes: SessionChanges) -> None:
        if changes.name is not None:
            session.name = _name(changes.name)
        if changes.settings is not None:
            session.settings = self._changed(session, changes.settings)
        if changes.agent_id is not None:
            session.agent_id = check_key(changes.agent_id, "agent_id")
        is_agents = changes.agent_id not in (None, session.key)
        session.reroute(changes.routing or (Routing.NONE if is_agents else session.routing))
        if changes.department_id is not UNCHANGED:
            session.department_id = changes.department_id

    def _changed(self, session: Session, new: Mapping[str, object]) -> object:
        """Merge and decode. Settings missing before may stay missing, and values stored under older rules may stay."""
        plugin = self.providers.plugin(session.provider)
        is_lost = session.settings is UNREADABLE  # then all of them are needed again
        present = {} if is_lost else plugin.encode_settings(session.settings, secrets=True)
        if isinstance(plugin, BindsSecrets) and not is_lost:
            _require_none_unbound(plugin.unbound(session.settings, new))
        missing = {f"/settings/{name}" for name in self.providers.missing(session.provider, session.settings)}
        try:
            return plugin.decode_settings({**present, **new})
        except Invalid as error:
            allowed = (missing | {f"/settings/{name}" for name in present}) - {f"/settings/{name}" for name in new}
            if flaws := [flaw for flaw in error.flaws if flaw.pointer not in allowed]:
                raise Invalid(*flaws) from None
            return self.providers.decode_stored(session.provider, {**present, **new})


@dataclass(frozen=True, slots=True)
class DeleteSession:
    """Delete a session. Conversations stay; waiting messages fail; one that holds a socket is logged out first."""

    storage: Storage
    providers: Providers
    clock: Clock
    log_out: LogOut

    async def __call__(self, caller: Caller, session_id: SessionId) -> None:
        """Delete it. Raises NotFound."""
        caller.require(Action.MANAGE_SESSIONS)
        with suppress(NotSupported):
            await self.log_out(caller, session_id)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session, now = await uow.sessions.get(session_id), self.clock()
            for message in await uow.lanes.abandon(session_id):
                message.abandon(now)
                await uow.messages.save([message])
            if self.providers.holds_socket(session.provider):
                await uow.connections.forget_deleted(session)
            await uow.sessions.remove(session_id)
            uow.publish([session.event(EventType.SESSION_DELETED, now)])
            await uow.commit()
        await self._unregister(session)

    async def _unregister(self, session: Session) -> None:
        """Remove our webhook from the provider's server, which would go on posting to it. Best effort."""
        kind = session.provider
        is_served = kind in self.providers.plugins and not self.providers.holds_socket(kind)
        if not is_served or session.settings is UNREADABLE or stops(self.providers.missing(kind, session.settings)):
            return
        provider = self.providers.live(kind)
        if not isinstance(provider, Unregisters):
            return
        ref = SessionRef.of(session)
        try:
            async with asyncio.timeout(UNREGISTER_WITHIN_S):
                await provider.unregister(ref)
        except (ProviderError, TimeoutError) as error:
            log.warning("session.not_unregistered", extra={"session_id": str(session.id), "error": str(error)})


def _require_none_unbound(secrets: Collection[str]) -> None:
    if secrets:
        raise Invalid(*(Flaw(f"/settings/{n}", "must be given anew: what it was given for changes") for n in secrets))


def plugin_of(providers: Providers, kind: str) -> Plugin:
    """Return the plugin that a request names. Raises Invalid (`/provider`)."""
    plugin = providers.plugins.get(kind)
    if plugin is None:
        known = ", ".join(sorted(providers.plugins))
        raise Invalid.field("provider", f"must be one of {known}")
    return plugin


async def _require_known(uow: UnitOfWork, department_id: DepartmentId | None, user_id: UserId | None = None) -> None:
    """Raise Invalid for a department or a user that this company does not have."""
    try:
        if department_id:
            await uow.departments.get(department_id)
        if user_id:
            await uow.users.get(user_id)
    except NotFound as error:
        raise Invalid.field(f"{error.kind}_id", f"there is no such {error.kind}") from None


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= 128 or not is_storable(name):
        raise Invalid.field("name", "must have 1 to 128 characters, without NUL")
    return name.strip()


def _owner(owner: str | None) -> str | None:
    if owner is not None and (not 1 <= len(owner) <= 128 or not is_storable(owner)):
        raise Invalid.field("user_id", "must have 1 to 128 characters, without NUL")
    return owner


def _key_of(name: str, id: UUID) -> str:
    try:
        return check_key(name, "name")
    except Invalid:
        return str(id)
