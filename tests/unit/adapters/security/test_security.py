"""Passwords, tokens, secrets at rest and who asks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import bcrypt
import pytest

from whatsapp_hub.adapters.security.clock import Ids, new_id, system_clock
from whatsapp_hub.adapters.security.passwords import Argon2Passwords
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.adapters.security.tokens import Claims, JwtTokens
from whatsapp_hub.application.authentication.callers import Callers, caller_of
from whatsapp_hub.application.ports.edge.directory import SignedIn
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, SignIn
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Invalid, NotFound, Unauthenticated
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId

SEALED_BY_0_1 = "3381139a7d47a95e42572c3e57c957c36f29cbb8394da589e57b919ed345122e71"
"""`token` for `session:1`, by the key `key`, without the version's byte."""
SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_user(role: Role = Role.AGENT) -> User:
    return User(UserId(new_id()), TenantId(new_id()), "ana@example.org", "Ana", "x", role, NOW)


def signed_in(user: User) -> Caller:
    """The user as a caller, in the one sign-in that each has here."""
    return replace(caller_of(user), sign_in_id=SignInId(user.id))


class Directory:
    """The part of the directory that callers are looked up in."""

    def __init__(self, *users: User) -> None:
        self.users = {user.id: user for user in users}
        self.tenants = {user.tenant_id: Tenant(user.tenant_id, "t", "T", NOW) for user in users}
        self.asked = 0

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        self.asked += 1
        if (user := self.users.get(UserId(sign_in_id))) is None:
            return None
        times = {"made_at": NOW, "last_seen_at": NOW, "expires_at": NOW + timedelta(days=36_500)}
        return SignedIn(SignIn(sign_in_id, user.tenant_id, user.id, AuthMethod.PASSWORD, **times), user)

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        if tenant_id not in self.tenants:
            raise NotFound("tenant", tenant_id)
        return self.tenants[tenant_id]


async def test_a_password_verifies_and_a_wrong_one_does_not() -> None:
    passwords = Argon2Passwords()
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify("correct horse", hashed) == (True, None)
    assert await passwords.verify("battery staple", hashed) == (False, None)


async def test_a_bcrypt_hash_verifies_and_is_renewed() -> None:
    old = bcrypt.hashpw(b"imported", bcrypt.gensalt(4)).decode()
    matches, renewed = await Argon2Passwords().verify("imported", old)
    assert matches
    assert renewed
    assert renewed.startswith("$argon2id$")
    assert await Argon2Passwords().verify("other", old) == (False, None)


async def test_a_password_longer_than_bcrypt_can_see_still_verifies() -> None:
    old = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    matches, renewed = await Argon2Passwords().verify("x" * 80, old)
    assert matches
    assert renewed
    assert await Argon2Passwords().verify("x" * 80, renewed) == (True, None)


@pytest.mark.parametrize("hashed", ["", "plain", "$2b$garbage", "$argon2id$garbage"])
async def test_an_unknown_hash_never_verifies(hashed: str) -> None:
    assert await Argon2Passwords().verify("anything", hashed) == (False, None)


def test_a_token_carries_its_caller() -> None:
    tokens, caller = JwtTokens(SECRET), signed_in(a_user(Role.ADMIN))
    assert tokens.read(tokens.issue(caller)) == caller


def test_a_token_that_names_no_sign_in_is_refused() -> None:
    """As those of versions before were: nobody could end what they let in."""
    caller = a_user()
    claims = {"sub": str(caller.id), "companyId": str(caller.tenant_id), "role": "AGENT"}
    old = Claims(exp=datetime.now(UTC) + timedelta(days=1), **claims).encode(SECRET, "HS256")  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated, match="sign in again"):
        JwtTokens(SECRET).read(old)


@pytest.mark.parametrize("change", [lambda t: t[:-3] + "abc", lambda t: "", lambda t: "a.b.c", lambda t: t + "é"])
def test_a_changed_token_is_refused(change: object) -> None:
    tokens = JwtTokens(SECRET)
    with pytest.raises(Unauthenticated):
        tokens.read(change(tokens.issue(signed_in(a_user()))))  # type: ignore[operator]


def test_a_foreign_or_expired_token_is_refused() -> None:
    caller = signed_in(a_user())
    with pytest.raises(Unauthenticated):
        JwtTokens(SECRET).read(JwtTokens(SECRET[::-1]).issue(caller))
    brief = JwtTokens(SECRET).issue(caller, timedelta(seconds=0))
    with pytest.raises(Unauthenticated):
        JwtTokens(SECRET).read(brief)


def test_a_secret_opens_only_in_its_context_and_unchanged() -> None:
    box = AesSecretBox("key")
    sealed = box.seal(b"token", "session:1")
    assert box.open(sealed, "session:1") == b"token"
    assert box.seal(b"token", "session:1") != sealed
    tampered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for text, context, opener in (
        (sealed, "session:2", box),
        (tampered, "session:1", box),
        (b"", "session:1", box),
        (sealed[:8], "session:1", box),
        (sealed, "session:1", AesSecretBox("other")),
    ):
        with pytest.raises(ValueError, match=r"wrong|sealed"):
            opener.open(text, context)


