"""What a number stands for, in whose company, at which door; with the plans that the hub really has."""

import pytest

from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.messaging.contact import Identity

read = ReadNumber(LibraryPlans())


@pytest.mark.parametrize(
    ("text", "country", "address"),
    [
        ("51 99999-9999", "BR", "5551999999999"),  # Porto Alegre
        ("51 99999-9999", None, "51999999999"),  # Peru
        ("+51 999 999 999", "BR", "51999999999"),
        ("0051 999 999 999", "BR", "51999999999"),
        ("(11) 99999-0001", "BR", "5511999990001"),
        ("011 99999-0001", "BR", "5511999990001"),
        ("5511999990001", "BR", "5511999990001"),
        ("551187654321", "BR", "551187654321"),  # as WhatsApp knows it, without the ninth digit
        ("11 3333-4444", "BR", "551133334444"),
        ("4915112345678", "BR", "4915112345678"),
        ("+49 (0) 1511 2345678", "BR", "4915112345678"),
        ("0151 12345678", "DE", "4915112345678"),
        ("14155552671", "BR", "14155552671"),
        ("(415) 555-2671", "US", "14155552671"),
        ("55 1234 5678", "MX", "525512345678"),
        ("5215512345678", "MX", "5215512345678"),  # as WhatsApp writes it
        ("011 15-2345-6789", "AR", "5491123456789"),
        ("+54 11 15 2345-6789", None, "5491123456789"),
        ("+54 9 11 2345-6789", None, "5491123456789"),
        ("99900000001", None, "99900000001"),  # no country has it: 8 to 15 digits stand as they are
        ("12345678", "AQ", "12345678"),  # a country without a plan of its own
        ("5511999990001:2@s.whatsapp.net", "BR", "5511999990001"),
        ("51999999999@c.us", "BR", "51999999999"),
    ],
)
def test_a_number_is_read_where_it_is_valid(text: str, country: str | None, address: str) -> None:
    assert read(text, "to", country).address == address


def test_a_business_scoped_id_stands_as_it_is() -> None:
    for id in ("BR.13491208655302741918", "US.ENT.11815799212886844830"):
        assert read(f" {id} ", "to", "BR") == Identity.bsuid(id)
    with pytest.raises(Invalid, match="to"):
        read("br.1349", "to", "BR")


def test_a_group_and_a_hidden_id_stand_as_they_are() -> None:
    assert read("120363000000000000@g.us", "to", "BR") == Identity.chat("120363000000000000@g.us")
    assert read("99887766@lid", "to", "BR") == Identity.lid("99887766")


@pytest.mark.parametrize(
    "text", ["", "190", "1234567", "call me", "++5511999990001", "1234567890123456", "x@y", "11 9999O-0001"]
)
@pytest.mark.parametrize("country", ["BR", None])
def test_anything_else_names_the_field(text: str, country: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        read(text, "number", country)
    assert [flaw.pointer for flaw in caught.value.flaws] == ["/number"]


def test_a_sessions_own_number_is_a_phone_and_nothing_else() -> None:
    assert read.own("(11) 99999-0001", "BR", "NEONIZE") == "5511999990001"
    assert read.own("999-000", None, "SANDBOX") == "999000"
    with pytest.raises(Invalid) as caught:
        read.own("99887766@lid", "BR", "NEONIZE")
    assert [flaw.pointer for flaw in caught.value.flaws] == ["/phone_number"]
