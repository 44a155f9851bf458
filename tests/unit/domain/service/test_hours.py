"""Business hours and holidays: when it is open, and time that counts only then."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, department
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.service.hours import DAYS, Hours

SHOP = {
    "timezone": "America/Sao_Paulo",
    "week": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in DAYS[:5]},
    "holidays": ["2026-12-25"],
}
shop = Hours.read(SHOP)


def brt(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    """São Paulo's wall clock (UTC-3 all year since 2019) in 2026; 2 March is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=3)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (brt(2, 9), True), (brt(2, 8, 59), False), (brt(2, 11, 59), True), (brt(2, 12), False), (brt(2, 13), True),
        (brt(2, 18), False), (brt(7, 10), False), (brt(25, 10, month=12), False), (brt(24, 10, month=12), True),
    ],
)  # fmt: skip
def test_it_is_open_in_its_spans_and_not_on_holidays(at: datetime, is_open: bool) -> None:
    assert shop.is_open(at) is is_open


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"week": {"tue": [[f"{n:02}:00", f"{n:02}:30"] for n in range(13)]}}, "/hours/week/tue"),
        ({"week": {}, "holidays": [f"{year}-12-25" for year in range(1500, 2001)]}, "/hours/holidays"),
    ],
)
def test_there_are_no_more_than_a_company_has(hours: dict[str, object], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        Hours.given(hours)
    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
    assert Hours.read(hours), "what was stored before goes on"


moments = st.integers(-500 * 24 * 60, 500 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(moments, st.timedeltas(timedelta(), timedelta(days=9))), min_size=1, max_size=4),
    st.sampled_from(["America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe"]),
)
def test_many_periods_at_once_are_as_each_by_itself(begun: list[tuple[datetime, timedelta]], zone: str) -> None:
    hours = Hours.read({**SHOP, "timezone": zone, "week": {day: [["22:00", "06:00"]] for day in DAYS}})
    periods = [(at, at + lasts) for at, lasts in begun]
    assert hours.open_times(periods) == [hours.open_time(*period) for period in periods]


def test_ten_thousand_periods_cost_one_look_at_the_calendar() -> None:
    busy = Hours.given({**SHOP, "week": {day: [[f"{n:02}:00", f"{n:02}:59"] for n in range(12)] for day in DAYS}})
    began = time.process_time()
    busy.open_times([(NOW - timedelta(days=90, seconds=n), NOW) for n in range(10_000)])
    assert time.process_time() - began < 1.5


def test_time_counts_only_while_it_is_open() -> None:
    assert shop.open_time(brt(2, 11), brt(2, 14)) == timedelta(hours=2)
    assert shop.open_time(brt(6, 17), brt(9, 10)) == timedelta(hours=2)  # over a week-end
    assert shop.open_time(brt(7, 0), brt(8, 23)) == timedelta()


def test_a_time_out_begins_when_it_opens() -> None:
    assert shop.after(brt(6, 17, 58), timedelta(minutes=5)) == brt(9, 9, 3)
    assert shop.after(brt(2, 10), timedelta(minutes=5)) == brt(2, 10, 5)
    sales = department(9, "Vendas", hours=shop)
    assert sales.timeout_from(brt(7, 3)) == brt(9, 9, 5) - brt(7, 3)
    assert department(9, "Vendas").timeout_from(NOW) == timedelta(minutes=5)


def test_a_department_without_hours_keeps_the_companys() -> None:
    assert not department(9, "Vendas", open_hours=shop).is_open(brt(7, 10))
    always = Hours.read({"timezone": "UTC", "week": {day: [["00:00", "24:00"]] for day in DAYS}})
    assert department(9, "Vendas", open_hours=shop, hours=always).is_open(brt(7, 10))


def test_what_was_read_is_shown_again() -> None:
    assert shop.shown() == SHOP
    assert Hours.read(shop.shown()) == shop
    assert shop.holidays == {date(2026, 12, 25)}


