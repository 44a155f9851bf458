"""Why a conversation is where it is: a sentence, and the codes with values that it is made of.

A program reads the codes, a page says them in its reader's language; the sentence is for everybody else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | list[str] | None


class RoutingCode(StrEnum):
    """The comment names the values."""

    LAST_ATTENDANT = "last_attendant"  # user
    SKILLS = "skills"  # user, skills, conversations, online_minutes
    FEWEST_CONVERSATIONS = "fewest_conversations"  # user, conversations, online_minutes
    NOBODY_FREE = "nobody_free"  # full, busy, offline: how many
    NOT_ANSWERED = "not_answered"
    CUSTOMERS_CHOICE = "customers_choice"
    LAST_DEPARTMENT = "last_department"
    ROOT_DEPARTMENT = "root_department"
    OLD_MESSAGE = "old_message"
    NO_CHOICE_IN_TIME = "no_choice_in_time"
    NO_CHOICE = "no_choice"  # answers
    RULE = "rule"  # rules, department
    TAKEN = "taken"  # user
    ASSIGNED_BY = "assigned_by"  # user, by
    STARTED = "started"  # user
    GIVEN_BACK = "given_back"  # by
    TRANSFERRED = "transferred"  # department, by
    REOPENED = "reopened"  # by
    ARCHIVED = "archived"  # by
    CUSTOMER_QUIET = "customer_quiet"  # hours
    MERGED = "merged"
    NO_ROUND = "no_round"
    HANDED_OVER = "handed_over"  # by; null: the bot
    TO_DEPARTMENT = "to_department"  # department
    NO_ROOT_DEPARTMENT = "no_root_department"
    BOT_REMOVED = "bot_removed"
    BOT_LATE = "bot_late"  # minutes, webhook_off
    PERSON_ANSWERED = "person_answered"
    NO_DEPARTMENT_TAKES_IT = "no_department_takes_it"
    NOBODY_ASKED = "nobody_asked"
    DEPARTMENTS_SERVE = "departments_serve"
    AGENT_LEFT = "agent_left"  # user
    OPTED_OUT = "opted_out"
    CAMPAIGN = "campaign"  # name


@dataclass(frozen=True, slots=True)
class ReasonPart:
    """What one decision contributed."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)


class Reason(str):
    """A sentence with its parts, in their order."""

    parts: tuple[ReasonPart, ...]

    def __new__(cls, sentence: str, parts: Iterable[ReasonPart] = ()) -> "Reason":
        made = super().__new__(cls, sentence)
        made.parts = tuple(parts)
        return made

    @classmethod
    def of(cls, reason: str) -> "Reason":
        """Take a stored sentence apart into its codes and values."""
        return cls(reason, parts_of(reason))

    def then(self, other: str, between: str = "; ") -> "Reason":
        """Append another reason to both the sentence and the parts."""
        return Reason(f"{self}{between}{other}", (*self.parts, *parts_of(other)))


def because(code: RoutingCode, sentence: str, **values: Value) -> Reason:
    """Make a reason of one part."""
    return Reason(sentence, [ReasonPart(code.value, values)])


def parts_of(reason: str | None) -> tuple[ReasonPart, ...]:
    """Return a reason's parts; none for a sentence from before there were codes."""
    return reason.parts if isinstance(reason, Reason) else ()
