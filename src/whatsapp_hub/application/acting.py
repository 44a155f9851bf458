"""The current task's actor, for the audit that the database keeps of every change.

It travels with the task as a request's id does: set where a caller is known (a request, a socket's event), read where
a transaction begins. What the hub does by itself has no actor, and is in the event log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller


@dataclass(frozen=True, slots=True)
class Actor:
    """`doing` is the request (`PATCH /api/users/{id}`), `address` where it came from."""

    caller: Caller
    doing: str
    address: str | None = None


ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Set the actor for the duration of the context; None: what the hub does by itself."""
    token = ACTOR.set(actor)
    try:
        yield
    finally:
        ACTOR.reset(token)
