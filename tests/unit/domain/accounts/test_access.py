"""The policy table: every role and action has an answer, and these are the ones that matter most."""

import pytest

from whatsapp_hub.domain.accounts.access import POLICY, Action, require
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Forbidden

MANAGING = [
    Action.MANAGE_USERS,
    Action.MANAGE_DEPARTMENTS,
    Action.MANAGE_SESSIONS,
    Action.MANAGE_TENANTS,
]
OF_ALL_TENANTS = {Action.CHOOSE_TENANT, Action.MANAGE_TENANTS}


def allowed(role: Role, action: Action) -> bool:
    try:
        require(role, action)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_table_has_an_answer_for_every_role_and_action(role: Role, action: Action) -> None:
    assert allowed(role, action) == (action in POLICY[role])


@pytest.mark.parametrize("action", Action)
def test_a_master_may_do_everything(action: Action) -> None:
    assert allowed(Role.MASTER, action)


@pytest.mark.parametrize("action", Action)
def test_an_admin_may_do_everything_within_its_tenant(action: Action) -> None:
    assert allowed(Role.ADMIN, action) == (action not in OF_ALL_TENANTS)


@pytest.mark.parametrize("action", [action for action in Action if action.name.startswith("MANAGE_")])
def test_an_agent_manages_nothing(action: Action) -> None:
    assert not allowed(Role.AGENT, action)


def test_all_that_is_managed_is_known_by_its_name() -> None:
    assert {action for action in Action if action.name.startswith("MANAGE_")} >= set(MANAGING)


@pytest.mark.parametrize(
    "action",
    [
        Action.CHOOSE_TENANT,
        Action.READ_EVENTS,
        Action.READ_ALL_CONVERSATIONS,
        Action.ASSIGN_OTHERS,
        Action.SETTLE_MESSAGES,
        Action.USE_SANDBOX,
    ],
)
def test_an_agent_may_not_act_for_others(action: Action) -> None:
    assert not allowed(Role.AGENT, action)


@pytest.mark.parametrize(
    "action",
    [
        Action.READ_CONVERSATIONS,
        Action.WORK_CONVERSATIONS,
        Action.START_CONVERSATIONS,
        Action.SET_OWN_STATUS,
        Action.READ_DEPARTMENTS,
        Action.READ_USERS,
    ],
)
def test_an_agent_may_do_its_work(action: Action) -> None:
    assert allowed(Role.AGENT, action)


def test_each_role_may_all_that_the_one_below_may() -> None:
    assert POLICY[Role.AGENT] < POLICY[Role.ADMIN] < POLICY[Role.MASTER]


def test_a_refusal_names_the_action() -> None:
    with pytest.raises(Forbidden) as caught:
        require(Role.AGENT, Action.MANAGE_USERS)
    assert caught.value.action == Action.MANAGE_USERS
