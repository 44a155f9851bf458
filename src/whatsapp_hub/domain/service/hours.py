"""Opening hours: hours of the week, holidays, and arithmetic with open time.

{"timezone": "America/Sao_Paulo", "holidays": ["2026-12-25"],
 "week": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]], "fri": [["22:00", "06:00"]]}}

A span that ends at or before its start ends on the next day. It belongs to the day on which it starts: a holiday has
none of its own, and that of the evening before still ends in its morning. Spans follow local wall-clock time: an hour
that summer time skips does not exist, and a repeated one counts twice.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import TypedDict
from zoneinfo import ZoneInfo

from whatsapp_hub.domain.errors import Flaw, Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_HORIZON = timedelta(days=400)
MOST_SPANS, MOST_HOLIDAYS = 12, 500
"""A day's, and all: each customer's message is held against them."""

_DAY = 24 * 60

Span = tuple[int, int]
"""Start and end in minutes after local midnight; the end exceeds a day where it is on the next day."""

Interval = tuple[datetime, datetime]


class ShownHours(TypedDict):
    """Opening hours in JSON, as stored and shown; days without hours are left out, holidays sorted."""

    timezone: str
    week: dict[str, list[list[str]]]
    holidays: list[str]


@dataclass(frozen=True, slots=True)
class Hours:
    """`week` has seven days, Monday first, each with its spans in order."""

    timezone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def read(cls, given: Mapping[str, object]) -> "Hours":
        """Parse hours. Raises Invalid with every bad field (`/hours/…`)."""
        unknown = sorted(given.keys() - {"timezone", "week", "holidays"})
        flaws = [Flaw(f"/hours/{name}", "is not known") for name in unknown]
        zone = given.get("timezone", "America/Sao_Paulo")
        if not _is_zone(zone):
            flaws.append(Flaw("/hours/timezone", "is no time zone of the IANA database"))
        week = _read_week(given.get("week"), flaws)
        holidays = _read_holidays(given.get("holidays", []), flaws)
        if flaws:
            raise Invalid(*flaws)
        return cls(str(zone), week, holidays)

    @classmethod
    def given(cls, hours: Mapping[str, object]) -> "Hours":
        """Parse hours that somebody sets. Raises Invalid, also where there are more of them than a company has."""
        read = cls.read(hours)
        flaws = [
            Flaw(f"/hours/week/{day}", f"must be at most {MOST_SPANS}")
            for day, spans in zip(DAYS, read.week, strict=True)
            if len(spans) > MOST_SPANS
        ]
        if len(read.holidays) > MOST_HOLIDAYS:
            flaws.append(Flaw("/hours/holidays", f"must be at most {MOST_HOLIDAYS}"))
        if flaws:
            raise Invalid(*flaws)
        return read

    def shown(self) -> ShownHours:
        """Encode them as `read` takes them."""
        week = {
            day: [[_clock(start), _clock(end)] for start, end in spans]
            for day, spans in zip(DAYS, self.week, strict=True)
            if spans
        }
        return {"timezone": self.timezone, "week": week, "holidays": sorted(d.isoformat() for d in self.holidays)}

    def is_open(self, at: datetime) -> bool:
        """Whether `at` (aware) lies in opening hours, holidays considered. The first minute counts, the last does
        not."""
        return any(start <= at < end for start, end in self._spans(at, at + timedelta(minutes=1)))

    def open_time(self, since: datetime, until: datetime) -> timedelta:
        """Return how much of that time is open."""
        spans = self._spans(since, until)
        return sum((min(end, until) - max(start, since) for start, end in spans), timedelta())

    def open_times(self, periods: Sequence[Interval]) -> list[timedelta]:
        """Return the open time of each period. The calendar is gone through once, however many there are."""
        if not periods:
            return []
        spans = list(self._spans(min(since for since, _ in periods), max(until for _, until in periods)))
        starts = [start for start, _ in spans]
        before = list(accumulate((end - start for start, end in spans), initial=timedelta()))

        def passed(at: datetime) -> timedelta:
            count = bisect_right(starts, at)
            return before[count] - max(spans[count - 1][1] - at, timedelta()) if count else timedelta()

        return [max(passed(until) - passed(since), timedelta()) for since, until in periods]

    def after(self, at: datetime, how_long: timedelta) -> datetime:
        """Return when so much open time will have passed. Hours that never open count as always open."""
        left = how_long
        for start, end in self._spans(at, at + _HORIZON):
            begins = max(start, at)
            if end - begins >= left:
                return begins + left
            left -= end - begins
        return at + how_long

    def _spans(self, since: datetime, until: datetime) -> Iterator[Interval]:
        """Yield the open intervals that overlap the time between, in order, in UTC."""
        zone = ZoneInfo(self.timezone)
        first, last = since.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
        waiting: list[Interval] = []
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            begun = _earliest(day, zone)
            yield from (span for span in waiting if span[0] < begun)
            spans = () if day in self.holidays else self.week[day.weekday()]
            opened = (interval for span in spans for interval in _intervals(day, span, zone))
            touching = [(start, end) for start, end in opened if end > since and start < until]
            waiting = sorted([span for span in waiting if span[0] >= begun] + touching)
        yield from waiting


def _intervals(day: date, span: Span, zone: ZoneInfo) -> Iterator[Interval]:
    """Yield when local time is within the span: two intervals if the clock is put back or forward meanwhile."""
    midnight = datetime.combine(day, time())
    start, end = (midnight + timedelta(minutes=minutes) for minutes in span)
    before, after = _offset(start, zone, fold=0), _offset(end, zone, fold=1)
    if before == after == _offset(start, zone, fold=1) == _offset(end, zone, fold=0):
        yield _utc(start, before), _utc(end, before)
        return
    change = _change(_earliest(day, zone) - timedelta(days=1), _utc(end, after) + timedelta(days=1), zone)
    earlier = _utc(start, before), min(_utc(end, before), change)
    later = max(_utc(start, after), change), _utc(end, after)
    yield from (interval for interval in (earlier, later) if interval[0] < interval[1])


def _change(since: datetime, until: datetime, zone: ZoneInfo) -> datetime:
    """Find the moment between, to the second, at which the zone's offset changes (once)."""
    offset = since.astimezone(zone).utcoffset()
    while until - since > timedelta(seconds=1):
        middle = since + (until - since) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == offset:
            since = middle
        else:
            until = middle
    return until


