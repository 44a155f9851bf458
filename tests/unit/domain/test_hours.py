"""Business hours and holidays: when it is open, and time that counts only then."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, department
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.hours import DAYS, Hours

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
        ({"week": {"mon": [["10:00", "09:00"]]}}, "/hours/week/mon"),
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
