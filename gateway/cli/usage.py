"""What was used, and what it cost."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from gateway import calendar
from gateway.cli.inspect import open_current, table
from gateway.cli.settings import configured
from gateway.statement import price
from gateway.store.usage import By, Total, totals


def usage(options: argparse.Namespace) -> int:
    """Show what the days until today used, by day, user, chat, model or channel."""
    loaded = configured(options.config)
    folder, zone = (loaded.config.data_dir, loaded.config.zone) if loaded else (Path("data"), None)
    today = date.fromisoformat(calendar.day(time.time(), zone))
    since = today - timedelta(days=min(options.days - 1, (today - date.min).days))
    with closing(open_current(folder)) as connection:
        found = totals(connection, options.by, since.isoformat())
    if options.json:
        sys.stdout.write(json.dumps([_as_json(options.by, total) for total in found], indent=2) + "\n")
    else:
        sys.stdout.writelines(table([*_rows(options.by, found)]))
    return 0


def days(text: str) -> int:
    """A number of days from the command line. Raises `argparse.ArgumentTypeError`."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days")
    return int(text)


def _rows(by: By, found: Sequence[Total]) -> list[tuple[str, ...]]:
    everything = Total("all")
    for total in found:
        everything.add(total)
    return [
        (by.upper(), "ANSWERS", "PROMPT TOKENS", "ANSWER TOKENS", "COST"),
        *(
            (
                total.name,
                str(total.answers),
                str(total.prompt_tokens),
                str(total.completion_tokens),
                price(total.costs) or "-",
            )
            for total in (*found, everything)
        ),
    ]


def _as_json(by: By, total: Total) -> dict[str, object]:
    return {
        by: total.name,
        "answers": total.answers,
        "prompt_tokens": total.prompt_tokens,
        "completion_tokens": total.completion_tokens,
        "cost": total.costs,
    }
