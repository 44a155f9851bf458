"""The connection is lost while PostgreSQL commits: it may have, and we do not know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.adapters.postgres.queues.sandbox import PostgresSandboxPhones
from whatsapp_hub.adapters.providers.sandbox.client import Sandbox
from whatsapp_hub.application.ports.provider.plugin import Outgoing, SessionRef
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.errors import OutcomeUnknown, Transient, Unavailable
from whatsapp_hub.domain.ids import MessageId, TenantId
from whatsapp_hub.domain.messaging.content import Text


class Losing:
    """A database that commits and then says that it is away, or is away from the first."""

    def __init__(self, database: Any, *, commits: bool) -> None:
        self._database = database
        self._commits = commits

    @asynccontextmanager
    async def acting_for(self, tenant_id: TenantId) -> AsyncIterator[Any]:
        if not self._commits:
            raise Unavailable("PostgreSQL is away")
        async with self._database.acting_for(tenant_id) as connection:
            yield connection
        raise Unavailable("PostgreSQL is away")


def _unheard(work: Work, tenant_id: TenantId | None = None) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(("commits", "told"), [(True, OutcomeUnknown), (False, Transient)])
async def test_a_sandbox_phone_that_may_show_it_is_not_sent_it_again(world: World, commits: bool, told: Any) -> None:
    losing: Any = Losing(world.hub.database, commits=commits)
    phones = PostgresSandboxPhones(losing, _unheard)
    sandbox = Sandbox(phones, lambda: datetime.now(UTC), new_id)
    session = SessionRef(world.session.id, world.tenant.id, world.session.key, "SANDBOX", None)
    message = Outgoing(MessageId(uuid4()), "5511966665555", (), Text.plain("Oi"), None)
    with pytest.raises(told):
        await sandbox.send(session, message, 5)
    shown = await PostgresSandboxPhones(world.hub.database, _unheard).messages(session, "5511966665555")
    assert len(shown) == int(commits)
