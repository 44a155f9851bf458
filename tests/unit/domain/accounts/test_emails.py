"""E-mail addresses: one person's is never taken for another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.errors import Invalid

KELVIN = "\u212a"


@pytest.mark.parametrize(
    ("written", "stored"), [(" Ana@Example.ORG ", "ana@example.org"), ("JOS\u00c9@e.org", "jos\u00e9@e.org")]
)
def test_case_and_spaces_around_do_not_count(written: str, stored: str) -> None:
    assert emails.normal(written) == stored


def test_a_sign_that_only_looks_like_a_letter_is_none() -> None:
    """Python's lower case of the Kelvin sign is the letter k."""
    assert emails.normal(f"mi{KELVIN}e@example.org") != "mike@example.org"
    assert emails.normal(f"JOS\u00c9{KELVIN}@example.org") == f"jos\u00e9{KELVIN}@example.org"


@given(st.text(max_size=300))
def test_no_other_sign_becomes_a_plain_letter(text: str) -> None:
    normal = emails.normal(text)
    assert emails.normal(normal) == normal
    assert sum(map(str.isascii, normal)) <= sum(map(str.isascii, text)) + text.count(
        "\u0130"
    )  # its lower case is two signs


@pytest.mark.parametrize(
    "email",
    [
        "jose\u0301@example.org",
        "jo\u200bse@example.org",
        "\u202ejose@example.org",
        "\uff4aose@example.org",
        "jose@e\u00adxample.org",
        f"mi{KELVIN}e@example.org",
        "jo\x07se@example.org",
        "jo\x1b[2Jse@example.org",
        "a@b@c",
        "@example.org",
        "jose@",
        "jo se@example.org",
        "jo\ud800se@example.org",
    ],
)
def test_a_new_one_looks_like_no_other(email: str) -> None:
    with pytest.raises(Invalid, match="email"):
        emails.check_new(email)


@pytest.mark.parametrize(
    "email", ["Jos\u00e9@example.org", "\u0456\u0432\u0430\u043d@example.org", " ana+x@example.org ", "a@localhost"]
)
def test_letters_of_all_languages_may_stand_in_one(email: str) -> None:
    emails.check_new(email)