def test_clocks_that_change_keep_the_wall_clock() -> None:
    london = Hours.read({"timezone": "Europe/London", "week": {day: [["09:00", "17:00"]] for day in DAYS}})
    assert london.is_open(datetime(2026, 3, 28, 9, 0, tzinfo=UTC))
    assert london.is_open(datetime(2026, 3, 29, 8, 0, tzinfo=UTC))  # summer time began in the night
    assert not london.is_open(datetime(2026, 3, 29, 16, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"timezone": "Mars/Phobos", "week": {}}, "/hours/timezone"),
        ({"timezone": "../etc/passwd", "week": {}}, "/hours/timezone"),
        ({"week": None}, "/hours/week"),
        ({"week": {"monday": []}}, "/hours/week/monday"),
        ({"week": {"mon": [["9:00", "10:00"]]}}, "/hours/week/mon"),
        ({"week": {"mon": [["10:00", "10:00"]]}}, "/hours/week/mon"),
        ({"week": {"mon": [["24:00", "06:00"]]}}, "/hours/week/mon"),
        ({"week": {"mon": [["22:00", "06:00"], ["07:00", "08:00"]]}}, "/hours/week/mon"),
        ({"week": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}}, "/hours/week/tue"),
        ({"week": {"sun": [["22:00", "06:00"]], "mon": [["05:59", "09:00"]]}}, "/hours/week/mon"),
        ({"week": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "/hours/week/mon"),
        ({"week": {}, "holidays": ["Christmas"]}, "/hours/holidays"),
        ({"week": {}, "lunch": 1}, "/hours/lunch"),
    ],
)
def test_a_bad_field_is_named(bad: dict[str, object], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        Hours.read(bad)
    assert [flaw.pointer for flaw in caught.value.flaws] == [pointer]


naive = datetime(2026, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001 (hypothesis adds the zone)
times = st.datetimes(*naive, timezones=st.just(UTC))


@given(at=times, minutes=st.integers(0, 3000))
def test_after_is_the_inverse_of_open_time(at: datetime, minutes: int) -> None:
    how_long = timedelta(minutes=minutes)
    assert shop.open_time(at, shop.after(at, how_long)) == how_long


@given(first=times, second=times, third=times)
def test_open_time_adds_up(first: datetime, second: datetime, third: datetime) -> None:
    a, b, c = sorted((first, second, third))
    assert shop.open_time(a, b) + shop.open_time(b, c) == shop.open_time(a, c)
    assert timedelta() <= shop.open_time(a, b) <= b - a


NIGHT = {
    "timezone": "America/Sao_Paulo",
    "week": {"fri": [["09:00", "12:00"], ["22:00", "06:00"]], "sat": [["06:00", "07:00"]], "sun": [["22:00", "00:00"]]},
    "holidays": ["2026-12-25"],
}
night = Hours.read(NIGHT)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (brt(6, 21, 59), False), (brt(6, 22), True), (brt(6, 23, 59), True), (brt(7, 0), True), (brt(7, 6, 30), True),
        (brt(7, 7), False), (brt(6, 0), False), (brt(8, 23, 59), True), (brt(9, 0), False),
        (brt(25, 23, month=12), False), (brt(26, 1, month=12), False), (brt(26, 6, month=12), True),
    ],
)  # fmt: skip
def test_a_span_may_cross_midnight(at: datetime, is_open: bool) -> None:
    assert night.is_open(at) is is_open


def test_time_over_midnight_counts_as_one_stretch() -> None:
    assert night.open_time(brt(6, 23), brt(7, 8)) == timedelta(hours=8)
    assert night.after(brt(6, 23, 58), timedelta(minutes=5)) == brt(7, 0, 3)
    assert night.after(brt(7, 6, 58), timedelta(minutes=5)) == brt(8, 22, 3)
    sales = department(9, "Vendas", hours=night)
    assert (sales.is_open(brt(7, 3)), sales.timeout_from(brt(7, 3))) == (True, timedelta(minutes=5))


