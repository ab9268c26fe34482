"""``gateway usage`` over a real database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.store import usage
from gateway.store.database import connect
from gateway.store.migrations import MIGRATIONS, migrate
from gateway.store.usage import Spent
from tests.noon import NOON
from tests.words import BOB, GROUP, said

Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run the command beside a configuration; its exit code, what it says and what it complains of."""
    config = tmp_path / "config.json"
    echo = {"models": {"echo": {"type": "echo"}}, "model": "echo"}
    config.write_text(json.dumps(echo | {"channels": {"console": {}}, "timezone": NOON.key}))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["usage", "--config", str(config), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def days(tmp_path: Path) -> list[str]:
    """Today and the two days before it, each with something used."""
    (tmp_path / "data").mkdir()
    today = datetime.now(NOON).date()
    found = [(today - timedelta(days=before)).isoformat() for before in range(3)]
    with closing(connect(tmp_path / "data" / "gateway.db")) as connection:
        migrate(connection)
        for day in found:
            usage.add(connection, said("?"), Spent("dear", 1000, 50, 0.25), day)
        usage.add(connection, said("?", "2", GROUP, BOB), Spent("free", 7, 3), found[0])
    return found


def test_the_days_are_a_table_with_a_sum(tell: Tell, days: list[str]) -> None:
    code, out, _ = tell()
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["DAY", "ANSWERS", "PROMPT", "TOKENS", "ANSWER", "TOKENS", "COST"],
        [days[2], "1", "1000", "50", "0.2500", "USD"],
        [days[1], "1", "1000", "50", "0.2500", "USD"],
        [days[0], "2", "1007", "53", "0.2500", "USD"],
        ["all", "4", "3007", "153", "0.7500", "USD"],
    ]


def test_days_counts_today(tell: Tell, days: list[str]) -> None:
    assert days[1] not in tell("--days", "1")[1]
    assert days[0] in tell("--days", "1")[1]
    assert days[2] not in tell("--days", "2")[1]
    assert days[2] in tell("--days", "99999999")[1]


@pytest.mark.parametrize(
    ("by", "first"),
    [
        ("user", {"user": "shop:ann", "answers": 3}),
        ("chat", {"chat": "shop:me:7:", "answers": 3}),
        ("model", {"model": "dear", "answers": 3}),
        ("channel", {"channel": "shop", "answers": 4}),
    ],
)
def test_programs_get_json(tell: Tell, days: list[str], by: str, first: dict[str, object]) -> None:
    found = json.loads(tell("--by", by, "--json")[1])
    assert first.items() <= found[0].items()
    assert found[0]["cost"] == {"USD": 0.75}
    assert found[0]["prompt_tokens"] >= 3000


def test_where_nothing_was_used_there_is_an_empty_table(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(connect(tmp_path / "data" / "gateway.db")) as connection:
        migrate(connection)
    assert tell("--json")[1] == "[]\n"
    assert tell()[1].splitlines()[-1].split() == ["all", "0", "0", "0", "-"]


def test_without_data_it_says_so(tell: Tell) -> None:
    code, _, err = tell()
    assert (code, "gateway run" in err) == (1, True)


def test_data_of_another_version_are_not_guessed_at(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(connect(tmp_path / "data" / "gateway.db")) as connection:
        migrate(connection, MIGRATIONS[:1])
    code, _, err = tell()
    assert (code, "another version" in err) == (1, True)


@pytest.mark.parametrize("days_asked", ["0", "-1", "x", ""])
def test_a_number_of_days_is_one(tell: Tell, days_asked: str) -> None:
    with pytest.raises(SystemExit) as caught:
        tell(f"--days={days_asked}")
    assert caught.value.code == 2


def test_it_looks_while_the_gateway_works(tell: Tell, days: list[str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "gateway.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert tell()[0] == 0
        connection.execute("ROLLBACK")
