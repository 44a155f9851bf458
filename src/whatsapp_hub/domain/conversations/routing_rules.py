"""Routing rules: labels, priority and department of an unassigned round, by what its customer writes, where and when.

One pure function, `decide`, takes the company's rules in their order and the customer's text. Nothing here does I/O.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.conversations.labels import checked
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import DepartmentId, RuleId, SessionId, TenantId
from whatsapp_hub.domain.text import fold, is_storable

MOST_RULES = 50
_MOST_WORDS = 50
_WORD_LENGTH = 80
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class FoldedText:
    """What a customer wrote, folded once for all rules: `text` between two spaces, and its words."""

    text: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """Fold a customer's text once (case, accents, signs), for all rules that read it."""
        folded = fold(text)
        return cls(f" {folded} ", frozenset(folded.split()))

    def has_any(self, phrases: Iterable[str]) -> bool:
        """Whether one of the folded phrases stands in the text as whole words, in this order."""
        return any(phrase.partition(" ")[0] in self.words and f" {phrase} " in self.text for phrase in phrases)


@lru_cache(maxsize=4096)
def _folded(phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, phrases))


@dataclass(frozen=True, slots=True)
class Conditions:
    """All must hold; None or empty matches anything. `words`: any of them is in the text, as whole words without case
    or accents. `outside_hours`: the company is closed (False: open)."""

    session_id: SessionId | None = None
    words: tuple[str, ...] = ()
    outside_hours: bool | None = None

    def hold(self, session_id: SessionId, text: FoldedText, is_open: bool) -> bool:
        """Whether the rule fires. Conditions that are not set are met."""
        here = self.session_id in (None, session_id)
        now = self.outside_hours is None or self.outside_hours is not is_open
        return here and now and (not self.words or text.has_any(_folded(self.words)))


@dataclass(frozen=True, slots=True)
class Actions:
    """`department_id`: the round is routed there at once, on sessions with routing departments."""

    labels: tuple[str, ...] = ()
    priority: Priority | None = None
    department_id: DepartmentId | None = None


@dataclass(slots=True)
class Rule:
    """`place`: its turn among the company's rules, from 1."""

    id: RuleId
    tenant_id: TenantId
    place: int
    name: str
    conditions: Conditions
    actions: Actions
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Trim the name; raise Invalid for bad fields."""
        self.name, flaws = self.name.strip(), []
        if not 1 <= len(self.name) <= _NAME_LENGTH or not is_storable(self.name):
            flaws.append(Flaw("/name", f"must have 1 to {_NAME_LENGTH} characters, without NUL"))
        if len(self.conditions.words) > _MOST_WORDS:
            flaws.append(Flaw("/conditions/words", f"must be at most {_MOST_WORDS}"))
        for place, word in enumerate(self.conditions.words[:_MOST_WORDS]):
            if len(word) > _WORD_LENGTH or not fold(word) or not is_storable(word):
                reason = f"must have 1 to {_WORD_LENGTH} characters, a letter or digit among them"
                flaws.append(Flaw(f"/conditions/words/{place}", reason))
        if self.actions == Actions():
            flaws.append(Flaw("/actions", "must do something"))
        if flaws:
            raise Invalid(*flaws)
        checked(self.actions.labels, "actions/labels")

    def is_broken(self, departments: Iterable[DepartmentId]) -> bool:
        """Whether its department was deleted: it is skipped until it is changed."""
        return self.actions.department_id is not None and self.actions.department_id not in departments


@dataclass(frozen=True, slots=True)
class Decision:
    """The combined result of the matching rules. `reason` names them."""

    labels: tuple[str, ...] = ()
    priority: Priority | None = None
    department: Department | None = None
    reason: Reason | None = None


def decide(
    rules: Sequence[Rule],
    departments: Sequence[Department],
    session_id: SessionId,
    text: str,
    is_open: bool,
    *,
    routes: bool,
) -> Decision:
    """Combine the matching rules: all their labels, the first priority, the first department (only if `routes`)."""
    known = {department.id: department for department in departments}
    said = FoldedText.of(text)
    holding = [r for r in rules if not r.is_broken(known) and r.conditions.hold(session_id, said, is_open)]
    if not routes:
        holding = [r for r in holding if r.actions.labels or r.actions.priority is not None]
    if not holding:
        return Decision()
    labels = tuple(dict.fromkeys(label for rule in holding for label in rule.actions.labels))
    priority = next((r.actions.priority for r in holding if r.actions.priority is not None), None)
    router = next((r for r in holding if r.actions.department_id), None) if routes else None
    if router is None or router.actions.department_id is None:
        named = ", ".join(f"rule {r.name!r}" for r in holding)
        return Decision(labels, priority, None, because(RoutingCode.RULE, named, rules=[r.name for r in holding]))
    department = known[router.actions.department_id]
    sentence = f"rule {router.name!r}: to {department.name}"
    why = because(RoutingCode.RULE, sentence, rules=[router.name], department=department.name)
    return Decision(labels, priority, department, why)


def moved(rules: Sequence[Rule], rule: Rule, place: int) -> list[Rule]:
    """Move a rule and return all in their new order; `place` counts from 1, beyond the end is the end."""
    others = [other for other in rules if other.id != rule.id]
    return counted([*others[: place - 1], rule, *others[place - 1 :]])


def counted(rules: Sequence[Rule]) -> list[Rule]:
    """Set the rules' places by their order, from 1."""
    for number, rule in enumerate(rules, start=1):
        rule.place = number
    return list(rules)
