"""Rate limiting of sends: the generic cell rate algorithm, pure; and the pace of a session that imitates a person.

A pace is one timestamp, `paced_until`: when the rate would be used up. A send is allowed from
`paced_until - (burst - 1) × interval` on, and moves it one interval further.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.messaging.capabilities import Rate


@dataclass(frozen=True, slots=True)
class HumanPace:
    """A person's writing pace. Typing a text takes its length at `characters_per_s` (0: no typing), `longest_typing_s`
    at most. A number linked `warm_days` ago or less sends `warm_first_day` messages on its first day, twice as many
    on each further one (0 days: no such limit). `strangers`: the rate of first contacts with people who never wrote."""

    characters_per_s: float = 0.0
    longest_typing_s: float = 5.0
    warm_days: int = 0
    warm_first_day: int = 50
    strangers: Rate | None = None

    def warm_rate(self, age: timedelta) -> Rate | None:
        """Return a young number's rate: a quarter of the day's messages at once, the others evenly over the day."""
        if age.days >= self.warm_days:
            return None
        today = self.warm_first_day * 2**age.days
        return Rate(86_400 / today, max(1, today // 4))


@dataclass(frozen=True, slots=True)
class Pacing:
    """The rates of a session and of each of its chats (None: no limit), and whether it imitates a person."""

    session: Rate | None
    chat: Rate | None
    human: HumanPace | None = None


def slot(rate: Rate, paced_until: datetime, now: datetime) -> datetime:
    """Return the earliest time for one more send."""
    if paced_until <= now:
        return now
    return max(now, paced_until - timedelta(seconds=rate.interval_s * (rate.burst - 1)))


def used(rate: Rate, paced_until: datetime, now: datetime) -> datetime:
    """Return the pace after one more send."""
    return max(paced_until, now) + timedelta(seconds=rate.interval_s)


@dataclass(frozen=True, slots=True)
class Paces:
    """A session's paces: of its own rate, a young number's, and that of first contacts."""

    session: datetime
    warm: datetime | None = None
    strangers: datetime | None = None


@dataclass(frozen=True, slots=True)
class LaneHead:
    """The message at a lane's head. `is_stranger`: the first message between the two; `is_typed`: its typing was
    shown; `age`: how long the number has been linked."""

    characters: int
    is_stranger: bool
    is_typed: bool
    age: timedelta


@dataclass(frozen=True, slots=True)
class Turn:
    """The decision on a due lane: send now (`at` None), or due again `at`; `slot_at` is the slot that it then holds.
    `types`: typing is shown meanwhile."""

    at: datetime | None = None
    slot_at: datetime | None = None
    lane_paced: datetime | None = None
    paces: Paces | None = None
    types: bool = False


def turn(
    pacing: Pacing,
    paces: Paces,
    lane_paced: datetime,
    slot_at: datetime | None,
    now: datetime,
    head: LaneHead | None = None,
    jitter: float = 0.5,
) -> Turn:
    """Decide on a due lane: wait for its chat's slot, then take one of the session's. A slot missed by more than an
    interval (no worker was running, the session was on hold) is lost: else all those missed would be sent in one
    burst. With a `head`, typing is shown before the send."""
    chat = pacing.chat
    if chat and (free := slot(chat, lane_paced, now)) > now:
        return Turn(at=free, slot_at=slot_at)
    if head and pacing.human and (until := _held_back(pacing.human, paces, head, now)):
        return Turn(at=until, slot_at=slot_at)
    lane = used(chat, lane_paced, now) if chat else None
    rates = _rates(pacing, head)
    longest_s = max((rate.interval_s for rate in rates.values()), default=0.0)
    if rates and not (slot_at and now - slot_at <= timedelta(seconds=longest_s)):
        ends = {name: getattr(paces, name) or now for name in rates}
        free = max(slot(rate, ends[name], now) for name, rate in rates.items())
        paces = replace(paces, **{name: used(rate, ends[name], now) for name, rate in rates.items()})
        if free > now:
            return Turn(at=free, slot_at=free, paces=paces)
    if head and pacing.human and not head.is_typed and (typing := typing_time(pacing.human, head.characters, jitter)):
        return Turn(at=now + typing, slot_at=now + typing, paces=paces, types=True)
    return Turn(lane_paced=lane, paces=paces)


def _held_back(human: HumanPace, paces: Paces, head: LaneHead, now: datetime) -> datetime | None:
    """Return until when a first contact waits since WhatsApp takes none; a rate of theirs has a burst of its own."""
    until = paces.strangers
    return until if head.is_stranger and human.strangers is None and until and until > now else None


def typing_time(human: HumanPace, characters: int, jitter: float) -> timedelta | None:
    """Return how long a person takes to type so much, give or take a third; None without typing."""
    if not human.characters_per_s:
        return None
    seconds = min(characters / human.characters_per_s, human.longest_typing_s)
    return timedelta(seconds=seconds * (0.7 + 0.6 * jitter))


def _rates(pacing: Pacing, head: LaneHead | None) -> dict[str, Rate]:
    """Return the rates that apply to this message, by the name of their pace."""
    rates: dict[str, Rate] = {}
    if pacing.session:
        rates["session"] = pacing.session
    if head and pacing.human:
        if warm := pacing.human.warm_rate(head.age):
            rates["warm"] = warm
        if head.is_stranger and pacing.human.strangers:
            rates["strangers"] = pacing.human.strangers
    return rates
