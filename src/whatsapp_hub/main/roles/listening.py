"""Record to which sessions an API process's sockets and streams listen, where idle sessions are closed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from whatsapp_hub.application.ports.operations.idleness import Idleness, Listened
from whatsapp_hub.application.pulse import PULSE

SELDOMEST_S = 15.0
SOONEST_S = 0.25

log = logging.getLogger(__name__)


def every_s(idle: timedelta) -> float:
    """Return the interval of checks for a limit of this length."""
    return min(SELDOMEST_S, max(SOONEST_S, idle.total_seconds() / 4))


async def keep_listening(idleness: Idleness, idle: timedelta, *listened: Callable[[], Listened]) -> None:
    """Record until cancelled; retry an unreachable database at the next turn."""
    while True:
        PULSE.beat("listening")
        for now in (ask() for ask in listened):
            try:
                if now:
                    await idleness.heard(now)
            except Exception as error:
                log.warning("listening.not_noted", extra={"error": type(error).__name__})
        await asyncio.sleep(every_s(idle))
