"""`/api/users`."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import given
from whatsapp_hub.application.accounts.users import NewUser, RegisterUser, UpdateUser, UserChanges
from whatsapp_hub.application.presence.set_presence import SetPresence
from whatsapp_hub.application.reading.queries import Queries, UserFilter
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.ids import DepartmentId, TenantId, UserId

TAGS = ["users"]


class UserBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A new user."""

    email: str
    password: str
    name: str
    role: Role
    department_id: UUID | None = None
    company_id: UUID | None = None
    max_conversations: int | None = None


class UserPatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Changes of a user; what is left out stays, `departmentId: null` takes the user out of a department."""

    name: str | None = None
    role: Role | None = None
    is_active: bool | None = None
    skills: list[str] | None = None
    department_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    max_conversations: int | msgspec.UnsetType | None = msgspec.UNSET

    def changes(self) -> UserChanges:
        """Convert to the use case's form, with null and left out kept apart."""
        department: DepartmentId | Unchanged | None = None
        if self.department_id is msgspec.UNSET:
            department = UNCHANGED
        elif self.department_id is not None:
            department = DepartmentId(self.department_id)
        return UserChanges(
            name=self.name,
            role=self.role,
            is_active=self.is_active,
            department_id=department,
            max_conversations=given(self.max_conversations),
            skills=self.skills,
        )


class StatusBody(msgspec.Struct, forbid_unknown_fields=True):
    """The user's own presence."""

    status: OnlineStatus


@get("/users", guards=[allows(Action.READ_USERS)], tags=TAGS)
async def list_users(
    caller: Asking,
    queries: FromDishka[Queries],
    role: FromQuery[Role | None] = None,
    status: FromQuery[Literal["active", "inactive"] | None] = None,
    online_status: Annotated[OnlineStatus | None, QueryParameter(name="onlineStatus")] = None,
    department_id: Annotated[UUID | None, QueryParameter(name="departmentId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[UserView]]:
    """List the company's users, by name."""
    active = None if status is None else status == "active"
    department = DepartmentId(department_id) if department_id else None
    wanted = UserFilter(role, active, online_status, department)
    found = await queries.users(caller.tenant_id, wanted, limit, cursor)
    return page([UserView.of(user) for user in found.items], found.next_cursor)


@get("/users/{id:uuid}", guards=[allows(Action.READ_USERS)], tags=TAGS)
async def get_user(caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries]) -> UserView:
    """Show a user of the company."""
    return UserView.of(await queries.user(caller.tenant_id, UserId(id)))


@post("/users", tags=TAGS)
async def create_user(caller: Asking, data: JSONBody[UserBody], register_user: FromDishka[RegisterUser]) -> UserView:
    """Create a user (ADMIN)."""
    new = NewUser(
        email=data.email,
        password=data.password,
        name=data.name,
        role=data.role,
        department_id=DepartmentId(data.department_id) if data.department_id else None,
        tenant_id=TenantId(data.company_id) if data.company_id else None,
        max_conversations=data.max_conversations,
    )
    return UserView.of(await register_user(caller, new))


@patch("/users/{id:uuid}", tags=TAGS)
async def update_user(
    caller: Asking, id: FromPath[UUID], data: JSONBody[UserPatch], update_user: FromDishka[UpdateUser]
) -> UserView:
    """Change a user (ADMIN). What is not given stays; null clears `departmentId` and `maxConversations`."""
    return UserView.of(await update_user(caller, UserId(id), data.changes()))


@patch("/users/me/status", tags=TAGS)
async def set_status(caller: Asking, data: JSONBody[StatusBody], set_presence: FromDishka[SetPresence]) -> UserView:
    """One's own presence; ONLINE takes from the queue."""
    return UserView.of(await set_presence(caller, data.status))


HANDLERS = [list_users, get_user, create_user, update_user, set_status]
