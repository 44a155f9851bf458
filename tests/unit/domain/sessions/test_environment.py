from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.sessions.environment import VARIABLES, Environment, missing_reason, stops, variable

kinds = st.sampled_from(["META", "WAHA", "NEONIZE", "SANDBOX", "ACME"])
settings = st.dictionaries(st.sampled_from(["url", "apiKey", "accessToken"]), st.text(min_size=1), min_size=1)
environments = st.builds(Environment, kinds, st.dictionaries(st.sampled_from(sorted(VARIABLES)), settings))


def test_the_asked_provider_comes_first_then_meta_then_waha() -> None:
    both = {"META": {"accessToken": "t"}, "WAHA": {"url": "u"}}
    assert Environment("WAHA", both).described == "WAHA"
    assert Environment("NEONIZE", both).described == "META"
    assert Environment("NEONIZE", {"WAHA": {"url": "u"}}).described == "WAHA"
    assert Environment("META").described is None


@given(environments, kinds)
def test_a_provider_that_merely_stands_there_moves_no_number(environment: Environment, present: str) -> None:
    stays = present if environment.given.get(present) else environment.described
    assert environment.wanted(present, environment.asked) == stays


@given(environments, kinds, kinds)
def test_a_changed_provider_moves_the_number(environment: Environment, present: str, before: str) -> None:
    if before != environment.asked:
        assert environment.wanted(present, before) == environment.asked


@given(environments)
def test_what_is_given_is_what_the_session_gets(environment: Environment) -> None:
    for kind, values in environment.given.items():
        assert environment.settings(kind).items() >= values.items()
    assert environment.settings("WAHA")["session"]


def test_a_reason_names_variables_and_what_does_not_work_without_them() -> None:
    missing = {"appSecret": "webhooks are refused", "phoneNumberId": "", "accessToken": ""}
    assert missing_reason("META", missing) == (
        "settings_missing: WHATSAPP_ACCESS_TOKEN, WHATSAPP_PHONE_NUMBER_ID, WHATSAPP_APP_SECRET (webhooks are refused)"
    )
    assert sorted(stops(missing)) == ["accessToken", "phoneNumberId"]
    assert variable("ACME", "token") == "token"
