"""CreateInstance waits for a code; which settings a session gets that was made without any."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.sessions.manage_sessions import NewSession
from whatsapp_hub.application.sessions.open_sessions import CreateInstance, OpenRules, PrepareSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus
from whatsapp_hub.main.roles.api import default_settings
from whatsapp_hub.main.settings import Settings

AT = datetime(2026, 1, 1, tzinfo=UTC)
CALLER = Caller(TenantId(uuid4()), Role.ADMIN, "key:1")


@dataclass
class Number:
    """A session that is made, started, and then goes through these states as often as it is looked at."""

    states: list[tuple[SessionStatus, str | None]] = field(default_factory=list)
    made: NewSession | None = None
    looked: int = 0
    session: Session = field(
        default_factory=lambda: Session(SessionId(uuid4()), CALLER.tenant_id, "k", "n", "NEONIZE", Routing.NONE, AT, AT)
    )

    async def create(self, caller: Caller, new: NewSession) -> Session:
        self.made = new
        return replace(self.session, status=SessionStatus.CONNECTING)

    async def named(self, tenant_id: TenantId, name: str) -> Session:
        self.looked += 1
        status, code = self.states[min(self.looked, len(self.states)) - 1]
        return replace(self.session, status=status, qr_code=code)


def rules(**more: Any) -> OpenRules:
    return OpenRules("NEONIZE", timedelta(seconds=60), lambda kind: {"of": kind}, **more)


async def created(number: Number, wait_s: float = 10.0) -> Session:
    stand_in: Any = number
    use = CreateInstance(stand_in, number.create, rules(code_wait_s=wait_s))  # type: ignore[arg-type]
    return await use(CALLER, "user-1", "main", None, None, None)


@pytest.mark.parametrize(
    "last",
    [
        (SessionStatus.QR_PENDING, "2@abc"),
        (SessionStatus.CONNECTED, None),
        (SessionStatus.FAILED, None),
    ],
)
async def test_it_answers_as_soon_as_there_is_something_to_tell(last: tuple[SessionStatus, str | None]) -> None:
    number = Number([(SessionStatus.CONNECTING, None), (SessionStatus.RECONNECTING, None), last])
    session = await created(number)
    assert (session.status, session.qr_code) == last
    assert number.looked == 3


async def test_it_waits_no_longer_than_it_may() -> None:
    number = Number([(SessionStatus.CONNECTING, None)])
    session = await created(number, wait_s=0.5)
    assert session.status is SessionStatus.CONNECTING
    assert 2 <= number.looked <= 4


async def test_an_instance_is_its_owners_and_nobody_meets_a_menu_there() -> None:
    number = Number([(SessionStatus.QR_PENDING, "x")])
    await created(number)
    assert number.made
    assert (number.made.owner, number.made.name, number.made.routing) == ("user-1", "main", Routing.NONE)
    assert (number.made.provider, number.made.settings) == ("NEONIZE", {"of": "NEONIZE"})


async def test_a_provider_that_is_named_wins() -> None:
    number = Number()
    prepare = PrepareSession(number.create, rules(), ReadNumber(LibraryPlans()))  # type: ignore[arg-type]
    await prepare(CALLER, "main", None, "waha")
    assert number.made
    assert (number.made.provider, number.made.settings) == ("WAHA", {"of": "WAHA"})


def test_only_the_operators_waha_server_is_everybodys() -> None:
    settings = Settings(
        waha_api_url="http://waha:3000",
        waha_api_key="key",
        waha_session="default",
        whatsapp_access_token="token",
        whatsapp_phone_number_id="1",
    )
    first: Mapping[str, object] = default_settings(settings, "WAHA")
    second = default_settings(settings, "WAHA")
    assert (first["url"], first["apiKey"]) == ("http://waha:3000", "key")
    assert len({first["session"], second["session"], "default"}) == 3
    assert default_settings(settings, "META") == default_settings(settings, "NEONIZE") == {}
    assert default_settings(Settings(), "WAHA") == {}
