"""Every body that a provider posts becomes the right kind with the right fields, and no mutation an empty message.

Our own fixtures, and other people's recorded bodies where they lie beside the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import graph, waha
from whatsapp_hub.adapters.contracts.views.message_data import data_of
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.events import Malformed, MessageSeen, ProviderEvent
from whatsapp_hub.domain.messaging.annotations import NO_ANNOTATIONS

SAMPLES = Path(__file__).parents[5] / "shared" / "samples"
PLUGINS = builtin_plugins(ProviderOptions())
PERSON = "5511987650101"
CHAT = f"{PERSON}@c.us"


def meta(**more: Any) -> bytes:
    return graph.webhook("1065", {"messages": [{"from": PERSON, "id": "wamid.1", "timestamp": "1780000000"} | more]})


def posted(event: str, **payload: Any) -> bytes:
    return waha.webhook(event, payload)


def noweb(**message: Any) -> bytes:
    return posted("message", id=f"false_{CHAT}_3EB0", timestamp=1780000000, _data={"message": message})


FORM = {"response_json": "{}", "body": "Sent"}
LINES = [{"product_retailer_id": "A1", "quantity": 2, "item_price": 30, "currency": "USD"}]
OWN: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "forwarded often": (
        "META",
        meta(type="text", text={"body": "Oi"}, context={"frequently_forwarded": True}),
        {"type": "TEXT", "text": "Oi", "kind": "text"},
    ),
    "order": (
        "META",
        meta(type="order", order={"catalog_id": "c", "text": "", "product_items": LINES}),
        {"type": "ORDER", "text": "2 × A1", "kind": "order", "catalog": "c"},
    ),
    "flow": (
        "META",
        meta(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": FORM}),
        {"type": "INTERACTIVE", "text": "Sent", "kind": "reply", "payload": FORM},
    ),
    "revoke": (
        "META",
        meta(type="revoke", revoke={"original_message_id": "wamid.0"}),
        {"type": "SYSTEM", "kind": "revoke", "message_id": "wamid.0"},
    ),
    "reaction removed without an emoji": (
        "META",
        meta(type="reaction", reaction={"message_id": "wamid.0"}),
        {"type": "REACTION", "kind": "reaction", "emoji": "", "message_id": "wamid.0"},
    ),
    "unknown": ("META", meta(type="hologram", hologram={}), {"type": "UNSUPPORTED", "kind": "unsupported"}),
    "poll": (
        "WAHA",
        noweb(pollCreationMessageV3={"name": "When?", "options": [{"optionName": "Now"}], "selectableOptionsCount": 1}),
        {"type": "POLL", "text": "When?\nNow", "kind": "poll", "options": ["Now"], "several": False},
    ),
    "event": (
        "WAHA",
        noweb(eventMessage={"name": "Lunch", "startTime": "1780000000", "location": {"name": "Park"}}),
        {"type": "EVENT", "text": "Lunch", "kind": "event", "place": "Park", "canceled": False},
    ),
    "live location": (
        "WAHA",
        noweb(liveLocationMessage={"degreesLatitude": 1.5, "degreesLongitude": 2.5, "caption": "here"}),
        {"type": "LOCATION", "text": "here", "kind": "location", "latitude": 1.5, "live": True},
    ),
    "list reply": (
        "WAHA",
        noweb(listResponseMessage={"title": "Help", "singleSelectReply": {"selectedRowId": "r1"}}),
        {"type": "INTERACTIVE", "text": "Help", "kind": "reply", "to": "list", "id": "r1"},
    ),
    "button reply": (
        "WAHA",
        noweb(buttonsResponseMessage={"selectedDisplayText": "Yes", "selectedButtonId": "y"}),
        {"type": "INTERACTIVE", "text": "Yes", "kind": "reply", "to": "button", "id": "y"},
    ),
    "view once": (
        "WAHA",
        posted(
            "message",
            id=f"false_{CHAT}_3EB0",
            hasMedia=True,
            media={"mimetype": "image/jpeg", "url": "http://x"},
            _data={"message": {"viewOnceMessageV2": {"message": {"imageMessage": {}}}}},
        ),
        {"type": "IMAGE", "kind": "image", "view_once": True},
    ),
    "missed call in the chat": (
        "WAHA",
        posted("message", id=f"false_{CHAT}_3EB0", _data={"type": "call_log", "isVideoCall": True}),
        {"type": "CALL", "text": "Missed video call", "kind": "call", "state": "missed", "video": True},
    ),
    "product": ("WAHA", noweb(productMessage={"product": {}}), {"type": "UNSUPPORTED", "kind": "unsupported"}),
}
RECORDED: dict[str, dict[str, Any]] = {
    "meta/oas_msg_contacts": {"type": "CONTACTS", "kind": "contacts", "text": "Lucía Gómez"},
    "meta/oas_msg_image": {"type": "IMAGE", "kind": "image", "text": "Taj Mahal", "mime_type": "image/jpeg"},
    "meta/oas_msg_interactive_button_reply": {"type": "INTERACTIVE", "kind": "reply", "id": "cancel-button"},
    "meta/oas_msg_button_quick_reply": {"type": "INTERACTIVE", "kind": "reply", "to": "button", "id": "Unsubscribe"},
    "meta/oas_msg_location": {"type": "LOCATION", "kind": "location", "name": "Philz Coffee", "live": False},
    "meta/oas_msg_order": {"type": "ORDER", "kind": "order", "catalog": "194836987003835"},
    "meta/oas_msg_reaction": {"type": "REACTION", "kind": "reaction", "emoji": "👍"},
    "meta/oas_msg_system_number_change": {"type": "SYSTEM", "kind": "system", "notice": "user_changed_number"},
    "meta/oas_msg_text": {"type": "TEXT", "kind": "text"},
    "meta/oas_msg_text_context_referred_product": {"type": "TEXT", "kind": "text"},
    "meta/oas_msg_unsupported": {"type": "UNSUPPORTED", "text": "Message type is currently not supported."},
    "meta/docs_smb_message_echoes_text": {"type": "TEXT", "kind": "text"},
    "meta/docs_bsuid_msg_text_no_phone": {"type": "TEXT", "kind": "text"},
    "meta/pywa_call_connect__user_initiated": {"type": "CALL", "kind": "call", "state": "ringing"},
    "meta/pywa_call_connect__business_initiated": {"type": "CALL", "kind": "call", "state": "ringing"},
    "meta/pywa_call_terminate__call_terminate": {"type": "CALL", "state": "accepted", "seconds": 120},
    "meta/pywa_call_status__call_status": {"type": "CALL", "kind": "call", "state": "ringing"},
    "meta/pywa_call_permission_update__accept": {
        "type": "INTERACTIVE",
        "text": "Calls are allowed until 2025-07-22 12:23 UTC",
        "kind": "reply",
        "to": "call_permission_reply",
    },
    "meta/pywa_call_permission_update__reject": {"type": "INTERACTIVE", "text": "Calls are not allowed"},
    "meta/pywa_callback_button__quick_reply": {"type": "INTERACTIVE", "id": "callback_data", "to": "button"},
    "meta/pywa_callback_selection__description": {"type": "INTERACTIVE", "id": "callback_data", "to": "list_reply"},
    "meta/pywa_flow_completion__completion": {"type": "INTERACTIVE", "to": "nfm_reply", "text": "Sent"},
    "meta/pywa_message__audio": {"type": "AUDIO", "kind": "audio", "voice": False},
    "meta/pywa_message__contacts": {"type": "CONTACTS", "kind": "contacts"},
    "meta/pywa_message__document": {"type": "DOCUMENT", "kind": "document", "text": "caption"},
    "meta/pywa_message__image": {"type": "IMAGE", "kind": "image"},
    "meta/pywa_message__order": {"type": "ORDER", "kind": "order", "text": "3 × HAMBURGER, 2 × FRENCH_FRIES, 2 × SODA"},
    "meta/pywa_message__reaction": {"type": "REACTION", "emoji": "😮"},
    "meta/pywa_message__referral": {"type": "TEXT", "text": "BODY"},
    "meta/pywa_message__reply": {"type": "TEXT", "text": "replied text"},
    "meta/pywa_message__static_sticker": {"type": "STICKER", "kind": "sticker", "animated": False},
    "meta/pywa_message__text": {"type": "TEXT", "text": "Body Text"},
    "meta/pywa_message__unsupported": {"type": "UNSUPPORTED", "kind": "unsupported"},
    "meta/pywa_message__video": {"type": "VIDEO", "kind": "video", "text": "caption"},
    "meta/pywa_message__voice": {"type": "AUDIO", "kind": "audio", "voice": True},
    "meta/pywa_outgoing_message__delete": {"type": "SYSTEM", "kind": "revoke", "message_id": "wamid.zzzzzz"},
    "meta/pywa_outgoing_message__text": {"type": "TEXT", "text": "Test message"},
    "meta/synthetic_unicode_text": {"type": "TEXT", "kind": "text"},
    "waha/docs_call_accepted": {"type": "CALL", "state": "accepted", "video": False},
    "waha/docs_call_received": {"type": "CALL", "state": "ringing"},
    "waha/docs_call_rejected": {"type": "CALL", "state": "rejected"},
    "waha/docs_envelope_message": {"type": "TEXT", "text": "Hi there!"},
    "waha/docs_event_response": {"type": "EVENT", "kind": "event_answer", "answer": "GOING"},
    "waha/docs_message_edited": {"type": "TEXT", "kind": "edit", "text": "New body", "message_id": "AAAAAAAAAAAAAAAA"},
    "waha/docs_message_media_image": {"type": "IMAGE", "kind": "image"},
    "waha/docs_message_reaction": {"type": "REACTION", "kind": "reaction", "emoji": "🙏"},
    "waha/docs_message_reply_to": {"type": "TEXT", "text": "Yes!"},
    "waha/docs_message_revoked": {"type": "SYSTEM", "kind": "revoke", "message_id": "AAAAAAAAAAAAAAAA"},
    "waha/docs_poll_vote": {"type": "POLL", "kind": "vote", "options": ["Awesome!"], "message_id": "BAE5F2EF5C69001E"},
    "waha/oas_event_response_failed": {"type": "EVENT", "kind": "event_answer", "answer": ""},
    "waha/oas_message": {"type": "AUDIO", "kind": "audio"},
    "waha/oas_poll_vote_failed": {"type": "POLL", "kind": "vote", "secret": True},
    "waha/synthetic_fromMe_api_echo": {"type": "TEXT", "text": "x"},
}


def events(kind: str, body: bytes) -> list[ProviderEvent]:
    webhooks = PLUGINS[kind].webhooks
    assert webhooks is not None
    return [event for update in webhooks.split(body) for event in PLUGINS[kind].translate(update.body)]


def described(seen: MessageSeen) -> dict[str, Any]:
    data = data_of(seen.content, NO_ANNOTATIONS)
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    own = {"type": seen.content.type, "text": seen.content.text, "kind": type(data).__struct_config__.tag}
    return fields | own


@pytest.mark.parametrize("name", OWN)
def test_a_body_is_the_right_kind_with_the_right_fields(name: str) -> None:
    kind, body, expected = OWN[name]
    (seen,) = events(kind, body)
    assert isinstance(seen, MessageSeen)
    assert {field: described(seen)[field] for field in expected} == expected


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not there")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_body_is_the_right_kind_with_the_right_fields(name: str) -> None:
    body = (SAMPLES / f"{name}.json").read_bytes()
    seen = [e for e in events(name.partition("/")[0].upper(), body) if isinstance(e, MessageSeen)]
    assert [{field: described(one)[field] for field in RECORDED[name]} for one in seen] == [RECORDED[name]]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not there")
def test_every_recorded_message_is_in_the_table() -> None:
    several = {"meta/docs_history_threads", "meta/synthetic_batch_multi_entry"}
    found = set()
    for path in (*(SAMPLES / "meta").glob("*.json"), *(SAMPLES / "waha").glob("*.json")):
        name = f"{path.parent.name}/{path.stem}"
        try:
            seen = events(path.parent.name.upper(), path.read_bytes())
        except Malformed:
            continue
        if any(isinstance(event, MessageSeen) for event in seen):
            found.add(name)
    assert {name for name in found if not name.startswith("waha/oas_")} - several <= RECORDED.keys()


def bodies() -> list[tuple[str, Any]]:
    own = [(kind, json.loads(body)) for kind, body, _ in OWN.values()]
    there = [(path.parent.name.upper(), json.loads(path.read_bytes())) for path in sorted(SAMPLES.glob("*/*.json"))]
    return own + [(kind, body) for kind, body in there if isinstance(body, dict)]


BODIES = bodies()
ODD = [None, "", "x", 0, -1, 1.5, True, [], {}, [None], {"a": [1]}, "\ud800", 2**70]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all that may be missing or of another type."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(body: Any, path: tuple[Any, ...], how: Any) -> Any:
    copy = json.loads(json.dumps(body))
    at = copy
    for key in path[:-1]:
        at = at[key]
    if how == "missing":
        del at[path[-1]]
    else:
        at[path[-1]] = how
    return copy


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_mutation_crashes_or_makes_an_empty_message(data: st.DataObject) -> None:
    kind, body = data.draw(st.sampled_from(BODIES))
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(body))
        if not found:
            break
        body = mutated(body, data.draw(st.sampled_from(found)), data.draw(st.sampled_from([*ODD, "missing"])))
    webhooks = PLUGINS[kind].webhooks
    assert webhooks is not None
    try:
        updates = webhooks.split(json.dumps(body).encode())
    except Malformed:
        return
    for update in updates:
        seen = PLUGINS[kind].translate(update.body)
        assert seen
        for event in seen:
            if isinstance(event, MessageSeen) and event.content.type in ("UNSUPPORTED", "TEXT", "SYSTEM"):
                assert event.content.text or event.content.target is not None
