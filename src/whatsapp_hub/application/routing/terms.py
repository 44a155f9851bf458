"""What targets go by, and whether customers are asked for a rating: a department's settings, else the company's."""

from whatsapp_hub.application.ports.storage import UnitOfWork
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import DepartmentId
from whatsapp_hub.domain.targets import Terms


async def terms_of(uow: UnitOfWork, department_id: DepartmentId | None) -> Terms:
    """A department that is gone counts as none."""
    if department_id is None:
        return uow.tenant.terms
    try:
        return (await uow.departments.get(department_id)).terms
    except NotFound:
        return uow.tenant.terms
