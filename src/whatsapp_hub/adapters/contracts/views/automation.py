"""Routing rules and quick replies in the form of contract F."""

from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.conversations import PRIORITY_NAMES, PriorityName
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.conversations.routing_rules import Rule


class QuickReplyView(View):
    """A canned text; `content` may hold placeholders like `{{customerName}}`."""

    id: UUID
    shortcut: str
    content: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, reply: QuickReply) -> "QuickReplyView":
        """Show a quick reply."""
        return cls(
            id=reply.id,
            shortcut=reply.shortcut,
            content=reply.content,
            created_at=time(reply.created_at),
            updated_at=time(reply.updated_at),
        )


class FilledReply(View):
    """A quick reply's text for one conversation."""

    content: str


class ConditionsView(View):
    """All must hold; null or empty matches anything. `words`: any of them is in the text."""

    session_id: UUID | None
    words: list[str]
    outside_hours: bool | None


class ActionsView(View):
    """What the rule does with an unassigned conversation."""

    labels: list[str]
    priority: PriorityName | None
    department_id: UUID | None


class RoutingRuleView(View):
    """A rule. `place` is its turn among the company's rules, from 1."""

    id: UUID
    place: int
    name: str
    conditions: ConditionsView
    actions: ActionsView
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: Rule) -> "RoutingRuleView":
        """Show a rule, its priority by name."""
        if_, then = rule.conditions, rule.actions
        priority = None if then.priority is None else PRIORITY_NAMES[then.priority]
        return cls(
            id=rule.id,
            place=rule.place,
            name=rule.name,
            conditions=ConditionsView(if_.session_id, list(if_.words), if_.outside_hours),
            actions=ActionsView(list(then.labels), priority, then.department_id),
            created_at=time(rule.created_at),
            updated_at=time(rule.updated_at),
        )


class ListedRule(RoutingRuleView):
    """A rule of the list; `isBroken`: its department was deleted, so it is skipped."""

    is_broken: bool
