"""A company, its departments, people, rules, quick replies and keys."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.accounts.api_keys import CreateApiKey, ListApiKeys, RevokeApiKey
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.accounts.default_session import CredentialChanges, SetCredentials
from whatsapp_hub.application.accounts.departments import (
    CreateDepartment,
    DeleteDepartment,
    DepartmentChanges,
    UpdateDepartment,
)
from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.accounts.operators import ListUsers, ResetSecondFactor, SetPassword, SignOutUser
from whatsapp_hub.application.accounts.quick_replies import (
    CreateQuickReply,
    DeleteQuickReply,
    FillQuickReply,
    UpdateQuickReply,
)
from whatsapp_hub.application.accounts.remove_tenants import DeleteTenant, RemoveTenants
from whatsapp_hub.application.accounts.rules import CreateRule, DeleteRule, ListRules, RuleChanges, UpdateRule
from whatsapp_hub.application.accounts.tenants import CreateOperator, CreateTenant, EnsureAdmin
from whatsapp_hub.application.accounts.users import NewUser, RegisterUser, UpdateUser, UserChanges
from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.routing_rules import MOST_RULES, Actions, Conditions
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from whatsapp_hub.domain.ids import ApiKeyId, DepartmentId, QuickReplyId, RuleId, UserId

NOBODY = UUID(int=1)
GOOD = "a long unusual sentence 42"


class TestCompany:
    async def test_a_company_changes_what_is_given_and_keeps_the_rest(self, office: Office) -> None:
        update = office.use(UpdateCompany)
        await update(office.admin, CompanyChanges(name="Padaria", language=Language.EN))
        changed = await update(office.admin, CompanyChanges(greeting="Hello"))
        assert (changed.name, changed.language, changed.greeting) == ("Padaria", Language.EN, "Hello")
        with pytest.raises(Invalid):
            await update.check(office.admin, CompanyChanges(name=""))
        with pytest.raises(Forbidden):
            await update(office.admin, CompanyChanges(quotas={Quota.SESSIONS: 5}))

    async def test_a_tenants_slug_is_taken_once(self, office: Office) -> None:
        create = office.use(CreateTenant)
        made = await create("padaria", "Padaria", country="PT")
        assert made.country == "PT"
        with pytest.raises(Conflict):
            await create("padaria", "Another")
        with pytest.raises(Invalid):
            await create("Not a slug", "Another")

    async def test_the_first_start_makes_one_administrator(self, office: Office) -> None:
        ensure = office.use(EnsureAdmin)
        assert await ensure("root@example.com", "x")
        assert not await ensure("root@example.com", "x")
        found = await office.storage.directory.credentials("root@example.com")
        assert found is not None
        assert (found.user.role, found.tenant.slug) == (Role.MASTER, "default")

    async def test_an_operator_makes_users_with_good_passwords(self, office: Office) -> None:
        create = office.use(CreateOperator)
        user = await create(office.id, "op@example.com", GOOD, "Op", Role.ADMIN)
        assert user.password_hash == f"hashed:{GOOD}"
        with pytest.raises(Invalid):
            await create(office.id, "op2@example.com", "short", "Op", Role.ADMIN)
        with pytest.raises(Invalid):
            await office.use(NewPasswords)("password1234", ())

    async def test_operators_list_users_and_help_who_lost_access(self, office: Office) -> None:
        user = await office.person()
        listed = await office.use(ListUsers)(office.world.tenant.slug)
        assert [u.id for u in listed[office.world.tenant.slug]] == [user.id]
        with pytest.raises(NotFound):
            await office.use(ListUsers)("nothing")
        await office.use(SetPassword)(user.email, GOOD)
        assert (await office.user(user)).password_hash == f"hashed:{GOOD}"
        assert await office.use(SignOutUser)(user.email) == 0
        assert not await office.use(ResetSecondFactor)(user.email)
        with pytest.raises(NotFound):
            await office.use(ResetSecondFactor)("nobody@example.com")

    async def test_a_removed_company_is_swept_with_all_that_it_has(self, office: Office) -> None:
        master = await office.person(role=Role.MASTER)
        other = await office.tenant()
        async with office.storage.tenant(other.id) as uow:
            session = office.world.make_session(LINE, settings={"phone": "7"})
            session.tenant_id = other.id
            await uow.sessions.add(session)
            await uow.commit()
        delete = office.use(DeleteTenant)
        with pytest.raises(Invalid):
            await delete(office.as_(master), other.id, "another")
        with pytest.raises(Conflict):
            await delete(office.as_(master), office.id, office.world.tenant.slug)
        await delete(office.as_(master), other.id, other.slug)
        assert other.slug not in [t.slug for t in await office.storage.directory.tenants()]
        office.clock.pass_(days=2)
        await office.use(RemoveTenants)()
        with pytest.raises(NotFound):
            await office.storage.directory.tenant(other.id)
        assert await office.storage.directory.target(session.id) is None


class TestDepartments:
    async def test_a_department_is_made_changed_and_removed(self, office: Office) -> None:
        made = await office.use(CreateDepartment)(office.admin, "Vendas", "sales", DepartmentChanges(max_agents=1))
        changed = await office.use(UpdateDepartment)(office.admin, made.id, DepartmentChanges(name="Comercial"))
        assert (changed.name, changed.slug, changed.max_agents) == ("Comercial", "sales", 1)
        await office.use(DeleteDepartment)(office.admin, made.id)
        with pytest.raises(NotFound):
            await office.use(DeleteDepartment)(office.admin, DepartmentId(NOBODY))
        with pytest.raises(NotFound):
            await office.use(UpdateDepartment)(office.admin, made.id, DepartmentChanges())

    async def test_bad_ones_are_refused_with_the_fields_names(self, office: Office) -> None:
        create = office.use(CreateDepartment)
        with pytest.raises(Invalid) as refused:
            await create(office.admin, "", "Bad Slug", DepartmentChanges())
        assert {flaw.pointer for flaw in refused.value.flaws} == {"/name", "/slug"}
        await create(office.admin, "Vendas", "sales", DepartmentChanges())
        with pytest.raises(Conflict):
            await create(office.admin, "Vendas", "sales", DepartmentChanges())
        agent = await office.person()
        with pytest.raises(Forbidden):
            await create(office.as_(agent), "Vendas", "sales-2", DepartmentChanges())

    async def test_the_bound_is_not_set_below_the_number_of_users(self, office: Office) -> None:
        sales = await office.department()
        for _ in range(2):
            await office.person(sales)
        with pytest.raises(Conflict):
            await office.use(UpdateDepartment)(office.admin, sales.id, DepartmentChanges(max_agents=1))
        with pytest.raises(Conflict):
            await office.use(DeleteDepartment)(office.admin, sales.id)


class TestUsers:
    async def test_a_user_is_registered_into_a_department_with_room(self, office: Office) -> None:
        sales = await office.department(max_agents=1)
        register = office.use(RegisterUser)
        made = await register(office.admin, NewUser("ana@example.com", GOOD, "Ana", department_id=sales.id))
        assert (made.role, made.department_id) == (Role.AGENT, sales.id)
        with pytest.raises(Conflict):
            await register(office.admin, NewUser("bia@example.com", GOOD, "Bia", department_id=sales.id))
        with pytest.raises(Conflict):
            await register(office.admin, NewUser("ana@example.com", GOOD, "Ana"))
        with pytest.raises(Invalid):
            await register(office.admin, NewUser("caro@example.com", "ana", "Caro"))
        with pytest.raises(Invalid):
            await register(office.admin, NewUser("caro@example.com", GOOD, "Caro", role=Role.MASTER))

    async def test_guessing_which_addresses_other_companies_have_is_bounded(self, office: Office) -> None:
        theirs = await office.tenant()
        async with office.storage.tenant(theirs.id) as uow:
            stranger = office.world.make_user(email="taken@example.com")
            stranger.tenant_id = theirs.id
            await uow.users.add(stranger)
            await uow.commit()
        with pytest.raises(TooMany):  # noqa: PT012 (how many are allowed is not this test's matter)
            for _ in range(100):
                with pytest.raises(Conflict):
                    await office.use(RegisterUser)(office.admin, NewUser("taken@example.com", GOOD, "Ana"))

    async def test_who_is_dismissed_hands_over_and_who_joins_serves_the_queue(self, office: Office) -> None:
        sales = await office.department()
        admin = office.as_(await office.person(role=Role.ADMIN, status=OnlineStatus.OFFLINE))
        ana = await office.person(sales)
        conversation = await office.queued(sales)
        update = office.use(UpdateUser)
        await update(admin, ana.id, UserChanges(is_active=False))
        assert (await office.get(conversation)).is_queued
        bia = await office.person()
        await update(admin, bia.id, UserChanges(department_id=sales.id))
        assert (await office.get(conversation)).assigned_user_id == bia.id
        with pytest.raises(NotFound):
            await update(admin, UserId(NOBODY), UserChanges())

    async def test_a_company_keeps_an_administrator(self, office: Office) -> None:
        only = await office.person(role=Role.ADMIN)
        with pytest.raises(Conflict):
            await office.use(UpdateUser)(office.as_(only), only.id, UserChanges(role=Role.AGENT))


class TestRulesAndReplies:
    async def test_rules_keep_their_order(self, office: Office) -> None:
        create = office.use(CreateRule)
        actions = Actions(labels=("vip",))
        first = await create(office.admin, "first", Conditions(words=("price",)), actions)
        second = await create(office.admin, "second", Conditions(), actions, 1)
        assert [v.rule.name for v in await office.use(ListRules)(office.admin)] == ["second", "first"]
        await office.use(UpdateRule)(office.admin, first.rule.id, RuleChanges(place=1))
        assert [v.rule.place for v in await office.use(ListRules)(office.admin)] == [1, 2]
        await office.use(DeleteRule)(office.admin, second.rule.id)
        assert (await office.use(ListRules).one(office.admin, first.rule.id)).rule.name == "first"
        with pytest.raises(NotFound):
            await office.use(DeleteRule)(office.admin, RuleId(NOBODY))
        with pytest.raises(Invalid):
            await create(office.admin, "nothing", Conditions(), Actions())

    async def test_a_rule_is_applied_to_a_customers_first_words(self, office: Office) -> None:
        await office.use(CreateRule)(office.admin, "vip", Conditions(words=("contrato",)), Actions(labels=("vip",)))
        assert (await office.writes(a_phone(), "Quero ver meu contrato")).labels == ("vip",)
        assert (await office.writes(a_phone(), "Oi")).labels == ()
        assert MOST_RULES == 50

    async def test_quick_replies_are_filled_for_the_conversation(self, office: Office) -> None:
        sales = await office.department()
        ana = await office.person(sales, name="Beatriz")
        conversation = await office.queued(sales)
        made = await office.use(CreateQuickReply)(office.admin, "hello", "Hi {{customerName}}, I am {{agentName}}")
        filled = await office.use(FillQuickReply)(office.as_(ana), made.id, conversation.id)
        assert filled == "Hi Ana, I am Beatriz"
        changed = await office.use(UpdateQuickReply)(office.admin, made.id, "hi", None)
        assert (changed.shortcut, changed.content) == ("hi", made.content)
        await office.use(DeleteQuickReply)(office.admin, made.id)
        with pytest.raises(NotFound):
            await office.use(DeleteQuickReply)(office.admin, QuickReplyId(NOBODY))


class TestKeys:
    async def test_a_person_makes_a_key_that_is_shown_once_and_revoked(self, office: Office) -> None:
        admin = office.as_(await office.person(role=Role.ADMIN))
        key, secret = await office.use(CreateApiKey)(admin, "a program", ["manage-sessions"])
        assert secret.startswith("hub_")
        assert secret not in repr(await office.use(ListApiKeys)(admin))
        await office.use(RevokeApiKey)(admin, key.id)
        [listed] = await office.use(ListApiKeys)(admin)
        assert listed.revoked_at == office.clock()
        with pytest.raises(NotFound):
            await office.use(RevokeApiKey)(admin, ApiKeyId(NOBODY))
        with pytest.raises(Forbidden):
            await office.use(CreateApiKey)(office.admin, "by a program")
        with pytest.raises(Invalid):
            await office.use(CreateApiKey)(admin, "too late", None, office.clock() - timedelta(seconds=1))


class TestCredentials:
    async def test_the_environments_number_takes_new_credentials(self, office: Office) -> None:
        credentials = office.use(SetCredentials)
        with pytest.raises(Conflict):
            await credentials(office.admin, CredentialChanges(access_token="t"))
        assert await credentials.shown(office.admin) is None
        session = await office.world.add_session("META", settings={"phoneNumberId": "1"})
        await office.done(lambda uow: uow.environment.save(EnvironmentMark(session.id, b"")))
        await credentials(office.admin, CredentialChanges(phone_number_id="2", access_token="secret"))
        assert await credentials.shown(office.admin) == "2"
