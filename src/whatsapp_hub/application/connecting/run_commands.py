"""RunCommands: run the commands sent to the connector that holds a session."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.application.contacts.tell_blocks import named_in
from whatsapp_hub.application.handling.show_customer import show_typing
from whatsapp_hub.application.ports.connections.sockets import HoldsSockets
from whatsapp_hub.application.ports.provider.people import BlocksPeople
from whatsapp_hub.application.ports.provider.plugin import MarksRead
from whatsapp_hub.application.ports.queues.commands import Answer, Command, CommandKind, Commands, ReadMark, TypingSign
from whatsapp_hub.domain.errors import Conflict, HubError, ProviderError, Rejected
from whatsapp_hub.domain.ids import SessionId

log = logging.getLogger(__name__)

AT_ONCE = 32
WITHIN_S = 30.0
FORGET_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0


@dataclass(slots=True)
class RunCommands:
    """Run commands concurrently, `AT_ONCE` at most, and store their answers."""

    commands: Commands
    hold: ReconcileSessions
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks)

    async def __call__(self) -> int:
        """Take this connector's commands and start them; return how many. Raises Unavailable."""
        connector = self.hold.lease.connector
        if connector is None or not self.hold.lease.is_fresh:
            return 0
        taken = await self.commands.take(connector.id, connector.kinds, AT_ONCE - len(self._tasks))
        for command in taken:
            self._tasks.start(self._run(command))
        return len(taken)

    async def aclose(self) -> None:
        """Begin no more commands; those under way have `CLOSE_WITHIN_S` to end."""
        await self._tasks.aclose(CLOSE_WITHIN_S)

    async def _run(self, command: Command) -> None:
        answer = await self._answer(command)
        if answer.error:
            log.warning("command.refused", extra={"order": command.order, "code": answer.error})
        try:
            await self.commands.answer(command.id, answer)
        except Exception:
            log.exception("command.answer_lost", extra={"order": command.order})

    async def _answer(self, command: Command) -> Answer:
        try:
            async with asyncio.timeout(WITHIN_S):
                return Answer(await self._do(command))
        except (ProviderError, Conflict) as error:
            return Answer(error=error.code, error_detail=str(error)[:300])
        except (HubError, TimeoutError) as error:
            return Answer(error="unavailable", error_detail=str(error) or "no answer in time")
        except Exception as error:
            log.exception("command.failed", extra={"order": command.order})
            return Answer(error="internal", error_detail=type(error).__name__)

    async def _do(self, command: Command) -> str | None:
        socket = self.hold.socket(command.provider)
        match command.order:
            case CommandKind.PAIRING_CODE:
                return await socket.pairing_code(command.session_id, command.argument or "")
            case CommandKind.LOG_OUT:
                await socket.log_out(command.session_id)
            case CommandKind.FORGET:
                await self._forget(socket, command)
            case CommandKind.MARK_READ:
                await self._mark_read(command.session_id, ReadMark.of_argument(command.argument or ""))
            case CommandKind.BLOCK:
                await self._block(command.session_id, command.argument or "")
            case CommandKind.TYPING:
                await self._type(command.session_id, TypingSign.of_argument(command.argument or ""))
        return None

    async def _forget(self, socket: HoldsSockets, command: Command) -> None:
        """Delete the credentials, unless the session came back meanwhile: closing may take its time, and what a phone
        has linked since then stays. Between the last look and the deletion lies less than a dial and a scan."""
        if not await self.commands.is_asked(command.id):
            return
        await socket.close(command.session_id)
        if await self.commands.is_asked(command.id):
            async with asyncio.timeout(FORGET_WITHIN_S):
                await socket.forget(command.session_id)

    async def _mark_read(self, session_id: SessionId, mark: ReadMark) -> None:
        ref = self.hold.dialled_with(session_id)
        if ref is None:
            raise Conflict("not_open", "the session is down")
        provider = self.hold.providers.live(ref.provider)
        if isinstance(provider, MarksRead):
            with suppress(Rejected):  # as in SendReadMarks
                await provider.mark_read(ref, mark.chat, mark.messages)

    async def _block(self, session_id: SessionId, argument: str) -> None:
        ref = self.hold.dialled_with(session_id)
        if ref is None:
            raise Conflict("not_open", "the session is down")
        blocked, identities = named_in(argument)
        provider = self.hold.providers.live(ref.provider)
        if not isinstance(provider, BlocksPeople):
            raise Conflict("unsupported", "the provider cannot block")
        await provider.block(ref, identities, blocked=blocked)

    async def _type(self, session_id: SessionId, sign: TypingSign) -> None:
        if ref := self.hold.dialled_with(session_id):
            await show_typing(self.hold.providers.live(ref.provider), ref, sign)
