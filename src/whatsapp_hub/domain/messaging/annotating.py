"""What a reaction, an edit, a withdrawal, a vote or an answer does to the message that it names.

Each is a message of its own (it is sent, has an id, comes again), which the lists of conversations do not show. Pure.
"""

from dataclasses import replace
from datetime import datetime

from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType
from whatsapp_hub.domain.messaging.annotations import (
    OURSELVES,
    Annotations,
    Author,
    Edit,
    Mark,
    MarkKind,
    Revocation,
)
from whatsapp_hub.domain.messaging.content import Content, EventAnswer, Reaction, Revoke, Unsupported, Vote
from whatsapp_hub.domain.messaging.message import Direction, Message


def author_of(change: Message) -> Author:
    """Return who did it. In a chat with one person that is this person, whichever of their addresses it came from."""
    if change.direction is Direction.OUTBOUND:
        return OURSELVES
    if change.author:
        return Author(change.author, change.author_name, change.author_phone)
    return Author(change.chat, change.author_name, is_only_one=True)


def annotate(message: Message, change: Message) -> bool:
    """Apply it to the message that it names; False (and nothing changes) if it was applied already, is older than what
    counts, or is not theirs to change."""
    if not _may_change(message, change):
        return False
    since = _annotated(message, change)
    if since == message.annotations:
        return False
    message.annotations = since
    if since.text is not None and since.text != message.content.text:
        message.content = replace(message.content, text=since.text)
    return True


def _annotated(message: Message, change: Message) -> Annotations:
    since, at = message.annotations, change.timestamp
    by, id = author_of(change), change.whatsapp_message_id or str(change.id)
    match change.content:
        case Reaction(text=emoji):
            return since.marked(Mark(MarkKind.REACTION, by, at, id, (emoji,) if emoji else ()))
        case Vote(secret=False, options=options):
            return since.marked(Mark(MarkKind.VOTE, by, at, id, options))
        case EventAnswer(answer=answer) if answer:
            return since.marked(Mark(MarkKind.ANSWER, by, at, id, (answer,)))
        case Revoke():
            return since.withdrawn(Revocation(at, id, by))
        case Vote() | EventAnswer():
            return since
        case content:
            text = None if isinstance(content, Unsupported) else content.text
            return since.edited(Edit(at, id, text), message.content.text)


def aimed(content: Content, message: Message) -> Content:
    """Return a reaction, an edit (a text) or a withdrawal of ours as that of this message. Raises Conflict, Invalid."""
    if message.whatsapp_message_id is None or message.target is not None:
        raise Conflict("not_sent", "the message has no id at WhatsApp yet")
    is_ours = message.direction is Direction.OUTBOUND
    if isinstance(content, Reaction):
        return replace(content, message_id=message.whatsapp_message_id, from_me=is_ours)
    if not is_ours:
        raise Invalid.field("content/messageId", "must be a message of ours")
    if isinstance(content, Revoke):
        return replace(content, message_id=message.whatsapp_message_id, from_me=True)
    return content.editing(message.whatsapp_message_id)


def _may_change(message: Message, change: Message) -> bool:
    """Whether WhatsApp allows it: each edits their own messages and deletes them; a group's administrators delete
    others' too. Reactions and votes are open to everybody."""
    if message.target is not None:
        return False
    if isinstance(change.content, Reaction | Vote | EventAnswer):
        return True
    is_own = message.direction is change.direction and _is_same(message.author, change.author)
    return is_own or (isinstance(change.content, Revoke) and change.author is not None)


def _is_same(one: str | None, other: str | None) -> bool:
    """Compare two authors as far as they can be: a hidden id and a number may be one person."""
    if one is None or other is None:
        return True
    (user, _, server), (other_user, _, other_server) = one.partition("@"), other.partition("@")
    return server != other_server or user.partition(":")[0] == other_user.partition(":")[0]


def event_type(change: Message) -> EventType:
    """Return the type of the event that tells of it."""
    match change.content:
        case Reaction():
            return EventType.MESSAGE_REACTION
        case Revoke():
            return EventType.MESSAGE_REVOKED
        case Vote() | EventAnswer():
            return EventType.MESSAGE_UPDATED
        case _:
            return EventType.MESSAGE_EDITED


def changed(message: Message | None, change: Message, at: datetime, **detail: DetailValue) -> Event:
    """Make the event of a change; `message` None: the message that it names is not known (yet)."""
    told = change.event(event_type(change), at, **detail)
    subjects: dict[str, object] = {"change": told.subjects["message"]}
    if message is None:
        return replace(told, subjects=subjects)
    subjects["message"] = message.event(told.type, at).subjects["message"]
    return replace(told, conversation_id=message.conversation_id, subjects=subjects)
