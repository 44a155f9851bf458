"""How long a customer of no department may wait for people."""

from datetime import timedelta

from tests.unit.domain.build import NOW, TENANT, department
from whatsapp_hub.application.routing.service_terms import usual_patience
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.service.hours import DAYS, Hours

SALES, ROOT = department(1, "Vendas"), department(2, "Recepção", is_root=True, response_timeout_minutes=7)


def company(hours: Hours | None = None) -> Tenant:
    return Tenant(TENANT, "c", "C", NOW, hours=hours)


def test_it_is_the_root_departments_time_else_five_minutes() -> None:
    assert usual_patience(company(), [SALES, ROOT], NOW) == timedelta(minutes=7)
    assert usual_patience(company(), [SALES], NOW) == timedelta(minutes=5)
    assert usual_patience(company(), [], NOW) == timedelta(minutes=5)


def test_it_counts_while_the_company_is_open() -> None:
    day = NOW.replace(hour=12, minute=0, second=0, microsecond=0)
    night = Hours.read({"timezone": "UTC", "week": {name: [["22:00", "06:00"]] for name in DAYS}})
    assert usual_patience(company(night), [SALES], day) == timedelta(hours=10, minutes=5)
    assert usual_patience(company(night), [SALES], day + timedelta(hours=11)) == timedelta(minutes=5)
