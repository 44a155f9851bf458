"""People change their own password; a company lets nobody in by one; an operator admits an administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.application.office import PASSWORD, Office
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.authentication.admit_administrator import AdmitAdministrator
from whatsapp_hub.application.authentication.login import Login
from whatsapp_hub.application.authentication.own_password import ChangeOwnPassword
from whatsapp_hub.application.authentication.sign_ins import Client, ListSignIns
from whatsapp_hub.application.ports.edge.oidc import OidcOffer
from whatsapp_hub.application.ports.edge.security import Tokens
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, Invalid, OidcRequired, Unauthenticated

HERE = Client("192.0.2.1", "a browser", "POST /api/auth/login")
NEW = "a long unusual sentence 42"


async def test_a_new_password_opens_and_ends_ones_other_sign_ins(office: Office) -> None:
    user, login, tokens = await office.person(), office.use(Login), office.use(Tokens)  # type: ignore[type-abstract]
    here, other = [tokens.read((await login(user.email, PASSWORD, HERE)).token) for _ in range(2)]
    assert await office.use(ChangeOwnPassword)(here, PASSWORD, NEW, HERE.address) == 1
    assert [one.id for one in await office.use(ListSignIns)(here)] == [here.sign_in_id] != [other.sign_in_id]
    assert (await login(user.email, NEW, HERE)).user.id == user.id
    with pytest.raises(Unauthenticated):
        await login(user.email, PASSWORD, HERE)


async def test_who_does_not_know_the_current_one_changes_nothing(office: Office) -> None:
    user = await office.person()
    with pytest.raises(Invalid) as refused:
        await office.use(ChangeOwnPassword)(office.as_(user), "wrong", NEW, HERE.address)
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/current_password"]
    assert (await office.use(Login)(user.email, PASSWORD, HERE)).user.id == user.id


async def test_where_the_provider_is_required_a_right_password_does_not_enter(office: Office) -> None:
    admin = await office.person(role=Role.ADMIN)
    await office.use(UpdateCompany)(office.as_(admin), CompanyChanges(oidc_required=True))
    with pytest.raises(OidcRequired):
        await office.use(Login)(admin.email, PASSWORD, HERE)
    with pytest.raises(Unauthenticated, match="wrong"):
        await office.use(Login)(admin.email, "wrong", HERE)


async def test_what_nobody_offers_is_not_required(office: Office) -> None:
    admin = await office.person(role=Role.ADMIN)
    update = UpdateCompany(office.storage, OidcOffer(is_set=False))
    with pytest.raises(Conflict) as refused:
        await update(office.as_(admin), CompanyChanges(oidc_required=True))
    assert refused.value.code == "oidc_not_set"
    assert (await update(office.as_(admin), CompanyChanges(oidc_required=False))).oidc_required is False
    others = UpdateCompany(office.storage, OidcOffer(is_set=True, companies=frozenset({"another"})))
    with pytest.raises(Conflict, match="OIDC_COMPANIES"):
        await others(office.as_(admin), CompanyChanges(oidc_required=True))


async def test_an_operator_admits_administrators_alone_for_an_hour(office: Office) -> None:
    admin, agent = await office.person(role=Role.ADMIN), await office.person()
    token = await office.use(AdmitAdministrator)(admin.email)
    caller = office.use(Tokens).read(token)  # type: ignore[type-abstract]
    [sign_in] = await office.use(ListSignIns)(caller)
    assert (caller.user_id, sign_in.how) == (admin.id, AuthMethod.LINK)
    assert sign_in.expires_at - sign_in.made_at == timedelta(hours=1)
    with pytest.raises(Conflict):
        await office.use(AdmitAdministrator)(agent.email)
