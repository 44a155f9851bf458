"""Moving a session to another provider: what would be lost by it, and the providers that it had or will have."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Content, File
from whatsapp_hub.domain.messaging.window import needs_it
from whatsapp_hub.domain.sessions.session import REACHOUT_TIMELOCK, SessionStatus

KEPT = timedelta(days=8)
"""How long the settings of a provider that was left are kept: Meta delivers again for seven days."""


ARRIVES_WITHIN = timedelta(minutes=5)
"""A move that was not ended by then was given up: its process died."""

_RESTRICTED = frozenset({REACHOUT_TIMELOCK})
"""Status reasons of a connected number that WhatsApp restricts."""


def is_restricted(status: SessionStatus, reason: str | None) -> bool:
    """Whether WhatsApp restricts the number: it is banned, or may write to nobody new."""
    return status is SessionStatus.BANNED or reason in _RESTRICTED


class OtherRole(StrEnum):
    """LEFT: the session had this provider, and still takes what comes late from it. ARRIVING: it is moving there, and
    takes what comes early. PLANNED: it moves there by itself when WhatsApp restricts its number."""

    LEFT = "left"
    ARRIVING = "arriving"
    PLANNED = "planned"

    @property
    def is_beside(self) -> bool:
        """Whether the session takes what comes from it, beside its present provider."""
        return self is not OtherRole.PLANNED


@dataclass(frozen=True, slots=True)
class OtherProvider:
    """A provider of a session besides its present one, with its settings, decoded by its plugin. `until`: when it is
    forgotten; None: never."""

    session_id: SessionId
    role: OtherRole
    provider: str
    settings: object
    since: datetime
    until: datetime | None = None


class LossCode(StrEnum):
    """What is lost by a move, or needs somebody. Others may be added."""

    KINDS = "kinds"
    """Kinds of messages that are not sent any more."""
    FEATURES = "features"
    GROUPS = "groups"
    """Group conversations that cannot be answered."""
    WINDOW = "window"
    """Free text is taken only for some hours after a customer's message."""
    WINDOWS_SHUT = "windows_shut"
    """Live conversations that take approved templates alone."""
    QUEUED_UNSENT = "queued_unsent"
    """Waiting messages that would fail."""
    QUEUED_DOUBTFUL = "queued_doubtful"
    """Waiting free texts for customers who have not written to the new provider, as far as the hub knows."""
    QUEUED_QUOTES = "queued_quotes"
    """Waiting messages that would go without the message that they answer."""
    EARLIER_MESSAGES = "earlier_messages"
    """What the other provider sent or received cannot be edited, deleted or reacted to."""
    UPLOADS = "uploads"
    """Waiting messages with a file, which is uploaded anew."""
    FILES = "files"
    """Customers' files that were not fetched yet, and cannot be afterwards."""
    HISTORY = "history"
    """What the phone shows from before is not taken in."""
    LINK = "link"
    """A phone must be linked before anything is sent."""
    UNLINKED = "unlinked"
    """The device's keys are deleted: going back means to link the phone again."""
    WEBHOOK = "webhook"
    """The provider must be given the hub's address for its webhooks."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss: a sentence for people, how many it concerns (None: not counted), and which names."""

    code: LossCode
    detail: str
    count: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the queue: what it says, whom it is for, which message it answers (the provider's id; what it
    changes is the content's target), and until when its customer's window is open (None: not known)."""

    content: Content
    recipient: tuple[Identity, ...]
    reply_to: str | None = None
    window_closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """What a move touches. `waiting`: the queue's first messages, of `queued` in all; `files`: to be fetched from the
    old provider; `windows_shut`: live conversations, none of them a group, whose window is not known to be open."""

    waiting: tuple[Waiting, ...] = ()
    queued: int = 0
    groups: int = 0
    windows_shut: int = 0
    files: int = 0


Knows = Callable[[str], bool]
"""Whether a message's id can be one of the new provider's."""


def foreseen(before: Capabilities, after: Capabilities, affected: Affected, knows: Knows, now: datetime) -> list[Loss]:
    """Say what a move between providers of these capabilities would lose, the most lasting first."""
    return [
        *_abilities(before, after),
        *_conversations(after, affected),
        *_queue(after, affected, knows, now),
        *_connection(before, after, affected),
    ]


def _abilities(before: Capabilities, after: Capabilities) -> Iterable[Loss]:
    if kinds := sorted(kind.value for kind in before.sends.keys() - after.sends.keys()):
        yield Loss(LossCode.KINDS, f"{after.provider} does not send {', '.join(kinds)}", names=tuple(kinds))
    gone = before.features - after.features - {Feature.QR_CODE, Feature.PAIRING_CODE, Feature.WEBHOOKS}
    if features := sorted(feature.value for feature in gone):
        text = f"{after.provider} has no {', '.join(name.replace('_', ' ') for name in features)}"
        yield Loss(LossCode.FEATURES, text, names=tuple(features))
    if before.id_prefix != after.id_prefix:
        text = f"messages from before cannot be edited, deleted or reacted to through {after.provider}, nor quoted"
        yield Loss(LossCode.EARLIER_MESSAGES, text)


def _conversations(after: Capabilities, affected: Affected) -> Iterable[Loss]:
    if affected.groups and Feature.GROUPS not in after.features:
        yield Loss(LossCode.GROUPS, f"{after.provider} reaches no groups", affected.groups)
    hours = after.reply_window_h
    if hours is not None:
        yield Loss(LossCode.WINDOW, f"{after.provider} takes free text within {hours} hours of a customer's message")
        if affected.windows_shut:
            text = "conversations that take approved templates alone until the customer writes again"
            yield Loss(LossCode.WINDOWS_SHUT, text, affected.windows_shut)


def _queue(after: Capabilities, affected: Affected, knows: Knows, now: datetime) -> Iterable[Loss]:
    failing: Counter[str] = Counter()
    quotes = uploads = doubtful = 0
    for message in affected.waiting:
        if reason := _unsendable(message, after, knows, now):
            failing[reason] += 1
            continue
        quotes += message.reply_to is not None and not knows(message.reply_to)
        doubtful += after.reply_window_h is not None and message.window_closes_at is None and needs_it(message.content)
        uploads += isinstance(message.content, File)
    for reason, count in sorted(failing.items()):
        yield Loss(LossCode.QUEUED_UNSENT, reason, count)
    if doubtful:
        text = f"free text for customers who have not written to {after.provider}: it may refuse it"
        yield Loss(LossCode.QUEUED_DOUBTFUL, text, doubtful)
    if quotes:
        yield Loss(LossCode.QUEUED_QUOTES, "waiting messages go without the message that they answer", quotes)
    if uploads:
        yield Loss(LossCode.UPLOADS, f"files of waiting messages are uploaded to {after.provider} anew", uploads)


def _unsendable(message: Waiting, after: Capabilities, knows: Knows, now: datetime) -> str | None:
    """Say why this provider would not send it; None: it would."""
    if message.content.target and not knows(message.content.target):
        return "waiting edits, deletions and reactions are of messages of the provider that is left"
    try:
        after.require_fits(message.content)
    except HubError as error:
        return f"a waiting message would fail: {error}"
    kinds = {identity.kind for identity in message.recipient}
    if IdentityKind.CHAT in kinds and Feature.GROUPS not in after.features:
        return f"a waiting message is for a group, and {after.provider} reaches no groups"
    if kinds and not kinds & (after.addresses | {IdentityKind.CHAT}):
        return f"a waiting message is for somebody whose address {after.provider} does not take"
    shut = after.reply_window_h is not None and message.window_closes_at and message.window_closes_at <= now
    if shut and needs_it(message.content):
        return f"a waiting message is free text, and {after.provider} takes none in a window that is shut"
    return None


def _connection(before: Capabilities, after: Capabilities, affected: Affected) -> Iterable[Loss]:
    if affected.files and before.holds_socket:
        text = "customers' files that were not fetched yet stay unfetched: their connection is closed"
        yield Loss(LossCode.FILES, text, affected.files)
    if Feature.HISTORY in after.features or Feature.HISTORY in before.features:
        yield Loss(LossCode.HISTORY, "the hub keeps its messages; what else a phone shows from before is not taken in")
    if before.holds_socket:
        text = "the linked device's keys are deleted: remove it on the phone; going back means to link it again"
        yield Loss(LossCode.UNLINKED, text)
    if Feature.QR_CODE in after.features:
        yield Loss(LossCode.LINK, "nothing is sent until a phone is linked, unless it is linked there already")
    if Feature.WEBHOOKS in after.features:
        yield Loss(LossCode.WEBHOOK, f"{after.provider} must know the hub's webhook address of this session")


def names_by(capabilities: Mapping[str, Capabilities], provider: str, message_id: str) -> bool:
    """Whether an id of a message can be this provider's: one that begins as another's ids do is not."""
    own = capabilities[provider].id_prefix if provider in capabilities else ""
    if own:
        return message_id.startswith(own)
    others = (one.id_prefix for kind, one in capabilities.items() if kind != provider)
    return not any(prefix and message_id.startswith(prefix) for prefix in others)
