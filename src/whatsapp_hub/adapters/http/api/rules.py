"""`/api/rules`: what is done by itself with conversations that nobody has yet (ADMIN)."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views import entities
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

    def meant(self) -> Conditions:
        session_id = SessionId(self.session_id) if self.session_id else None
        return Conditions(session_id, tuple(self.words), self.outside_hours)


class ActionsBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """At least one. `department_id`: the conversation goes straight there instead of the menu, on sessions with routing
    departments."""

    labels: list[str] = msgspec.field(default_factory=list)
    priority: Literal["LOW", "NORMAL", "HIGH", "URGENT"] | None = None
    department_id: UUID | None = None

    def meant(self) -> Actions:
        priority = None if self.priority is None else Priority[self.priority]
        return Actions(tuple(self.labels), priority, DepartmentId(self.department_id) if self.department_id else None)


class RuleBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    name: str
    actions: ActionsBody
    conditions: ConditionsBody = msgspec.field(default_factory=ConditionsBody)
    place: Place | None = None


class RulePatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    name: str | None = None
    actions: ActionsBody | None = None
    conditions: ConditionsBody | None = None
    place: Place | None = None

    def changes(self) -> RuleChanges:
        conditions = self.conditions.meant() if self.conditions else None
        return RuleChanges(self.name, conditions, self.actions.meant() if self.actions else None, self.place)


def _spelled(shown: RuleView) -> dict[str, object]:
    return {**entities.rule(shown.rule), "isBroken": shown.is_broken}


@get("/rules", tags=TAGS)
async def list_rules(caller: Asking, list_rules: FromDishka[ListRules]) -> list[dict[str, object]]:
    """The company's rules in their order. `isBroken`: its department was deleted, so the rule is skipped."""
    return [_spelled(shown) for shown in await list_rules(caller)]


@get("/rules/{id:uuid}", tags=TAGS)
async def get_rule(caller: Asking, id: FromPath[UUID], list_rules: FromDishka[ListRules]) -> dict[str, object]:
    """One of them."""
    return _spelled(await list_rules.one(caller, RuleId(id)))


@post("/rules", tags=TAGS)
async def create_rule(
    caller: Asking, data: JSONBody[RuleBody], create_rule: FromDishka[CreateRule]
) -> dict[str, object]:
    """A new one, at `place` (from 1; none: the end); at most 50. It is asked whenever a customer writes in a
    conversation that nobody has: labels add up, the first rule with a priority and the first with a department win."""
    made = await create_rule(caller, data.name, data.conditions.meant(), data.actions.meant(), data.place)
    return _spelled(made)


@patch("/rules/{id:uuid}", tags=TAGS)
async def update_rule(
    caller: Asking, id: FromPath[UUID], data: JSONBody[RulePatch], update_rule: FromDishka[UpdateRule]
) -> dict[str, object]:
    """Change it, or move it to another `place`. Conditions and actions are replaced whole."""
    return _spelled(await update_rule(caller, RuleId(id), data.changes()))


@delete("/rules/{id:uuid}", tags=TAGS)
async def delete_rule(caller: Asking, id: FromPath[UUID], delete_rule: FromDishka[DeleteRule]) -> None:
    """Remove it."""
    await delete_rule(caller, RuleId(id))


HANDLERS = [list_rules, get_rule, create_rule, update_rule, delete_rule]