def test_the_night_before_a_holiday_ends_in_its_morning() -> None:
    week = {day: [["22:00", "06:00"]] for day in DAYS}
    shift = Hours.read({"timezone": "UTC", "week": week, "holidays": ["2026-12-25"]})
    hours = {
        day: [shift.is_open(datetime(2026, 12, day, hour, tzinfo=UTC)) for hour in (3, 23)] for day in (24, 25, 26)
    }
    assert hours == {24: [True, True], 25: [True, False], 26: [False, True]}


def test_hours_over_midnight_are_shown_as_they_were_written() -> None:
    shown = night.shown()
    assert shown["week"] == {**NIGHT["week"], "sun": [["22:00", "24:00"]]}  # type: ignore[dict-item] # a mapping
    assert Hours.read(shown) == night


ZONES = {  # around a change of clocks: forward and back, by an hour or half of one, at midnight too
    "Europe/London": (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)),
    "America/Sao_Paulo": (datetime(2018, 11, 3, tzinfo=UTC), datetime(2018, 2, 17, tzinfo=UTC)),
    "Asia/Beirut": (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC)),
    "UTC": (datetime(2026, 12, 31, tzinfo=UTC),),
}


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, list[list[str]]]:
    """Any legal week: bounds of spans in order around the week, some of them over midnight."""
    bounds = sorted(draw(st.sets(st.integers(0, 7 * 96 - 1), max_size=20)))  # quarters of an hour
    turn = draw(st.booleans())
    spans = list(zip(bounds[turn::2], bounds[turn + 1 :: 2], strict=False))
    if turn and len(bounds) % 2 == 0 and bounds:
        spans.append((bounds[-1], bounds[0] + 7 * 96))
    week: dict[str, list[list[str]]] = {}
    for start, end in spans:
        if end - start < 96:
            clocks = [f"{bound % 96 // 4:02}:{bound % 4 * 15:02}" for bound in (start, end)]
            week.setdefault(DAYS[start // 96], []).append(clocks)
    return week


def open_by_the_wall(hours: Hours, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(hours.timezone))
    minute = wall.hour * 60 + wall.minute
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        spans = () if day in hours.holidays else hours.week[day.weekday()]
        if any(start <= minute + back * 1440 < end for start, end in spans):
            return True
    return False


@settings(max_examples=25)
@given(weeks(), st.sampled_from(sorted(ZONES)), st.data())
def test_hours_are_those_of_a_clock_that_is_looked_at_each_minute(
    week: dict[str, list[list[str]]], zone: str, data: st.DataObject
) -> None:
    begin = data.draw(st.sampled_from(ZONES[zone])) + timedelta(minutes=data.draw(st.integers(0, 600)))
    holidays = data.draw(st.sets(st.integers(0, 2), max_size=1))
    days = [(begin + timedelta(days=n)).date().isoformat() for n in holidays]
    hours = Hours.read({"timezone": zone, "week": week, "holidays": days})
    minutes = [begin + timedelta(minutes=n) for n in range(2 * 1440)]
    brute = [open_by_the_wall(hours, at) for at in minutes]
    looked_at = range(0, len(minutes), 7)
    assert [hours.is_open(minutes[n]) for n in looked_at] == [brute[n] for n in looked_at]
    end = data.draw(st.integers(0, len(minutes) - 1))
    assert hours.open_time(begin, minutes[end]) == timedelta(minutes=sum(brute[:end]))
    how_long = data.draw(st.integers(1, 600))
    counted = [n for n, is_open in enumerate(brute) if is_open]
    if len(counted) >= how_long:
        assert hours.after(begin, timedelta(minutes=how_long)) == minutes[counted[how_long - 1]] + timedelta(minutes=1)
