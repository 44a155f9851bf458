"""Translate one of Meta's updates to the hub's events. Pure; never fails on what `split` yields."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.providers.lenient import JsonObject, decode_object, digest, instant, items, obj, text, whole
from whatsapp_hub.adapters.providers.meta_cloud import wire
from whatsapp_hub.adapters.providers.meta_cloud.account import alarm
from whatsapp_hub.adapters.providers.meta_cloud.content import content_of
from whatsapp_hub.adapters.providers.meta_cloud.errors import LOST_FILE, UPLOAD_FAILED, failure_of
from whatsapp_hub.adapters.providers.meta_cloud.split import bare_number
from whatsapp_hub.adapters.providers.meta_cloud.templates import news_of
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    IdentitySeen,
    MessageSeen,
    NumberChanged,
    Origin,
    OtherSeen,
    PreferenceSeen,
    Price,
    ProviderEvent,
    ReceiptSeen,
    TemplateSeen,
    ThreadSeen,
)
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import CallState, System, call
from whatsapp_hub.domain.messaging.message import MessageStatus

LABEL = 64
"""The longest category or kind of a price."""

_STATUS = {
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.READ,
    "failed": MessageStatus.FAILED,
}
_ADDRESS_LENGTH = 150


def translate(body: bytes) -> list[ProviderEvent]:
    """Translate an update. Raises Malformed for bytes that are no JSON object."""
    update = decode_object(body)
    kind, item = text(update.get("kind")), obj(update.get("item"))
    at = instant(item.get("timestamp"), update.get("time"))
    events: list[ProviderEvent] = []
    if kind == wire.STATUS:
        events = _status(update, item, at)
    elif kind in (wire.MESSAGE, wire.ECHO, wire.HISTORY):
        events = _message(update, kind, item, at)
    elif kind == wire.CALL:
        events = _call(update, item, at)
    elif kind == wire.HANDOVER:
        events = _handover(item, at)
    else:
        events = _account(text(update.get("field")), item, instant(update.get("time")))
    return events or [OtherSeen(text(update.get("field"))[:100] or "unknown", at)]


def _account(field: str, value: JsonObject, at: datetime) -> list[ProviderEvent]:
    """Translate what concerns the account: an alarm, and what changed of a template."""
    told, news = alarm(field, value, at), news_of(field, value)
    chosen = _preferences(value) if field == "user_preferences" else []
    return [*([told] if told else []), *([TemplateSeen(news, at)] if news else []), *chosen]


def _preferences(value: JsonObject) -> list[ProviderEvent]:
    """Translate what customers chose of marketing messages: `stop`, `resume`, or `signup` (they came by a link)."""
    found: list[ProviderEvent] = []
    for one in map(obj, items(value.get("user_preferences"))):
        names, choice = identity_of(text(one.get("wa_id")), text(one.get("user_id"))), text(one.get("value"))
        category = text(one.get("category")) or "marketing_messages"
        if names and choice in ("stop", "resume", "signup") and category == "marketing_messages":
            found.append(PreferenceSeen(names, choice != "stop", instant(one.get("timestamp"))))
    return found


def identity_of(address: str, user_id: str = "") -> tuple[Identity, ...]:
    """Return the identities behind a phone number and a BSUID, either of which may be missing. An address that is
    no phone number is kept unchanged as a BSUID."""
    found = []
    if _is_phone(address):
        found.append(Identity.phone(address))
    elif address:
        found.append(Identity.bsuid(address))
    if user_id:
        found.append(Identity.bsuid(user_id))
    return tuple(dict.fromkeys(i for i in found if len(i.address) <= _ADDRESS_LENGTH))


def _is_phone(address: str) -> bool:
    digits = address.removeprefix("+")
    return digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 20


def _message(update: JsonObject, kind: str, item: JsonObject, at: datetime) -> list[ProviderEvent]:
    from_me = kind == wire.ECHO or (kind == wire.HISTORY and _wrote_ourselves(update, item))
    other_side = _other_side(update, item, from_me, kind)
    changed = _changed_number(item)
    group = text(item.get("group_id"))[:_ADDRESS_LENGTH]
    names = (Identity.chat(group),) if group else changed or other_side
    if not names:
        return []
    profile = obj(obj(update.get("contact")).get("profile"))
    context = obj(item.get("context"))
    seen = MessageSeen(
        provider_message_id=_id(item, kind, names),
        chat=names[0].address,
        kind=ChatKind.GROUP if group else ChatKind.PERSON,
        chat_names=names,
        content=content_of(item),
        at=at,
        from_me=from_me,
        origin=Origin.HISTORY if kind == wire.HISTORY else Origin.LIVE,
        name=None if from_me else text(profile.get("name")) or None,
        author=other_side[0].address if group and other_side and not from_me else None,
        reply_to=text(context.get("id")) or None,
        thread=_watched(update, item) if kind != wire.HISTORY else None,
        username=None if group else text(profile.get("username")) or None,
    )
    left = _left(item, other_side, changed)
    return [NumberChanged(left, changed, at), seen] if changed and left and not group else [seen]


STANDBY = "standby"
ANOTHER = "another_app"
"""The holder of a thread where Meta does not say which."""
_ROLE = 40
"""The longest role of a thread's holder."""


