"""Days: which one it is, and when it ends, in a time zone."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import ConfigError

LOCAL = "local"

# Longer than any day: where clocks were set back by a whole one, it had 48 hours.
_LONGEST_DAY = 50 * 3600

# Characters; the longest name there is has 32. Each "/" is a package that zoneinfo imports within another.
_LONGEST_NAME = 64


def zone(name: str) -> tzinfo | None:
    """The time zone with an IANA name; None, the system's, for ``local``. Raises `ConfigError`."""
    if name == LOCAL:
        return None
    try:
        if len(name) > _LONGEST_NAME:
            raise ValueError("no name is as long")
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ConfigError(f'there is no time zone "{name}"') from exc


def day(now: float, zone: tzinfo | None) -> str:
    """The date, like ``2026-07-04``, at *now*, in seconds since 1970; *zone* None = the system's."""
    return datetime.fromtimestamp(now, zone).date().isoformat()


def midnight_after(now: float, zone: tzinfo | None) -> float:
    """The moment at which the day of *now* ends: its first whole second that has another date.

    Searched for, not computed: where clocks are changed at midnight, 00:00 may come twice or not at all.
    """
    today, second = day(now, zone), int(now // 1)
    ahead = range(second, second + _LONGEST_DAY)
    return float(ahead[bisect_left(ahead, True, key=lambda moment: day(moment, zone) != today)])


def clock(moment: float, zone: tzinfo | None) -> str:
    """*moment* for people: ``2026-07-04 00:00 (UTC+08:00)``."""
    local = datetime.fromtimestamp(moment, zone).astimezone(zone)
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"
