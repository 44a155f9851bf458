"""Service deadlines and the rating question: a department's settings, else the company's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import DepartmentId
from whatsapp_hub.domain.service.deadlines import ServiceTerms

USUAL_TIMEOUT = timedelta(minutes=5)
"""For customers of no department."""


async def terms_of(uow: UnitOfWork, department_id: DepartmentId | None) -> ServiceTerms:
    """Return the department's terms, else the company's; a deleted department counts as none."""
    if department_id is None:
        return uow.tenant.terms
    try:
        return (await uow.departments.get(department_id)).terms
    except NotFound:
        return uow.tenant.terms


def usual_patience(tenant: Tenant, departments: Sequence[Department], now: datetime) -> timedelta:
    """Return how long a customer of no department may wait from now on: the root department's time, else the usual
    one within the company's hours."""
    root = next((d for d in departments if d.is_root), None)
    if root:
        return root.timeout_from(now)
    return tenant.hours.after(now, USUAL_TIMEOUT) - now if tenant.hours else USUAL_TIMEOUT
