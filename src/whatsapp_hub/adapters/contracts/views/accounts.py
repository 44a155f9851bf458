"""Users, departments and companies in the form of contract F. Password hashes are never shown."""

from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.contracts.wire import retention_shown
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.tenant import Language, Placement, Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import USUAL

Span = tuple[str, str]
"""Two times of day, `HH:MM`; an end before its start is on the next day."""


class UserView(View):
    """A user of the company."""

    id: UUID
    company_id: UUID
    email: str
    name: str
    role: Role
    online_status: OnlineStatus
    is_active: bool
    department_id: UUID | None
    max_conversations: int | None
    skills: list[str]
    last_heartbeat: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        """Show a user."""
        return cls(
            id=user.id,
            company_id=user.tenant_id,
            email=user.email,
            name=user.name,
            role=user.role,
            online_status=user.online_status,
            is_active=user.is_active,
            department_id=user.department_id,
            max_conversations=user.max_conversations,
            skills=list(user.skills),
            last_heartbeat=time(user.last_heartbeat),
            created_at=time(user.created_at),
        )


class WeekView(View):
    """The open spans of each day; days without any are absent."""

    mon: list[Span] | msgspec.UnsetType = msgspec.UNSET
    tue: list[Span] | msgspec.UnsetType = msgspec.UNSET
    wed: list[Span] | msgspec.UnsetType = msgspec.UNSET
    thu: list[Span] | msgspec.UnsetType = msgspec.UNSET
    fri: list[Span] | msgspec.UnsetType = msgspec.UNSET
    sat: list[Span] | msgspec.UnsetType = msgspec.UNSET
    sun: list[Span] | msgspec.UnsetType = msgspec.UNSET


class HoursView(View):
    """Opening hours. `timezone` is of the IANA database; holidays have no hours of their own."""

    timezone: str
    week: WeekView
    holidays: list[str]

    @classmethod
    def of(cls, hours: Hours) -> "HoursView":
        """Show opening hours."""
        return msgspec.convert(hours.shown(), cls)


class DepartmentView(View):
    """A department. `hours` null: the company's; a target, warning or rating of null: the company's."""

    id: UUID
    company_id: UUID
    name: str
    slug: str
    color: str
    is_root: bool
    response_timeout_minutes: int
    max_agents: int
    max_conversations: int | None
    last_agent_first: bool
    prefers_skills: bool
    hours: HoursView | None
    first_response_target_minutes: int | None
    resolution_target_minutes: int | None
    target_warning_percent: int | None
    asks_rating: bool | None
    resolve_quiet_after_hours: int | None
    created_at: datetime

    @classmethod
    def of(cls, department: Department) -> "DepartmentView":
        """Show a department with its own hours and level, not the company's."""
        level = department.level
        return cls(
            id=department.id,
            company_id=department.tenant_id,
            name=department.name,
            slug=department.slug,
            color=department.color,
            is_root=department.is_root,
            response_timeout_minutes=department.response_timeout_minutes,
            max_agents=department.max_agents,
            max_conversations=department.max_conversations,
            last_agent_first=department.last_agent_first,
            prefers_skills=department.prefers_skills,
            hours=HoursView.of(department.hours) if department.hours else None,
            first_response_target_minutes=level.first_response_target_minutes,
            resolution_target_minutes=level.resolution_target_minutes,
            target_warning_percent=level.target_warning_percent,
            asks_rating=level.asks_rating,
            resolve_quiet_after_hours=level.resolve_quiet_after_hours,
            created_at=time(department.created_at),
        )


class CompanyView(View):
    """What every user may know of the company. `timezone` is that of its hours, null where it has none;
    `resolveReasons`: for which conversations are resolved; `agentNameBeforeTexts`: a person's name stands before each
    text to a customer."""

    id: UUID
    name: str
    language: Language
    country: str | None
    timezone: str | None
    resolve_reasons: list[str]
    resolve_reason_required: bool
    agent_name_before_texts: bool

    @classmethod
    def of(cls, tenant: Tenant) -> "CompanyView":
        """Show what every user may see of the company."""
        return cls(
            id=tenant.id,
            name=tenant.name,
            language=tenant.language,
            country=tenant.country,
            timezone=tenant.hours.timezone if tenant.hours else None,
            resolve_reasons=list(tenant.closing.resolve_reasons),
            resolve_reason_required=tenant.closing.resolve_reason_required,
            agent_name_before_texts=tenant.agent_name_before_texts,
        )


class QuotasView(View):
    """The most that the company may have of each."""

    users: int
    departments: int
    quick_replies: int
    api_keys: int
    sessions: int
    webhooks: int
    campaigns: int
    campaign_recipients: int
    media_megabytes: int


class RetentionView(View):
    """For how many days customers' data is kept; null: as long as the hub keeps it."""

    conversations_days: int | None
    messages_days: int | None
    media_days: int | None
    events_days: int | None
    audit_days: int | None
    updates_days: int | None


class TenantView(View):
    """A company with its settings. `texts` replace the bot's texts in its language."""

    id: UUID
    slug: str
    name: str
    placement: Placement
    language: Language
    country: str | None
    greeting_message: str | None
    texts: dict[str, str]
    hours: HoursView | None
    first_response_target_minutes: int | None
    resolution_target_minutes: int | None
    target_warning_percent: int | None
    asks_rating: bool | None
    resolve_quiet_after_hours: int | None
    resolve_reasons: list[str]
    resolve_reason_required: bool
    agent_name_before_texts: bool
    quotas: QuotasView
    retention: RetentionView
    second_factor_required: bool
    oidc_required: bool
    created_at: datetime

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantView":
        """Show a company as MASTER and its administrators see it; defaults of the service level are filled in."""
        level = tenant.level.over(USUAL)
        return cls(
            id=tenant.id,
            slug=tenant.slug,
            name=tenant.name,
            placement=tenant.placement,
            language=tenant.language,
            country=tenant.country,
            greeting_message=tenant.greeting,
            texts=dict(tenant.texts),
            hours=HoursView.of(tenant.hours) if tenant.hours else None,
            first_response_target_minutes=level.first_response_target_minutes,
            resolution_target_minutes=level.resolution_target_minutes,
            target_warning_percent=level.target_warning_percent,
            asks_rating=level.asks_rating,
            resolve_quiet_after_hours=level.resolve_quiet_after_hours,
            resolve_reasons=list(tenant.closing.resolve_reasons),
            resolve_reason_required=tenant.closing.resolve_reason_required,
            agent_name_before_texts=tenant.agent_name_before_texts,
            quotas=msgspec.convert({quota.value: tenant.quota(quota) for quota in Quota}, QuotasView),
            retention=msgspec.convert(retention_shown(tenant.retention), RetentionView),
            second_factor_required=tenant.second_factor_required,
            oidc_required=tenant.oidc_required,
            created_at=time(tenant.created_at),
        )


class OwnUser(UserView):
    """The signed-in user: their company (of a MASTER, the one chosen), what they `may` do there (named as API keys'
    scopes are), the hub's version, and whether the second factor is on."""

    company: CompanyView
    may: list[str]
    version: str
    second_factor: bool


class OwnCompany(TenantView):
    """The caller's company. Its access token is never shown."""

    phone_number_id: str | None
