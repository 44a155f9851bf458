"""A session's bot: a program that hears the session's customers through a signed webhook, answers with an API key and
hands over to people.

    NONE ──a customer writes on a bot's session──► TALKING ──hand-over, a person, time-out──► HANDED_OVER
                                                      ▲                                            │
                                                      └──────────── the next round ────────────────┘

While it talks nobody else does; once people have the round it is theirs to the end, by contract E.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import DepartmentId, WebhookId

USUAL_ANSWER_WITHIN = 5
_LONGEST = 1440


class BotPart(StrEnum):
    """A bot's part in a round. NONE: it has never met it."""

    NONE = "none"
    TALKING = "talking"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Bot:
    """`webhook_id` is the subscription that it hears through, `url` its address as it is shown; `department_id` takes
    what it hands over without saying to whom (None: the root department); a customer whom it leaves unanswered for
    longer than `answer_within_minutes` is given to people."""

    webhook_id: WebhookId
    url: str
    department_id: DepartmentId | None = None
    answer_within_minutes: int = USUAL_ANSWER_WITHIN

    def __post_init__(self) -> None:
        if not 1 <= self.answer_within_minutes <= _LONGEST:
            raise Invalid.field("answerWithinMinutes", f"must be from 1 to {_LONGEST}")


def patience_with(bot: Bot | None) -> timedelta:
    """How long a customer whom no person has may wait for an answer. (None: the session's bot was taken away.)"""
    return timedelta(minutes=bot.answer_within_minutes if bot else USUAL_ANSWER_WITHIN)


def why_late(part: BotPart, bot: Bot | None, off: str | None) -> str:
    """Why a customer whose time is out is given to people. `off`: why the bot's webhook is switched off, if it is."""
    if part is not BotPart.TALKING:
        return "nobody answered in time"
    if bot is None:
        return "handed over: the session has no bot any more"
    reason = f"handed over: the bot did not answer within {bot.answer_within_minutes} min"
    return f"{reason} (its webhook is off: {off})" if off else reason


def destination(bot: Bot | None, departments: Sequence[Department]) -> Department | None:
    """Who takes what a bot hands over without saying to whom: its own department, else the root one."""
    own = bot.department_id if bot else None
    named = next((d for d in departments if d.id == own), None)
    return named or next((d for d in departments if d.is_root), None)
