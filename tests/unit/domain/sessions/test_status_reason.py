"""A status reason as a code with values, for pages in other languages."""

import pytest

from whatsapp_hub.domain.sessions.status_reason import StatusReason, coded


@pytest.mark.parametrize("code", [c for c in StatusReason if c is not StatusReason.BANNED_UNTIL])
def test_a_code_alone_has_no_values(code: StatusReason) -> None:
    assert coded(code) == (code, {})


@pytest.mark.parametrize(
    ("text", "code", "values"),
    [
        ("no_network: dial tcp: timeout", "no_network", {"detail": "dial tcp: timeout"}),
        ("credentials_invalid: the token\nhas expired", "credentials_invalid", {"detail": "the token\nhas expired"}),
        ("banned_until 2026-03-04T05:06:07+00:00", "banned_until", {"until": "2026-03-04T05:06:07+00:00"}),
        ("main_device_gone", "main_device_gone", {}),
        ("the provider said: no", "other", {"detail": "the provider said: no"}),
        ("Not found", "other", {"detail": "Not found"}),
        ("", "other", {"detail": ""}),
    ],
)
def test_what_follows_a_code_is_its_value(text: str, code: str, values: dict[str, str]) -> None:
    assert coded(text) == (code, values)
