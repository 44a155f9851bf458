"""What is remembered of callers, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.security.tokens import JwtTokens
from whatsapp_hub.application.authentication.callers import HEARD_WITHIN_S, KEPT_S, SURE_S, Callers, caller_of
from whatsapp_hub.application.authentication.follow_access import Owed
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange
from whatsapp_hub.application.ports.edge.directory import MadeKey, SignedIn
from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.api_key import ApiKey, digest_of
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Unauthenticated, Unavailable
from whatsapp_hub.domain.ids import ApiKeyId, SignInId, TenantId, UserId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = JwtTokens("0123456789abcdef0123456789abcdef")


async def _nothing() -> None:
    """Nothing happens while the database is asked."""


@dataclass
class World:
    """One person with one sign-in and one key, a database that counts what it is asked, and the process's clock."""

    role: Role = Role.ADMIN
    now: float = 1000.0
    asked: int = 0
    is_away: bool = False
    meanwhile: Callable[[], Awaitable[None]] = _nothing
    tenant: TenantId = field(default_factory=lambda: TenantId(uuid4()))

    def __post_init__(self) -> None:
        self.user = User(UserId(uuid4()), self.tenant, "ana@example.org", "Ana", "x", self.role, NOW)
        id = SignInId(uuid4())
        self.sign_in = SignIn(id, self.tenant, self.user.id, AuthMethod.PASSWORD, NOW, NOW + timedelta(days=7), NOW)
        self.key = ApiKey(
            ApiKeyId(uuid4()), self.tenant, "crm", digest_of("hub_x"), "hub_x", NOW, created_by=self.user.id
        )
        self.token = TOKENS.issue(replace(caller_of(self.user), sign_in_id=id))
        self.callers = Callers(TOKENS, self, lambda: NOW, now=lambda: self.now)  # type: ignore[arg-type]

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        found = SignedIn(replace(self.sign_in), replace(self.user))
        await self._ask()
        return found

    async def api_key(self, digest: bytes) -> MadeKey | None:
        found = MadeKey(replace(self.key), replace(self.user))
        await self._ask()
        return found

    async def _ask(self) -> None:
        if self.is_away:
            raise Unavailable("away")
        self.asked += 1
        await self.meanwhile()

    def hears(self, *changes: AccessChange) -> None:
        self.callers.heard(changes, self.now)

    async def is_in(self) -> bool:
        try:
            await self.callers(self.token)
        except Unauthenticated:
            return False
        return True


async def test_requests_cost_no_query_while_the_feed_is_heard() -> None:
    world = World()
    for _ in range(int(KEPT_S) - 1):
        world.hears()
        await world.callers(world.token)
        await world.callers("hub_x")
        world.now += 1
    assert world.asked == 2
    world.now += 2
    world.hears()
    await world.callers(world.token)
    assert world.asked == 3


async def test_without_the_feed_each_second_is_asked_anew() -> None:
    world = World()
    world.hears()
    await world.callers(world.token)
    world.now += HEARD_WITHIN_S
    world.sign_in.end(NOW, EndReason.SIGNED_OUT)
    assert not await world.is_in()


async def test_a_database_that_is_away_lets_nobody_in_for_long() -> None:
    world = World()
    world.hears()
    await world.callers(world.token)
    world.is_away = True
    world.now += HEARD_WITHIN_S - 0.1
    assert await world.is_in()
    world.now += 0.2
    with pytest.raises(Unavailable):
        await world.callers(world.token)


@pytest.mark.parametrize("named", ["sign-in", "user", "company", "anybody"])
async def test_whom_a_change_names_is_asked_anew_at_once(named: str) -> None:
    world = World()
    world.hears()
    assert await world.is_in()
    world.sign_in.end(NOW, EndReason.SIGNED_OUT)
    tenant, user = world.tenant, world.user.id
    changes = {
        "sign-in": AccessChange(tenant, user, world.sign_in.id),
        "user": AccessChange(tenant, user),
        "company": AccessChange(tenant),
        "anybody": EVERYONE,
    }
    world.hears(changes[named])
    assert not await world.is_in()


async def test_others_are_not_asked_anew() -> None:
    world = World()
    world.hears()
    await world.callers(world.token)
    elsewhere = TenantId(uuid4())
    for change in (
        AccessChange(world.tenant, UserId(uuid4())),
        AccessChange(world.tenant, world.user.id, SignInId(uuid4())),
        AccessChange(world.tenant, api_key_id=world.key.id),
        AccessChange(elsewhere),
    ):
        world.hears(change)
        await world.callers(world.token)
    assert world.asked == 1


async def test_an_answer_that_a_change_overtook_is_not_kept() -> None:
    """The database had answered before the change, and the feed told it before the answer came."""
    world = World()
    world.hears()

    async def meanwhile() -> None:
        world.sign_in.end(NOW, EndReason.SIGNED_OUT)
        world.hears(AccessChange(world.tenant, world.user.id, world.sign_in.id))

    world.meanwhile = meanwhile
    assert await world.is_in()
    world.meanwhile, world.now = _nothing, world.now + SURE_S
    world.hears()
    assert not await world.is_in()


@pytest.mark.parametrize("role", Role)
async def test_a_key_may_what_its_maker_may_now(role: Role) -> None:
    world = World(role=role)
    caller = await world.callers("hub_x")
    assert caller.powers == POLICY[Role.ADMIN] & POLICY[role]
    world.user.is_active = False
    world.hears(AccessChange(world.tenant, world.user.id))
    with pytest.raises(Unauthenticated):
        await world.callers("hub_x")


@pytest.mark.parametrize("role", Role)
async def test_only_a_masters_key_is_of_another_company(role: Role) -> None:
    world = World(role=role)
    world.key.tenant_id = TenantId(uuid4())
    assert world.key.is_backed_by(world.user) == (role is Role.MASTER)
    assert not world.key.is_backed_by(None)


async def test_a_narrowed_key_stays_narrow() -> None:
    world = World(role=Role.AGENT)
    world.key.scopes = frozenset({Action.READ_SESSIONS, Action.MANAGE_SESSIONS})
    assert (await world.callers("hub_x")).powers == {Action.READ_SESSIONS}


async def test_connections_are_checked_for_what_came_and_all_of_them_from_time_to_time() -> None:
    owed, one, other = Owed(), AccessChange(TenantId(uuid4())), AccessChange(TenantId(uuid4()))
    owed([one])
    owed([other, one])
    assert list(await owed.due(60)) == [one, other]
    waiting = asyncio.create_task(owed.due(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    owed([one])
    assert list(await waiting) == [one]
    assert list(await owed.due(0.01)) == [EVERYONE]


async def test_what_is_owed_is_bounded() -> None:
    owed = Owed()
    owed([AccessChange(TenantId(uuid4())) for _ in range(2000)])
    assert list(await owed.due(60)) == [EVERYONE]
