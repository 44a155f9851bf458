"""Exports and erasures of customers in the form of the API."""

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.application.ports.operations.privacy import Erasure, Export


def export(export: Export) -> Shown:
    return {
        "id": str(export.id),
        "contactId": str(export.contact_id),
        "file": f"/api/exports/{export.id}/file",
        "createdAt": time(export.created_at),
        "expiresAt": time(export.expires_at),
    }


def erasure(erasure: Erasure) -> Shown:
    return {
        "id": str(erasure.id),
        "contactId": str(erasure.contact_id),
        "state": "finished" if erasure.finished_at else "running",
        "caller": erasure.caller,
        "userId": str(erasure.user_id) if erasure.user_id else None,
        "begunAt": time(erasure.begun_at),
        "finishedAt": time(erasure.finished_at),
        "erased": [{"table": one.table, "way": one.way, "rows": one.rows} for one in erasure.listing],
    }
