"""What is left of a number when its signs fall away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.numbers.dialling import read_number


@pytest.mark.parametrize(
    ("text", "digits", "is_international"),
    [
        ("+55 (11) 99999-0001", "5511999990001", True),
        ("(+55) 11 99999.0001", "5511999990001", True),
        ("0055 11 99999-0001", "5511999990001", True),
        ("11 99999-0001", "11999990001", False),
        ("011/99999 0001", "011999990001", False),
        ("\u202a+55\xa011\u201199999\u20130001\u202c", "5511999990001", True),
        (" 5511999990001\n", "5511999990001", False),
        ("+1 (415) 555-2671", "14155552671", True),
        ("190", "190", False),
    ],
)
def test_the_signs_of_a_number_fall_away(text: str, digits: str, is_international: bool) -> None:
    number = read_number(text)
    assert number is not None
    assert (number.digits, number.is_international) == (digits, is_international)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "00",
        "(-)",
        "++55 11",
        "55+11 99999",
        "11 99999-0001 ramal 2",
        "55119999\n0001",
        "٥٥١١٩٨٧٦",
        "1" * 16,
        "a",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_in_a_sandbox_zeros_in_front_are_digits() -> None:
    number = read_number("00 12-345")
    assert number is not None
    assert (number.literal, number.digits) == ("0012345", "12345")


@given(st.text())
def test_nothing_but_digits_is_ever_left(text: str) -> None:
    number = read_number(text)
    assert number is None or (number.digits.isascii() and number.digits.isdigit() and len(number.digits) <= 15)


signs = st.sampled_from(["", " ", "-", "(", ")", ".", "\u2011", "\u200e"])


@given(st.text("0123456789", min_size=1, max_size=15).filter(lambda d: not d.startswith("00")), st.data())
def test_signs_between_digits_change_nothing(digits: str, data: st.DataObject) -> None:
    number = read_number("".join(data.draw(signs) + digit for digit in digits))
    assert number is not None
    assert (number.digits, number.is_international) == (digits, False)