def _earliest(day: date, zone: ZoneInfo) -> datetime:
    """Return the earliest moment that may belong to that local day."""
    midnight = datetime.combine(day, time())
    return _utc(midnight, max(_offset(midnight, zone, fold=fold) for fold in (0, 1)))


def _offset(wall: datetime, zone: ZoneInfo, *, fold: int) -> timedelta:
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()


def _utc(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)


def _clock(minutes: int) -> str:
    minutes = minutes if minutes <= _DAY else minutes - _DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _is_zone(name: object) -> bool:
    if not isinstance(name, str) or not name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, a path that leaves the database, a folder
        return False
    return True


def _read_week(given: object, flaws: list[Flaw]) -> tuple[tuple[Span, ...], ...]:
    if not isinstance(given, Mapping):
        flaws.append(Flaw("/hours/week", "must be an object of days"))
        return ()
    flaws += [Flaw(f"/hours/week/{day}", f"must be one of {', '.join(DAYS)}") for day in given if day not in DAYS]
    week = tuple(_read_day(given.get(day, []), day, flaws) for day in DAYS)
    for day, yesterday, today in zip(DAYS, (week[-1], *week[:-1]), week, strict=True):
        if yesterday and today and yesterday[-1][1] - _DAY > today[0][0]:
            flaws.append(Flaw(f"/hours/week/{day}", "must begin after the night before has ended"))
    return week


def _read_day(given: object, day: str, flaws: list[Flaw]) -> tuple[Span, ...]:
    spans = [_read_span(span) for span in given] if isinstance(given, list) else [None]
    good = [span for span in spans if span is not None]
    in_order = all(earlier[1] <= later[0] for earlier, later in pairwise(good))
    if len(good) < len(spans) or not in_order:
        flaws.append(
            Flaw(
                f"/hours/week/{day}",
                'must be a list of ["HH:MM", "HH:MM"], in order and apart (an end before its start is on the next day)',
            )
        )
    return tuple(good)


def _read_span(given: object) -> Span | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    if not all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in given):
        return None
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in given)
    if start == end or start >= _DAY:
        return None
    return (start, end) if start < end else (start, end + _DAY)


def _read_holidays(given: object, flaws: list[Flaw]) -> frozenset[date]:
    try:
        if not isinstance(given, list):
            raise ValueError
        return frozenset(date.fromisoformat(day) for day in given)
    except (ValueError, TypeError):
        flaws.append(Flaw("/hours/holidays", "must be a list of dates like 2026-12-25"))
        return frozenset()
