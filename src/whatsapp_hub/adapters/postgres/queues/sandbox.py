"""The sandbox's phones: the messages on a customer's screen, and the receipts that the phone sends."""

from collections.abc import Sequence

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.engine.pages import ending_early
from whatsapp_hub.application.ports.edge.sandbox import ShownMessage
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.domain.errors import OutcomeUnknown, Unavailable
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.text import storable

_SHOW = """
    INSERT INTO hub.sandbox_screens (tenant_id, session_id, phone, message_id, direction, text, at, sent_as)
    VALUES (hub.tenant(), $1, $2, $3, $4, $5, $6, $7)"""
_RECEIPTS = """
    INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
    SELECT $1::uuid::text, dedupe_key, hub.tenant(), $1, $2, chat, body
    FROM unnest($3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY AS x(dedupe_key, chat, body, n) ORDER BY n
    ON CONFLICT DO NOTHING"""
SHOWN = 1_000
"""Messages that a phone shows, the newest; of long ones fewer (`engine/pages.py`)."""
_SCREEN = ending_early(
    f"""
    SELECT message_id, text, direction, at, id FROM hub.sandbox_screens
    WHERE session_id = $1 AND phone = $2 ORDER BY id DESC LIMIT {SHOWN}""",
    "id DESC",
)


class PostgresSandboxPhones:
    """Implements `SandboxPhones`."""

    def __init__(self, database: Database, wake: Wake) -> None:
        self._database = database
        self._wake = wake

    async def deliver(
        self,
        session: SessionRef,
        phone: str,
        shown: ShownMessage,
        receipts: Sequence[RawUpdate],
        sent_as: MessageId | None,
    ) -> None:
        """Show a message and store its receipts. Raises OutcomeUnknown: a connection lost during the commit may have
        delivered, which only the receipts show."""
        screen = (phone, shown.id, shown.direction, storable(shown.text), shown.at, sent_as)
        is_complete = False
        try:
            async with self._database.acting_for(session.tenant_id) as connection:
                await connection.execute(_SHOW, session.id, *screen)
                if receipts:
                    columns = zip(*((r.dedupe_key, r.chat, r.body) for r in receipts), strict=True)
                    await connection.execute(_RECEIPTS, session.id, session.provider, *columns)
                is_complete = True
        except Unavailable as error:
            if is_complete:
                raise OutcomeUnknown("commit", "the connection was lost") from error
            raise
        if receipts:
            self._wake(Work.INBOX, session.tenant_id)

    async def messages(self, session: SessionRef, phone: str) -> list[ShownMessage]:
        """Read the newest messages on a phone's screen."""
        async with self._database.acting_for(session.tenant_id) as connection:
            shown = reversed(await connection.fetch(_SCREEN, session.id, phone))
        return [ShownMessage(row["message_id"], row["text"], row["direction"], row["at"]) for row in shown]
