"""Exports and erasures of customers in the form of the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.application.ports.operations.privacy import Erasure, Export


class ExportView(View):
    """A copy of a contact's data, to be downloaded from `file` until it expires."""

    id: UUID
    contact_id: UUID
    file: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, export: Export) -> "ExportView":
        """Show an export with the path of its file."""
        return cls(
            id=export.id,
            contact_id=export.contact_id,
            file=f"/api/exports/{export.id}/file",
            created_at=time(export.created_at),
            expires_at=time(export.expires_at),
        )


class ErasedView(View):
    """How many rows of a table were deleted, or blanked (`way`)."""

    table: str
    way: str
    rows: int


class ErasureView(View):
    """An erasure: who requested it, how far it is, and what it erased."""

    id: UUID
    contact_id: UUID
    state: Literal["running", "finished"]
    caller: str
    user_id: UUID | None
    begun_at: datetime
    finished_at: datetime | None
    erased: list[ErasedView]

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureView":
        """Show an erasure with the counts of what it erased."""
        return cls(
            id=erasure.id,
            contact_id=erasure.contact_id,
            state="finished" if erasure.finished_at else "running",
            caller=erasure.caller,
            user_id=erasure.user_id,
            begun_at=time(erasure.begun_at),
            finished_at=time(erasure.finished_at),
            erased=[ErasedView(one.table, one.way, one.rows) for one in erasure.listing],
        )
