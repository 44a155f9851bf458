"""Commands to the holders of sessions, as hub_system."""

from collections.abc import Sequence
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.connections.connections import ConnectorId
from whatsapp_hub.application.ports.queues.commands import FORGET_AGAIN_S, Answer, Command, CommandKind
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work

_ASK = """
    INSERT INTO hub.commands (id, tenant_id, session_id, provider, kind, argument, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, (SELECT now FROM hub.time) + $7 * interval '1 second')"""
_ANSWER_OF = """
    SELECT answered_at IS NOT NULL AS is_answered, answer, error_code, error_detail,
      taken_by IS NOT NULL AND NOT EXISTS (
        SELECT FROM hub.connectors c WHERE c.id = taken_by AND c.until > (SELECT now FROM hub.time)) AS is_orphan
    FROM hub.commands WHERE id = $1"""
_WITHDRAW = "DELETE FROM hub.commands WHERE id = $1"
_TAKE = """
    WITH mine AS (
      SELECT c.id FROM hub.commands c
      WHERE c.answered_at IS NULL AND c.provider = ANY($2::text[]) AND c.expires_at > (SELECT now FROM hub.time)
        AND (c.not_before IS NULL OR c.not_before <= (SELECT now FROM hub.time))
        AND (c.taken_by IS NULL OR c.kind = 'forget' AND c.taken_by <> $1
             AND NOT EXISTS (SELECT FROM hub.connectors o WHERE o.id = c.taken_by))
        AND CASE WHEN c.kind = 'forget'
          THEN c.for_connector IS NULL OR c.for_connector = $1
            OR NOT EXISTS (SELECT FROM hub.connectors o WHERE o.id = c.for_connector)
          ELSE EXISTS (SELECT FROM hub.lines l WHERE l.session_id = c.session_id AND l.connector_id = $1) END
      ORDER BY c.asked_at LIMIT $3 FOR UPDATE SKIP LOCKED)
    UPDATE hub.commands c SET taken_by = $1 FROM mine WHERE c.id = mine.id
    RETURNING c.id, c.tenant_id, c.session_id, c.provider, c.kind, c.argument"""
_ANSWER = """
    UPDATE hub.commands SET answered_at = (SELECT now FROM hub.time), answer = $2, error_code = $3, error_detail = $4
    WHERE id = $1 AND kind NOT IN ('forget', 'typing')"""
_UNAWAITED = """
    DELETE FROM hub.commands
    WHERE id = $1 AND (kind = 'forget' AND $2::text IS NULL OR kind = 'typing')"""
_AGAIN = """
    UPDATE hub.commands SET taken_by = NULL, not_before = (SELECT now FROM hub.time) + $2::float8 * interval '1 second'
    WHERE id = $1 AND kind = 'forget'"""
_IS_ASKED = "SELECT EXISTS (SELECT FROM hub.commands WHERE id = $1)"
_TRIM = "DELETE FROM hub.commands WHERE expires_at < (SELECT now FROM hub.time) - interval '1 minute'"


class PostgresCommands:
    """Implements `Commands`."""

    def __init__(self, database: Database, wake: Wake) -> None:
        self._database = database
        self._wake = wake

    async def ask(self, command: Command, expires_s: float) -> None:
        """Insert the command after old ones were trimmed, and wake the connectors."""
        c = command
        row = (c.id, c.tenant_id, c.session_id, c.provider, c.order, c.argument, expires_s)
        await self._database.system(lambda db: db.execute(_TRIM))
        await self._database.system(lambda db: db.execute(_ASK, *row))
        self._wake(Work.LINES)

    async def answer_of(self, command_id: UUID) -> Answer | None:
        """Read the answer and delete its row; a row that is gone was withdrawn."""
        row = await self._database.system(lambda db: db.fetchrow(_ANSWER_OF, command_id))
        if row is None:
            return Answer(error="withdrawn", error_detail="the command was withdrawn")
        if row["is_answered"]:
            await self.withdraw(command_id)
            return Answer(row["answer"], row["error_code"], row["error_detail"])
        if row["is_orphan"]:
            await self.withdraw(command_id)
            return Answer(error="holder_died", error_detail="the process that held the session ended; try again")
        return None

    async def withdraw(self, command_id: UUID) -> None:
        """Delete the command."""
        await self._database.system(lambda db: db.execute(_WITHDRAW, command_id))

    async def take(self, connector_id: ConnectorId, kinds: Sequence[str], limit: int) -> list[Command]:
        """Take commands to sessions that this connector holds, in one statement."""
        rows = await self._database.system(lambda db: db.fetch(_TAKE, connector_id, list(kinds), limit))
        return [
            Command(r["id"], r["tenant_id"], r["session_id"], r["provider"], CommandKind(r["kind"]), r["argument"])
            for r in rows
        ]

    async def answer(self, command_id: UUID, answer: Answer) -> None:
        """Store the answer where somebody awaits it."""
        a = answer
        await self._database.system(lambda db: db.execute(_UNAWAITED, command_id, a.error))
        await self._database.system(lambda db: db.execute(_ANSWER, command_id, a.text, a.error, a.error_detail))
        if a.error:
            await self._database.system(lambda db: db.execute(_AGAIN, command_id, FORGET_AGAIN_S))

    async def is_asked(self, command_id: UUID) -> bool:
        """Look whether its row is there."""
        found: bool = await self._database.system(lambda db: db.fetchval(_IS_ASKED, command_id))
        return found
