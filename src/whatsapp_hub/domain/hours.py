"""When somebody is there: hours of the week, holidays, and time that only counts while it is open.

{"timezone": "America/Sao_Paulo", "week": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]]},
 "holidays": ["2026-12-25"]}
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from whatsapp_hub.domain.errors import Flaw, Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_HORIZON = timedelta(days=400)

Span = tuple[int, int]
"""Minutes of a local day, from and to."""


@dataclass(frozen=True, slots=True)
class Hours:
    """`week` has seven days, Monday first, each with its spans in order."""

    timezone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def read(cls, given: Mapping[str, object]) -> "Hours":
        """Raises Invalid with every bad field (`/hours/…`)."""
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

    def shown(self) -> dict[str, object]:
        """The inverse of `read`."""
        week = {
            day: [[_clock(start), _clock(end)] for start, end in spans]
            for day, spans in zip(DAYS, self.week, strict=True)
            if spans
        }
        return {"timezone": self.timezone, "week": week, "holidays": sorted(d.isoformat() for d in self.holidays)}

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._spans(at, at + timedelta(days=1)))

    def open_time(self, since: datetime, until: datetime) -> timedelta:
        """How much of that time it was open."""
        spans = self._spans(since, until)
        return sum((min(end, until) - max(start, since) for start, end in spans), timedelta())

    def after(self, at: datetime, how_long: timedelta) -> datetime:
        """When it will have been open for so long. Hours that never open count as always open."""
        left = how_long
        for start, end in self._spans(at, at + _HORIZON):
            begins = max(start, at)
            if end - begins >= left:
                return begins + left
            left -= end - begins
        return at + how_long

    def _spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that touch the time between, in order, in UTC."""
        zone = ZoneInfo(self.timezone)
        day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        while day <= last:
            for start, end in () if day in self.holidays else self.week[day.weekday()]:
                begins, ends = _moment(day, start, zone), _moment(day, end, zone)
                if ends > since and begins < until:
                    yield begins, ends
            day += timedelta(days=1)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, 24 * 60)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return local.astimezone(UTC)


def _clock(minutes: int) -> str:
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
    return tuple(_read_day(given.get(day, []), day, flaws) for day in DAYS)


def _read_day(given: object, day: str, flaws: list[Flaw]) -> tuple[Span, ...]:
    spans = [_read_span(span) for span in given] if isinstance(given, list) else [None]
    good = [span for span in spans if span is not None]
    in_order = all(earlier[1] <= later[0] for earlier, later in pairwise(good))
    if len(good) < len(spans) or not in_order:
        flaws.append(Flaw(f"/hours/week/{day}", 'must be a list of ["HH:MM", "HH:MM"], in order and apart'))
    return tuple(good)


def _read_span(given: object) -> Span | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    if not all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in given):
        return None
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in given)
    return (start, end) if start < end else None


def _read_holidays(given: object, flaws: list[Flaw]) -> frozenset[date]:
    try:
        if not isinstance(given, list):
            raise ValueError
        return frozenset(date.fromisoformat(day) for day in given)
    except (ValueError, TypeError):
        flaws.append(Flaw("/hours/holidays", "must be a list of dates like 2026-12-25"))
        return frozenset()
