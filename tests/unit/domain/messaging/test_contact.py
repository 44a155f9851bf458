import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import contact
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind, parse_address

PHONE, LID, BSUID, CHAT = IdentityKind
digits = st.text("0123456789", min_size=5, max_size=15)


def test_the_address_stays_as_it_was_seen() -> None:
    seen = Identity.phone("551187654321")
    assert (seen.value, seen.address) == ("5511987654321", "551187654321")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5511987654321", PHONE, "5511987654321"),
        ("+5511987654321", PHONE, "5511987654321"),
        ("551187654321", PHONE, "5511987654321"),
        ("+14155550100", PHONE, "14155550100"),
        ("  4915112345678\n", PHONE, "4915112345678"),
        ("+55 (11) 98765-4321", PHONE, "5511987654321"),
        ("5511987654321@s.whatsapp.net", PHONE, "5511987654321"),
        ("5511987654321@c.us", PHONE, "5511987654321"),
        ("551187654321@c.us", PHONE, "5511987654321"),
        ("5511987654321:17@s.whatsapp.net", PHONE, "5511987654321"),
        ("123456789012345@lid", LID, "123456789012345"),
        ("123456789012345:3@lid", LID, "123456789012345"),
        ("120363012345678901@g.us", CHAT, "120363012345678901@g.us"),
        ("5511987654321-1600000000@g.us", CHAT, "5511987654321-1600000000@g.us"),
        ("120363012345678901@newsletter", CHAT, "120363012345678901@newsletter"),
        ("status@broadcast", CHAT, "status@broadcast"),
    ],
)
def test_a_recipient_is_given_as_digits_as_e164_or_as_a_jid(text: str, kind: IdentityKind, value: str) -> None:
    identity = parse_address(text)
    assert (identity.kind, identity.value) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "1234",
        "1234567890123456",
        "++5511987654321",
        "55119876543a1",
        "٥٥١١٩٨٧٦٥٤٣٢١",
        "5511987654321\x00",
        "5511987654321\n5511987654322",
        "@c.us",
        "maria@c.us",
        "maria@s.whatsapp.net",
        "1234@c.us",
        "5511987654321@example.com",
        "5511987654321@C.US",
        "5511987654321:@s.whatsapp.net",
        "5511987654321@c.us@c.us",
        "a b@g.us",
        "x" * 65 + "@g.us",
        "default",
    ],
)
def test_anything_else_is_invalid_and_the_field_is_named(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_address(text)
    assert [flaw.pointer for flaw in caught.value.flaws] == ["/to"]


def test_the_field_is_named_as_the_contract_calls_it() -> None:
    with pytest.raises(Invalid) as caught:
        parse_address("nobody", "number")
    assert caught.value.flaws[0].pointer == "/number"


servers = st.sampled_from(["c.us", "s.whatsapp.net", "lid", "g.us", "newsletter", "broadcast", "x"])
near_misses = st.builds("{}@{}".format, st.text(st.sampled_from("0159aZ.-_:+@ \x00٣"), max_size=20), servers)


@given(st.text() | near_misses)
def test_no_text_raises_anything_but_invalid(text: str) -> None:
    try:
        identity = parse_address(text)
    except Invalid:
        return
    assert identity.value
    assert identity.value.isascii()
    assert identity.kind is not PHONE or identity.value.isdigit()


@given(digits)
def test_digits_e164_and_jids_of_one_phone_are_one_identity(number: str) -> None:
    spellings = [number, f"+{number}", f"{number}@c.us", f"{number}@s.whatsapp.net", f"{number}:1@s.whatsapp.net"]
    assert len({parse_address(spelling) for spelling in spellings}) == 1


def test_a_contact_learns_an_identity_once() -> None:
    someone = contact()
    assert someone.learn([Identity.lid("123"), Identity.lid("123")], None)
    assert someone.identities == (Identity.phone("5511987654321"), Identity.lid("123"))
    assert not someone.learn([Identity.lid("123")], None)


def test_the_other_spelling_of_a_known_phone_is_nothing_new() -> None:
    someone = contact(Identity.phone("551187654321"))
    assert not someone.learn([Identity.phone("5511987654321")], None)
    assert someone.phone_number == "551187654321"


def test_a_contact_takes_the_newest_name_and_keeps_it_when_none_is_told() -> None:
    someone = contact(name="Maria")
    assert someone.learn([], "Maria Silva")
    assert not someone.learn([], "Maria Silva")
    assert not someone.learn([], None)
    assert not someone.learn([], "")
    assert someone.name == "Maria Silva"


def test_a_phone_is_unknown_until_it_is_seen() -> None:
    someone = contact(Identity.lid("123"))
    assert someone.phone_number is None
    someone.learn([Identity.phone("+5511987654321")], None)
    assert someone.phone_number == "5511987654321"


kinds = st.sampled_from([Identity.phone, Identity.lid, Identity.bsuid])
identities = st.builds(lambda make, value: make(value), kinds, digits)


@given(st.lists(st.lists(identities, max_size=4), max_size=5))
def test_whatever_is_learned_identities_stay_distinct_and_none_is_forgotten(lessons: list[list[Identity]]) -> None:
    someone = contact()
    for lesson in lessons:
        before = someone.identities
        news = someone.learn(lesson, None)
        assert someone.identities[: len(before)] == before
        assert news == (len(someone.identities) > len(before))
        assert set(lesson) <= set(someone.identities)
    assert len(set(someone.identities)) == len(someone.identities)


def test_a_name_is_cut_not_refused() -> None:
    somebody = contact()
    assert somebody.learn((), "ã" * 5_000)
    assert somebody.name == "ã" * 256
    assert not somebody.learn((), "ã" * 5_000)
