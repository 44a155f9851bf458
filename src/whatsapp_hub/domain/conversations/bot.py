"""A session's bot: a program that receives the customers' messages by signed webhook, answers with an API key and
hands over to people.

    NONE ──a customer writes on a bot's session──► TALKING ──hand-over, a person, time-out──► HANDED_OVER
                                                      ▲                                            │
                                                      └──────────── the next round ────────────────┘

While it talks it alone answers; once people have the round it stays theirs to the end (contract E).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import DepartmentId, WebhookId

USUAL_ANSWER_WITHIN = 5
_LONGEST = 1440


class BotPart(StrEnum):
    """A bot's part in a round. NONE: it never took part."""

    NONE = "none"
    TALKING = "talking"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Bot:
    """`webhook_id` is the subscription that delivers its messages, `url` its address as shown; `department_id` takes
    what it hands over without naming a department (None: the root one); a customer whom it leaves unanswered for
    longer than `answer_within_minutes` is handed over to people."""

    webhook_id: WebhookId
    url: str
    department_id: DepartmentId | None = None
    answer_within_minutes: int = USUAL_ANSWER_WITHIN

    def __post_init__(self) -> None:
        if not 1 <= self.answer_within_minutes <= _LONGEST:
            raise Invalid.field("answer_within_minutes", f"must be from 1 to {_LONGEST}")


def answer_timeout(bot: Bot | None) -> timedelta:
    """Return how long an unassigned customer may wait for an answer. `bot` None: the session's bot was removed."""
    return timedelta(minutes=bot.answer_within_minutes if bot else USUAL_ANSWER_WITHIN)


def why_late(part: BotPart, bot: Bot | None, off: str | None) -> Reason:
    """Explain why a customer who timed out goes to people. `off`: why the bot's webhook is switched off, if it is."""
    if part is not BotPart.TALKING:
        return because(RoutingCode.NOT_ANSWERED, "nobody answered in time")
    if bot is None:
        return because(RoutingCode.BOT_REMOVED, "handed over: the session has no bot any more")
    sentence = f"handed over: the bot did not answer within {bot.answer_within_minutes} min"
    sentence = f"{sentence} (its webhook is off: {off})" if off else sentence
    return because(RoutingCode.BOT_LATE, sentence, minutes=bot.answer_within_minutes, webhook_off=off)


def destination(bot: Bot | None, departments: Sequence[Department]) -> Department | None:
    """Return the department for a hand-over that names none: the bot's own, else the root one."""
    own = bot.department_id if bot else None
    named = next((d for d in departments if d.id == own), None)
    return named or next((d for d in departments if d.is_root), None)
