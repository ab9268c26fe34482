"""Days of every length, in zones that change their clocks at the worst moments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway import calendar
from gateway.errors import ConfigError

# Ordinary ones; clocks that change at midnight, at 00:01, by half an hour; days that were left out.
NAMES = [
    *("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"),
    *("America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/St_Johns", "Australia/Lord_Howe"),
    *("Pacific/Apia", "Antarctica/Troll"),
]
ZONES = st.sampled_from(NAMES).map(ZoneInfo)
MOMENTS = st.floats(0, 4e9, allow_nan=False)


def moment(zone: str, *when: int) -> float:
    return datetime(*when, tzinfo=ZoneInfo(zone)).timestamp()


@settings(max_examples=300)
@given(MOMENTS, ZONES)
@example(1162087260.0, ZoneInfo("America/St_Johns"))  # 23:01 comes again after 00:01
@example(1325152800.0, ZoneInfo("Pacific/Apia"))  # the day before one that was left out
def test_a_day_ends_at_the_first_second_of_another(now: float, zone: ZoneInfo) -> None:
    end = calendar.midnight_after(now, zone)
    today = calendar.day(now, zone)
    assert now < end <= now + 50 * 3600
    assert calendar.day(end - 1, zone) == today != calendar.day(end, zone)


@settings(max_examples=300)
@given(MOMENTS, ZONES)
def test_a_date_is_what_a_clock_on_the_wall_says(now: float, zone: ZoneInfo) -> None:
    wall = datetime.fromtimestamp(int(now), UTC).astimezone(zone)
    assert calendar.day(int(now), zone) == f"{wall:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2026, 10, 25), 25),
        ("Asia/Shanghai", (2026, 3, 29), 24),
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5),
        ("Africa/Cairo", (2025, 4, 24), 24),  # 00:00 of the next day does not exist: it begins at 01:00
        ("Africa/Cairo", (2025, 4, 25), 23),
        ("Africa/Cairo", (2025, 10, 30), 25),  # its last hour comes twice
    ],
)
def test_days_have_the_hours_they_have(zone: str, date: tuple[int, int, int], hours: float) -> None:
    noon = moment(zone, *date, 12)
    begin = calendar.midnight_after(noon - 24 * 3600, ZoneInfo(zone))
    assert calendar.midnight_after(noon, ZoneInfo(zone)) - begin == hours * 3600


@contextmanager
def system_in(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("name", ["Asia/Shanghai", "America/New_York", "Africa/Cairo"])
def test_local_is_the_systems_zone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [moment(name, 2025, month, day, 23, 30) for month in (3, 4, 10, 11) for day in range(1, 31)]
    with system_in(name, monkeypatch):
        for now in moments:
            assert calendar.day(now, calendar.zone("local")) == calendar.day(now, ZoneInfo(name))
            assert calendar.midnight_after(now, None) == calendar.midnight_after(now, ZoneInfo(name))
            assert calendar.clock(now, None) == calendar.clock(now, ZoneInfo(name))


def test_a_moment_is_told_with_its_zone() -> None:
    now = moment("Asia/Shanghai", 2026, 7, 4, 0, 0)
    assert calendar.clock(now, ZoneInfo("Asia/Shanghai")) == "2026-07-04 00:00 (UTC+08:00)"
    assert calendar.clock(now, ZoneInfo("America/St_Johns")) == "2026-07-03 13:30 (UTC-02:30)"


@pytest.mark.parametrize(
    "name", ["Asia/Shangai", "Asia", "../etc/passwd", "/etc/localtime", "", "a\0b", "a" * 999]
)
def test_a_zone_that_is_none_is_a_mistake(name: str) -> None:
    with pytest.raises(ConfigError):
        calendar.zone(name)
