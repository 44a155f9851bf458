"""ApplyRules: apply the company's automation rules to an unassigned round."""

from collections.abc import Sequence

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.conversations.routing_rules import Rule, decide
from whatsapp_hub.domain.sessions.session import Routing, Session


class ApplyRules:
    """Apply rules inside one transaction. They are loaded once, when first needed."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._rules: Sequence[Rule] | None = None
        self._departments: Sequence[Department] = ()

    async def __call__(self, session: Session, conversation: Conversation, text: str) -> Route | None:
        """Set labels and priority; return the route if a rule names a department, the last attendant there first."""
        if not conversation.is_unrouted or not (rules := await self._load()):
            return None
        changes, hours = self._changes, self._changes.uow.tenant.hours
        is_open = hours is None or hours.is_open(changes.now)
        routes = session.routing is Routing.DEPARTMENTS
        decision = decide(rules, self._departments, session.id, text, is_open, routes=routes)
        if decision.reason is None:
            return None
        conversation.ruled(decision.labels, decision.priority, decision.reason, changes.now)
        changes.conversation(conversation)
        if decision.department is None:
            return None
        is_back = conversation.last_department_id == decision.department.id
        prefer = conversation.last_attendant_id if is_back else None
        return Route(decision.department, decision.reason, prefer)

    async def _load(self) -> Sequence[Rule]:
        if self._rules is None:
            self._rules = await self._changes.uow.rules.all()
            if self._rules:
                self._departments = await self._changes.uow.departments.all()
        return self._rules
