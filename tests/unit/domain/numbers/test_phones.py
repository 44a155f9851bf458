"""Which spellings are one number."""

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.numbers.phones import canonical, fixed_parts, written_forms

digits = st.text("0123456789", min_size=5, max_size=15)
area_codes = st.integers(11, 99).filter(lambda code: code % 10 != 0).map(str)


def some(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@given(area_codes, st.sampled_from("6789"), some(7))
def test_a_brazilian_mobile_is_one_person_with_and_without_its_ninth_digit(area: str, first: str, rest: str) -> None:
    short, long = f"55{area}{first}{rest}", f"55{area}9{first}{rest}"
    assert canonical(short) == canonical(long) == long
    assert Identity.phone(short) == Identity.phone(long)
    assert hash(Identity.phone(short)) == hash(Identity.phone(long))


@given(area_codes, st.sampled_from("2345"), some(7))
def test_a_brazilian_landline_has_no_ninth_digit(area: str, first: str, rest: str) -> None:
    assert canonical(f"55{area}{first}{rest}") == f"55{area}{first}{rest}"


@given(st.sampled_from("23456789"), some(9))
def test_a_mexican_number_is_one_person_with_and_without_the_1(first: str, rest: str) -> None:
    assert Identity.phone(f"521{first}{rest}") == Identity.phone(f"52{first}{rest}")


argentine = st.one_of(
    st.tuples(st.just("11"), some(8)),
    st.tuples(st.sampled_from(["221", "223", "261", "341", "351", "381"]), some(7)),
    st.tuples(st.sampled_from(["2202", "2901", "3327", "3549", "3894"]), some(6)),
)


@given(argentine)
def test_an_argentine_number_is_one_person_with_9_without_it_and_with_15(number: tuple[str, str]) -> None:
    area, rest = number
    spellings = [f"54{area}{rest}", f"549{area}{rest}", f"54{area}15{rest}", f"549{area}15{rest}"]
    assert {canonical(spelling) for spelling in spellings} == {f"549{area}{rest}"}
    assert len({Identity.phone(spelling) for spelling in spellings}) == 1


@given(argentine)
def test_the_15_that_is_dialled_in_argentina_is_never_sent_to_a_provider(number: tuple[str, str]) -> None:
    area, rest = number
    assert Identity.phone(f"54{area}15{rest}").address == f"549{area}{rest}"
    assert Identity.phone(f"54{area}{rest}").address == f"54{area}{rest}"


@pytest.mark.parametrize("number", ["5215512345678", "525512345678", "5491123456789", "541123456789"])
def test_the_address_stays_as_whatsapp_wrote_it(number: str) -> None:
    assert Identity.phone(number).address == number


@given(digits.filter(lambda number: not number.startswith(("55", "52", "54"))))
def test_numbers_of_other_countries_stay_as_they_are(number: str) -> None:
    assert canonical(number) == number


@given(digits | st.builds("{}{}".format, st.sampled_from(["55", "521", "54", "549", "5411", "54911"]), some(10)))
def test_the_canonical_number_is_its_own_canonical_number(number: str) -> None:
    assert canonical(canonical(number)) == canonical(number)


def found(search: str, stored: str) -> bool:
    """As a list is searched: the parts, in their order, anywhere in the number."""
    return re.search(".*".join(fixed_parts(search)), stored) is not None


@given(area_codes, st.sampled_from("6789"), some(7), st.sampled_from(["55", ""]), st.sampled_from(["9", ""]))
def test_a_brazilian_mobile_is_found_in_any_spelling(area: str, first: str, rest: str, code: str, ninth: str) -> None:
    for stored in (f"55{area}{first}{rest}", f"55{area}9{first}{rest}"):
        assert found(f"{code}{area}{ninth}{first}{rest}", stored)


@given(some(9), st.sampled_from(["52", "521", ""]))
def test_a_mexican_number_is_found_in_any_spelling(rest: str, code: str) -> None:
    for stored in (f"525{rest}", f"5215{rest}"):
        assert found(f"{code}5{rest}", stored)


@given(argentine, st.sampled_from(["54", "549", ""]), st.sampled_from(["15", ""]))
def test_an_argentine_number_is_found_in_any_spelling(number: tuple[str, str], code: str, dialled: str) -> None:
    area, rest = number
    for stored in (f"54{area}{rest}", f"549{area}{rest}"):
        assert found(f"{code}{area}{dialled}{rest}", stored)


@given(digits)
@example("201015123456")  # Egypt, though in Argentina it could be 2010 and, dialled at home, 15
@example("200015000000")
def test_a_number_is_found_by_itself(number: str) -> None:
    assert found(number, number)


@pytest.mark.parametrize(
    ("one", "all_of_them"),
    [
        ("5511999990001", {"5511999990001", "551199990001"}),
        ("551199990001", {"5511999990001", "551199990001"}),
        ("5215512345678", {"5215512345678", "525512345678"}),
        ("541123456789", {"541123456789", "5491123456789"}),
        ("493012345678", {"493012345678"}),
    ],
)
def test_a_number_is_known_in_all_its_spellings(one: str, all_of_them: set[str]) -> None:
    assert written_forms(one) == all_of_them


EXAMPLES = [
    phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (example := phonenumbers.example_number_for_type(region, kind)) is not None
]


def test_the_canonical_form_is_that_of_phonenumbers_but_for_the_9_that_whatsapp_gives_argentinians() -> None:
    """Every country's example of a mobile and of a landline."""
    assert len(EXAMPLES) > 450
    differ = {number: canonical(number) for number in EXAMPLES if canonical(number) != number}
    assert all(number[:2] == "54" and form == f"549{number[2:]}" for number, form in differ.items()), differ
    assert len(differ) == 1


@given(area_codes, some(8))
def test_a_brazilian_mobile_that_phonenumbers_knows_is_canonical_and_its_short_form_is_it_too(
    area: str, rest: str
) -> None:
    whole = f"55{area}9{rest}"
    parsed = phonenumbers.parse(f"+{whole}")
    if phonenumbers.is_valid_number(parsed):
        assert canonical(whole) == whole
        assert canonical(f"55{area}{rest}") == (whole if rest[0] in "6789" else f"55{area}{rest}")
