"""What a sign-in by an OpenID provider may lead to, and what binds it to who began it."""

from datetime import UTC, datetime, timedelta

import pytest

from whatsapp_hub.domain.accounts.oidc import (
    Attempt,
    challenge_of,
    checked_challenge,
    checked_next,
    is_protected,
    proves,
)
from whatsapp_hub.domain.errors import Invalid

VERIFIER = "v" * 43
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("path", ["/", "/inbox", "/inbox/1?tab=notes&x=%20"])
def test_a_path_may_be_gone_on_to(path: str) -> None:
    assert checked_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "inbox", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/a\\b"),
        *("javascript:alert(1)", "/a#code=stolen", "/a\r\nSet-Cookie: x=y", "/\tevil", "/ü", " /a", "/" + "a" * 512),
    ],
)
def test_no_other_site_may_be(path: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_next(path)
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/next"]


def test_a_challenge_has_the_form_of_a_digest() -> None:
    assert checked_challenge(None) is None
    assert checked_challenge(challenge_of(VERIFIER)) == challenge_of(VERIFIER)
    for bad in ("", "short", "=" * 43, challenge_of(VERIFIER) + "="):
        with pytest.raises(Invalid):
            checked_challenge(bad)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_only_the_verifier_of_the_challenge_proves_it() -> None:
    assert proves(VERIFIER, challenge_of(VERIFIER))
    assert proves(None, None)
    assert not proves(None, challenge_of(VERIFIER))
    assert not proves(VERIFIER, None)
    assert not proves("w" * 43, challenge_of(VERIFIER))
    assert not proves("short", challenge_of("short"))
    assert not proves("ü" * 43, challenge_of("ü" * 43))


def test_an_attempt_is_answered_by_its_own_state_in_its_time() -> None:
    attempt = Attempt("state", "nonce", VERIFIER, "/", None, NOW + timedelta(minutes=10))
    assert attempt.is_answered_by("state", NOW)
    assert not attempt.is_answered_by("another", NOW)
    assert not attempt.is_answered_by("", NOW)
    assert not attempt.is_answered_by("\ud800", NOW)
    assert not attempt.is_answered_by("state", NOW + timedelta(minutes=10))


@pytest.mark.parametrize(
    ("url", "protected"),
    [
        ("https://id.example.com/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/", True),
        ("http://id.example.com", False),
        ("http://localhost.evil.example", False),
        ("https://", False),
        ("https://[bad", False),
        ("https://a:99999999", False),
        ("https://a.example/ b", False),
        ("https://a.example/#x", False),
        ("ftp://a.example", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_only_this_machine_is_reached_without_tls(url: object, protected: bool) -> None:
    assert is_protected(url) is protected
