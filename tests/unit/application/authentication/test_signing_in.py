"""People sign in, with a second factor or through an OpenID provider, see where they are signed in, and end it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import pytest

from tests.unit.application.office import PASSWORD, Office
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.authentication.enter_by_link import EnterByLink
from whatsapp_hub.application.authentication.login import Login
from whatsapp_hub.application.authentication.oidc import (
    BeginOidc,
    ExchangeOidcCode,
    FinishOidc,
    Returned,
    UnlinkOidc,
)
from whatsapp_hub.application.authentication.password_reset import (
    Asked,
    OfferPasswordReset,
    ReadPasswordReset,
    ResetPassword,
)
from whatsapp_hub.application.authentication.second_factors import (
    BeginSecondFactor,
    CheckPassword,
    ConfirmSecondFactor,
    DisableSecondFactor,
    ProveSecondFactor,
    ReplaceRecoveryCodes,
    RequireSecondFactor,
    ShowSecondFactor,
)
from whatsapp_hub.application.authentication.sign_ins import Client, EndSignIn, EndSignIns, ListSignIns, OpenSignIn
from whatsapp_hub.application.authentication.tickets import Tickets
from whatsapp_hub.application.ports.edge.oidc import OidcOffer, SingleSignOn
from whatsapp_hub.application.ports.edge.one_time_codes import OneTimeCodes
from whatsapp_hub.application.ports.edge.security import Tokens
from whatsapp_hub.domain.accounts.oidc import Identity
from whatsapp_hub.domain.accounts.second_factor import STEP_S
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OidcFailure,
    OidcRefused,
    SecondFactorRequired,
    TooMany,
    Unauthenticated,
)
from whatsapp_hub.domain.ids import SignInId

HERE = Client("192.0.2.1", "a browser", "POST /api/auth/login")
GOOD = "a long unusual sentence 42"


def code_now(office: Office, secret: str) -> str:
    return office.use(OneTimeCodes).code(secret, int(office.clock().timestamp()) // STEP_S)  # type: ignore[type-abstract]


async def with_second_factor(office: Office, user: User) -> tuple[str, list[str]]:
    """The secret, and the recovery codes."""
    secret, address = await office.use(BeginSecondFactor)(office.as_(user), PASSWORD, None)
    assert address.startswith("otpauth://")
    codes = await office.use(ConfirmSecondFactor)(office.as_(user), code_now(office, secret), None)
    office.clock.pass_(seconds=STEP_S)
    return secret, list(codes)


class TestLogin:
    async def test_the_right_password_opens_a_sign_in(self, office: Office) -> None:
        user = await office.person()
        entered = await office.use(Login)(f" {user.email.upper()}", PASSWORD, HERE)
        assert (entered.user.id, entered.must_enrol) == (user.id, False)
        caller = office.use(Tokens).read(entered.token)  # type: ignore[type-abstract]
        assert caller.user_id == user.id
        [sign_in] = await office.use(ListSignIns)(caller)
        assert (sign_in.id, sign_in.how, sign_in.address) == (caller.sign_in_id, AuthMethod.PASSWORD, HERE.address)

    @pytest.mark.parametrize("email", ["nobody@example.com", None], ids=["an unknown address", "a wrong password"])
    async def test_what_was_wrong_is_not_said(self, office: Office, email: str | None) -> None:
        user = await office.person()
        with pytest.raises(Unauthenticated) as refused:
            await office.use(Login)(email or user.email, "wrong", HERE)
        assert str(refused.value) == "the e-mail or the password is wrong"

    async def test_guesses_must_wait_but_not_where_one_signed_in_before(self, office: Office) -> None:
        user, login = await office.person(), office.use(Login)
        await login(user.email, PASSWORD, HERE)
        elsewhere = Client("198.51.100.7", None, HERE.doing)
        with pytest.raises(TooMany):  # noqa: PT012 (how many are free is the domain's matter)
            for _ in range(30):
                with pytest.raises(Unauthenticated):
                    await login(user.email, "wrong", elsewhere)
        assert (await login(user.email, PASSWORD, HERE)).user.id == user.id

    async def test_an_outdated_hash_is_replaced(self, office: Office) -> None:
        user = await office.person()
        user.password_hash = f"old:{PASSWORD}"
        await office.done(lambda uow: uow.users.save([user]))
        await office.use(Login)(user.email, PASSWORD, HERE)
        assert (await office.user(user)).password_hash == f"hashed:{PASSWORD}"

    async def test_who_changed_meanwhile_does_not_enter(self, office: Office) -> None:
        user = await office.person()
        before = await office.user(user)
        user.role = Role.ADMIN
        await office.done(lambda uow: uow.users.save([user]))
        with pytest.raises(Unauthenticated):
            await office.use(OpenSignIn)(before, AuthMethod.PASSWORD, HERE)

    async def test_a_dismissed_user_does_not_enter(self, office: Office) -> None:
        user = await office.person(is_active=False)
        with pytest.raises(Unauthenticated):
            await office.use(Login)(user.email, PASSWORD, HERE)


class FakeLinks:
    """Links that are used up."""

    def __init__(self, **emails: str) -> None:
        self.emails = emails

    def take(self, secret: str) -> str | None:
        return self.emails.pop(secret, None)


class TestEnterByLink:
    async def test_a_link_opens_one_sign_in(self, office: Office) -> None:
        user = await office.person()
        enter = office.use(EnterByLink, links=FakeLinks(once=user.email))
        entered = await enter("once", HERE)
        caller = office.use(Tokens).read(entered.token)  # type: ignore[type-abstract]
        [sign_in] = await office.use(ListSignIns)(caller)
        assert (sign_in.user_id, sign_in.how) == (user.id, AuthMethod.LINK)
        with pytest.raises(Unauthenticated):
            await enter("once", HERE)

    async def test_it_replaces_the_password_and_not_the_second_factor(self, office: Office) -> None:
        user = await office.person()
        await with_second_factor(office, user)
        with pytest.raises(SecondFactorRequired):
            await office.use(EnterByLink, links=FakeLinks(once=user.email))("once", HERE)

    async def test_who_is_dismissed_does_not_enter(self, office: Office) -> None:
        gone = await office.person(is_active=False)
        with pytest.raises(Unauthenticated):
            await office.use(EnterByLink, links=FakeLinks(once=gone.email))("once", HERE)


class TestSignIns:
    async def test_one_ends_ones_own_and_an_administrator_those_of_others(self, office: Office) -> None:
        user, admin = await office.person(), office.as_(await office.person(role=Role.ADMIN))
        tokens = [(await office.use(Login)(user.email, PASSWORD, HERE)).token for _ in range(3)]
        caller = office.use(Tokens).read(tokens[0])  # type: ignore[type-abstract]
        other = office.use(Tokens).read(tokens[1])  # type: ignore[type-abstract]
        assert caller.sign_in_id is not None
        assert other.sign_in_id is not None
        await office.use(EndSignIn)(caller, other.sign_in_id)
        assert await office.use(EndSignIns)(caller, but=caller.sign_in_id) == 1
        assert [s.id for s in await office.use(ListSignIns)(admin, user.id)] == [caller.sign_in_id]
        assert await office.use(EndSignIns)(admin, user.id) == 1
        async with office.world.uow() as uow:
            ended = await uow.sign_ins.get(user.id, caller.sign_in_id)
        assert ended.end_reason is EndReason.ENDED_BY_ADMIN
        with pytest.raises(NotFound):
            await office.use(EndSignIn)(admin, SignInId(office.id), user.id)
        with pytest.raises(Forbidden):
            await office.use(ListSignIns)(office.admin)

    async def test_a_ticket_opens_one_stream_once(self, office: Office) -> None:
        tickets = office.use(Tickets)
        ticket = await tickets.issue("credential", None)
        opened = await tickets.open(ticket, "/api/events", again=False)
        assert opened.credential == "credential"
        with pytest.raises(Unauthenticated):
            await tickets.open(ticket, "/api/events", again=False)
        assert (await tickets.open(ticket, "/api/events", again=True)).holder != opened.holder


class TestSecondFactors:
    async def test_a_code_is_needed_and_counts_once(self, office: Office) -> None:
        user, login = await office.person(), office.use(Login)
        secret, _ = await with_second_factor(office, user)
        with pytest.raises(SecondFactorRequired):
            await login(user.email, PASSWORD, HERE)
        code = code_now(office, secret)
        await login(user.email, PASSWORD, HERE, code)
        with pytest.raises(SecondFactorRequired):
            await login(user.email, PASSWORD, HERE, code)
        with pytest.raises(SecondFactorRequired):
            await office.use(RequireSecondFactor)(user, "000000", HERE)

    async def test_a_recovery_code_counts_once(self, office: Office) -> None:
        user, login = await office.person(), office.use(Login)
        _, codes = await with_second_factor(office, user)
        await login(user.email, PASSWORD, HERE, codes[0])
        with pytest.raises(SecondFactorRequired):
            await login(user.email, PASSWORD, HERE, codes[0])
        assert (await office.use(ShowSecondFactor)(office.as_(user))).recovery_codes_left == len(codes) - 1

    async def test_it_is_changed_only_with_password_and_code(self, office: Office) -> None:
        user = await office.person()
        secret, codes = await with_second_factor(office, user)
        caller = office.as_(user)
        with pytest.raises(Invalid):
            await office.use(CheckPassword)(caller, "wrong", None)
        with pytest.raises(Invalid):
            await office.use(ProveSecondFactor)(caller, PASSWORD, "000000", None)
        with pytest.raises(Conflict):
            await office.use(BeginSecondFactor)(caller, PASSWORD, None)
        new = await office.use(ReplaceRecoveryCodes)(caller, PASSWORD, codes[0], None)
        assert set(new).isdisjoint(codes)
        await office.use(DisableSecondFactor)(caller, PASSWORD, code_now(office, secret), None)
        assert (await office.use(ShowSecondFactor)(caller)).confirmed_at is None
        with pytest.raises(Conflict):
            await office.use(ProveSecondFactor)(caller, PASSWORD, "000000", None)

    async def test_where_the_company_requires_it_nobody_turns_it_off(self, office: Office) -> None:
        user = await office.person()
        secret, _ = await with_second_factor(office, user)
        await office.use(UpdateCompany)(office.admin, CompanyChanges(second_factor_required=True))
        with pytest.raises(Conflict):
            await office.use(DisableSecondFactor)(office.as_(user), PASSWORD, code_now(office, secret), None)
        newcomer = await office.person()
        assert (await office.use(Login)(newcomer.email, PASSWORD, HERE)).must_enrol
        with pytest.raises(Conflict):
            await office.use(ConfirmSecondFactor)(office.as_(newcomer), "000000", None)


class TestPasswordLinks:
    async def test_a_link_sets_a_password_once_and_ends_the_sign_ins(self, office: Office) -> None:
        user, admin = await office.person(), office.as_(await office.person(role=Role.ADMIN))
        await office.use(Login)(user.email, PASSWORD, HERE)
        token, _ = await office.use(OfferPasswordReset)(admin, user.id)
        whose, company = await office.use(ReadPasswordReset)(token)
        assert (whose.id, company.id) == (user.id, office.id)
        reset, asked = office.use(ResetPassword), Asked("POST /api/auth/reset-password", None)
        with pytest.raises(Invalid):
            await reset(token, "short", asked)
        await reset(token, GOOD, asked)
        assert await office.use(ListSignIns)(admin, user.id) == []
        assert (await office.use(Login)(user.email, GOOD, HERE)).user.id == user.id
        for spent in (token, "nonsense"):
            with pytest.raises(Invalid):
                await reset(spent, GOOD, asked)

    async def test_a_link_ends_in_time(self, office: Office) -> None:
        user, admin = await office.person(), office.as_(await office.person(role=Role.ADMIN))
        token, until = await office.use(OfferPasswordReset)(admin, user.id)
        office.clock.now = until
        with pytest.raises(Invalid):
            await office.use(ReadPasswordReset)(token)


@dataclass
class FakeOpenId:
    """A provider that knows one person, under any code."""

    person: Identity
    issuer: str = "https://id.example"
    label: str = "Example"

    async def authorization_url(self, state: str, nonce: str, challenge: str) -> str:
        return f"{self.issuer}/authorize?state={state}"

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        return self.person


class TestOpenId:
    async def test_a_person_enters_once_with_the_code_and_is_linked(self, office: Office) -> None:
        user = await office.person()
        sign_on = SingleSignOn(FakeOpenId(Identity("https://id.example", "ana", user.email, is_verified=True)))
        verifier = "v" * 50
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        url, cookie = await office.use(BeginOidc, sign_on=sign_on)("/inbox", challenge)
        returned = Returned(cookie, url.partition("state=")[2], "code")
        path, code = await office.use(FinishOidc, sign_on=sign_on)(returned, HERE)
        assert path == "/inbox"
        exchange = office.use(ExchangeOidcCode)
        entered, token = await exchange(code, verifier, HERE)
        assert entered.id == user.id
        assert office.use(Tokens).read(token).user_id == user.id  # type: ignore[type-abstract]
        with pytest.raises(Unauthenticated):
            await exchange(code, verifier, HERE)
        admin = office.as_(await office.person(role=Role.ADMIN))
        await office.use(UnlinkOidc)(admin, user.id)
        with pytest.raises(NotFound):
            await office.use(UnlinkOidc)(admin, user.id)

    async def test_a_stranger_an_unverified_address_and_a_foreign_state_do_not_enter(self, office: Office) -> None:
        user = await office.person()
        for person in (
            Identity("https://id.example", "x", "nobody@example.com", is_verified=True),
            Identity("https://id.example", "y", user.email, is_verified=False),
        ):
            sign_on = SingleSignOn(FakeOpenId(person))
            url, cookie = await office.use(BeginOidc, sign_on=sign_on)()
            state = url.partition("state=")[2]
            finish = office.use(FinishOidc, sign_on=sign_on)
            for returned in (Returned(cookie, state, "code"), Returned(cookie, "another", "code")):
                with pytest.raises(OidcRefused):
                    await finish(returned, HERE)
        with pytest.raises(NotFound):
            await office.use(BeginOidc, sign_on=SingleSignOn(None))()

    async def test_an_address_that_only_looks_like_the_users_is_another_persons(self, office: Office) -> None:
        user = await office.person(email="mike@example.org")
        likely = Identity("https://id.example", "m", "mi\u212ae@example.org", is_verified=True)
        await _refused(office, SingleSignOn(FakeOpenId(likely)), OidcFailure.UNKNOWN_USER)
        assert user.email == "mike@example.org"

    async def test_people_of_other_companies_do_not_enter_by_a_provider_that_is_not_theirs(
        self, office: Office
    ) -> None:
        """Any company can make a user of anybody's e-mail: it would get who comes from the provider with it."""
        squatted = await office.person()
        sign_on = SingleSignOn(FakeOpenId(Identity("https://id.example", "s", squatted.email, is_verified=True)))
        others = OidcOffer(is_set=True, companies=frozenset({"another"}))
        await _refused(office, sign_on, OidcFailure.UNKNOWN_USER, offer=others)
        with pytest.raises(NotFound):
            await office.use(UnlinkOidc)(office.as_(await office.person(role=Role.ADMIN)), squatted.id)
        own = OidcOffer(is_set=True, companies=frozenset({office.world.tenant.slug}))
        await _finished(office, sign_on, offer=own)
        await _refused(office, sign_on, OidcFailure.UNKNOWN_USER, offer=others)  # who is linked, too


async def _finished(office: Office, sign_on: SingleSignOn, **given: OidcOffer) -> None:
    url, cookie = await office.use(BeginOidc, sign_on=sign_on)()
    await office.use(FinishOidc, sign_on=sign_on, **given)(Returned(cookie, url.partition("state=")[2], "code"), HERE)


async def _refused(office: Office, sign_on: SingleSignOn, why: OidcFailure, **given: OidcOffer) -> None:
    with pytest.raises(OidcRefused) as refused:
        await _finished(office, sign_on, **given)
    assert refused.value.failure is why
