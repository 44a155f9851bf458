"""API keys: what a key's scopes allow, and when it is valid."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.api_key import SCOPES, ApiKey, digest_of, is_api_key, names_of, scopes_of
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Forbidden, Invalid
from whatsapp_hub.domain.ids import ApiKeyId, TenantId, UserId

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_key(**fields: object) -> ApiKey:
    given: dict[str, object] = {"name": "crm", "digest": digest_of("hub_x"), "hint": "hub_x", "created_at": NOW}
    return ApiKey(ApiKeyId(uuid4()), TenantId(uuid4()), created_by=UserId(uuid4()), **{**given, **fields})  # type: ignore[arg-type]


def test_a_key_ends_when_it_expires_or_is_revoked() -> None:
    assert a_key().is_valid(NOW)
    short = a_key(expires_at=NOW + timedelta(hours=1))
    assert short.is_valid(NOW + timedelta(minutes=59))
    assert not short.is_valid(NOW + timedelta(hours=1))
    revoked = a_key()
    revoked.revoke(NOW)
    revoked.revoke(NOW + timedelta(days=1))
    assert revoked.revoked_at == NOW
    assert not revoked.is_valid(NOW)


def test_scopes_are_the_policys_actions_that_a_program_can_have() -> None:
    assert SCOPES["manage-sessions"] is Action.MANAGE_SESSIONS
    assert set(SCOPES.values()) == POLICY[Role.ADMIN] - {Action.MANAGE_API_KEYS, Action.SET_OWN_STATUS}
    assert names_of(scopes_of(["start-conversations", "read-sessions"])) == ["read-sessions", "start-conversations"]
    with pytest.raises(Invalid) as caught:
        scopes_of(["read-sessions", "manage-tenants"])
    assert [flaw.pointer for flaw in caught.value.flaws] == ["/scopes/1"]


def test_a_scope_narrows_a_role_and_never_widens_it() -> None:
    tenant = TenantId(uuid4())
    narrow = Caller(tenant, Role.ADMIN, "key:1", scopes=frozenset({Action.READ_SESSIONS}))
    assert [action for action in Action if narrow.may(action)] == [Action.READ_SESSIONS]
    with pytest.raises(Forbidden):
        narrow.require(Action.MANAGE_SESSIONS)
    wide = Caller(tenant, Role.AGENT, "key:2", scopes=frozenset(Action))
    assert {action for action in Action if wide.may(action)} == POLICY[Role.AGENT]


def test_a_key_is_told_from_a_token_by_its_form() -> None:
    assert is_api_key("hub_abc")
    assert not is_api_key("eyJhbGciOiJIUzI1NiJ9.e30.x")  # pragma: allowlist secret


def test_nobody_asks_the_policy_past_a_callers_scopes() -> None:
    """`caller.require(…)` and `caller.may(…)` know the scopes; a caller's role alone does not."""
    source = Path(__file__).parents[4] / "src/whatsapp_hub"
    for file in source.rglob("*.py"):
        found = re.search(r"(require\(|POLICY\[)\w*(caller|auth)\w*\.role", file.read_text())
        assert found is None, f"{file}: {found and found[0]}"
