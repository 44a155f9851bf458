"""RouteConversation: assign a conversation to a department's free agent, or queue it there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Candidate, Choice, choose, why_none_free
from whatsapp_hub.domain.conversations.conversation import Conversation, FlowState
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.ids import DepartmentId, UserId


class RouteConversation:
    """Route inside one transaction. The tenant's departments are locked before any load is read, so that two
    transactions never count the same load: all at once, in one order, since a batch routes to several and another
    batch may reach them in another order. (`only`: the one department to route to, locked already.) Loads are kept in
    memory for the conversations that follow. The chosen user is locked and read again: people leave, and are
    deactivated, without this lock."""

    def __init__(self, changes: Changes, only: DepartmentId | None = None) -> None:
        self._changes = changes
        self._has_locked = only is not None
        self._people_of: dict[DepartmentId | None, list[Candidate]] = {}
        self._locked: set[UserId] = set()

    async def __call__(self, conversation: Conversation, route: Route, answer_by: datetime | None) -> bool:
        """Assign or queue; True if it was assigned. `answer_by` as in `Conversation.assign`."""
        department, now = route.department, self._changes.now
        if await self._assign_best(conversation, route, answer_by):
            return True
        reason = Reason.of(route.reason).then(why_none_free(await self._people(department.id)))
        conversation.set_deadlines(department.terms, now)
        conversation.queue(department.id, now, department.timeout_from(now), reason)
        self._changes.conversation(conversation)
        return False

    async def to_free_agent(
        self, conversation: Conversation, department: Department, answer_by: datetime | None
    ) -> bool:
        """Assign to the department's best choice; False, and nothing changes, if no one is free."""
        return await self._assign_best(conversation, Route(department, ""), answer_by)

    async def _assign_best(self, conversation: Conversation, route: Route, answer_by: datetime | None) -> bool:
        department, labels = route.department, conversation.labels
        prefer = route.prefer if department.last_agent_first or route.is_asked else None
        wanted = labels if department.prefers_skills else ()
        choice = await self._choice(department.id, prefer, route.avoid, wanted)
        if choice is None:
            return False
        self.assign(conversation, choice, department, answer_by, route.reason)
        return True

    async def to_any_department(self, conversation: Conversation, departments: dict[DepartmentId, Department]) -> bool:
        """Assign an overdue one to any free user of any department; False, and nothing changes, if no one is free."""
        choice = await self._choice(None, None, conversation.assigned_user_id, conversation.labels)
        if choice is None or choice.user.department_id is None:
            return False
        department = departments[choice.user.department_id]
        deadline = answer_deadline(self._changes.now, conversation, department)
        self.assign(
            conversation,
            choice,
            department,
            deadline,
            because(RoutingCode.NOT_ANSWERED, "nobody answered in time"),
            FlowState.TIMEOUT_REDIRECT,
        )
        return True

    async def lock(self) -> None:
        """Lock all departments of the tenant."""
        if not self._has_locked:
            await self._changes.uow.departments.lock_all()
            self._has_locked = True

    def assign(
        self,
        conversation: Conversation,
        choice: Choice,
        department: Department,
        answer_by: datetime | None,
        why: str = "",
        state: FlowState = FlowState.ASSIGNED,
    ) -> None:
        """Assign to this user and notify them."""
        now, user = self._changes.now, choice.user
        reason = choice.reason.then(why) if why else choice.reason
        conversation.set_deadlines(department.terms, now)
        conversation.assign(user.id, department.id, now, reason, answer_by, state)
        self._changes.conversation(conversation)
        self._changes.notify(conversation, NotificationKind.ASSIGNED, user.id)
        user.last_assigned_at = now
        self._changes.user(user)
        self._count(user)

    async def _choice(
        self, department_id: DepartmentId | None, prefer: UserId | None, avoid: UserId | None, labels: Sequence[str]
    ) -> Choice | None:
        """Choose the best candidate of a department (None: of all departments), and lock the user."""
        people = await self._people(department_id)
        while choice := choose(people, self._changes.now, prefer, avoid, labels):
            if choice.user.id in self._locked:
                return choice
            await self._lock(choice.user.id, department_id, people)
        return None

    async def _people(self, department_id: DepartmentId | None) -> list[Candidate]:
        if department_id not in self._people_of:
            await self.lock()
            people = await self._changes.uow.users.candidates(department_id)
            self._people_of[department_id] = [c for c in people if c.user.department_id is not None]
        return self._people_of[department_id]

    async def _lock(self, user_id: UserId, department_id: DepartmentId | None, people: list[Candidate]) -> None:
        """Lock and read the user again, until the transaction ends; drop one who left the department."""
        user = await self._changes.uow.users.get(user_id)
        self._locked.add(user_id)
        place = next(n for n, candidate in enumerate(people) if candidate.user.id == user_id)
        if user.department_id is not None and department_id in (None, user.department_id):
            people[place] = replace(people[place], user=user)
        else:
            del people[place]

    def _count(self, user: User) -> None:
        for people in self._people_of.values():
            for place, candidate in enumerate(people):
                if candidate.user.id == user.id:
                    people[place] = replace(candidate, user=user, load=candidate.load + 1)


def answer_deadline(now: datetime, conversation: Conversation, department: Department) -> datetime | None:
    """Return by when a new assignee should answer; None unless the customer waits."""
    return now + department.timeout_from(now) if conversation.waiting_since else None
