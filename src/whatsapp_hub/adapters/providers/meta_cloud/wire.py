"""Shapes of Meta's webhooks, as far as splitting a body into updates needs them.

Every field may be missing or of a wrong type: what is not needed stays raw. The largest bodies have 3 MB
and 1,000 updates, so that nothing is decoded which the split does not need.
"""

from typing import Any

import msgspec

_NULL = msgspec.Raw(b"null")


class Value(msgspec.Struct):
    """What changed. In a body of the documented shape one decoding reaches all updates."""

    metadata: msgspec.Raw = _NULL
    contacts: list[msgspec.Raw] = []
    messages: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []
    history: list[msgspec.Raw] = []
    calls: list[msgspec.Raw] = []
    standby: msgspec.Raw = _NULL
    recipient: msgspec.Raw = _NULL


class Change(msgspec.Struct):
    value: Value
    field: Any = ""


class Entry(msgspec.Struct):
    """`id` is the business account; `time` is missing in many messages."""

    changes: list[Change]
    id: Any = None
    time: Any = None


class Body(msgspec.Struct):
    entry: list[Entry]


class OddBody(msgspec.Struct):
    """A body in which something has another shape: each level is decoded alone."""

    entry: list[msgspec.Raw]


class OddEntry(msgspec.Struct):
    changes: list[msgspec.Raw] = []
    id: Any = None
    time: Any = None


class OddChange(msgspec.Struct):
    value: msgspec.Raw = _NULL
    field: Any = ""


class OddValue(msgspec.Struct):
    metadata: msgspec.Raw = _NULL
    contacts: msgspec.Raw = _NULL
    messages: msgspec.Raw = _NULL
    statuses: msgspec.Raw = _NULL
    message_echoes: msgspec.Raw = _NULL
    history: msgspec.Raw = _NULL
    calls: msgspec.Raw = _NULL
    standby: msgspec.Raw = _NULL
    recipient: msgspec.Raw = _NULL


class Chunk(msgspec.Struct):
    threads: list[msgspec.Raw] = []


class Thread(msgspec.Struct):
    id: Any = None
    context: msgspec.Raw = _NULL
    messages: list[msgspec.Raw] = []


class Metadata(msgspec.Struct):
    phone_number_id: Any = None
    display_phone_number: Any = None


class ContactHead(msgspec.Struct):
    wa_id: Any = None
    user_id: Any = None


class Watched(msgspec.Struct):
    """What another program of the number sends and gets (field `standby`)."""

    messages: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []


class NestedEcho(msgspec.Struct):
    """An echo in `standby` has its message inside, and may have its id beside it."""

    message: msgspec.Raw
    id: Any = None


class Handover(msgspec.Struct):
    """Who is named by a change of a thread's owner."""

    sender: msgspec.Raw = _NULL
    timestamp: Any = None
    type: Any = None


class Person(msgspec.Struct):
    phone_number: Any = None
    wa_id: Any = None
    user_id: Any = None


class Head(msgspec.Struct):
    """Fields that identify a message or status and its chat. Since BSUIDs, `from` and
    `recipient_id` may be missing."""

    id: Any = None
    type: Any = None
    status: Any = None
    from_: Any = msgspec.field(default=None, name="from")
    from_user_id: Any = None
    to: Any = None
    to_user_id: Any = None
    group_id: Any = None
    event: Any = None
    direction: Any = None
    recipient_id: Any = None
    recipient_user_id: Any = None
    recipient_participant_id: Any = None
    recipient_participant_user_id: Any = None


class Update(msgspec.Struct):
    """One update split off: the body of a RawUpdate, complete enough to be understood alone."""

    kind: str
    field: str
    item: msgspec.Raw
    waba: str = ""
    time: Any = None
    metadata: msgspec.Raw | None = None
    contact: msgspec.Raw = _NULL
    thread: str = ""


MESSAGE = "message"
STATUS = "status"
ECHO = "echo"
HISTORY = "history"
CALL = "call"
HANDOVER = "handover"
OTHER = "other"