def test_a_box_opens_with_each_of_its_keys_and_seals_with_the_one_in_force() -> None:
    before, both, after = AesSecretBox("old"), AesSecretBox("new", "old"), AesSecretBox("new")
    [old], [new] = before.ids, after.ids
    assert both.ids == (new, old)
    sealed = before.seal(b"token", "session:1")
    assert both.open(sealed, "session:1") == b"token"
    assert both.opens(sealed, "session:1") == old
    both.use(old)
    by_both = both.seal(b"token", "session:1")
    assert before.open(by_both, "session:1") == b"token"
    assert both.is_current(by_both)
    both.use(new)
    assert not both.is_current(by_both)
    assert after.open(both.seal(b"token", "session:1"), "session:1") == b"token"
    assert after.opens(sealed, "session:1") is None
    with pytest.raises(KeyError):
        after.use(old)


def test_what_was_sealed_before_keys_had_names_opens_with_any_key() -> None:
    sealed = bytes.fromhex("01" + SEALED_BY_0_1)
    assert AesSecretBox("key").open(sealed, "session:1") == b"token"
    box = AesSecretBox("new", "key")
    assert box.open(sealed, "session:1") == b"token"
    assert box.opens(sealed, "session:1") == AesSecretBox("key").in_force
    assert not box.is_current(sealed)
    with pytest.raises(ValueError, match="wrong"):
        box.open(sealed, "session:2")


def test_a_token_signed_with_the_secret_from_before_is_taken_while_that_is_given() -> None:
    caller, new = signed_in(a_user()), SECRET[::-1]
    before, both = JwtTokens(SECRET), JwtTokens(new, old=(SECRET,))
    assert both.read(before.issue(caller)) == caller
    assert JwtTokens(new).read(both.issue(caller)) == caller
    with pytest.raises(Unauthenticated):
        JwtTokens(new).read(before.issue(caller))
    with pytest.raises(Unauthenticated):
        both.read(JwtTokens("another secret of thirty-two bytes").issue(caller))


def test_new_ids_are_version_7_and_sort_as_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert all(type(i) is UUID and i.version == 7 for i in ids)
    assert ids == sorted(ids)


async def test_a_caller_has_the_users_present_role_not_the_tokens() -> None:
    user = a_user(Role.ADMIN)
    tokens = JwtTokens(SECRET)
    token = tokens.issue(signed_in(user))
    user.role = Role.AGENT
    assert (await Callers(tokens, Directory(user), system_clock)(token)).role is Role.AGENT  # type: ignore[arg-type]


async def test_a_dismissed_user_is_refused() -> None:
    user = a_user()
    tokens = JwtTokens(SECRET)
    token = tokens.issue(signed_in(user))
    user.is_active = False
    with pytest.raises(Unauthenticated):
        await Callers(tokens, Directory(user), system_clock)(token)  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await Callers(tokens, Directory(), system_clock)(token)  # type: ignore[arg-type]


async def test_only_a_master_may_choose_a_tenant_and_others_cannot_tell_that_it_exists() -> None:
    master, admin = a_user(Role.MASTER), a_user(Role.ADMIN)
    tokens = JwtTokens(SECRET)
    callers = Callers(tokens, Directory(master, admin), system_clock)  # type: ignore[arg-type]
    as_master, as_admin = tokens.issue(signed_in(master)), tokens.issue(signed_in(admin))
    assert (await callers(as_master, str(admin.tenant_id))).tenant_id == admin.tenant_id
    assert (await callers(as_admin, str(admin.tenant_id))).tenant_id == admin.tenant_id
    for token, company in ((as_admin, str(master.tenant_id)), (as_master, str(new_id()))):
        with pytest.raises(NotFound):
            await callers(token, company)
    with pytest.raises(Invalid):
        await callers(as_master, "nonsense")


@pytest.mark.parametrize("stepped", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=8), timedelta(days=-8)])
def test_a_token_lives_by_the_hubs_time_whatever_the_machines_clock_shows(stepped: timedelta) -> None:
    """The library compares with the machine's clock, which here is far from the hub's time."""
    time = [system_clock() + stepped]
    tokens, caller = JwtTokens(SECRET, clock=lambda: time[0]), signed_in(a_user())
    token = tokens.issue(caller)
    assert tokens.read(token) == caller
    time[0] += timedelta(days=7)
    with pytest.raises(Unauthenticated):
        tokens.read(token)


def test_new_ids_follow_the_hubs_time_and_sort_as_made_when_it_stands() -> None:
    new_id = Ids(lambda: NOW)
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {id.version for id in ids} == {7}
    assert {id.variant for id in ids} == {"specified in RFC 4122"}
    assert ids[0].int >> 80 == int(NOW.timestamp() * 1000)
