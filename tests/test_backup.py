"""`gateway backup`: what it writes, what it says, and what it does not touch."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.inbox import rows
from gateway.store import history, migrations
from gateway.store.database import connect
from gateway.store.history import Exchange
from tests.words import PRIVATE, said

KEY = PRIVATE.key
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder: three messages, one of them waiting and one dead, and an exchange."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(connect(folder / "gateway.db")) as connection:
        migrations.migrate(connection)
        rows.add(connection, "shop", [(KEY, said("hello", str(number))) for number in range(3)])
        rows.done(connection, 1)
        rows.bury(connection, 2, "Rejected: no")
        history.add(connection, said("hello", "1"), Exchange(KEY, "q", "a", 1.0, 2.0))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command; its exit code, and everything it said."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        written = capsys.readouterr()
        return code, written.out + written.err

    return run


def questions(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [question for (question,) in connection.execute("SELECT question FROM exchanges")]


def test_a_backup_says_what_is_in_it(data: Path, run: Said) -> None:
    code, text = run("backup", "copy.db")
    assert code == 0
    assert text.startswith("copy.db: 0.")
    assert "; messages: 3 (waiting: 1, dead: 1); questions and answers: 1" in text
    assert questions(Path("copy.db")) == ["q"]
    assert Path("copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in Path().iterdir()) == ["copy.db", "data"]


def test_nothing_is_overwritten_unless_it_is_said(data: Path, run: Said) -> None:
    Path("copy.db").write_text("a letter")
    code, text = run("backup", "copy.db")
    assert (code, "--force" in text) == (2, True)
    assert Path("copy.db").read_text() == "a letter"
    assert run("backup", "copy.db", "--force")[0] == 0
    assert questions(Path("copy.db")) == ["q"]


@pytest.mark.parametrize("name", ["gateway.db", "gateway.db-wal", "gateway.lock"])
def test_the_data_themselves_are_not_overwritten(data: Path, run: Said, name: str) -> None:
    code, text = run("backup", f"data/../data/{name}", "--force")
    assert code == 2
    assert "is a part of what is to be copied" in text
    assert questions(data / "gateway.db") == ["q"]


@pytest.mark.parametrize(
    ("target", "says"),
    [("data", "is a folder: name a file"), ("nowhere/copy.db", "there is no folder nowhere")],
)
def test_a_place_that_cannot_be_written_is_said(data: Path, run: Said, target: str, says: str) -> None:
    code, text = run("backup", target)
    assert (code, says in text) == (2, True)


def test_without_data_there_is_nothing_to_copy(data: Path, run: Said) -> None:
    (data / "gateway.db").unlink()
    code, text = run("backup", "copy.db")
    assert (code, "there are no data in" in text) == (1, True)
    assert not Path("copy.db").exists()


def test_a_database_of_any_other_version_is_copied_as_it_is(data: Path, run: Said) -> None:
    newer = len(migrations.MIGRATIONS) + 1
    with closing(connect(data / "gateway.db")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    assert run("backup", "copy.db")[0] == 0
    with closing(sqlite3.connect("copy.db")) as connection:
        assert migrations.form(connection) == newer


@pytest.mark.usefixtures("logging_as_before")
def test_a_database_of_a_newer_gateway_is_refused_in_a_sentence(
    data: Path, run: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWAY_JUDGES", raising=False)  # a word for these tests, of which a note would tell
    newer = len(migrations.MIGRATIONS) + 1
    with closing(connect(data / "gateway.db")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    Path("config.json").write_text(
        '{"model": "test", "api_key": "sk-of-a-test", "channels": {"console": {}}}'
    )
    code, text = run("run")
    assert (code, text) == (
        1,
        f"the database is of form {newer}, this gateway knows {newer - 1}: "
        "a newer gateway wrote it; install that one again\n",
    )
    with closing(sqlite3.connect(data / "gateway.db")) as connection:
        assert migrations.form(connection) == newer


def test_a_file_that_is_no_database_is_said(data: Path, run: Said) -> None:
    (data / "gateway.db").write_bytes(b"something else, and long enough to be looked at" * 100)
    for command in (("backup", "copy.db"), ("status",), ("dead", "list")):
        code, text = run(*command)
        assert (code, "not a database" in text) == (1, True)


def test_dead_letters_of_another_version_are_left_alone(data: Path, run: Said) -> None:
    with closing(connect(data / "gateway.db")) as connection:
        connection.execute("PRAGMA user_version = 1")
    code, text = run("dead", "retry", "all")
    assert (code, "another version's" in text) == (1, True)


def test_a_dead_letter_that_nobody_can_read_is_listed_shown_and_dropped(data: Path, run: Said) -> None:
    with closing(connect(data / "gateway.db")) as connection:
        connection.execute("UPDATE inbox SET body = x'00ff', error = 'unreadable: no' WHERE seq = 2")
        rows.bury(connection, 3, "Rejected: odd")
    code, text = run("dead", "list")
    assert code == 0
    unreadable, readable = text.splitlines()[1:]
    assert re.fullmatch(rf"2 .* {KEY} +- +unreadable: no", unreadable)
    assert "hello" in readable
    code, text = run("dead", "show", "2")
    assert code == 0
    assert f"chat      {KEY}" in text
    assert "message   1" in text
    assert run("dead", "drop", "2") == (0, "1 dropped\n")


def test_what_people_and_platforms_say_does_nothing_to_the_operators_terminal(data: Path, run: Said) -> None:
    """It cleared the screen, and wrote lines that looked like ours."""
    with closing(connect(data / "gateway.db")) as connection:
        rows.bury(connection, 3, "Rejected: \x1b[2J\x9b2J\nnumber    99")
    for command in (("dead", "list"), ("dead", "show", "3"), ("status",)):
        _, text = run(*command)
        assert all(line.isprintable() for line in text.splitlines())
        assert "\nnumber    99" not in text
