"""UpdateCompany: what a company's administrators set for all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from whatsapp_hub.application.ports.edge.oidc import OidcOffer
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.tenant import Language, Tenant
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.menu.phrases import check_texts
from whatsapp_hub.domain.numbers.countries import country_of
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import LevelChanges
from whatsapp_hub.domain.text import is_storable

GREETING_LENGTH = 1024
_NOT_SET = "this hub has no OpenID provider (OIDC_ISSUER): nobody could sign in"
_NOT_FOR_IT = "the OpenID provider is not for this company's people (OIDC_COMPANIES): nobody could sign in"


@dataclass(frozen=True, slots=True)
class CompanyChanges:
    """None: leave it as it is. An empty greeting, and an empty text, bring ours back. Without hours it is always
    open; without a country the language's holds. `level`: what was given of the service level, null among it, which
    brings ours back; `retention`: what was given of it, null among it, which keeps as long as the hub does. `quotas`
    are the operator's to set (MANAGE_TENANTS)."""

    name: str | None = None
    language: Language | None = None
    greeting: str | None = None
    texts: Mapping[str, str] | None = None
    hours: Hours | Unchanged | None = UNCHANGED
    country: str | Unchanged | None = UNCHANGED
    level: LevelChanges = field(default_factory=LevelChanges)
    quotas: Mapping[Quota, int | None] = field(default_factory=dict)
    retention: Mapping[str, int | None] = field(default_factory=dict)
    resolve_reasons: Sequence[str] | None = None
    resolve_reason_required: bool | None = None
    second_factor_required: bool | None = None
    oidc_required: bool | None = None
    agent_name_before_texts: bool | None = None


@dataclass(frozen=True, slots=True)
class UpdateCompany:
    """Change a company's settings: texts, language, hours, service level, security."""

    storage: Storage
    oidc: OidcOffer

    async def check(self, caller: Caller, changes: CompanyChanges) -> None:
        """Raise Invalid for changes that cannot be made, before anything else is changed along with them."""
        async with self.storage.tenant(caller.tenant_id) as uow:
            _apply(await uow.tenants.own(), changes)

    async def __call__(self, caller: Caller, changes: CompanyChanges) -> Tenant:
        """Make the changes. Raises Invalid, Conflict (there is no OpenID provider that could be required)."""
        caller.require(Action.MANAGE_COMPANY)
        if changes.quotas:
            caller.require(Action.MANAGE_TENANTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            tenant = await uow.tenants.own()
            if changes.oidc_required and not self.oidc.admits(tenant.slug):
                raise Conflict("oidc_not_set", _NOT_FOR_IT if self.oidc.is_set else _NOT_SET)
            _apply(tenant, changes)
            await uow.tenants.save(tenant)
            await uow.commit()
        return tenant


def _apply(tenant: Tenant, changes: CompanyChanges) -> None:
    tenant.name = tenant.name if changes.name is None else changes.name.strip()
    tenant.language = changes.language or tenant.language
    if changes.greeting is not None:
        if len(changes.greeting) > GREETING_LENGTH or not is_storable(changes.greeting):
            raise Invalid.field("greeting_message", f"must have at most {GREETING_LENGTH} characters, without NUL")
        tenant.greeting = changes.greeting.strip() or None
    if changes.texts is not None:
        given = {name: text for name, text in changes.texts.items() if text.strip()}
        check_texts(given | dict.fromkeys(changes.texts.keys() - given.keys(), "-"))
        tenant.texts = {n: t for n, t in {**tenant.texts, **given}.items() if n not in changes.texts or n in given}
    if changes.hours is not UNCHANGED:
        tenant.hours = changes.hours
    if changes.country is not UNCHANGED:
        tenant.own_country = country_of(changes.country) if changes.country else None
    tenant.level = tenant.level.changed(changes.level)
    tenant.closing = tenant.closing.changed(changes.resolve_reasons, changes.resolve_reason_required)
    quotas = {**tenant.quotas, **changes.quotas}
    tenant.quotas = {quota: limit for quota, limit in quotas.items() if limit is not None}
    tenant.retention = replace(tenant.retention, **changes.retention)
    for switch in ("second_factor_required", "oidc_required", "agent_name_before_texts"):
        if (on := getattr(changes, switch)) is not None:
            setattr(tenant, switch, on)
    tenant.check()
