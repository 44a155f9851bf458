"""An event's body, as the log, webhooks and streams carry it."""

import msgspec

from tests.unit.domain.build import NOW, conversation
from whatsapp_hub.adapters.contracts.events import bodies as events
from whatsapp_hub.domain.conversations import visible
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.events import Event


def test_changed_fields_have_the_names_that_clients_know() -> None:
    one = conversation()
    one.classify(Priority.HIGH, ["vip"], NOW)
    one.move_to(one.contact_id, "other chat", "5511", NOW)
    bodies = [msgspec.json.decode(events.body(event)) for event in one.take_events()]
    assert [body["changed"] for body in bodies] == [["priority", "labels"], ["customerPhone", "metadata"]]


def test_every_visible_field_has_a_name_in_the_contract() -> None:
    [shown] = [msgspec.json.decode(events.body(event)) for event in _opened()]
    assert {events.FIELDS[name] for name in visible.FIELDS} <= shown["conversation"].keys()


def _opened() -> list[Event]:
    one = conversation()
    one.opened(NOW)
    return one.take_events()
