"""Users, departments and tenants: what they may be called and when a user is free."""

import pytest

from tests.unit.domain.build import NOW, TENANT, department, minutes, user
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Language, Placement, Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import EventType

ONLINE, BUSY, OFFLINE = OnlineStatus


def pointers(caught: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [flaw.pointer for flaw in caught.value.flaws]


def test_a_department_has_the_contracts_defaults() -> None:
    one = Department(department(1, "x").id, TENANT, "Vendas", "vendas", NOW)
    assert (one.is_root, one.response_timeout_minutes, one.max_agents) == (False, 5, 10)
    assert one.response_timeout == minutes(5)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"name": "a\x00"}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"slug": ""}, "/slug"),
        ({"slug": "Vendas"}, "/slug"),
        ({"slug": "-a"}, "/slug"),
        ({"slug": "a\n"}, "/slug"),
        ({"slug": "a" * 65}, "/slug"),
        ({"color": "red"}, "/color"),
        ({"color": "#12345"}, "/color"),
        ({"response_timeout_minutes": 0}, "/response_timeout_minutes"),
        ({"response_timeout_minutes": 1441}, "/response_timeout_minutes"),
        ({"max_agents": 0}, "/max_agents"),
        ({"max_agents": 1001}, "/max_agents"),
    ],
    ids=str,
)
def test_a_bad_field_of_a_department_is_named(fields: dict[str, object], pointer: str) -> None:
    usual: dict[str, object] = {"name": "Vendas", "slug": "vendas"}
    with pytest.raises(Invalid) as caught:
        Department(department(1, "x").id, TENANT, created_at=NOW, **usual | fields)
    assert pointers(caught) == [pointer]


def test_all_bad_fields_of_a_department_are_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        Department(department(1, "x").id, TENANT, "", "!", NOW, color="red")
    assert pointers(caught) == ["/name", "/slug", "/color"]


def test_an_email_is_compared_without_case_and_outer_blanks() -> None:
    assert user(1, email=" Ana@Example.COM ").email == "ana@example.com"


@pytest.mark.parametrize("email", ["", "ana", "@example.com", "ana@", "a b@example.com", "a@b@c", "a\x00@example.com"])
def test_a_bad_email_is_named(email: str) -> None:
    with pytest.raises(Invalid) as caught:
        user(1, email=email)
    assert pointers(caught) == ["/email"]


@pytest.mark.parametrize("name", ["", " ", "a\x00", "\udc00"])
def test_a_bad_name_is_named(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        user(1, name=name)
    assert pointers(caught) == ["/name"]


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("status", OnlineStatus)
def test_free_is_online_active_and_below_the_bound(status: OnlineStatus, active: bool) -> None:
    one = user(1, online_status=status, is_active=active, max_conversations=2)
    assert Candidate(one, 1).is_free is (status is ONLINE and active)
    assert not Candidate(one, 2).is_free


def test_a_new_presence_is_told_once() -> None:
    one = user(1, online_status=OFFLINE)
    assert one.set_presence(ONLINE, NOW)
    assert not one.set_presence(ONLINE, NOW + minutes(1))
    [event] = one.take_events()
    assert event.type is EventType.USER_PRESENCE
    assert event.subjects["user"].online_status is ONLINE


def test_a_presence_given_again_is_a_heartbeat() -> None:
    one = user(1, online_status=ONLINE, online_since=NOW)
    one.set_presence(ONLINE, NOW + minutes(1))
    assert (one.last_heartbeat, one.online_since) == (NOW + minutes(1), NOW)


@pytest.mark.parametrize("status", [BUSY, OFFLINE])
def test_who_is_not_online_is_not_online_since_any_time(status: OnlineStatus) -> None:
    one = user(1, online_status=ONLINE, online_since=NOW)
    one.set_presence(status, NOW + minutes(1))
    assert one.online_since is None


def test_the_roles_are_the_contracts() -> None:
    assert list(Role) == ["MASTER", "ADMIN", "AGENT"]


@pytest.mark.parametrize("slug", ["a", "loja_1", "x" * 48])
def test_a_dedicated_tenant_has_a_schema_of_its_own(slug: str) -> None:
    assert Tenant(TENANT, slug, "Loja", NOW, Placement.DEDICATED).schema == f"client_{slug}"
    assert Tenant(TENANT, slug, "Loja", NOW).schema == "pooled"


@pytest.mark.parametrize("slug", ["", "Loja", "a-b", "a b", "x" * 49, "a\n", 'a"; drop'])
def test_a_bad_slug_of_a_tenant_is_named(slug: str) -> None:
    with pytest.raises(Invalid) as caught:
        Tenant(TENANT, slug, "Loja", NOW)
    assert pointers(caught) == ["/slug"]


def test_a_tenant_speaks_portuguese_unless_told_otherwise() -> None:
    assert Tenant(TENANT, "loja", "Loja", NOW).language is Language.PT_BR
