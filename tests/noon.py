"""A time zone in which it is about noon: no day ends while a test runs."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# Names of this kind count westwards: Etc/GMT-8 is eight hours before UTC.
NOON = ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")
