"""Slots of a rate: the generic cell rate algorithm, pure.

A pace is one timestamp, `paced_until`: when the rate would be used up. A send is allowed from
`paced_until - (burst - 1) × interval` on, and moves it one interval further.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.domain.capabilities import Rate


def slot(rate: Rate, paced_until: datetime, now: datetime) -> datetime:
    """The earliest time for one more send."""
    if paced_until <= now:
        return now
    return max(now, paced_until - timedelta(seconds=rate.interval_s * (rate.burst - 1)))


def used(rate: Rate, paced_until: datetime, now: datetime) -> datetime:
    """The pace after one more send was given its slot."""
    return max(paced_until, now) + timedelta(seconds=rate.interval_s)


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of a due lane: sent now (`at` None), or due again `at`; `slot_at` is the slot it holds then."""

    at: datetime | None = None
    slot_at: datetime | None = None
    lane_paced: datetime | None = None
    session_paced: datetime | None = None


def turn(
    session: Rate | None,
    chat: Rate | None,
    session_paced: datetime,
    lane_paced: datetime,
    slot_at: datetime | None,
    now: datetime,
) -> Turn:
    """A lane waits for its chat's slot first, then takes one of the session's; one send time each. A slot that was
    missed by more than an interval (nobody was there, the session was on hold) is lost: else those missed would be
    sent in one burst."""
    if chat and (free := slot(chat, lane_paced, now)) > now:
        return Turn(at=free, slot_at=slot_at)
    lane = used(chat, lane_paced, now) if chat else None
    if session is None or (slot_at and now - slot_at <= timedelta(seconds=session.interval_s)):
        return Turn(lane_paced=lane)
    paced = used(session, session_paced, now)
    if (free := slot(session, session_paced, now)) > now:
        return Turn(at=free, slot_at=free, session_paced=paced)
    return Turn(lane_paced=lane, session_paced=paced)
