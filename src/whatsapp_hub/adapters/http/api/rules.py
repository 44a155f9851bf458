"""`/api/rules`: automation of unassigned conversations (ADMIN)."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.automation import ListedRule, RoutingRuleView
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.accounts.rules import CreateRule, DeleteRule, ListRules, RuleChanges, RuleView, UpdateRule
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.conversations.routing_rules import MOST_RULES, Actions, Conditions
from whatsapp_hub.domain.ids import DepartmentId, RuleId, SessionId

TAGS = ["rules"]
Place = Annotated[int, msgspec.Meta(ge=1, le=MOST_RULES)]


class ConditionsBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """All must hold. `words`: any of them, whole, without case or accents. `outside_hours`: the company is closed
    (false: open)."""

    session_id: UUID | None = None
    words: list[str] = msgspec.field(default_factory=list)
    outside_hours: bool | None = None

    def to_domain(self) -> Conditions:
        """Convert to the domain's form."""
        session_id = SessionId(self.session_id) if self.session_id else None
        return Conditions(session_id, tuple(self.words), self.outside_hours)


class ActionsBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """At least one. `department_id`: the conversation goes straight there instead of the menu, on sessions with routing
    departments."""

    labels: list[str] = msgspec.field(default_factory=list)
    priority: Literal["LOW", "NORMAL", "HIGH", "URGENT"] | None = None
    department_id: UUID | None = None

    def to_domain(self) -> Actions:
        """Convert to the domain's form. `priority` was checked by its type."""
        priority = None if self.priority is None else Priority[self.priority]
        return Actions(tuple(self.labels), priority, DepartmentId(self.department_id) if self.department_id else None)


class RuleBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A new rule; without `place` it comes last."""

    name: str
    actions: ActionsBody
    conditions: ConditionsBody = msgspec.field(default_factory=ConditionsBody)
    place: Place | None = None


class RulePatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Changes of a rule; conditions and actions are replaced whole."""

    name: str | None = None
    actions: ActionsBody | None = None
    conditions: ConditionsBody | None = None
    place: Place | None = None

    def changes(self) -> RuleChanges:
        """Convert to the use case's form."""
        conditions = self.conditions.to_domain() if self.conditions else None
        return RuleChanges(self.name, conditions, self.actions.to_domain() if self.actions else None, self.place)


def _encoded(shown: RuleView) -> ListedRule:
    return extended(ListedRule, RoutingRuleView.of(shown.rule), is_broken=shown.is_broken)


@get("/rules", tags=TAGS)
async def list_rules(caller: Asking, list_rules: FromDishka[ListRules]) -> list[ListedRule]:
    """List the company's rules in their order. `isBroken`: its department was deleted, so the rule is skipped."""
    return [_encoded(shown) for shown in await list_rules(caller)]


@get("/rules/{id:uuid}", tags=TAGS)
async def get_rule(caller: Asking, id: FromPath[UUID], list_rules: FromDishka[ListRules]) -> ListedRule:
    """Show a rule."""
    return _encoded(await list_rules.one(caller, RuleId(id)))


@post("/rules", tags=TAGS)
async def create_rule(caller: Asking, data: JSONBody[RuleBody], create_rule: FromDishka[CreateRule]) -> ListedRule:
    """Create a rule at `place` (from 1; none: the end); at most 50. Rules apply whenever a customer writes in an
    unassigned conversation: labels add up, the first rule with a priority and the first with a department win."""
    made = await create_rule(caller, data.name, data.conditions.to_domain(), data.actions.to_domain(), data.place)
    return _encoded(made)


@patch("/rules/{id:uuid}", tags=TAGS)
async def update_rule(
    caller: Asking, id: FromPath[UUID], data: JSONBody[RulePatch], update_rule: FromDishka[UpdateRule]
) -> ListedRule:
    """Change a rule, or move it to another `place`. Conditions and actions are replaced whole."""
    return _encoded(await update_rule(caller, RuleId(id), data.changes()))


@delete("/rules/{id:uuid}", tags=TAGS)
async def delete_rule(caller: Asking, id: FromPath[UUID], delete_rule: FromDishka[DeleteRule]) -> None:
    """Delete a rule."""
    await delete_rule(caller, RuleId(id))


HANDLERS = [list_rules, get_rule, create_rule, update_rule, delete_rule]
