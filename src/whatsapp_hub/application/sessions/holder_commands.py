"""RequestPairingCode and LogOut: ask the connector that holds a session to do what only it can."""

import asyncio
import time
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.commands import Command, CommandKind, Commands
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, HubError, NotFound, NotSupported, Unavailable
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.session import Session, SessionStatus
from whatsapp_hub.domain.sessions.status_reason import StatusReason

ANSWER_S = 20.0
LOG_OUT_S = 8.0
LOOK_EVERY_S = 0.1

LOGGED_OUT_HERE = StatusReason.LOGGED_OUT_HERE.value
"""Status reason of a session logged out without reaching the phone, which still lists the device."""


@dataclass(frozen=True, slots=True)
class AskHolder:
    """Send a command to the connector that holds the session, and wait for the answer."""

    commands: Commands
    new_id: NewId

    async def __call__(self, session: Session, kind: CommandKind, argument: str | None, within_s: float) -> str | None:
        """Return the answer's text. Raises Conflict with the holder's error, Unavailable without an answer in time."""
        command = Command(self.new_id(), session.tenant_id, session.id, session.provider, kind, argument)
        await self.commands.ask(command, within_s)
        deadline = time.monotonic() + within_s
        while (answer := await self.commands.answer_of(command.id)) is None:
            if time.monotonic() > deadline:
                await self.commands.withdraw(command.id)
                raise Unavailable("no connector holds the session, or it does not answer; is `connector` running?")
            await asyncio.sleep(LOOK_EVERY_S)
        if answer.error == "holder_died":
            raise Unavailable(answer.error_detail or "")
        if answer.error:
            raise Conflict(answer.error, answer.error_detail or answer.error)
        return answer.text


@dataclass(frozen=True, slots=True)
class RequestPairingCode:
    """Request a code to enter on the phone, instead of scanning a QR code."""

    storage: Storage
    providers: Providers
    ask: AskHolder
    read_number: ReadNumber

    async def __call__(self, caller: Caller, session_id: SessionId, phone: str) -> str:
        """Return the code as it is entered (`ABCD-EFGH`). Raises NotFound, NotSupported, Invalid (`/phoneNumber`),
        Conflict (not started, connected already, refused by WhatsApp), Unavailable."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = (await uow.sessions.peek([session_id])).get(session_id)
            country = uow.tenant.country
        if session is None:
            raise NotFound("session", session_id)
        capabilities = self.providers.plugin(session.provider).capabilities
        capabilities.require(Feature.PAIRING_CODE)
        if not capabilities.holds_socket:
            raise NotSupported(session.provider, Feature.PAIRING_CODE)
        digits = self.read_number.own(phone, country, session.provider)
        if session.status is SessionStatus.CONNECTED:
            raise Conflict("already_connected", "the session is connected already")
        if not session.is_active:
            raise Conflict("session_off", "the session is not started")
        return await self.ask(session, CommandKind.PAIRING_CODE, digits, ANSWER_S) or ""


@dataclass(frozen=True, slots=True)
class LogOut:
    """Unlink the device from the phone and delete its credentials; the next start shows a QR code."""

    storage: Storage
    providers: Providers
    advance: AdvanceConnection
    ask: AskHolder

    async def __call__(self, caller: Caller, session_id: SessionId) -> Session:
        """Log out. Where the phone cannot be reached, the credentials are deleted all the same, with the status reason
        `logged_out_here`. Idempotent. Raises NotFound, NotSupported."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if not self.providers.holds_socket(session.provider):
                raise NotSupported(session.provider, "logging out")
            state = (await uow.connections.of(session)).state
            await uow.commit()
        if not state.is_on and not state.has_paired:
            return session  # there is nothing to unlink
        reason = await self._log_out_phone(session) if state.is_up else LOGGED_OUT_HERE
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if session.status is not SessionStatus.LOGGED_OUT:
                reason = reason if state.has_paired else "logged_out"
                await self.advance(uow, session, lambda state, _: state.logged_out(reason))
                await uow.commit()
        return session

    async def _log_out_phone(self, session: Session) -> str:
        try:
            await self.ask(session, CommandKind.LOG_OUT, None, LOG_OUT_S)
        except HubError:
            return LOGGED_OUT_HERE
        return "logged_out"