def _watched(update: JsonObject, item: JsonObject) -> ThreadSeen | None:
    """Tell that another program has the thread, of what came by `standby`; who it is, where the echo says so."""
    if text(update.get("field")) != STANDBY:
        return None
    return ThreadSeen(text(item.get("sender_role"))[:_ROLE] or ANOTHER)


def _handover(item: JsonObject, at: datetime) -> list[ProviderEvent]:
    """Translate a change of a thread's owner (documents of October and November 2026): `control_passed` goes to the new
    owner, `control_taken` to the one who had it."""
    sender, kind = obj(item.get("sender")), text(item.get("type"))
    address = text(sender.get("phone_number")) or text(sender.get("wa_id"))
    names = identity_of(bare_number(address), text(sender.get("user_id")))
    said = obj(item.get(kind))
    if not names or kind not in ("control_passed", "control_taken"):
        return []
    is_ours = kind == "control_passed"
    role = text(said.get("previous_owner_role" if is_ours else "new_owner_role"))[:_ROLE] or ANOTHER
    note = f"{role} passed the conversation to this app" if is_ours else f"{role} took the conversation"
    thread = ThreadSeen(None if is_ours else role, is_passed=is_ours)
    id = "hub.thread." + digest(repr((names, kind, at, said)).encode("utf-8", "replace"))[:40]
    seen = MessageSeen(
        provider_message_id=id,
        chat=names[0].address,
        kind=ChatKind.PERSON,
        chat_names=names,
        content=System(note, notice={"type": kind, **{k: v for k, v in said.items() if isinstance(v, str)}}),
        at=at,
        thread=thread,
    )
    return [seen]


_CALLS = {
    "COMPLETED": CallState.ACCEPTED,
    "ACCEPTED": CallState.ACCEPTED,
    "REJECTED": CallState.REJECTED,
    "FAILED": CallState.FAILED,
}


def _call(update: JsonObject, item: JsonObject, at: datetime) -> list[ProviderEvent]:
    """Translate a call that begins (`connect`) or ends (`terminate`, with its length)."""
    is_state = text(item.get("type")) == "call"  # of a call of ours: how it goes before it ends
    from_me = is_state or text(item.get("direction")) == "BUSINESS_INITIATED"
    contact = obj(update.get("contact"))
    to = text(item.get("recipient_id")) if is_state else text(item.get("to" if from_me else "from"))
    address = text(contact.get("wa_id")) or to
    names = identity_of(address, text(contact.get("user_id")))
    id = text(item.get("id"))[:500]
    if not names or not id:
        return []
    state = CallState.RINGING
    if is_state:
        state = _CALLS.get(text(item.get("status")).upper(), CallState.RINGING)
    if text(item.get("event")) == "terminate":
        state = _CALLS.get(text(item.get("status")).upper(), CallState.MISSED)
    seconds = whole(item.get("duration")) if state is CallState.ACCEPTED else None
    seen = MessageSeen(
        provider_message_id=id,
        chat=names[0].address,
        kind=ChatKind.PERSON,
        chat_names=names,
        content=call(state, video=False, seconds=seconds),
        at=at,
        from_me=from_me,
        name=None if from_me else text(obj(contact.get("profile")).get("name")) or None,
        username=text(obj(contact.get("profile")).get("username")) or None,
    )
    return [seen]


