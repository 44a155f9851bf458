"""The tenant: the company that owns all other data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.accounts.quotas import USUAL as USUAL_QUOTAS
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.numbers.countries import COUNTRIES
from whatsapp_hub.domain.privacy.retention import FOR_EVER, Retention
from whatsapp_hub.domain.service.closing import NO_TERMS, ClosingTerms
from whatsapp_hub.domain.service.deadlines import ServiceTerms
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import NOTHING_SET, USUAL, ServiceLevel
from whatsapp_hub.domain.text import is_storable

_SLUG = re.compile(r"[a-z0-9_]{1,48}")


class Placement(StrEnum):
    """Where a tenant's rows are: in the shared schema, or in `client_{slug}`."""

    POOLED = "pooled"
    DEDICATED = "dedicated"


class Language(StrEnum):
    """Languages of the bot's texts and of reasons, as IETF tags."""

    PT_BR = "pt-BR"
    EN = "en"
    ES = "es"


_COUNTRY_OF = {Language.PT_BR: "BR"}
"""The country of a company that has not set its own, where the language has only one."""


@dataclass(slots=True)
class Tenant:
    """`texts` replace the bot's texts in the tenant's language, by the field names of `Phrases`. `own_country` is the
    company's setting (ISO 3166), None until it is set. `quotas`: those that an operator set. `oidc_required`: its users
    sign in by the OpenID provider only. `agent_name_before_texts`: customers see who wrote a text."""

    id: TenantId
    slug: str
    name: str
    created_at: datetime
    placement: Placement = Placement.POOLED
    language: Language = Language.PT_BR
    greeting: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    hours: Hours | None = None
    level: ServiceLevel = NOTHING_SET
    closing: ClosingTerms = NO_TERMS
    own_country: str | None = None
    removed_at: datetime | None = None
    quotas: Mapping[Quota, int] = field(default_factory=dict)
    retention: Retention = FOR_EVER
    second_factor_required: bool = False
    oidc_required: bool = False
    agent_name_before_texts: bool = False

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Trim the name; raise Invalid for bad fields."""
        self.name = self.name.strip()
        if not _SLUG.fullmatch(self.slug):
            raise Invalid.field("slug", "must match [a-z0-9_]{1,48}")
        if not 1 <= len(self.name) <= 128 or not is_storable(self.name):
            raise Invalid.field("name", "must have 1 to 128 characters, without NUL")
        if self.own_country is not None and self.own_country not in COUNTRIES:
            raise Invalid.field("country", "must be two letters of ISO 3166, as BR")
        if flaws := [*self.level.flaws(), *self.closing.flaws(), *self.retention.flaws()]:
            raise Invalid(*flaws)

    @property
    def country(self) -> str | None:
        """The country by whose rules phone numbers are parsed; None: they must be international."""
        return self.own_country or _COUNTRY_OF.get(self.language)

    def quota(self, quota: Quota) -> int:
        """Return the company's limit, the default where none is set."""
        return self.quotas.get(quota, USUAL_QUOTAS[quota])

    @property
    def is_removed(self) -> bool:
        """Whether it is being removed: no one has access any more."""
        return self.removed_at is not None

    @property
    def terms(self) -> ServiceTerms:
        """Service level and hours outside of any department."""
        return ServiceTerms(self.level.over(USUAL), self.hours)

    @property
    def schema(self) -> str:
        """The PostgreSQL schema that holds this tenant's contacts, conversations and messages."""
        return "pooled" if self.placement is Placement.POOLED else f"client_{self.slug}"
