"""Templates: their places, parameters checked field by field, and what a customer sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, TENANT
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.places import (
    Place,
    PlaceKind,
    filled,
    flaws_of,
    in_braces,
    places_of,
    require_filled,
)
from whatsapp_hub.domain.templates.rendering import ShownButton, rendered
from whatsapp_hub.domain.templates.template import MessageTemplate, TemplateNews

HEADER = {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["A-17"]}}
BODY = {"type": "BODY", "text": "Hi {{1}}, it arrives {{2}}.", "example": {"body_text": [["Ana", "today"]]}}
NAMED = {
    "type": "BODY",
    "text": "Hi {{first_name}}, see you {{day}}.",
    "example": {"body_text_named_params": [{"param_name": "day", "example": "Monday"}]},
}
FOOTER = {"type": "FOOTER", "text": "Shop"}
IMAGE = {"type": "HEADER", "format": "IMAGE"}
URL = {"type": "URL", "text": "Track", "url": "https://shop.example/t/{{1}}", "example": ["https://shop.example/t/9"]}
SITE = {"type": "URL", "text": "Site", "url": "https://shop.example"}
STOP = {"type": "QUICK_REPLY", "text": "Stop"}
CODE = {"type": "COPY_CODE", "text": "Copy", "example": "SAVE10"}


def buttons(*all: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(all)}


def template(*components: dict[str, Any], status: str = "APPROVED") -> MessageTemplate:
    ids = TemplateId(UUID(int=1)), TENANT, SessionId(UUID(int=2))
    return MessageTemplate(*ids, "order", "en_US", status, NOW, components=components)


def texts(*values: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": value} for value in values]


def body(*values: str) -> dict[str, Any]:
    return {"type": "body", "parameters": texts(*values)}


def flaws(of: MessageTemplate, *given: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        require_filled(of, given)
    return {flaw.pointer.removeprefix("/content/components"): flaw.reason for flaw in refused.value.flaws}


def test_places_are_found_with_what_reviewers_were_shown() -> None:
    found = places_of(template(HEADER, BODY, FOOTER, buttons(STOP, URL, CODE)))
    assert found == [
        Place("header", "1", example="A-17"),
        Place("body", "1", example="Ana"),
        Place("body", "2", example="today"),
        Place("button", "1", button=1, example="https://shop.example/t/9"),
        Place("button", "", PlaceKind.CODE, 2, example="SAVE10"),
    ]
    assert places_of(template(IMAGE, BODY))[0].kind is PlaceKind.IMAGE
    assert places_of(template(NAMED))[1] == Place("body", "day", example="Monday")


def test_positional_places_are_in_the_order_of_their_numbers_each_once() -> None:
    assert in_braces("{{2}} and {{10}} and {{ 1 }} and {{2}}") == ["1", "2", "10"]


def test_right_parameters_are_accepted() -> None:
    tracked = {"type": "button", "sub_type": "url", "index": "1", "parameters": texts("9")}
    coupon = {"type": "button", "sub_type": "copy_code", "index": 2}
    coupon["parameters"] = [{"type": "coupon_code", "coupon_code": "SAVE10"}]
    header = {"type": "header", "parameters": texts("A-17")}
    require_filled(template(HEADER, BODY, buttons(STOP, URL, CODE)), [header, body("Ana", "today"), tracked, coupon])
    require_filled(template({"type": "BODY", "text": "Hello"}, buttons(STOP)), [])


def test_a_template_of_which_only_the_state_is_known_is_whatsapps_to_judge() -> None:
    unknown = MessageTemplate(TemplateId(UUID(int=1)), TENANT, SessionId(UUID(int=2)), "a", "en", "APPROVED", NOW)
    require_filled(unknown, [body("anything")])


def test_too_few_and_too_many_parameters_are_named_by_their_field() -> None:
    assert flaws(template(BODY), body("Ana")) == {
        "/0/parameters": "must have 2 parameters, as the template's body has, not 1"
    }
    assert "/0/parameters" in flaws(template({"type": "BODY", "text": "Hello"}), body("Ana"))
    assert flaws(template(BODY)) == {"": "must have a body with its parameters"}
    assert flaws(template(HEADER, BODY), body("Ana", "today")) == {"": "must have a header with its parameters"}


def test_named_parameters_are_checked_by_name() -> None:
    wrong = {"type": "body", "parameters": [{"type": "text", "parameter_name": "firstname", "text": "Ana"}]}
    found = flaws(template(NAMED), wrong)
    assert found["/0/parameters/0/parameter_name"] == "must be one of first_name, day"
    assert found["/0/parameters"] == "must have a parameter named first_name, day"


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ([], "/0/parameters"),
        (texts("x"), "/0/parameters/0/type"),
        ([{"type": "image"}], "/0/parameters/0/image"),
        ([{"type": "image", "image": {"caption": "x"}}], "/0/parameters/0/image"),
        ([{"type": "video", "video": {"id": "1"}}], "/0/parameters/0/type"),
    ],
)
def test_a_header_with_a_picture_needs_one(parameters: list[dict[str, Any]], pointer: str) -> None:
    assert list(flaws(template(IMAGE), {"type": "header", "parameters": parameters})) == [pointer]


def test_buttons_are_checked_by_index_type_and_value() -> None:
    with_buttons = template(buttons(STOP, URL, SITE))
    wrong_type = {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": texts("9")}
    assert flaws(with_buttons, wrong_type)["/0/sub_type"].startswith("must be url")
    absent = {"type": "button", "sub_type": "url", "index": "3", "parameters": texts("9")}
    assert flaws(with_buttons, absent)["/0/index"] == "must be 0 to 2"
    fixed = {"type": "button", "sub_type": "url", "index": "2", "parameters": texts("9")}
    assert "/0" in flaws(with_buttons, fixed)
    empty = {"type": "button", "sub_type": "url", "index": "1", "parameters": texts(" ")}
    assert flaws(with_buttons, empty) == {"/0/parameters/0/text": "must not be empty"}
    assert flaws(with_buttons) == {"": "must have a button of index 1 with its text"}


def test_the_same_part_twice_and_an_unknown_one_are_refused() -> None:
    assert flaws(template(BODY), body("a", "b"), body("a", "b")) == {"/1": "is a second body"}
    assert list(flaws(template(BODY), {"type": "bdy"}, body("a", "b"))) == ["/0/type"]


def test_a_carousels_cards_are_checked_one_by_one() -> None:
    card = {"components": [{"type": "BODY", "text": "For {{1}}"}]}
    carousel = template({"type": "BODY", "text": "Look"}, {"type": "CAROUSEL", "cards": [card, card]})
    one = {"card_index": 0, "components": [body("Ana")]}
    assert "/0/cards" in flaws(carousel, {"type": "carousel", "cards": [one]})
    found = flaws(carousel, {"type": "carousel", "cards": [one, {"card_index": 1, "components": [body()]}]})
    assert list(found) == ["/0/cards/1/components/0/parameters"]
    assert flaws(carousel) == {"": "must have a carousel with its cards"}
    shown = rendered(carousel, [{"type": "carousel", "cards": [one]}])
    assert [each.body for each in shown.cards] == ["For Ana", "For {{1}}"]


def test_a_customer_sees_the_places_filled() -> None:
    tracked = {"type": "button", "sub_type": "url", "index": "1", "parameters": texts("9")}
    header = {"type": "header", "parameters": texts("A-17")}
    shown = rendered(template(HEADER, BODY, FOOTER, buttons(STOP, URL)), [header, body("Ana", "today"), tracked])
    assert (shown.header, shown.body, shown.footer) == ("Order A-17", "Hi Ana, it arrives today.", "Shop")
    assert shown.buttons[1] == ShownButton("URL", "Track", "https://shop.example/t/9")
    assert shown.text == "Order A-17\n\nHi Ana, it arrives today.\n\nShop"


def test_dates_and_amounts_show_their_words() -> None:
    price = {"type": "currency", "currency": {"fallback_value": "R$ 10", "code": "BRL", "amount_1000": 10000}}
    shown = rendered(template(BODY), [{"type": "body", "parameters": [price, *texts("today")]}])
    assert shown.body == "Hi R$ 10, it arrives today."


def test_an_empty_place_stands_in_its_braces() -> None:
    assert rendered(template(BODY), []).body == "Hi {{1}}, it arrives {{2}}."


def test_news_change_what_they_say_and_nothing_else() -> None:
    known = template(IMAGE, BODY)
    paused = known.told(TemplateNews("order", "en_US", status="PAUSED", reason="LOW_QUALITY"), NOW)
    assert (paused.status, paused.reason, paused.components) == ("PAUSED", "LOW_QUALITY", known.components)
    assert paused.is_refused
    again = paused.told(TemplateNews("order", "en_US", status="APPROVED"), NOW)
    assert (again.is_refused, again.reason) == (False, None)
    new = {"type": "BODY", "text": "Changed"}
    assert known.told(TemplateNews("order", "en_US", components=(new,)), NOW).components == (IMAGE, new)


values = st.text(st.characters(exclude_characters="{}"), max_size=20)


@given(st.lists(values, min_size=1, max_size=5))
def test_every_place_is_filled_and_no_value_is_read_as_a_place(given_values: list[str]) -> None:
    text = " ".join(f"{{{{{n}}}}}" for n in range(1, len(given_values) + 1))
    assert filled(text, {str(n): v for n, v in enumerate(given_values, 1)}) == " ".join(given_values)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
)
shapes = st.dictionaries(
    st.sampled_from(
        ["type", "parameters", "index", "sub_type", "cards", "components", "text", "format", "buttons", "example"]
    ),
    json | st.sampled_from(["body", "HEADER", "BUTTONS", "button", "carousel", "IMAGE", "{{1}}"]),
)


@given(st.lists(shapes | json, max_size=3), st.lists(shapes, max_size=3))
def test_any_parameters_on_any_template_are_accepted_or_refused_by_field(sent: list[object], parts: list[Any]) -> None:
    of = template(*parts)
    found = flaws_of(of.components or (), sent, "content/components")
    assert all(flaw.pointer.startswith("/content/components") for flaw in found)
    rendered(of, sent)
    places_of(of)
