"""Commands to the connector that holds a session, and their answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows, Transaction
from whatsapp_hub.adapters.memory.tables.commands import COMMANDS, StoredCommand
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS, CONNECTORS, live_connector
from whatsapp_hub.application.ports.connections.connections import ConnectorId
from whatsapp_hub.application.ports.queues.commands import FORGET_AGAIN_S, Answer, Command, CommandKind
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work

_UNAWAITED = frozenset({CommandKind.FORGET, CommandKind.TYPING})


class MemoryCommands:
    """Implements `Commands`."""

    def __init__(self, database: MemoryDatabase, wake: Wake) -> None:
        self._database = database
        self._wake = wake

    async def ask(self, command: Command, expires_s: float) -> None:
        """Store the command and wake the connectors."""
        async with self._database.transaction() as transaction:
            hub, now = transaction.of(None), self._database.now
            stored = StoredCommand(command, now, now + timedelta(seconds=expires_s))
            await hub.put(COMMANDS, command.id, stored)
        self._wake(Work.LINES)

    async def answer_of(self, command_id: UUID) -> Answer | None:
        """Return the answer and remove the command; one that is gone was withdrawn."""
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            stored = await hub.get(COMMANDS, command_id)
            if stored is None:
                return Answer(error="withdrawn", error_detail="the command was withdrawn")
            answer = stored.answer
            if answer is None and stored.taken_by and live_connector(hub, stored.taken_by) is None:
                answer = Answer(error="holder_died", error_detail="the process that held the session ended; try again")
            if answer is not None:
                await hub.drop(COMMANDS, command_id)
            return answer

    async def withdraw(self, command_id: UUID) -> None:
        """Remove the command."""
        async with self._database.transaction() as transaction:
            await transaction.of(None).drop(COMMANDS, command_id)

    async def take(self, connector_id: ConnectorId, kinds: Sequence[str], limit: int) -> list[Command]:
        """Take commands to sessions that this connector holds, the oldest first."""
        async with self._database.transaction() as transaction:
            hub, now = transaction.of(None), self._database.now
            mine = [
                stored
                for stored in sorted(hub.each(COMMANDS), key=lambda s: s.asked_at)
                if stored.answer is None and stored.command.provider in kinds and stored.expires_at > now
                and (stored.not_before is None or stored.not_before <= now)
                and _may_take(transaction, stored, connector_id)
            ]  # fmt: skip
            for stored in mine[:limit]:
                await hub.put(COMMANDS, stored.command.id, replace(stored, taken_by=connector_id))
            return [stored.command for stored in mine[:limit]]

    async def answer(self, command_id: UUID, answer: Answer) -> None:
        """Store the answer where somebody awaits it."""
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            if (stored := await hub.get(COMMANDS, command_id)) is None:
                return
            if stored.command.order not in _UNAWAITED:
                await hub.put(COMMANDS, command_id, replace(stored, answer=answer))
            elif stored.command.order is not CommandKind.FORGET or answer.error is None:
                await hub.drop(COMMANDS, command_id)
            else:
                again_at = self._database.now + timedelta(seconds=FORGET_AGAIN_S)
                await hub.put(COMMANDS, command_id, replace(stored, taken_by=None, not_before=again_at))

    async def is_asked(self, command_id: UUID) -> bool:
        """Look whether it is there."""
        async with self._database.transaction() as transaction:
            return transaction.of(None).peek(COMMANDS, command_id) is not None


def _may_take(transaction: Transaction, stored: StoredCommand, connector_id: ConnectorId) -> bool:
    hub, is_forget = transaction.of(None), stored.command.order is CommandKind.FORGET
    is_orphan = is_forget and stored.taken_by != connector_id and _is_gone(hub, stored.taken_by)
    if stored.taken_by is not None and not is_orphan:
        return False
    if is_forget:
        return stored.for_connector in (None, connector_id) or _is_gone(hub, stored.for_connector)
    row = transaction.of(stored.command.tenant_id).peek(CONNECTIONS, stored.command.session_id)
    return row is not None and row.holder == connector_id


def _is_gone(hub: Rows, connector_id: ConnectorId | None) -> bool:
    return connector_id is None or hub.peek(CONNECTORS, connector_id) is None
