"""ListRules, CreateRule, UpdateRule, DeleteRule: what is done with rounds that nobody has yet."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.routing_rules import MOST_RULES, Actions, Conditions, Rule, counted, moved
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import DepartmentId, RuleId


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule, and whether it is skipped because its department was deleted."""

    rule: Rule
    is_broken: bool


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """None: leave it as it is (of a new one, `place`: the end)."""

    name: str | None = None
    conditions: Conditions | None = None
    actions: Actions | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class ListRules:
    """List a company's routing rules."""

    storage: Storage

    async def __call__(self, caller: Caller) -> list[RuleView]:
        """In their order."""
        caller.require(Action.MANAGE_RULES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            known = await _departments(uow)
            return [RuleView(rule, rule.is_broken(known)) for rule in await uow.rules.all()]

    async def one(self, caller: Caller, rule_id: RuleId) -> RuleView:
        """Return one rule. Raises NotFound."""
        found = next((shown for shown in await self(caller) if shown.rule.id == rule_id), None)
        if found is None:
            raise NotFound("rule", rule_id)
        return found


@dataclass(frozen=True, slots=True)
class CreateRule:
    """Add a routing rule."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self, caller: Caller, name: str, conditions: Conditions, actions: Actions, place: int | None = None
    ) -> RuleView:
        """Store and return the rule. Raises Invalid, Conflict (there are as many as there may be)."""
        caller.require(Action.MANAGE_RULES)
        now, id = self.clock(), RuleId(self.new_id())
        rule = Rule(id, caller.tenant_id, MOST_RULES, name.strip(), conditions, actions, now, now)
        async with self.storage.tenant(caller.tenant_id) as uow:
            rules = await _locked(uow)
            if len(rules) >= MOST_RULES:
                raise Conflict("too_many_rules", f"a company has at most {MOST_RULES} rules")
            await _require_known(uow, rule)
            await uow.rules.save(moved(rules, rule, place or len(rules) + 1))
            await uow.commit()
        return RuleView(rule, is_broken=False)


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """Change a routing rule, or its place among the others."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, rule_id: RuleId, changes: RuleChanges) -> RuleView:
        """Conditions and actions are replaced whole. Raises NotFound, Invalid."""
        caller.require(Action.MANAGE_RULES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            rules = await _locked(uow)
            rule = _named(rules, rule_id)
            rule.name = rule.name if changes.name is None else changes.name.strip()
            rule.conditions, rule.actions = changes.conditions or rule.conditions, changes.actions or rule.actions
            rule.updated_at = self.clock()
            rule.check()
            if changes.conditions or changes.actions:
                await _require_known(uow, rule)
            await uow.rules.save(moved(rules, rule, changes.place or rule.place))
            is_broken = rule.is_broken(await _departments(uow))
            await uow.commit()
        return RuleView(rule, is_broken)


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """Delete a routing rule."""

    storage: Storage

    async def __call__(self, caller: Caller, rule_id: RuleId) -> None:
        """Delete the rule. Raises NotFound."""
        caller.require(Action.MANAGE_RULES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            rules = await _locked(uow)
            gone = _named(rules, rule_id)
            await uow.rules.remove(rule_id)
            await uow.rules.save(counted([rule for rule in rules if rule is not gone]))
            await uow.commit()


async def _locked(uow: UnitOfWork) -> list[Rule]:
    """Nobody else changes the company's rules until the transaction ends."""
    await uow.tenants.own()
    return await uow.rules.all()


def _named(rules: list[Rule], rule_id: RuleId) -> Rule:
    found = next((rule for rule in rules if rule.id == rule_id), None)
    if found is None:
        raise NotFound("rule", rule_id)
    return found


async def _departments(uow: UnitOfWork) -> set[DepartmentId]:
    return {department.id for department in await uow.departments.all()}


async def _require_known(uow: UnitOfWork, rule: Rule) -> None:
    if rule.is_broken(await _departments(uow)):
        raise Invalid.field("actions/department_id", "there is no such department")
    session_id = rule.conditions.session_id
    if session_id and not await uow.sessions.peek([session_id]):
        raise Invalid.field("conditions/session_id", "there is no such session")
