"""Sends by socket are counted with a caller's requests."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.client_namespace import SendRates
from whatsapp_hub.application.ports.edge.rates import Allowance
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound, TooMany
from whatsapp_hub.domain.ids import TenantId, UserId


@dataclass
class Counted:
    """Implements `Rates`: nothing comes back."""

    spent: dict[str, int] = field(default_factory=dict)

    async def spend(self, key: str, limit: int, window_s: int) -> Allowance:
        allowed = self.spent.get(key, 0) < limit
        self.spent[key] = self.spent.get(key, 0) + allowed
        return Allowance(allowed, limit, limit - self.spent[key], window_s, 3.0)


async def test_a_person_and_a_key_have_their_own_limits() -> None:
    rates = Counted()
    limits = SendRates(rates, per_user=2, per_key=3)
    person = Caller(TenantId(uuid4()), Role.ADMIN, "user:1", UserId(uuid4()))
    program = Caller(TenantId(uuid4()), Role.ADMIN, "key:1")
    for caller, limit in ((person, 2), (program, 3)):
        for _ in range(limit):
            await limits(caller)
        with pytest.raises(TooMany) as caught:
            await limits(caller)
        assert caught.value.retry_after_s == 3.0
    assert rates.spent == {"user:1": 2, "key:1": 3}


def test_a_refusal_has_a_code() -> None:
    assert payloads.code_of(NotFound("session", "x")) == "not_found"
    assert payloads.code_of(Invalid.field("to", "is missing")) == "invalid"
    assert payloads.code_of(TooMany(1)) == "too_many"
    assert payloads.code_of(Conflict("session_off", "the session is not started")) == "session_off"


def test_what_a_refused_client_meant_is_told_back_as_far_as_it_can_be() -> None:
    assert payloads.named({"sessionId": "main"}, "sessionId", "agentId") == "main"
    assert payloads.named({"agentId": "bot"}, "sessionId", "agentId") == "bot"
    assert payloads.named("main", "sessionId") == "main"
    assert [payloads.named(odd, "sessionId") for odd in (None, 5, [], {"sessionId": 5})] == ["", "", "", ""]
    assert len(payloads.named({"sessionId": "x" * 5000}, "sessionId")) == 128
