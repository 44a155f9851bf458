"""`/api/departments`."""

from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.accounts import DepartmentView, UserView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import HoursSent, LevelPatch, given, hours_given
from whatsapp_hub.application.accounts.departments import (
    CreateDepartment,
    DeleteDepartment,
    DepartmentChanges,
    UpdateDepartment,
)
from whatsapp_hub.application.reading.queries import Queries, UserFilter
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import DepartmentId

TAGS = ["departments"]
READ = [allows(Action.READ_DEPARTMENTS)]


class DepartmentPatch(LevelPatch, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Changes of a department; what is left out stays, null clears where null is allowed."""

    name: str | None = None
    slug: str | None = None
    color: str | None = None
    is_root: bool | None = None
    response_timeout_minutes: int | None = None
    max_agents: int | None = None
    last_agent_first: bool | None = None
    prefers_skills: bool | None = None
    max_conversations: int | msgspec.UnsetType | None = msgspec.UNSET
    hours: HoursSent | msgspec.UnsetType | None = msgspec.UNSET

    def changes(self) -> DepartmentChanges:
        """Convert to the use case's form."""
        return DepartmentChanges(
            name=self.name,
            slug=self.slug,
            color=self.color,
            is_root=self.is_root,
            response_timeout_minutes=self.response_timeout_minutes,
            max_agents=self.max_agents,
            last_agent_first=self.last_agent_first,
            prefers_skills=self.prefers_skills,
            max_conversations=given(self.max_conversations),
            hours=hours_given(self.hours),
            level=self.level(),
        )


class DepartmentBody(DepartmentPatch, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A new department."""

    name: str
    slug: str


@get("/departments", guards=READ, tags=TAGS)
async def list_departments(
    caller: Asking, queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[DepartmentView]]:
    """In the menu's order."""
    found = await queries.departments(caller.tenant_id, limit, cursor)
    return page([DepartmentView.of(d) for d in found.items], found.next_cursor)


@get("/departments/{id:uuid}", guards=READ, tags=TAGS)
async def get_department(caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries]) -> DepartmentView:
    """One department."""
    return DepartmentView.of(await queries.department(caller.tenant_id, DepartmentId(id)))


@get("/departments/{id:uuid}/agents", guards=[*READ, allows(Action.READ_USERS)], tags=TAGS)
async def list_agents(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[UserView]]:
    """List the department's users, by name."""
    department = await queries.department(caller.tenant_id, DepartmentId(id))
    found = await queries.users(caller.tenant_id, UserFilter(department_id=department.id), limit, cursor)
    return page([UserView.of(user) for user in found.items], found.next_cursor)


@get("/departments/{id:uuid}/queue", guards=[*READ, allows(Action.READ_CONVERSATIONS)], tags=TAGS)
async def list_queue(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[ConversationView]]:
    """Conversations that wait for somebody free, the longest waiting first."""
    sight = await sight_for(caller, queries)
    found = await queries.queue(caller.tenant_id, sight, DepartmentId(id), limit, cursor)
    beside = await queries.glances(caller.tenant_id, [c.id for c in found.items])
    return page([ConversationView.of(c, beside[c.id]) for c in found.items], found.next_cursor)


@post("/departments", tags=TAGS)
async def create_department(
    caller: Asking, data: JSONBody[DepartmentBody], create_department: FromDishka[CreateDepartment]
) -> DepartmentView:
    """Create a department (ADMIN)."""
    return DepartmentView.of(await create_department(caller, data.name, data.slug, data.changes()))


@patch("/departments/{id:uuid}", tags=TAGS)
async def update_department(
    caller: Asking, id: FromPath[UUID], data: JSONBody[DepartmentPatch], update_department: FromDishka[UpdateDepartment]
) -> DepartmentView:
    """Change a department (ADMIN). What is not given stays; null clears `hours` and `maxConversations`, and leaves
    `firstResponseTargetMinutes`, `resolutionTargetMinutes`, `targetWarningPercent` and `asksRating` to the company. A
    target of 0 is none, whatever the company's. Targets count the minutes in which the department is open."""
    return DepartmentView.of(await update_department(caller, DepartmentId(id), data.changes()))


@delete("/departments/{id:uuid}", tags=TAGS)
async def delete_department(
    caller: Asking, id: FromPath[UUID], delete_department: FromDishka[DeleteDepartment]
) -> None:
    """Remove a department without users and live conversations (ADMIN)."""
    await delete_department(caller, DepartmentId(id))


HANDLERS = [
    list_departments,
    get_department,
    list_agents,
    list_queue,
    create_department,
    update_department,
    delete_department,
]