def _id(item: JsonObject, kind: str, names: Iterable[Identity]) -> str:
    """Return Meta's id; a message without one gets an id that stays the same when it is delivered again."""
    if id := text(item.get("id"))[:500]:
        return id
    return "hub." + digest(kind.encode(), repr((*names, item)).encode("utf-8", "replace"))[:40]


def _wrote_ourselves(update: JsonObject, item: JsonObject) -> bool:
    """Whether a message is ours. History does not mark them: they come from our display number, or have a recipient but
    no sender."""
    ours = _digits(text(obj(update.get("metadata")).get("display_phone_number")))
    sender = _digits(text(item.get("from")))
    return bool(item.get("to")) or (bool(ours) and sender == ours)


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit())


def _other_side(update: JsonObject, item: JsonObject, from_me: bool, kind: str) -> tuple[Identity, ...]:
    contact = obj(update.get("contact"))
    if kind == wire.HISTORY and (thread := text(update.get("thread"))):
        return identity_of(thread, text(contact.get("user_id")))
    if from_me:
        return identity_of(text(item.get("to")), text(item.get("to_user_id")))
    address, user_id = text(item.get("from")), text(item.get("from_user_id"))
    if not address and text(contact.get("user_id")) in ("", user_id):
        address = text(contact.get("wa_id"))
    if not user_id and text(contact.get("wa_id")) == address:
        user_id = text(contact.get("user_id"))
    return identity_of(address, user_id)


def _changed_number(item: JsonObject) -> tuple[Identity, ...]:
    """Return the new identities of a customer who changed number: `user_changed_number`, or `user_changed_user_id`,
    which may bring the BSUID alone (it changes with the number)."""
    system = obj(item.get("system"))
    if text(item.get("type")) != "system" or not text(system.get("type")).startswith("user_changed"):
        return ()
    return identity_of(text(system.get("wa_id")) or text(system.get("new_wa_id")), text(system.get("user_id")))


def _left(item: JsonObject, sender: Iterable[Identity], taken: Collection[Identity]) -> tuple[Identity, ...]:
    """Return the customer's former identities: the sender's own, and the BSUID named as the earlier one."""
    earlier = identity_of("", text(obj(item.get("system")).get("previous_user_id")))
    return tuple(i for i in dict.fromkeys((*sender, *earlier)) if i not in taken)


def _status(update: JsonObject, item: JsonObject, at: datetime) -> list[ProviderEvent]:
    status, id = _STATUS.get(text(item.get("status"))), text(item.get("id"))[:500]
    if status is None or not id:
        return []
    failure = failure_of(items(item.get("errors"))) if status is MessageStatus.FAILED else None
    receipt = ReceiptSeen(
        provider_message_id=id,
        status=status,
        at=at,
        error=failure,
        sent_as=_sent_as(item.get("biz_opaque_callback_data")),
        price=_price(item),
        is_file_lost=failure is not None and failure.code in LOST_FILE,
        is_undelivered=failure is not None and failure.code == UPLOAD_FAILED,
    )
    names = _recipient(item) if status is MessageStatus.DELIVERED else ()
    username = text(obj(obj(update.get("contact")).get("profile")).get("username")) or None
    return [receipt, IdentitySeen(names, at, username)] if len(names) > 1 else [receipt]


def _price(item: JsonObject) -> Price | None:
    """Return the price of a person's message; groups' are not charged by receiver."""
    pricing = obj(item.get("pricing"))
    category, is_billable = text(pricing.get("category"))[:LABEL], pricing.get("billable")
    if not category or not isinstance(is_billable, bool):
        return None
    receiver = "" if text(item.get("recipient_type")) == "group" else text(item.get("recipient_id"))
    return Price(category, text(pricing.get("type"))[:LABEL] or None, is_billable, receiver)


def _sent_as(value: object) -> MessageId | None:
    try:
        return MessageId(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _recipient(item: JsonObject) -> tuple[Identity, ...]:
    """Return a person's phone and BSUID together, on `delivered` only: once a message is enough, and the answer to our
    sending has them as well."""
    if text(item.get("recipient_type")) == "group":
        return ()
    return identity_of(text(item.get("recipient_id")), text(item.get("recipient_user_id")))
